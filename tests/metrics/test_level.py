"""Levels: every score has one, cuts by share keep their promise, and what would close the distance does close it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tests.metrics.test_scorecard import LINES, people
from tierwise.definitions.level import Level
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.level import (
    GradedScales,
    level_columns,
    level_scales,
    level_summary,
    share_cuts,
    with_levels,
)
from tierwise.metrics.level_distance import closings, headroom, near_misses
from tierwise.metrics.rules import RuleColumn
from tierwise.metrics.scorecard import Line, ScorecardScales, Slope, Steps

FOUR = ("core", "important", "ordinary", "patch")


def level(
    *indicators: dict[str, Any], cuts: list[Any] | None = None, shares: list[Any] | None = None, **more: Any
) -> Level:
    key, values = ("at_least", cuts) if cuts is not None else ("share", shares or ["0.05", "0.15", "0.3"])
    grades = [{"name": name, key: value} for name, value in zip(FOUR, values, strict=False)]
    grades.append({"name": FOUR[len(values)]})
    body = {"name": "tier", "scorecard": {"indicators": indicators}, "levels": grades}
    return Level.model_validate({**body, **more})


ORDERS = {"attribute": "orders", "normalise": "min_max", "low": 0, "high": 100}


def levels(frame: Frame, definition: Level) -> list[Any]:
    found = by_key(with_levels(frame, definition, level_scales(frame, definition)))
    return [found[key]["tier"] for key in sorted(found)]


def test_every_score_has_exactly_one_level(frame: MakeFrame) -> None:
    """Scores from -1 to 101 points, walked: levels only rise, each cut itself belongs to the upper one.

    In steps of a tenth, and of a hundredth about the cuts.
    """
    walk = [n for n in range(-100, 10_101) if n % 10 == 0 or any(abs(n - cut) <= 12 for cut in (0, 5_001, 7_500))]
    steps = Steps(tuple(range(1, len(walk))), tuple(walk))
    line = Line("x", "x", RuleColumn("x", "integer"), steps, 0, 1_000_000)
    definition = level({"attribute": "x"}, cuts=[75, "50.01", 0])
    scales = GradedScales(ScorecardScales((line,), 1), (7_500, 5_001, 0))
    found = by_key(with_levels(people(frame, x=list(range(len(walk)))), definition, scales), "x")
    walked = [found[place]["tier"] for place in range(len(walk))]
    floors = {"core": 7_500, "important": 5_001, "ordinary": 0, "patch": -100}
    assert walked == [next(name for name, floor in floors.items() if score >= floor) for score in walk]
    assert [name for name, following in pairwise([*walked, ""]) if name != following] == list(reversed(FOUR))
    for place in map(walk.index, (-100, -1, 0, 5_000, 5_001, 7_499, 7_500, 10_100)):
        score = steps.points(place)
        assert score == walk[place]
        grade = scales.grade(score)
        assert found[place]["tier"] == FOUR[grade]
        cut = scales.cuts[grade - 1] if grade else None
        assert found[place]["tier_points_to_next"] == (None if cut is None else (cut - score) / 100)


def test_who_is_not_in_the_population_has_no_level(frame: MakeFrame) -> None:
    definition = level(ORDERS, cuts=[50], population={"attribute": "orders", "op": ">=", "value": 1})
    given = people(frame, orders=[0, 1, 60, None])
    scales = level_scales(given, definition)
    found = by_key(with_levels(given, definition, scales))
    assert [found[key]["tier"] for key in range(4)] == [None, "important", "core", None]
    assert [found[key]["tier_reason"] for key in range(4)] == ["not_in_population", None, None, "not_in_population"]
    for name in set(level_columns(definition).values()) - {"tier_reason"}:
        assert found[0][name] is None
    assert set(found[0]) == {"customer_key", "orders", *level_columns(definition).values()}
    assert scales.card.customers == 2
    summary = level_summary(with_levels(given, definition, scales), definition)
    assert (summary.customers, summary.outside) == (2, 2)


def test_shares_of_twenty_customers(frame: MakeFrame) -> None:
    found = levels(people(frame, orders=list(range(20))), level(ORDERS))
    assert Counter(found) == {"core": 1, "important": 3, "ordinary": 6, "patch": 10}
    assert found == sorted(found, key=FOUR.index, reverse=True)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([], []),
        ([7], ["ordinary"]),
        ([7, 7, 7, 7], ["patch"] * 4),
        ([None, None], ["patch"] * 2),
        ([1, 2, 3, 4], ["patch", "patch", "ordinary", "important"]),
        ([1, 9, 9, 9, 9, 9, 9, 9, 9, 9], ["patch"] * 10),
    ],
)
def test_few_customers_and_ties_cut_by_share(frame: MakeFrame, orders: list[Any], expected: list[str]) -> None:
    """5 %, 20 % and 50 % of four are 0.2, 0.8 and 2 customers, rounded half up 0, 1 and 2; of one 0, 0 and 1. Of ten,
    nine of them tied at the top, none of 0.5, 2 and 5 has room for nine."""
    assert levels(people(frame, orders=orders), level(ORDERS)) == expected


@given(
    st.lists(st.integers(0, 30), max_size=60),
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
)
def test_no_share_is_ever_exceeded_and_none_could_be_larger(drawn: list[int], percents: list[int]) -> None:
    shares = [Fraction(percent, 121) for percent in percents]
    cuts = share_cuts(sorted(Counter(drawn).items()), shares)
    assert len(cuts) == len(shares)
    if not drawn:
        assert set(cuts) == {None}
        return
    so_far = Fraction(0)
    for cut, share in zip(cuts, shares, strict=True):
        so_far += share
        room = int(so_far * len(drawn) + Fraction(1, 2))
        assert cut is not None
        assert sum(score >= cut for score in drawn) <= room
        below = [score for score in drawn if score < cut]
        assert not below or sum(score >= max(below) for score in drawn) > room


def test_a_summary_adds_up(frame: MakeFrame) -> None:
    given = people(frame, orders=[10, 20, 60, 80], monetary_amount_minor=[100, 300, 0, 600])
    definition = level(ORDERS, cuts=[70, 15])
    summary = level_summary(with_levels(given, definition, level_scales(given, definition)), definition)
    assert [(row.name, row.customers, row.lowest, row.highest, row.mean_score) for row in summary.rows] == [
        ("core", 1, 80.0, 80.0, 80.0),
        ("important", 2, 20.0, 60.0, 40.0),
        ("ordinary", 1, 10.0, 10.0, 10.0),
    ]
    assert [row.monetary_share for row in summary.rows] == [0.6, 0.3, 0.1]
    assert sum(row.share or 0 for row in summary.rows) == 1
    nobody = level_summary(
        with_levels(people(frame, orders=[]), definition, level_scales(given, definition)), definition
    )
    assert [(row.customers, row.share, row.mean_score, row.monetary_share) for row in nobody.rows] == [
        (0, None, None, None)
    ] * 3


def test_what_would_close_the_distance(frame: MakeFrame) -> None:
    """62 of 100 points: 0.5 x 80 for spend, 0.3 x 40 for days, 10 for the home; core begins at 75."""
    spend = Line("spend", "spend", RuleColumn("spend_minor", "integer", 2), Slope(0, 100_000, False), 0, 500_000)
    days = Line("days", "days", RuleColumn("days", "integer"), Slope(0, 100, True), 0, 300_000)
    visits = Line("visits", "visits", RuleColumn("visits", "integer"), Steps((3, 6), (0, 1_000, 2_300)), 0, 1_000_000)
    scales = GradedScales(ScorecardScales((spend, days, visits), 1), (7_500, 5_000))
    found = {each.line: each for each in closings(scales, {"spend": 80_000, "days": 60, "visits": 4})}
    assert [(each.points, each.points_needed) for each in found.values()] == [(40, 53), (12, 25), (10, 23)]
    assert (found["spend"].how, found["spend"].needed) == (None, None), "50 points is the most that spend can give"
    assert (found["days"].how, found["days"].needed, found["days"].now) == ("at_most", 16, 60)
    assert (found["visits"].how, found["visits"].needed) == ("at_least", 6)
    assert closings(scales, {"spend": 100_000, "days": 0, "visits": 9}) == ()


@pytest.mark.parametrize("line", [line for line, _ in LINES if line.weight > 0], ids=lambda line: line.name)
def test_the_value_told_is_the_first_that_is_enough(line: Line) -> None:
    values: list[Any] = ["a", "b", "z"] if line.name == "e" else [-20, 0, 1, 5, 2**50]
    for now in [*values, None]:
        for lacking in (1, 40, 700, 3_000):
            scales = GradedScales(ScorecardScales((line,), 1), (line.points(now) + lacking,))
            (closing,) = closings(scales, {line.name: now})
            wanted = line.points(now) + lacking
            if closing.how is None:
                assert wanted > line.highest
            elif closing.how == "one_of":
                assert isinstance(closing.needed, tuple)
                assert all(line.points(value) >= wanted for value in closing.needed)
            else:
                inside = int(Decimal(str(closing.needed)) * line.unit)
                back = -1 if closing.how == "at_least" else 1
                assert line.points(inside) >= wanted
                if not isinstance(line.scale, Steps) or now is not None:
                    assert line.points(inside + back) < wanted


def test_near_misses_and_headroom(frame: MakeFrame) -> None:
    given = people(frame, orders=[10, 44, 50, 66, 70, 90], visits=[0, 0, 5, 0, None, 5])
    visits = {"attribute": "visits", "normalise": "bands", "bands": [{"points": 0}, {"from": 2, "points": 5}]}
    definition = level(ORDERS, visits, cuts=[75, 50])
    scales = level_scales(given, definition)
    leveled = with_levels(given, definition, scales)
    close = by_key(near_misses(leveled, "tier", Decimal("6")))
    assert {key: (row["tier"], row["tier_points_to_next"]) for key, row in close.items()} == {
        1: ("ordinary", 6.0),
        4: ("important", 5.0),
    }
    important, ordinary = headroom(leveled, "tier", definition.levels, scales, within=6)
    assert (important.level, important.next_level, important.customers) == ("important", "core", 3)
    assert (important.mean, important.least, important.near, important.beyond) == (3_400 / 3 / 100, 5.0, 1, 0)
    orders, visited = important.lines
    assert (orders.customers, orders.mean_change) == (3, pytest.approx(34 / 3, rel=1e-12))
    assert (visited.customers, visited.mean_change) == (1, None), "only who has no visits on record lacks five or less"
    assert (ordinary.customers, ordinary.mean, ordinary.near) == (2, 23.0, 1)
    assert ordinary.lines[1].customers == 0


def test_headroom_is_the_mean_of_what_each_customer_is_told(frame: MakeFrame) -> None:
    draw = np.random.default_rng(4)
    given = people(
        frame,
        spend_minor=[int(v) for v in draw.gamma(1.5, 40_000, 200)],
        days=[int(v) for v in draw.integers(0, 400, 200)],
        share=[float(v) for v in draw.random(200)],
    )
    definition = level(
        {"attribute": "spend", "normalise": "min_max", "weight": "0.5"},
        {"attribute": "days", "normalise": "percentile", "direction": "lower", "weight": "0.3"},
        {"attribute": "share", "normalise": "percentile", "weight": "0.2"},
    )
    scales = level_scales(given, definition)
    leveled = with_levels(given, definition, scales)
    rows = list(by_key(leveled).values())
    for room in headroom(leveled, "tier", definition.levels, scales):
        there = [row for row in rows if row["tier"] == room.level]
        assert room.customers == len(there) > 0
        told = [closings(scales, inside(row)) for row in there]
        for i, line in enumerate(room.lines):
            changes = [float(each[i].needed) - float(each[i].now) for each in told if each[i].how]  # type: ignore[arg-type]
            assert line.customers == len(changes)
            mean = sum(changes) / len(changes) if changes else None
            assert line.mean_change == (mean if mean is None else pytest.approx(mean, rel=1e-9))
        assert room.beyond == sum(all(each.how is None for each in one) for one in told)


def inside(row: dict[str, Any]) -> dict[str, int]:
    return {"spend": row["spend_minor"], "days": row["days"], "share": int(row["share"] * 1_000_000 + 0.5)}


def test_a_population_of_more_than_comparisons_is_refused(frame: MakeFrame) -> None:
    definition = level(ORDERS, cuts=[50], population={"segment": "buyers"})
    with pytest.raises(TierwiseError, match="only comparisons"):
        level_scales(people(frame, orders=[1]), definition)
