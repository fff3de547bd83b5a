"""Scores on DuckDB against the same arithmetic in plain Python, worked examples, and degenerate populations."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.scorecard import Scorecard
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, rule_schema
from tierwise.metrics.scorecard import (
    Choices,
    Line,
    ScorecardScales,
    Slope,
    Steps,
    points_column,
    scorecard_problems,
    scored,
    with_lines,
)
from tierwise.metrics.scorecard_scales import scorecard_scales


def card(*indicators: dict[str, Any], **weights: Any) -> Scorecard:
    body: dict[str, Any] = {"indicators": indicators}
    return Scorecard.model_validate(body | ({"weights": weights} if weights else {}))


def people(frame: MakeFrame, **columns: list[Any]) -> Frame:
    size = len(next(iter(columns.values())))
    arrays: dict[str, Any] = {"customer_key": pa.array(range(size), pa.int64())}
    for name, values in columns.items():
        of_floats = any(isinstance(value, float) for value in values)
        kind = pa.float64() if of_floats else pa.int64()
        if any(isinstance(value, str) for value in values):
            kind = pa.string()
        elif any(isinstance(value, bool) for value in values):
            kind = pa.bool_()
        arrays[name] = pa.array(values, kind)
    return frame(pa.table(arrays))


def scores(frame: Frame, scorecard: Scorecard) -> list[float | None]:
    scales = scorecard_scales(frame, scorecard, schema=rule_schema(frame))
    found = by_key(scored(frame, "s", scales))
    return [found[key]["s_score"] for key in sorted(found)]


def test_a_worked_card(frame: MakeFrame) -> None:
    """Spend 0, 5,000 and 20,000 yuan by min_max at 0.6; orders in bands at 0.4; who has no orders gets 1."""
    given = people(frame, spend_minor=[0, 500_000, 2_000_000], orders=[None, 3, 7])
    bands = [{"points": 0}, {"from": 3, "points": "40.5"}, {"from": 7, "points": 100}]
    scorecard = card(
        {"attribute": "spend", "normalise": "min_max", "weight": "0.6"},
        {"attribute": "orders", "normalise": "bands", "bands": bands, "weight": "0.4", "missing_points": 1},
    )
    scales = scorecard_scales(given, scorecard, schema=rule_schema(given))
    found = dict(sorted(by_key(scored(given, "value", scales)).items()))
    assert [(row["value_spend_points"], row["value_orders_points"], row["value_score"]) for row in found.values()] == [
        (0.0, 0.4, 0.4),
        (15.0, 16.2, 31.2),
        (60.0, 40.0, 100.0),
    ]
    assert set(found[0]) == {
        "customer_key", "spend_minor", "orders", "value_score", "value_spend_points", "value_orders_points"
    }  # fmt: skip


def test_lower_is_better_where_it_says_so(frame: MakeFrame) -> None:
    given = people(frame, days=[0, 25, 100])
    lower = {"attribute": "days", "direction": "lower"}
    assert scores(given, card({**lower, "normalise": "min_max"})) == [100, 75, 0]
    assert scores(given, card({**lower, "normalise": "percentile"})) == [100, 49.49, 0]
    assert scores(given, card({"attribute": "days", "normalise": "percentile"})) == [0, 49.49, 100]


def test_percentiles_of_a_hundred_and_one_are_their_ranks(frame: MakeFrame) -> None:
    found = scores(people(frame, orders=list(range(101))), card({"attribute": "orders"}))
    ranks = [max(0, min(99, value - 1)) for value in range(101)]
    assert found == [pytest.approx(rank * 100 / 99, abs=0.005) for rank in ranks]


def test_given_ends_do_not_move_with_the_population(frame: MakeFrame) -> None:
    fixed = {"attribute": "spend", "normalise": "min_max", "low": 100, "high": 300}
    assert scores(people(frame, spend_minor=[0, 20_000, 90_000]), card(fixed)) == [0, 50, 100]
    turned = card({**fixed, "direction": "lower"})
    assert scores(people(frame, spend_minor=[0, 25_000, 90_000]), turned) == [100, 25, 0]


def test_bands_of_texts_and_of_yes_and_no(frame: MakeFrame) -> None:
    home = {
        "attribute": "home",
        "normalise": "bands",
        "bands": [{"values": ["villa", "大平层"], "points": 30}, {"values": ["flat"], "points": 10}, {"points": 2}],
        "missing_points": -5,
    }
    member = {
        "attribute": "member",
        "normalise": "bands",
        "bands": [{"values": [True], "points": 8}, {"points": 0}],
    }
    given = people(frame, home=["大平层", "flat", "tent", None], member=[True, False, None, True])
    assert scores(given, card(home, member)) == [38, 10, 2, 3]


def test_a_number_that_is_not_finite_is_missing(frame: MakeFrame) -> None:
    given = people(frame, share=[0.0, 0.25, 1.0, float("nan"), float("inf"), None])
    indicator = {"attribute": "share", "normalise": "min_max", "missing_points": 7}
    assert scores(given, card(indicator)) == [0, 25, 100, 7, 7, 7]


@pytest.mark.parametrize("normalise", ["min_max", "percentile"])
@pytest.mark.parametrize("direction", ["higher", "lower"])
@pytest.mark.parametrize("alike", [[], [5], [5, 5, 5, 5], [None, None]])
def test_where_nobody_differs_everyone_has_none(
    frame: MakeFrame, normalise: str, direction: str, alike: list[int | None]
) -> None:
    given = people(frame, orders=alike)
    assert scores(given, card({"attribute": "orders", "normalise": normalise, "direction": direction})) == [0] * len(
        alike
    )


def test_four_customers_have_the_four_ranks(frame: MakeFrame) -> None:
    assert scores(people(frame, orders=[4, 1, 3, 2]), card({"attribute": "orders"})) == [100, 0, 66.67, 33.33]


MONEY, DAYS, SHARE, HOME = (
    RuleColumn("spend_minor", "integer", 2),
    RuleColumn("days", "integer"),
    RuleColumn("x", "number"),
    RuleColumn("home", "text"),
)
LINES: list[tuple[Line, list[Any]]] = [
    (
        Line("a", "spend", MONEY, Slope(-7, 2**55, False), 3, 777_777),
        [-9, -7, 0, 12_345_678_901_234, 2**54 + 1, 2**56],
    ),
    (Line("b", "days", DAYS, Slope(0, 3, True), 0, 1_000_000), [-1, 0, 1, 2, 3, 4, None]),
    (Line("c", "x", SHARE, Steps((-5, 0, 9), (0, 1, -250, 333)), 50, 333_333), [-6, -5, -1, 0, 8, 9, 10, None]),
    (Line("d", "days", DAYS, Steps((), (0,)), 9, 0), [5, None]),
    (Line("e", "home", HOME, Choices((("a", 105), ("b", -5)), 7), 1, 500_000), ["a", "b", "c", None]),
]


@pytest.mark.parametrize(("line", "values"), LINES, ids=lambda each: each.name if isinstance(each, Line) else "")
def test_the_expression_is_the_plain_arithmetic(frame: MakeFrame, line: Line, values: list[Any]) -> None:
    in_column = [v / 1_000_000 if v is not None and line.where.type == "number" else v for v in values]
    found = by_key(with_lines(people(frame, **{line.where.column: in_column}), ScorecardScales((line,), 1)))
    assert [found[key][points_column(line.name)] for key in sorted(found)] == [line.points(v) for v in values]


def test_slopes_are_rounded_half_up_exactly() -> None:
    slope = Slope(0, 20_000, False)
    for value in range(0, 20_001, 7):
        exact = Fraction(value, 20_000) * 10_000
        assert slope.points(value) == int(exact + Fraction(1, 2))


def test_no_step_is_skipped_and_points_never_fall(frame: MakeFrame) -> None:
    drawn = [int(value) for value in np.random.default_rng(1).gamma(2, 40, 3000)]
    given = people(frame, orders=drawn)
    for normalise in ("min_max", "percentile"):
        scorecard = card({"attribute": "orders", "normalise": normalise})
        (line,) = scorecard_scales(given, scorecard, schema=rule_schema(given)).lines
        points = [line.points(value) for value in range(min(drawn) - 2, max(drawn) + 3)]
        assert all(a <= b for a, b in pairwise(points))
        assert (points[0], points[-1]) == (0, 10_000)


def test_entropy_weights_the_unequal_indicator_most(frame: MakeFrame) -> None:
    given = people(frame, visits=[1, 2, 3, 5], orders=[0, 0, 0, 9], alike=[1, 1, 1, 1])
    indicators = [{"attribute": name, "normalise": "min_max"} for name in ("visits", "orders", "alike")]
    scales = scorecard_scales(given, card(*indicators, method="entropy"), schema=rule_schema(given))
    # By hand: visits have 0, 25, 50 and 100 points, shares 1/7, 2/7 and 4/7; orders are one customer's: entropy 0.
    apart = 1 - (log(7) / 7 + 2 / 7 * log(7 / 2) + 4 / 7 * log(7 / 4)) / log(4)
    visits = round(apart / (apart + 1) * 1_000_000)
    assert [line.weight for line in scales.lines] == [visits, 1_000_000 - visits, 0]


def test_ahp_weights_and_their_ratio(frame: MakeFrame) -> None:
    given = people(frame, a=[1, 2], b=[1, 2])
    scorecard = card({"attribute": "a"}, {"attribute": "b"}, method="ahp", pairwise=[[1, 3], ["1/3", 1]])
    scales = scorecard_scales(given, scorecard, schema=rule_schema(given))
    assert [line.weight for line in scales.lines] == [750_000, 250_000]
    assert scales.consistency_ratio == 0
    assert scores(given, scorecard) == [0, 100]


def test_all_that_does_not_fit_is_told_at_once(frame: MakeFrame) -> None:
    given = people(frame, city=["a"], orders=[1], b=[2])
    circular = [[1, 9, "1/9"], ["1/9", 1, 9], [9, "1/9", 1]]
    scorecard = card(
        {"attribute": "city"},
        {"attribute": "orders", "normalise": "bands", "bands": [{"values": ["x"], "points": 1}, {"points": 0}]},
        {"attribute": "ordres", "name": "wrong"},
        method="ahp",
        pairwise=circular,
    )
    problems = scorecard_problems(scorecard, rule_schema(given), "card.yaml:3")
    assert [problem.code for problem in problems] == [
        "not_a_number", "bad_value", "unknown_attribute", "not_consistent"
    ]  # fmt: skip
    assert {problem.place for problem in problems} == {"card.yaml:3"}
    assert "accept_inconsistent: true" in (problems[-1].remedy or "")
    with pytest.raises(TierwiseError) as raised:
        scorecard_scales(given, scorecard, schema=rule_schema(given))
    assert len(raised.value.problems) == 4


def test_ends_too_far_apart_are_refused(frame: MakeFrame) -> None:
    given = people(frame, spend_minor=[0, 2**60])
    with pytest.raises(TierwiseError, match="too far apart"):
        scores(given, card({"attribute": "spend", "normalise": "min_max"}))
    assert scores(given, card({"attribute": "spend"})) == [0, 100]


def test_values_are_shown_as_people_see_them() -> None:
    money = Line("a", "spend", RuleColumn("spend_minor", "integer", 2), Steps((), (0,)), 0, 1)
    number = Line("b", "share", RuleColumn("share", "number"), Steps((), (0,)), 0, 1)
    days = Line("c", "days", RuleColumn("days", "integer"), Steps((), (0,)), 0, 1)
    assert (money.outside(123_450), number.outside(250_000), days.outside(7)) == (
        Decimal("1234.50"),
        Decimal("0.25"),
        7,
    )
