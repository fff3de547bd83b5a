"""My customers: looked for, narrowed by stage and tier, those first whom one asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tierwise.app import head_counts, searching
from tierwise.app.searching import CONTACTS, ID
from tierwise.app.vocabulary import Vocabulary, vocabulary
from tierwise.console.phone.look import dot, shown
from tierwise.console.phone.visit import PhoneVisit
from tierwise.console.rule_query import where_part
from tierwise.console.shown import attribute_text, tier_colour, unit_text
from tierwise.console.texts import Texts
from tierwise.definitions.rule import All, AnyRule

PAGE = 20

STAGE = "lifecycle_stage"

_MOST_VALUES = 12

_LAST = ("activity", "rfm_cell", "spend_decile", "price_band")

_ORDERS = ("monetary_amount", "recency_days")
"""By what the list may be ordered, the greatest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the list can be narrowed to. link: there, or back where it is chosen."""

    value: str
    text: str
    count: str
    colour: str
    chosen: bool
    link: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer in the list. dial: their number as a phone dials it; empty where it is not known."""

    link: str
    name: str
    dial: str
    tiers: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]


def customers(visit: PhoneVisit) -> Response:
    """What is asked for stands in the address: q, order, from, and a value of each tier by the tier's name."""
    words = vocabulary(visit.ctx)
    tiers = tiers_of(words)
    counts = head_counts.head_counts(visit.ctx, tiers)
    chosen = {name: visit.asked[name] for name in tiers if visit.asked.get(name)}
    order = visit.asked.get("order", "")
    order = order if order in _ORDERS and order in words.attributes else ""
    facts = [name for name in _ORDERS if name in words.attributes]
    found = searching.search(
        visit.ctx,
        visit.asked.get("q", ""),
        rule=_rule(chosen),
        columns=[*CONTACTS, *tiers[:2], *facts],
        order_by=order or ID,
        descending=bool(order),
        offset=visit.whole,
        limit=PAGE,
    )
    texts = visit.texts
    last = min(visit.whole + PAGE, found.of)
    return shown(
        visit,
        "customers.html",
        title=texts("phone_my_customers") if not visit.ctx.principal.sees_all else texts("title_customers"),
        count=texts("found_customers", customers=texts.count(found.of), day=texts.day(found.as_of)),
        of=found.of,
        narrowed=bool(chosen or visit.asked.get("q")),
        people=[_person(visit, dict(zip(found.columns, row, strict=True)), tiers[:2], words) for row in found.rows],
        stages=_choices(visit, STAGE, words, counts.values[STAGE], chosen) if STAGE in tiers else [],
        selects=[
            (name, texts.label(words.title(name)), _choices(visit, name, words, counts.values[name], chosen))
            for name in tiers
            if name != STAGE
        ],
        narrowed_to=_narrowed_to(texts, words, chosen, order),
        orders=[(name, texts(f"phone_order_{name}"), name == order) for name in facts],
        hidden={name: visit.asked[name] for name in (STAGE, "lang") if visit.asked.get(name)},
        rows=texts("rows_shown", first=texts.count(visit.whole + 1), last=texts.count(last), of=texts.count(found.of)),
        before=visit.here(**{"from": str(visit.whole - PAGE) if visit.whole > PAGE else None}) if visit.whole else "",
        after=visit.here(**{"from": str(last)}) if last < found.of else "",
    )


def tiers_of(words: Vocabulary) -> list[str]:
    """Tiers with values that can be chosen among: the stage, what a business defines itself, then the rest."""
    found = [
        name for name, each in words.attributes.items() if each.group == "tier" and 0 < len(each.values) <= _MOST_VALUES
    ]
    return sorted(found, key=lambda name: (name != STAGE, name in _LAST))


def dialled(phone: Any) -> str:
    """A number as `tel:` takes it: its digits, and a plus before them where it has one."""
    text = str(phone or "")
    digits = "".join(each for each in text if each.isascii() and each.isdigit())
    return ("+" if text.strip().startswith("+") else "") + digits if digits else ""


def dot_of(name: str, value: Any, words: Vocabulary) -> str:
    """The class of the spot before a tier's value, in the colour that the value always has."""
    return dot(tier_colour(name, value, words))


def _rule(chosen: Mapping[str, str]) -> AnyRule | None:
    parts = [where_part(name, value) for name, value in chosen.items()]
    return None if not parts else parts[0] if len(parts) == 1 else All(all=tuple(parts))


def _choices(
    visit: PhoneVisit, name: str, words: Vocabulary, counts: Mapping[Any, int], chosen: Mapping[str, str]
) -> list[Choice]:
    """The values that any of one's customers has, in the order of the ladder; what is chosen comes first."""
    texts = visit.texts
    found = [
        Choice(
            value,
            texts.label(title),
            texts.count(counts.get(value, 0)),
            dot_of(name, value, words),
            chosen.get(name) == value,
            visit.here(**{name: None if chosen.get(name) == value else value, "from": None}),
        )
        for value, title in words.attributes[name].values.items()
        if counts.get(value) or chosen.get(name) == value
    ]
    return sorted(found, key=lambda each: not each.chosen)


def _narrowed_to(texts: Texts, words: Vocabulary, chosen: Mapping[str, str], order: str) -> str:
    """What the folded form holds, in words."""
    said = [attribute_text(name, value, words, texts) for name, value in chosen.items() if name != STAGE]
    if order:
        said.append(texts(f"phone_order_{order}"))
    return " · ".join(said)


def _person(visit: PhoneVisit, row: Mapping[str, Any], tiers: Sequence[str], words: Vocabulary) -> Person:
    texts = visit.texts
    lines = []
    for name in _ORDERS:
        if row.get(name) is not None:
            unit = unit_text(words.attributes[name].unit, texts)
            value = attribute_text(name, row[name], words, texts)
            lines.append(f"{texts.label(words.title(name))} {value} {unit}".strip())
    return Person(
        link=visit.link("/customer", id=row[ID]),
        name=str(row["name"] or row[ID]),
        dial=dialled(row["phone"]),
        tiers=tuple(
            (dot_of(name, row[name], words), attribute_text(name, row[name], words, texts))
            for name in tiers
            if row[name] is not None
        ),
        lines=tuple(lines),
    )
