"""What customers said when they were asked, as of this moment: a run may not have seen it yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb

from tierwise.app.answer_fields import field_of, precedences
from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.definitions.profiling import Profiling, Question
from tierwise.engine.answered import filed_of, settled
from tierwise.kernel import clock
from tierwise.state import answers, lake_tables, traits
from tierwise.state.answers import StoredAnswer
from tierwise.state.traits import Trait


@dataclass(frozen=True)
class AskedBefore:
    """One customer. said: every word of theirs, the newest first, what was taken back included. now: column -> what
    counts in it, of columns for which they were ever asked; None where nothing does. filed: what files say there."""

    said: tuple[StoredAnswer, ...]
    now: Mapping[str, str | None]
    filed: Mapping[str, str | None]

    def newest(self, profiling: str, question: str) -> StoredAnswer | None:
        """The word on that question that stands."""
        return next(
            (e for e in self.said if e.undone_at is None and (e.profiling, e.question) == (profiling, question)), None
        )

    def counting(self, field: str) -> StoredAnswer | None:
        """The answer that stands for a column, whether or not a file says otherwise since."""
        return next(
            (e for e in self.said if e.undone_at is None and e.outcome == "answered" and e.field == field), None
        )


@dataclass(frozen=True)
class Asking:
    """One definition's questions to one customer: which are known or missing by what was said since the run, and until
    when the customer is not asked again."""

    known: Mapping[str, bool]
    declined: Mapping[str, date]


@dataclass(frozen=True)
class House:
    """What is needed to tell. versions: of the facts as they are now."""

    definitions: Definitions
    versions: Mapping[str, int]
    traits: Sequence[Trait]
    zone: ZoneInfo
    today: date


def house_of(ctx: Context) -> House:
    with ctx.database.connect() as state:
        definitions = current_definitions(state)
        known = traits.list_traits(state)
        versions = lake_tables.versions(state)
    zone = clock.zone(definitions.project.timezone)
    return House(definitions, versions, known, zone, clock.today(zone))


def anybody_asked(ctx: Context) -> bool:
    """Whether any customer was ever asked anything."""
    with ctx.database.connect() as state:
        return answers.any_answer(state)


def asked_before(
    ctx: Context,
    house: House,
    customer_keys: Collection[int],
    connection: duckdb.DuckDBPyConnection | None = None,
) -> dict[int, AskedBefore]:
    """By customer key, those who were ever asked anything. connection: one to look by, where there is one."""
    with ctx.database.connect() as state:
        if not customer_keys or not answers.any_answer(state):
            return {}
        if "customer_map" not in house.versions and not answers.keys_asked(state, list(customer_keys)):
            return {}
    with nullcontext(connection) if connection is not None else closing(ctx.duckdb()) as connection:
        customers = _sources(ctx, connection, house, customer_keys)
        whose = {source: key for key, sources in customers.items() for source in sources}
        with ctx.database.connect() as state:
            said = answers.of_keys(state, sorted(whose), standing_only=False)
        if not said:
            return {}
        asked = sorted({whose[each.source_key] for each in said})
        fields = sorted({each.field for each in said})
        sources = [source for key in asked for source in customers[key]]
        filed = filed_of(connection, ctx.lake, house.versions.get("customers"), sources, fields)
    precedence = precedences(house.definitions.of(Profiling))
    by_customer: dict[int, list[StoredAnswer]] = {}
    for each in said:
        by_customer.setdefault(whose[each.source_key], []).append(each)
    return {
        key: _of_one(rows, [filed.get(source, {}) for source in customers[key]], precedence)
        for key, rows in by_customer.items()
    }


def asking_of(house: House, definition: Profiling, before: AskedBefore) -> Asking:
    """How the questions of a definition stand with a customer."""
    known: dict[str, bool] = {}
    declined: dict[str, date] = {}
    for question in definition.questions:
        field = field_of(question, house.traits)
        if field is not None and field.column in before.now:
            value = before.now[field.column]
            known[question.name] = value is not None and value not in question.unknown
        newest = before.newest(definition.name, question.name)
        if newest is not None and newest.outcome == "declined":
            again = again_on(question, newest.at, house.zone)
            if again > house.today:
                declined[question.name] = again
    return Asking(known, declined)


def declined_by(ctx: Context, definition: Profiling, house: House, day: date) -> dict[str, list[int]]:
    """Question -> source keys of those who did not want to say, and are not asked again on that day yet."""
    longest = max(question.again_days for question in definition.questions)
    since = datetime.combine(day - timedelta(days=longest), datetime.min.time(), house.zone)
    with ctx.database.connect() as state:
        rows = answers.declined_since(state, definition.name, since)
    questions = {question.name: question for question in definition.questions}
    found: dict[str, list[int]] = {}
    for key, name, at in rows:
        if name in questions and at.astimezone(house.zone).date() <= day < again_on(questions[name], at, house.zone):
            found.setdefault(name, []).append(key)
    return found


def again_on(question: Question, at: datetime, zone: ZoneInfo) -> date:
    """The first day on which who did not want to say may be asked again."""
    return at.astimezone(zone).date() + timedelta(days=question.again_days)


def _sources(
    ctx: Context, connection: duckdb.DuckDBPyConnection, house: House, customer_keys: Iterable[int]
) -> dict[int, list[int]]:
    """All source keys of each customer, their own first."""
    found = {int(key): [int(key)] for key in customer_keys}
    listed = ", ".join(map(str, found))
    mapped = ctx.lake.read(connection, "customer_map", house.versions.get("customer_map"))
    rows = mapped.filter(f"customer_key IN ({listed}) AND source_key <> customer_key")
    for source, key in rows.project("source_key, customer_key").order("1").fetchall():
        found[int(key)].append(int(source))
    return found


def _of_one(
    said: list[StoredAnswer], rows: Sequence[Mapping[str, str | None]], precedence: Mapping[str, str]
) -> AskedBefore:
    fields = {each.field for each in said}
    filed = {f: next((row[f] for row in rows if row.get(f) is not None), None) for f in fields}
    before = AskedBefore(tuple(said), {}, filed)
    now: dict[str, str | None] = {}
    for field in fields:
        answer = before.counting(field)
        now[field] = filed[field]
        if answer is not None and answer.value is not None:
            how = precedence.get(f"{answer.profiling} {answer.question}", "newest")
            now[field] = settled(filed[field], answer.value, answer.found, how)
    return AskedBefore(before.said, now, filed)
