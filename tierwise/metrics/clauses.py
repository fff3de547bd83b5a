"""Why a rule is true or false of one customer: the tree of its clauses, each with what was found and what it was of.

Verdicts are told by the very functions that a run uses (`rule_sets`, `behaviour`), over a world of one customer; so
what is explained is what was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from tierwise.definitions.rule import (
    All,
    AnyOf,
    AnyRule,
    Behaviour,
    Comparison,
    FirstTime,
    InSegment,
    Leaf,
    Measured,
    Not,
    NotFollowed,
    Occurrence,
    Regularly,
    Restarted,
    Steps,
    Stopped,
    leaves_of,
)
from tierwise.definitions.rule import (
    Sequence as StepSequence,
)
from tierwise.definitions.words import in_words
from tierwise.facts.contract import TABLES
from tierwise.metrics.behaviour import measured
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.fact_columns import moment_of
from tierwise.metrics.frame import columns_of, rows_of
from tierwise.metrics.occurrences import days_back, first_of_months, rows_of_fact, window_of
from tierwise.metrics.rule_sets import rule_sets
from tierwise.metrics.rules import RuleColumn
from tierwise.metrics.world import VALUE, World

SHOWN = 20
"""So many of the rows that counted are shown, the newest."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a fact that a clause looked at: how many in all, and the newest of them, values as outside.

    first, last: the days that count, both included; first null for the whole life.
    """

    fact: str
    first: date | None
    last: date
    count: int
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, and what is known of this customer.

    what: `all`, `any`, `not`, `attribute`, the form of a deed, `segment`, `list`; or what a tier is made of: `stage`,
    `score`, `rank`, `line`, … says: the clause in words. verdict: whether it is true; null where it is no question of
    true or false. value: what was found. at: its place within the definition, such as `stages.2.when.all.0`. counted:
    the rows that counted. detail: more, by kind.
    """

    what: str
    says: str
    verdict: bool | None
    value: Any = None
    at: str = ""
    clauses: tuple[Clause, ...] = ()
    counted: tuple[Counted, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)


Deeper = Callable[[str], tuple[Clause, ...]]
"""The clauses of a segment, by its name."""


def no_deeper(segment: str) -> tuple[Clause, ...]:
    """For those who explain no segments."""
    return ()


def clause_of(
    rule: AnyRule, world: World, *, at: Steps = (), deeper: Deeper = no_deeper, keep: Keep = lazily
) -> Clause:
    """The rule's tree. world: of one customer alone, in `people` too. Raises what `rule_sets` raises."""
    leaves = {_path(path): leaf for path, leaf in leaves_of(rule, at)}
    found = rule_sets(leaves, world, keep)
    verdicts = {path: bool(rows_of(frame)) for path, frame in found.items()}
    told = _Told(world, verdicts, deeper)
    return told.clause(rule, at)


def _path(at: Steps) -> str:
    return ".".join(str(step) for step in at)


@dataclass(frozen=True)
class _Told:
    world: World
    verdicts: Mapping[str, bool]
    deeper: Deeper

    def clause(self, rule: AnyRule, at: Steps) -> Clause:
        match rule:
            case All():
                parts = tuple(self.clause(part, (*at, "all", i)) for i, part in enumerate(rule.all))
                return Clause("all", "all of", all(part.verdict for part in parts), at=_path(at), clauses=parts)
            case AnyOf():
                parts = tuple(self.clause(part, (*at, "any", i)) for i, part in enumerate(rule.any))
                return Clause("any", "at least one of", any(p.verdict for p in parts), at=_path(at), clauses=parts)
            case Not():
                part = self.clause(rule.not_, (*at, "not"))
                return Clause("not", "not", not part.verdict, at=_path(at), clauses=(part,))
        return self._leaf(rule, _path(at))

    def _leaf(self, leaf: Leaf, at: str) -> Clause:
        said, verdict, world = in_words(leaf), self.verdicts[at], self.world
        match leaf:
            case Comparison():
                return Clause("attribute", said, verdict, value_of(leaf.attribute, world), at)
            case Behaviour():
                number = _number(leaf.behaviour, world)
                return Clause("behaviour", said, verdict, number, at, counted=(_of_measured(leaf.behaviour, world),))
            case FirstTime():
                events = leaf.first_time
                earliest = counted_rows(world, events.fact, events.where, None, world.as_of, oldest=True)
                first = earliest.rows[0][moment_of(events.fact).day] if earliest.rows else None
                return Clause("first_time", said, verdict, first, at, counted=(earliest,))
            case Stopped():
                quiet = leaf.stopped
                first = days_back(world.as_of, quiet.quiet_days + quiet.before_days)
                rows = counted_rows(world, quiet.fact, quiet.where, first, world.as_of)
                return Clause("stopped", said, verdict, _last_day(rows), at, counted=(rows,))
            case Restarted():
                back = leaf.restarted
                rows = counted_rows(world, back.fact, back.where, None, world.as_of)
                return Clause("restarted", said, verdict, _last_day(rows), at, counted=(rows,))
            case Regularly():
                habit = leaf.regularly
                weekly = habit.every == "week"
                first = (
                    days_back(world.as_of, 7 * habit.of_last) if weekly else first_of_months(world.as_of, habit.of_last)
                )
                rows = counted_rows(world, habit.fact, habit.where, first, world.as_of, all_rows=True)
                periods = {_period(row[moment_of(habit.fact).day], weekly, world.as_of) for row in rows.rows}
                return Clause("regularly", said, verdict, len(periods), at, counted=(_cut(rows),))
            case StepSequence():
                return Clause("sequence", said, verdict, None, at, counted=_steps(leaf.sequence, leaf, world))
            case NotFollowed():
                steps = _steps(leaf.not_followed, leaf, world)
                return Clause("not_followed", said, verdict, None, at, counted=steps)
            case InSegment():
                return Clause("segment", said, verdict, verdict, at, clauses=self.deeper(leaf.segment))
        return Clause("list", said, verdict, verdict, at)


def value_of(attribute: str, world: World) -> Any:
    """This customer's value of an attribute, as outside: money in currency units; of a yes tag whether it is there."""
    found = world.schema.get(attribute, "source_text")
    where = found if isinstance(found, RuleColumn) else RuleColumn(attribute, found)
    if attribute in world.values:
        rows = rows_of(world.values[attribute].select(VALUE))
        return bool(rows) if where.type == "boolean" else rows[0][0] if rows else None
    rows = rows_of(world.people.select(where.column))
    return outside(rows[0][0], where) if rows else None


def outside(value: Any, where: RuleColumn) -> Any:
    """An inside value as people see it: of money and quantities a decimal."""
    if value is None or not where.digits or isinstance(value, float):
        return value
    return Decimal(value).scaleb(-where.digits).quantize(Decimal(1).scaleb(-where.digits))


def _number(what: Measured, world: World) -> Any:
    if what.aggregate in ("ever", "never"):
        what = what.model_copy(update={"aggregate": "count"})
    rows = rows_of(measured(what, world).select(VALUE))
    if not rows:
        return 0 if what.aggregate in ("count", "sum", "distinct") else None
    if what.column is None or what.aggregate in ("distinct", "average"):
        return rows[0][0]
    return outside(rows[0][0], _column(world, what.fact, what.column))


def _of_measured(what: Measured, world: World) -> Counted:
    first, last = window_of(what.window, world.as_of)
    columns = tuple(dict.fromkeys(name for name in (what.per, what.column) if name))
    return counted_rows(world, what.fact, what.where, first, last, columns=columns)


def _steps(steps: Sequence[Occurrence], leaf: StepSequence | NotFollowed, world: World) -> tuple[Counted, ...]:
    first, last = window_of(leaf.window, world.as_of)
    one, two = steps
    columns = (leaf.same,) if leaf.same else ()
    return (
        counted_rows(world, one.fact, one.where, first, last, columns=columns),
        counted_rows(world, two.fact, two.where, first, world.as_of, columns=columns),
    )


def _last_day(counted: Counted) -> date | None:
    return counted.rows[0][moment_of(counted.fact).day] if counted.rows else None


def _period(day: date, weekly: bool, as_of: date) -> int:
    return (as_of - day).days // 7 if weekly else day.year * 12 + day.month


def _cut(counted: Counted) -> Counted:
    return Counted(counted.fact, counted.first, counted.last, counted.count, counted.rows[:SHOWN])


def counted_rows(
    world: World,
    fact: str,
    where: AnyRule | None,
    first: date | None,
    last: date,
    *,
    columns: Sequence[str] = (),
    oldest: bool = False,
    all_rows: bool = False,
) -> Counted:
    """The rows that a clause counts, the newest first (`oldest`: the oldest): key, day, `columns`, money."""
    moment = moment_of(fact)
    frame = rows_of_fact(world, fact, where, first, last, columns)
    wanted = _shown(world, fact, columns, columns_of(frame))
    names = list(wanted)
    picked = frame.select(*(nw.col(wanted[name].column).alias(name) for name in names), nw.col(moment.at).alias("at__"))
    # Put in order and left behind there: an instant is not for people, and takes a library to fetch.
    every = rows_of(picked.sort("at__", *TABLES[fact].key, descending=not oldest).select(names))
    rows = [
        {name: outside(value, wanted[name]) for name, value in zip(names, row, strict=True)}
        for row in (every if all_rows else every[:SHOWN])
    ]
    return Counted(fact, first, last, len(every), tuple(rows))


def _shown(world: World, fact: str, columns: Sequence[str], there: Sequence[str]) -> dict[str, RuleColumn]:
    """What is shown of a row: its key, its day, the columns asked for, and its money."""
    moment, schema = moment_of(fact), world.fact_schemas[fact]
    money = [name for name in ("net", "amount", "gross") if name in schema][:1]
    found = {
        name: _column(world, fact, name) for name in (*TABLES[fact].key, moment.day, *columns, *money) if name in schema
    }
    for name in (*TABLES[fact].key, moment.day):
        found.setdefault(name, RuleColumn(name, "text"))
    return {name: where for name, where in found.items() if where.column in there and where.type != "instant"}


def _column(world: World, fact: str, name: str) -> RuleColumn:
    found = world.fact_schemas[fact][name]
    return found if isinstance(found, RuleColumn) else RuleColumn(name, found)
