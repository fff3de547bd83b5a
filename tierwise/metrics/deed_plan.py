"""Leaves about deeds, planned together: facts read once, groupings shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import narwhals as nw

from tierwise.definitions.rule import (
    AnyRule,
    Comparison,
    Deed,
    InList,
    InSegment,
    NotFollowed,
    Restarted,
    Sequence,
    attributes_of,
    leaves_of,
)
from tierwise.metrics.behaviour import Group, Reading, group_rows, passing, passing_in_order, reading_of
from tierwise.metrics.customer import Keep
from tierwise.metrics.fact_columns import moment_of
from tierwise.metrics.following import days_read
from tierwise.metrics.frame import Frame
from tierwise.metrics.occurrences import column_of, with_products
from tierwise.metrics.world import World

_WORTH_KEEPING = 3
"""From how many readers on a fact's rows are kept, rather than read anew by each."""


@dataclass(frozen=True)
class Customers:
    """Those in `keys`, one column, each once; or where `others` everybody else. inside: all known to be people."""

    keys: Frame
    others: bool = False
    inside: bool = False

    def __invert__(self) -> Customers:
        return replace(self, others=not self.others)

    def among(self, world: World) -> Frame:
        """Those of them who are people: one column `key`, each once."""
        if self.others:
            return world.people.select(world.key).join(self.keys, on=world.key, how="anti")
        return self.keys if self.inside else self.keys.join(world.people, on=world.key, how="semi")


@dataclass(frozen=True)
class DeedPlan:
    """Each leaf's reading, and the groupings that several of them share."""

    world: World
    readings: Mapping[Deed, Reading | None]
    groups: Mapping[Group, Frame]
    in_order: Mapping[Deed, Frame]
    inside: frozenset[str]
    """Facts of which the plan kept the rows itself, so of people alone."""

    def customers(self, leaf: Deed) -> Customers:
        """Of whom the leaf is true. leaf: of a rule that the plan was made for."""
        reading = self.readings[leaf]
        if reading is None:
            return Customers(self.in_order[leaf])
        keys = passing(reading, self.groups[reading.group], self.world)
        return Customers(keys, reading.others, inside=reading.group.fact in self.inside)


def deed_plan(rules: Iterable[AnyRule], world: World, keep: Keep, prefix: str) -> DeedPlan:
    """The plan for these rules. What is shared is kept, under names that begin with the prefix."""
    rules = tuple(rules)
    before = world.kept_facts
    world = with_kept_facts(rules, world, keep, prefix)
    leaves = Counter(_deeds(rules))
    readings = {leaf: reading_of(leaf, world) for leaf in leaves}
    asked: dict[Group, set[tuple[str, str | None]]] = {}
    uses: Counter[Group] = Counter()
    for leaf, reading in readings.items():
        if reading is not None:
            asked.setdefault(reading.group, set()).update(reading.sums)
            uses[reading.group] += leaves[leaf]
    groups: dict[Group, Frame] = {}
    for group, sums in asked.items():
        rows = group_rows(world, group, sums)
        groups[group] = keep(f"{prefix}_group_{len(groups) + 1}", rows) if uses[group] > 1 else rows
    in_order: dict[Deed, Frame] = {}
    for leaf, reading in readings.items():
        if reading is None and isinstance(leaf, Restarted | Sequence | NotFollowed):
            keys = passing_in_order(leaf, world)
            in_order[leaf] = keep(f"{prefix}_order_{len(in_order) + 1}", keys) if leaves[leaf] > 1 else keys
    return DeedPlan(world, readings, groups, in_order, world.kept_facts - before)


def _deeds(rules: Iterable[AnyRule]) -> Iterator[Deed]:
    for rule in rules:
        for _, leaf in leaves_of(rule):
            if not isinstance(leaf, Comparison | InSegment | InList):
                yield leaf


@dataclass
class _Read:
    """What leaves read of one fact: how many of them, which columns, from which day on, and whether the instant too."""

    readers: set[object] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    first: list[date | None] = field(default_factory=list)
    instant: bool = False


def with_kept_facts(rules: Iterable[AnyRule], world: World, keep: Keep, prefix: str = "rules") -> World:
    """The world with those facts kept that several leaves of these rules read: needed columns, days and people alone.

    `rule_sets` does so for its own rules; whoever calls it several times, for rules that need each other, does it once
    for all of them before. Facts that are kept already are left as they are.
    """
    kept: dict[str, Frame] = {}
    for fact, read in _reads(rules, world).items():
        if fact in world.facts and fact not in world.kept_facts and len(read.readers) >= _WORTH_KEEPING:
            kept[fact] = keep(f"{prefix}_{fact}", _narrow(world, fact, read))
    return replace(world, facts={**world.facts, **kept}, kept_facts=world.kept_facts | kept.keys())


def _narrow(world: World, fact: str, read: _Read) -> Frame:
    moment = moment_of(fact)
    day = nw.col(moment.day)
    wanted = [~nw.col(world.key).is_null(), day <= nw.lit(world.as_of)]
    first = None if None in read.first else min(each for each in read.first if each)
    if first is not None:
        wanted.append(day >= nw.lit(first))
    columns = dict.fromkeys([world.key, moment.day, *([moment.at] if read.instant else [])])
    columns |= dict.fromkeys(column_of(world, fact, name).column for name in sorted(read.columns))
    rows = with_products(world, fact, read.columns).filter(*wanted).select(*columns)
    return rows.join(world.people.select(world.key), on=world.key, how="semi")


def _reads(rules: Iterable[AnyRule], world: World) -> dict[str, _Read]:
    found: dict[str, _Read] = {}

    def note(fact: str, where: AnyRule | None, first: date | None, columns: Iterable[str], by: object) -> _Read:
        read = found.setdefault(fact, _Read())
        read.readers.add(by)
        read.columns |= {*columns, *(attributes_of(where) if where else ())}
        read.first.append(first)
        return read

    for leaf in _deeds(rules):
        reading = reading_of(leaf, world)
        if reading is not None:
            group = reading.group
            columns = [*(column for _, column in reading.sums if column), *([group.column] if group.column else [])]
            note(group.fact, group.where, group.first, columns, group).instant |= group.kind in ("first", "last")
        elif isinstance(leaf, Restarted | Sequence | NotFollowed):
            for step, first in days_read(leaf, world.as_of):
                note(step.fact, step.where, first, (), (leaf, step)).instant |= not isinstance(leaf, Restarted)
    return found
