"""A funnel for each value of an attribute, and what the difference between values is worth.

Each customer has one value all the way. The values are those of most customers at the first step; the rest are put
together, and those without a value stand apart. Whether a step is passed by the same share of each value is tested once
for each step (`stats/homogeneity.py`), those without a value left out, and adjusted over the steps by Holm's method
(`stats/backtest.py`). A difference says who passes, not why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

import narwhals as nw

from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.frame import Frame, require_columns, rows_of
from tierwise.metrics.funnel import Funnel, Lags, funnel_of_counts, lag_quartiles, passed_stages, walked
from tierwise.stats.backtest import holm
from tierwise.stats.homogeneity import equal_shares

MOST_VALUES = 12
"""So many values are told one by one."""

Kind = Literal["value", "others", "missing"]
_Group: TypeAlias = tuple[Kind, str | None]


@dataclass(frozen=True, slots=True)
class FunnelValue:
    """The funnel of those with a value. kind: `value`, this `value`; `others`, the rest of the values together;
    `missing`, no value."""

    kind: Kind
    value: str | None
    funnel: Funnel


@dataclass(frozen=True, slots=True)
class StepDifference:
    """How far values differ in one step. compared: so many values are large enough to be compared, `others` as one.

    lowest, highest: of these the values (null for `others`) whose share of the step before is least and most; spread:
    highest share - lowest share. p: that all shares are the same, given no difference; p_adjusted: Holm's over all
    steps. Null where fewer than two values can be compared.
    """

    step: str
    compared: int
    lowest: str | None
    highest: str | None
    spread: float | None
    p: float | None
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class FunnelByValue:
    """values: the largest at the first step first, of equals by name; then the others, then those without a value.
    differences: of each step but the first. bottleneck: the step before which most stop, of all values together."""

    values: tuple[FunnelValue, ...]
    differences: tuple[StepDifference, ...]
    bottleneck: str | None


def funnel_by_value(
    events: Frame,
    steps: Sequence[str],
    values: Frame,
    *,
    as_of: date,
    key: str = "customer_key",
    step: str = "step",
    day: str = "occurred_day",
    value: str = "value",
    within_days: int | None = None,
    keep: Keep = lazily,
) -> FunnelByValue:
    """`funnel`, for each value. values: rows (key, value as text), a customer at most once; who has no row or a null
    has no value. The other parameters and the errors are those of `funnel`. Executes one grouping a step, and one more.
    """
    reached = walked(events, steps, as_of=as_of, key=key, step=step, day=day, within_days=within_days, keep=keep)
    require_columns(values, (key, value), "the values")
    of_whom = values.select(key, nw.col(value).alias("value__"))
    at_first = keep("with_value", reached[0].select(key).join(of_whom, on=key, how="left"))
    sizes = rows_of(at_first.group_by("value__").agg(nw.len().cast(nw.Int64).alias("n")))
    named = _largest(dict(sizes))
    grouped = keep("grouped", at_first.select(key, _group_of(named).alias("group__")))
    counts: dict[_Group, list[int]] = {}
    lags: dict[_Group, list[Lags | None]] = {}
    for value_, many in sizes:
        counts.setdefault(_group(value_, named), [0] * len(steps))[0] += many
    for place, frame in enumerate(reached[1:], start=1):
        by_group = frame.select(key, "lag__").join(grouped, on=key, how="inner").group_by("group__")
        for number, many, *days in rows_of(by_group.agg(nw.len().cast(nw.Int64).alias("n"), *lag_quartiles())):
            group = _numbered(number, named)
            counts[group][place] = many
            lags.setdefault(group, [None] * len(steps))[place] = (days[0], days[1], days[2])
    return _told(steps, counts, lags, named)


def stage_funnel_by_value(rows: Iterable[tuple[str | None, str | None, int]], stages: Sequence[str]) -> FunnelByValue:
    """The same of things that have a stage now (`passed_stages`): rows (value, stage, how many)."""
    listed = list(rows) if stages else []
    sizes: dict[str | None, int] = {}
    for value, _, many in listed:
        sizes[value] = sizes.get(value, 0) + many
    named = _largest(sizes)
    at: dict[_Group, dict[str | None, int]] = {}
    for value, stage, many in listed:
        here = at.setdefault(_group(value, named), {})
        here[stage] = here.get(stage, 0) + many
    counts = {group: passed_stages(of_stages, stages) for group, of_stages in at.items()}
    return _told(stages, counts, {}, named)


def having(people: Frame, kind: str, value: str | None, named: Sequence[str], *, column: str = "value") -> Frame:
    """Of people those whom a `FunnelValue` is of. named: the values that are told one by one."""
    told = nw.col(column)
    if kind == "value":
        return people.filter(told == nw.lit(value))
    return people.filter(told.is_null() if kind == "missing" else ~told.is_null() & ~told.is_in(list(named)))


def _largest(sizes: Mapping[str | None, int]) -> list[str]:
    known = [value for value in sizes if value is not None]
    return sorted(known, key=lambda value: (-sizes[value], value))[:MOST_VALUES]


def _group(value: str | None, named: Sequence[str]) -> _Group:
    return ("missing", None) if value is None else ("value", value) if value in named else ("others", None)


def _group_of(named: Sequence[str]) -> nw.Expr:
    """The place of the value among those named; after them the others, and last no value."""
    number = nw.lit(len(named))
    for place, value in enumerate(named):
        number = nw.when(nw.col("value__") == value).then(nw.lit(place)).otherwise(number)
    return nw.when(nw.col("value__").is_null()).then(nw.lit(len(named) + 1)).otherwise(number)


def _numbered(number: int, named: Sequence[str]) -> _Group:
    if number < len(named):
        return "value", named[number]
    return ("others", None) if number == len(named) else ("missing", None)


def _told(
    steps: Sequence[str],
    counts: Mapping[_Group, Sequence[int]],
    lags: Mapping[_Group, Sequence[Lags | None]],
    named: Sequence[str],
) -> FunnelByValue:
    order: list[_Group] = [*(("value", value) for value in named), ("others", None), ("missing", None)]
    found = [
        FunnelValue(group[0], group[1], funnel_of_counts(steps, counts[group], lags.get(group)))
        for group in order
        if group in counts
    ]
    together = [sum(each.funnel.steps[place].customers for each in found) for place in range(len(steps))]
    compared = [each for each in found if each.kind != "missing"]
    differences = _adjusted([_difference(steps[place], place, compared) for place in range(1, len(steps))])
    return FunnelByValue(tuple(found), differences, funnel_of_counts(steps, together).bottleneck)


def _difference(step: str, place: int, values: Sequence[FunnelValue]) -> StepDifference:
    here = [each.funnel.steps[place].customers for each in values]
    before = [each.funnel.steps[place - 1].customers for each in values]
    test = equal_shares(here, before)
    if test.p_value is None:
        return StepDifference(step, len(test.compared), None, None, None, None)
    shares = {i: here[i] / before[i] for i in test.compared}
    low, high = min(shares, key=lambda i: shares[i]), max(shares, key=lambda i: shares[i])
    spread = shares[high] - shares[low]
    return StepDifference(step, len(shares), values[low].value, values[high].value, spread, test.p_value)


def _adjusted(differences: Sequence[StepDifference]) -> tuple[StepDifference, ...]:
    adjusted = iter(holm([each.p for each in differences if each.p is not None]))
    return tuple(each if each.p is None else replace(each, p_adjusted=next(adjusted)) for each in differences)
