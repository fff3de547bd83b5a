"""How many were asked, answered and did not want to say, per question and per person who asked, and who they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from tierwise.app.asked_before import House, house_of
from tierwise.app.context import Context
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.definitions.profiling import Profiling
from tierwise.kernel.errors import TierwiseError
from tierwise.state import answers, people
from tierwise.state.answers import StoredAnswer

DAYS = 30

Counted = Literal["asked", "answered", "declined", "undone"]

COUNTED: tuple[Counted, ...] = ("asked", "answered", "declined", "undone")


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One question, or one person who asked. name: `PROFILING QUESTION`, or who it is; title: in words.

    Customers, each once: asked, of whom a word of these days stands; answered; declined, who did not want to say;
    undone, of whom a word of these days was taken back. answered_rate: answered of asked, null where nobody was asked.
    """

    name: str
    title: Label
    asked: int
    answered: int
    declined: int
    undone: int
    answered_rate: float | None


@dataclass(frozen=True, slots=True)
class AnswerNumbers:
    """From a day to a day, both counted. own: whether only what one asked oneself is counted."""

    from_day: date
    to_day: date
    own: bool
    questions: tuple[AskedRow, ...]
    people: tuple[AskedRow, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which words are meant. question: `PROFILING QUESTION`; author: who asked; None: whichever."""

    from_day: date
    to_day: date
    counted: Counted = "asked"
    question: str | None = None
    author: str | None = None


def answer_numbers(ctx: Context, from_day: date | None = None, to_day: date | None = None) -> AnswerNumbers:
    """By question and by person, the most asked first. from_day: 29 days before to_day where None; to_day: today.

    Who sees some customers only is told of what they asked themselves. Raises `bad_days`.
    """
    own = not ctx.principal.may("view")
    if own:
        ctx.principal.require_of_own("answer")
    house = house_of(ctx)
    to_day = to_day or house.today
    from_day = from_day or to_day - timedelta(days=DAYS - 1)
    words = _words(ctx, house, Asked(from_day, to_day, author=ctx.principal.name if own else None))
    customers = _customers(ctx, house, words)
    return AnswerNumbers(
        from_day,
        to_day,
        own,
        _rows(words, customers, lambda each: f"{each.profiling} {each.question}", _titles(house)),
        _rows(words, customers, lambda each: each.author, _people(ctx)),
    )


def sources_asked(ctx: Context, asked: Asked) -> list[int]:
    """Source keys of the customers whom one number counts, each once. The caller has asked who may see them."""
    words = _words(ctx, house_of(ctx), asked)
    return sorted({each.source_key for each in words if _is_counted(each, asked.counted)})


def _words(ctx: Context, house: House, asked: Asked) -> list[StoredAnswer]:
    if asked.to_day < asked.from_day:
        raise TierwiseError("bad_days", f"{asked.to_day} is before {asked.from_day}", remedy="give the days in order")
    since = datetime.combine(asked.from_day, time(), house.zone)
    until = datetime.combine(asked.to_day + timedelta(days=1), time(), house.zone)
    with ctx.database.connect() as state:
        found = answers.between(state, since, until, author=asked.author)
    return [each for each in found if asked.question in (None, f"{each.profiling} {each.question}")]


def _is_counted(each: StoredAnswer, counted: Counted) -> bool:
    if counted == "undone" or each.undone_at is not None:
        return counted == "undone" and each.undone_at is not None
    return counted in ("asked", each.outcome)


def _rows(
    words: Sequence[StoredAnswer],
    customers: dict[int, int],
    name_of: Callable[[StoredAnswer], str],
    titles: dict[str, Label],
) -> tuple[AskedRow, ...]:
    found: dict[str, dict[Counted, set[int]]] = {}
    for each in words:
        row = found.setdefault(name_of(each), {counted: set() for counted in COUNTED})
        for counted in COUNTED:
            if _is_counted(each, counted):
                row[counted].add(customers.get(each.source_key, each.source_key))
    rows = [_row(name, titles.get(name) or Label(name, name), counts) for name, counts in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.asked, row.name)))


def _row(name: str, title: Label, counts: dict[Counted, set[int]]) -> AskedRow:
    told: dict[str, Any] = {counted: len(keys) for counted, keys in counts.items()}
    rate = told["answered"] / told["asked"] if told["asked"] else None
    return AskedRow(name, title, **told, answered_rate=rate)


def _customers(ctx: Context, house: House, words: Iterable[StoredAnswer]) -> dict[int, int]:
    """Source key -> customer key, of those that are another's."""
    keys = sorted({each.source_key for each in words})
    if not keys or "customer_map" not in house.versions:
        return {}
    connection = ctx.duckdb()
    try:
        mapped = ctx.lake.read(connection, "customer_map", house.versions["customer_map"])
        rows = mapped.filter(f"source_key IN ({', '.join(map(str, keys))})").project("source_key, customer_key")
        return {int(source): int(key) for source, key in rows.fetchall()}
    finally:
        connection.close()


def _titles(house: House) -> dict[str, Label]:
    return {
        f"{each.name} {question.name}": label_of(question.ask, question.name)
        for each in house.definitions.of(Profiling)
        for question in each.questions
    }


def _people(ctx: Context) -> dict[str, Label]:
    with ctx.database.connect() as state:
        found = people.list_people(state, also_left=True)
    return {f"person:{each.name}": Label(each.title or each.name, each.title or each.name) for each in found}
