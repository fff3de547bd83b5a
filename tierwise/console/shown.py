"""Values of attributes as a page shows them: tiers by their titles, money with its unit, days as days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tierwise.app.answers import WordView
from tierwise.app.headings import UNITS
from tierwise.app.known_codes import code_label
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.colours import colour_of
from tierwise.console.texts import NONE, Texts
from tierwise.kernel.wording import in_language


def value_text(value: Any, texts: Texts) -> str:
    """A value by itself."""
    match value:
        case None:
            return NONE
        case bool():
            return texts("yes") if value else texts("no")
        case datetime():
            return texts.at(value)
        case date():
            return texts.day(value)
        case int() | Decimal():
            return texts.amount(value)
        case float():
            if abs(value) >= 1:
                return f"{value:,.2f}"
            return "0.00" if value == 0 else f"{value:.4f}" if abs(value) >= 0.001 else f"{value:.2g}"
        case Mapping():
            return ", ".join(f"{key}: {value_text(each, texts)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(value_text(each, texts) for each in value)
    return str(value)


CODES = {
    "gender": ("female", "male", "unknown"),
    "kind": ("service", "repair", "warranty", "rework", "claim", "sales"),
}
"""Columns of facts whose codes have words in the texts; other codes are the business's own."""


def code_text(column: str, value: Any, texts: Texts) -> str:
    """A value of a fact's column: a known code in words."""
    if isinstance(value, str) and value in CODES.get(column, ()):
        return texts(f"code_{value}")
    if column in ("channel", "source") and value is not None:
        return texts.label(code_label(value))
    return "" if value is None else value_text(value, texts)


def attribute_text(name: str, value: Any, words: Vocabulary, texts: Texts) -> str:
    """A value of an attribute: a tier's by its title."""
    title = words.value(name, value)
    if title is not None:
        return texts.label(title)
    if name in CODES and value is not None:
        return code_text(name, value, texts)
    known = words.attributes.get(name)
    if known is not None and known.unit.startswith("share") and isinstance(value, float):
        return texts.percent(value)
    return value_text(value, texts)


def tier_colour(name: str, value: Any, words: Vocabulary) -> str:
    """The colour that a tier's value has everywhere, by its place in the ladder where its name has none."""
    known = words.attributes.get(name)
    places = list(known.values) if known is not None else []
    return colour_of(str(value), places.index(str(value)) if str(value) in places else 0)


def reason_text(reason: str, texts: Texts) -> str:
    """Why there is no value."""
    return in_language(reason if " " in reason else reason.replace("_", " "), texts.language)


def unit_text(unit: str, texts: Texts) -> str:
    """A unit in the page's language; a currency as it is written there."""
    if unit in UNITS:
        return UNITS[unit].in_language(texts.language)
    return texts.currency(unit) if len(unit) == 3 and unit.isupper() else unit


def decimals_of(values: Iterable[Any]) -> int:
    """So many digits stand behind the point of all numbers of a column, so that they stand under each other."""
    return 2 if any(isinstance(each, float) and abs(each) >= 1 for each in values) else 4


def with_unit(title: str, unit: str, texts: Texts) -> str:
    """The head of a column with the unit of its numbers, in brackets as each language sets them."""
    said = unit_text(unit, texts)
    if not said:
        return title
    return f"{title}（{said}）" if texts.language == "zh" else f"{title} ({said})"


def is_number(kind: str) -> bool:
    """Whether values of a type stand to the right."""
    return kind in ("integer", "number")


def standing_text(word: WordView, texts: Texts) -> str:
    """Whether a customer's word counts, and until when one who did not want to say is not asked again."""
    if word.standing == "undone":
        return texts("word_undone", reason=word.undo_reason or "")
    if word.standing == "declined" and word.again_on is not None:
        return texts("word_declined_until", day=texts.day(word.again_on))
    return texts(f"word_{word.standing}")


def heard_text(word: WordView, texts: Texts) -> str:
    """Who heard it of the customer, when and on what occasion."""
    how, who = texts.label(word.how_title), word.author.removeprefix("person:")
    return texts("word_heard", day=texts.day(word.at), how=how, who=who)


SCOPES = ("phone", "email", "customer_id", "vin", "plate", "anonymous_id", "unionid", "openid")
"""Scopes of identities that have words in the texts; others are called as the business calls them."""


def scope_text(scope: str, texts: Texts) -> str:
    """What identities of a scope are."""
    return texts(f"scope_{scope}") if scope in SCOPES else scope


def who_text(name: str, texts: Texts) -> str:
    """Who did something: a person by their name, and who sat at the machine itself."""
    kind, _, who = name.rpartition(":")
    return texts("who_local", name=who) if kind == "local" else name.removeprefix("person:")


def note_text(note: str | None, texts: Texts) -> str:
    """A note as somebody wrote it; in words where a template's definitions brought it."""
    ours = note is not None and _OF_A_TEMPLATE.fullmatch(note) is not None
    return in_language(note or "", texts.language) if ours else note or NONE


_OF_A_TEMPLATE = re.compile(r"template \w+")
