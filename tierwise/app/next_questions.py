"""Which question to ask each of several customers next, for lists that show it beside the customer."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.app import profiling
from tierwise.app.context import Context
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.kernel.errors import TierwiseError

_NOTHING_TO_ASK = frozenset({"no_profiling", "ambiguous_profiling", "unknown_attribute"})


def next_questions(ctx: Context, customer_keys: Sequence[int]) -> dict[int, Label]:
    """By customer key; customers without a question to ask are not there, and nobody is where none is defined.

    The caller has asked whether one may see these customers.
    """
    if not customer_keys:
        return {}
    try:
        with profiling.asked(ctx, None, None) as (definition, _, found):
            texts = {question.name: label_of(question.ask, question.name) for question in definition.questions}
            keys = ", ".join(str(int(key)) for key in customer_keys)
            rows = found.columns.to_native().filter(f"{profiling.KEY} IN ({keys})")
            told = rows.project(f'{profiling.KEY}, "{definition.next}"').fetchall()
            return {key: texts[name] for key, name in told if name is not None}
    except TierwiseError as nothing:
        if nothing.code in _NOTHING_TO_ASK:
            return {}
        raise
