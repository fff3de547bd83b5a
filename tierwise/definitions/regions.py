"""Which values of one attribute a rule takes, as a set that can be joined, cut and compared.

A region is a set of values of one attribute, together with whether a missing value is in it. The values stand on a
line; where membership changes is a cut, just below or just above a value. So `>= 3` is one cut below 3, and
`between 3 and 5` two: below 3 and above 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from math import ceil, floor
from typing import Any, Literal, TypeAlias

from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not, leaves_of

Cut: TypeAlias = tuple[Any, int]
"""A value, and -1 for just below it or 1 for just above it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute, and how rules speak of it: by numbers, texts, dates or flags, or by how many days it lies back."""

    attribute: str
    by: Literal["number", "text", "date", "flag", "days ago"]


@dataclass(frozen=True, slots=True)
class Region:
    """cuts: ascending, where membership changes. before_all: whether values before the first cut are in it. missing:
    whether a missing value is."""

    cuts: tuple[Cut, ...]
    before_all: bool
    missing: bool

    @property
    def pieces(self) -> list[tuple[Cut | None, Cut | None]]:
        """From which cut to which; None for no end."""
        edges: list[Cut | None] = [*([None] if self.before_all else []), *self.cuts]
        edges += [None] if len(edges) % 2 else []
        return list(zip(edges[::2], edges[1::2], strict=True))

    def __contains__(self, value: Any) -> bool:
        """Whether it takes that value; None is a missing one."""
        return (
            self.missing if value is None else (sum(cut < (value, 0) for cut in self.cuts) % 2 == 1) != self.before_all
        )

    def is_empty(self, *, whole: bool = False) -> bool:
        """whole: of values there are whole numbers only. Of dates there are always whole days only."""
        return not self.missing and not any(_has_value(low, high, whole) for low, high in self.pieces)

    def __and__(self, other: Region) -> Region:
        return _combined(self, other, lambda a, b: a and b)

    def __or__(self, other: Region) -> Region:
        return _combined(self, other, lambda a, b: a or b)

    def __sub__(self, other: Region) -> Region:
        return _combined(self, other, lambda a, b: a and not b)

    def __invert__(self) -> Region:
        return Region(self.cuts, not self.before_all, not self.missing)

    def within(self, other: Region, *, whole: bool = False) -> bool:
        return (self - other).is_empty(whole=whole)

    def in_words(self) -> str:
        """Such as `10`, `10 to 20`, `over 10, up to 20`; parts separated by `;`."""
        parts = [_span(low, high) for low, high in self.pieces]
        return "; ".join([*parts, *(["missing"] if self.missing else [])])


NOTHING = Region((), False, False)
ALL_VALUES = Region((), True, False)
EVERYTHING = Region((), True, True)


def _combined(a: Region, b: Region, both: Callable[[bool, bool], bool]) -> Region:
    in_a, in_b = a.before_all, b.before_all
    first = inside = both(in_a, in_b)
    cuts: list[Cut] = []
    for cut, sides in groupby(sorted([*((c, 0) for c in a.cuts), *((c, 1) for c in b.cuts)]), key=lambda each: each[0]):
        for _, side in sides:
            in_a, in_b = (not in_a, in_b) if side == 0 else (in_a, not in_b)
        if both(in_a, in_b) != inside:
            inside = not inside
            cuts.append(cut)
    return Region(tuple(cuts), first, both(a.missing, b.missing))


def _has_value(low: Cut | None, high: Cut | None, whole: bool) -> bool:
    if low is None or high is None:
        return True
    (first, first_side), (last, last_side) = low, high
    if isinstance(first, date):
        return bool(first.toordinal() + (first_side > 0) <= last.toordinal() - (last_side < 0))
    if whole and isinstance(first, Decimal):
        lowest = floor(first) + 1 if first_side > 0 else ceil(first)
        highest = ceil(last) - 1 if last_side < 0 else floor(last)
        return bool(lowest <= highest)
    return True


def _span(low: Cut | None, high: Cut | None) -> str:
    if low is None:
        return "any value" if high is None else f"{'up to' if high[1] > 0 else 'below'} {_text(high[0])}"
    if high is None:
        return f"{'over' if low[1] > 0 else 'from'} {_text(low[0])}"
    if low[0] == high[0]:
        return _text(low[0])
    start = f"over {_text(low[0])}, " if low[1] > 0 else f"{_text(low[0])} "
    return f"{start}{'up to' if low[1] > 0 and high[1] > 0 else 'to' if high[1] > 0 else 'to below'} {_text(high[0])}"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def between(low: Any, high: Any) -> Region:
    """Both included; empty where the low is higher."""
    return Region(((low, -1), (high, 1)), False, False) if low <= high else NOTHING


def axes_of(rule: AnyRule) -> set[Axis]:
    """The axes of its comparisons; those that no region is known for are left out."""
    comparisons = [leaf for _, leaf in leaves_of(rule) if isinstance(leaf, Comparison)]
    axes = {axis for leaf in comparisons if (axis := _axis(leaf)) is not None}
    spoken_of = {axis.attribute for axis in axes}
    asked = {leaf.attribute for leaf in comparisons if leaf.op in ("missing", "present")}
    return axes | {Axis(attribute, "flag") for attribute in asked - spoken_of}


def _axis(leaf: Comparison) -> Axis | None:
    """None for what any value may be asked: whether it is missing; and where no region is known."""
    if leaf.op == "within_last_days":
        return Axis(leaf.attribute, "days ago")
    if leaf.op in ("missing", "present") or _of_comparison(leaf) is None:
        return None
    value = leaf.value[0] if isinstance(leaf.value, tuple) else leaf.value
    match value:
        case bool():
            return Axis(leaf.attribute, "flag")
        case str():
            return Axis(leaf.attribute, "text")
        case date():
            return Axis(leaf.attribute, "date")
    return Axis(leaf.attribute, "number")


def at_most(rule: AnyRule, axis: Axis) -> Region:
    """A region outside which the rule is never true."""
    match rule:
        case All():
            found = EVERYTHING
            for part in rule.all:
                found = found & at_most(part, axis)
            return found
        case AnyOf():
            found = NOTHING
            for part in rule.any:
                found = found | at_most(part, axis)
            return found
        case Not():
            inner = exactly(rule.not_, axis)
            return EVERYTHING if inner is None else ~inner
        case Comparison():
            return EVERYTHING if (region := _on_axis(rule, axis)) is None else region
    return EVERYTHING


def exactly(rule: AnyRule, axis: Axis) -> Region | None:
    """The region in which the rule is true; None where it also asks for something else."""
    for _, leaf in leaves_of(rule):
        if not isinstance(leaf, Comparison) or _on_axis(leaf, axis) is None:
            return None
    return at_most(rule, axis)


def _on_axis(leaf: Comparison, axis: Axis) -> Region | None:
    if leaf.attribute != axis.attribute:
        return None
    if leaf.op == "missing":
        return Region((), False, True)
    if leaf.op == "present":
        return ALL_VALUES
    return _of_comparison(leaf) if _axis(leaf) == axis else None


def _of_comparison(leaf: Comparison) -> Region | None:
    given = [_comparable(value) for value in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))]
    if any(value is None for value in given) or len({type(value) for value in given}) > 1:
        return None
    low = given[0]
    match leaf.op:
        case "=" | "in":
            region = _joined(between(value, value) for value in given)
        case "!=" | "not_in":
            region = ALL_VALUES - _joined(between(value, value) for value in given)
        case "<" | "before":
            region = Region(((low, -1),), True, False)
        case "<=":
            region = Region(((low, 1),), True, False)
        case ">" | "after":
            region = Region(((low, 1),), False, False)
        case ">=":
            region = Region(((low, -1),), False, False)
        case "between":
            region = between(low, given[1])
        case "within_last_days":
            region = between(Decimal(0), low - 1)
        case _:
            return None
    return region


def _comparable(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value)
    return Decimal(value) if isinstance(value, int) else value


def _joined(regions: Iterable[Region]) -> Region:
    found = NOTHING
    for region in regions:
        found = found | region
    return found
