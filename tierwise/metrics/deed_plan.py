"""Leaves about deeds, planned together: facts read once, groupings shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tierwise.definitions.rule import AnyRule, Deed, NotFollowed, Restarted, Sequence
from tierwise.metrics.behaviour import Group, Reading, group_rows, passing, passing_in_order, reading_of
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame
from tierwise.metrics.kept_facts import deeds_of, with_kept_facts
from tierwise.metrics.world import World


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

    def customers(self, leaf: Deed) -> Customers:
        """Of whom the leaf is true. leaf: of a rule that the plan was made for."""
        reading = self.readings[leaf]
        if reading is None:
            return Customers(self.in_order[leaf])
        world = self.world
        inside = reading.group.fact in world.kept_facts and world.kept_among is world.people
        return Customers(passing(reading, self.groups[reading.group], world), reading.others, inside)


def deed_plan(rules: Iterable[AnyRule], world: World, keep: Keep, prefix: str) -> DeedPlan:
    """The plan for these rules. What is shared is kept, under names that begin with the prefix."""
    rules = tuple(rules)
    world = with_kept_facts(rules, world, keep, prefix)
    leaves = Counter(deeds_of(rules))
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
    return DeedPlan(world, readings, groups, in_order)
