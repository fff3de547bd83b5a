from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import product
from statistics import mean, median
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.base import Text
from tierwise.definitions.rfm import CELL_NAMES, High, Rfm, Scale
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.rfm import per_head, rfm_columns, rfm_inputs, rfm_scores, rfm_summary, rfm_windows
from tierwise.metrics.rfm_scales import rfm_scales


def metrics(frame: MakeFrame, rows: list[tuple[int | None, int, int | None]]) -> Frame:
    """(recency, frequency, money) of customers 0, 1, 2, …"""
    return frame(
        pa.table(
            {
                "customer_key": pa.array(range(len(rows)), pa.int64()),
                "recency_days": pa.array([row[0] for row in rows], pa.int64()),
                "frequency_count": pa.array([row[1] for row in rows], pa.int64()),
                "monetary_amount_minor": pa.array([row[2] for row in rows], pa.int64()),
            }
        )
    )


def scored(table: Frame, definition: Rfm) -> dict[int, dict[str, Any]]:
    return by_key(rfm_scores(table, definition, rfm_scales(table, definition)))


def test_five_customers_in_five_scores(frame: MakeFrame) -> None:
    found = scored(metrics(frame, [(10 * i, 6 - i, 100 * (6 - i)) for i in range(1, 6)]), Rfm())
    assert [found[i]["rfm_score"] for i in range(5)] == ["555", "444", "333", "222", "111"]
    assert [found[i]["rfm_cell"] for i in range(5)] == ["111", "111", "000", "000", "000"]


def test_quantile_cuts_are_those_of_numpy_and_exact(frame: MakeFrame) -> None:
    money = [3, 7, 8, 20, 21, 22, 90, 91]
    scales = rfm_scales(metrics(frame, [(1, 1, value) for value in money]), Rfm())
    assert [float(cut) for cut in scales.monetary.cuts] == pytest.approx(np.quantile(money, [0.2, 0.4, 0.6, 0.8]))
    assert scales.monetary.cuts[0] == Fraction(37, 5)


def test_a_value_on_a_cut_is_not_above_it_and_ties_share_a_score(frame: MakeFrame) -> None:
    definition = Rfm(monetary=Scale(method="breakpoints", cuts=(Decimal(1), Decimal(2))))
    found = scored(metrics(frame, [(1, 1, 100), (1, 1, 101), (1, 1, 200), (1, 1, 200), (1, 1, 201)]), definition)
    assert [found[i]["m_score"] for i in range(5)] == [1, 2, 2, 2, 3]


def test_breakpoints_may_lie_between_minor_units(frame: MakeFrame) -> None:
    definition = Rfm(monetary=Scale(method="breakpoints", cuts=(Decimal("1.005"),)))
    assert [row["m_score"] for row in scored(metrics(frame, [(1, 1, 100), (1, 1, 101)]), definition).values()] == [1, 2]


def test_recency_is_scored_by_value(frame: MakeFrame) -> None:
    definition = Rfm(recency=Scale(method="breakpoints", cuts=(Decimal(30), Decimal(90))))
    found = scored(metrics(frame, [(30, 1, 1), (31, 1, 1), (90, 1, 1), (91, 1, 1)]), definition)
    assert [found[i]["r_score"] for i in range(4)] == [3, 2, 2, 1]


@pytest.mark.parametrize(
    ("rows", "score", "cell"),
    [
        pytest.param([(3, 1, 500)], "511", "000", id="one customer: nothing lies below, nobody is above the mean"),
        pytest.param([(3, 1, 500)] * 4, "511", "000", id="all alike"),
        pytest.param([(3, 1, -500)], "511", "000", id="one negative total"),
    ],
)
def test_degenerate_populations(
    frame: MakeFrame, rows: list[tuple[int | None, int, int | None]], score: str, cell: str
) -> None:
    found = scored(metrics(frame, rows), Rfm())
    assert {(row["rfm_score"], row["rfm_cell"], row["rfm_reason"]) for row in found.values()} == {(score, cell, None)}


def test_nobody(frame: MakeFrame) -> None:
    table = metrics(frame, [(None, 0, 0)])
    scales = rfm_scales(table, Rfm())
    assert (scales.customers, scales.monetary.cuts, scales.recency.high_above) == (0, (), None)
    result = rfm_scores(table, Rfm(), scales)
    assert by_key(result)[0]["rfm_reason"] == "no_orders"
    summary = rfm_summary(result, Rfm())
    assert (summary.scored, summary.unscored, len(summary.cells)) == (0, 1, 8)
    assert {cell.share for cell in summary.cells} == {None}


def test_four_customers(frame: MakeFrame) -> None:
    found = scored(metrics(frame, [(1, 4, 40), (2, 3, 30), (3, 2, 20), (4, 1, 10)]), Rfm())
    assert [found[i]["rfm_score"] for i in range(4)] == ["555", "444", "222", "111"]


def test_who_has_no_order_is_unscored_and_counted(frame: MakeFrame) -> None:
    table = metrics(frame, [(1, 1, 10), (None, 0, -5), (2, 2, None)])
    result = rfm_scores(table, Rfm(), rfm_scales(table, Rfm()))
    found = by_key(result)
    assert [found[i]["rfm_reason"] for i in range(3)] == [None, "no_orders", "unknown_cost"]
    assert [found[i]["rfm_cell"] for i in range(3)] == ["000", None, None]
    summary = rfm_summary(result, Rfm())
    assert (summary.scored, summary.unscored, summary.reasons) == (1, 2, {"no_orders": 1, "unknown_cost": 1})


def test_high_against_median_and_threshold(frame: MakeFrame) -> None:
    rows = [(1, 1, 10 * i) for i in range(1, 6)]
    by_median = scored(metrics(frame, rows), Rfm(high_monetary=High(against="median")))
    assert [by_median[i]["rfm_cell"][2] for i in range(5)] == ["0", "0", "0", "1", "1"]
    at_four = Rfm(high_monetary=High(against="threshold", threshold=Decimal(4)))
    assert [row["rfm_cell"][2] for row in scored(metrics(frame, rows), at_four).values()] == ["0", "0", "0", "0", "1"]


def test_jenks_scores(frame: MakeFrame) -> None:
    rows = [(1, 1, value) for value in (1, 2, 3, 100, 101, 900)]
    found = scored(metrics(frame, rows), Rfm(monetary=Scale(method="jenks", bins=3)))
    assert [found[i]["m_score"] for i in range(6)] == [1, 1, 1, 2, 2, 3]


def test_a_second_rfm_has_columns_of_its_own() -> None:
    quarter = Rfm(name="rfm_quarter", last_days=90, money="gross")
    assert rfm_columns(quarter)["r"] == "rfm_quarter_r_score"
    assert rfm_columns(quarter)["cell"] == "rfm_quarter_cell"
    assert set(rfm_columns(quarter).values()).isdisjoint(rfm_columns(Rfm()).values())
    assert rfm_inputs(quarter) == ("recency_days", "frequency_count_90d", "monetary_amount_gross_90d_minor")
    assert rfm_windows(quarter) == (90,)


def test_all_125_scores_fall_into_the_eight_cells(frame: MakeFrame) -> None:
    """With breakpoints and a threshold of 3, every score is reached and every cell is met."""
    five = Scale(method="breakpoints", cuts=(Decimal(1), Decimal(2), Decimal(3), Decimal(4)))
    money = Scale(method="breakpoints", cuts=tuple(Decimal(cut) / 100 for cut in (1, 2, 3, 4)))
    high = High(against="threshold", threshold=Decimal(3))
    definition = Rfm(
        recency=five, frequency=five, monetary=money, high_recency=high, high_frequency=high, high_monetary=high
    )
    table = metrics(frame, list(product(range(1, 6), repeat=3)))
    result = rfm_scores(table, definition, rfm_scales(table, definition))
    found = by_key(result)
    assert len({row["rfm_score"] for row in found.values()}) == 125
    for row in found.values():
        assert row["rfm_cell"] == "".join("1" if int(digit) > 3 else "0" for digit in row["rfm_score"])
    summary = rfm_summary(result, definition)
    assert [cell.code for cell in summary.cells] == list(CELL_NAMES)
    assert [cell.customers for cell in summary.cells] == [8, 12, 12, 18, 12, 18, 18, 27]
    assert sum(cell.monetary_minor for cell in summary.cells) == 25 * (1 + 2 + 3 + 4 + 5)


def test_cells_show_their_own_names_and_strategies(frame: MakeFrame) -> None:
    definition = Rfm(cell_names={"111": Text(zh="核心")}, strategies={"111": Text(zh="专属顾问")})
    table = metrics(frame, [(1, 5, 50), (9, 1, 10)])
    cells = rfm_summary(rfm_scores(table, definition, rfm_scales(table, definition)), definition).cells
    assert (cells[0].name.zh, cells[0].strategy, cells[0].customers) == ("核心", Text(zh="专属顾问"), 1)
    assert (cells[1].name.zh, cells[1].strategy) == ("重要发展客户", None)
    assert (cells[0].monetary_share, cells[0].per_head_minor) == (50 / 60, 50)


def test_money_that_is_no_total_has_no_shares(frame: MakeFrame) -> None:
    table = metrics(frame, [(1, 1, 5), (1, 1, -5)])
    summary = rfm_summary(rfm_scores(table, Rfm(), rfm_scales(table, Rfm())), Rfm())
    assert {cell.monetary_share for cell in summary.cells} == {None}


def test_missing_metrics_are_named(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match="frequency_count_90d"):
        rfm_scales(metrics(frame, [(1, 1, 1)]), Rfm(last_days=90))


def test_per_head_is_rounded_half_away_from_zero() -> None:
    assert [per_head(*pair) for pair in [(7, 2), (-7, 2), (10, 3), (0, 5)]] == [4, -4, 3, 0]


def naive_scores(values: list[int], bins: int) -> list[int]:
    cuts = [_type7(sorted(values), Fraction(i, bins)) for i in range(1, bins)]
    return [1 + sum(cut < value for cut in cuts) for value in values]


def _type7(ordered: list[int], p: Fraction) -> Fraction:
    place = (len(ordered) - 1) * p
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 400), st.integers(1, 12), st.integers(-(10**12), 10**12)), min_size=1, max_size=40
    ),
    bins=st.integers(2, 9),
    against=st.sampled_from(["mean", "median"]),
)
def test_scores_are_those_of_a_naive_reading(
    frame: MakeFrame, rows: list[tuple[int, int, int]], bins: int, against: Any
) -> None:
    scale, high = Scale(bins=bins), High(against=against)
    definition = Rfm(
        recency=scale, frequency=scale, monetary=scale, high_recency=high, high_frequency=high, high_monetary=high
    )
    found = scored(metrics(frame, list(rows)), definition)
    r, f, m = (naive_scores([row[i] for row in rows], bins) for i in range(3))
    r = [bins + 1 - score for score in r]
    middle = mean if against == "mean" else median
    for i in range(len(rows)):
        assert found[i]["rfm_score"] == f"{r[i]}{f[i]}{m[i]}"
        cell = "".join("1" if scores[i] > middle([Fraction(s) for s in scores]) else "0" for scores in (r, f, m))
        assert found[i]["rfm_cell"] == cell
