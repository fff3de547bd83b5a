"""Which question to ask each of several customers next, for lists that show it beside the customer."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.app.context import Context
from tierwise.app.reading import label_of, reading
from tierwise.app.views import Label
from tierwise.definitions.profiling import Profiling
from tierwise.engine.duckdb_session import quoted
from tierwise.kernel.errors import TierwiseError


def next_questions(ctx: Context, customer_keys: Sequence[int]) -> dict[int, Label]:
    """By customer key, as the current run found them; customers without a question to ask are not there, and nobody is
    where none or several sets of questions are defined.

    The caller has asked whether one may see these customers.
    """
    if not customer_keys:
        return {}
    try:
        with reading(ctx) as reader:
            defined = [each for each in reader.definitions.of_profile if isinstance(each, Profiling)]
            if len(defined) != 1 or defined[0].next not in reader.columns:
                return {}
            texts = {question.name: label_of(question.ask, question.name) for question in defined[0].questions}
            column = quoted(reader.column(defined[0].next))
            rows = reader.connection.execute(
                f"SELECT customer_key, {column} FROM profile WHERE customer_key IN (SELECT unnest($keys)) "
                f"AND {column} IS NOT NULL",
                {"keys": [int(key) for key in customer_keys]},
            ).fetchall()
            return {key: texts[name] for key, name in rows if name in texts}
    except TierwiseError as nothing:
        if nothing.code == "no_run":
            return {}
        raise
