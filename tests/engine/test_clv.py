"""The door to CLV models: frames of any kind in, figures in the order of rows out; what is wrong is said."""

from __future__ import annotations

import doctest
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import tierwise as tw
from tierwise.engine import clv
from tierwise.kernel.errors import TierwiseError

PARAMS = {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 2.0}

KINDS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda frame: frame,
    "polars lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "arrow": lambda frame: frame.to_arrow(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
}


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    made = pl.DataFrame(clv.simulate("bg_nbd", PARAMS, customers=1500, age=52.0, seed=1))
    random = np.random.default_rng(2)
    value = np.where(made["repeat_orders"] > 0, random.gamma(6.0, 5.0, len(made)).round(2), np.nan)
    return made.with_columns(pl.Series("mean_order_value", value).fill_nan(None))


@pytest.fixture(scope="module")
def model(customers: pl.DataFrame) -> clv.OrderModel:
    return tw.clv.fit("bg_nbd", customers)


def orders() -> pl.DataFrame:
    days = {"ann": ["2026-01-01", "2026-01-15", "2026-01-15", "2026-02-10"], "bo": ["2026-01-08"], "cy": ["2026-02-01"]}
    rows = [(who, date.fromisoformat(day)) for who, all_days in days.items() for day in all_days]
    net = [Decimal("10.00"), Decimal("30.00"), Decimal("5.50"), Decimal("99.00"), Decimal("5.00"), Decimal("1.00")]
    frame = pl.DataFrame({"customer_id": [who for who, _ in rows], "ordered_day": [day for _, day in rows]})
    return frame.with_columns(pl.Series("net", net, dtype=pl.Decimal(12, 2)))


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(clv).failed == 0


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_frames_are_equal(kind: str, customers: pl.DataFrame, model: clv.OrderModel) -> None:
    found = tw.clv.fit("bg_nbd", KINDS[kind](customers))
    assert found.params == pytest.approx(model.params, rel=1e-9)
    one = customers.head(5).select("repeat_orders", "age_at_last_order", "age")
    assert found.expected_orders(10, KINDS[kind](one)) == pytest.approx(model.expected_orders(10)[:5], rel=1e-9)


def test_whole_numbers_and_decimals_are_numbers_too(customers: pl.DataFrame) -> None:
    as_they_are = tw.clv.fit("gamma_gamma", customers)
    others = customers.with_columns(
        pl.col("repeat_orders").cast(pl.Int32), pl.col("mean_order_value").cast(pl.Decimal(12, 2))
    )
    assert tw.clv.fit("gamma_gamma", others).params == pytest.approx(as_they_are.params, rel=1e-6)
    nullable = customers.to_pandas().convert_dtypes()
    assert tw.clv.fit("gamma_gamma", nullable).params == pytest.approx(as_they_are.params, rel=1e-9)


def test_figures_are_in_the_order_of_the_rows(customers: pl.DataFrame, model: clv.OrderModel) -> None:
    turned = customers.reverse()
    assert model.expected_orders(10, turned).tolist() == model.expected_orders(10)[::-1].tolist()
    assert model.probability_alive(turned).tolist() == model.probability_alive()[::-1].tolist()
    low, high = model.prediction_interval(10)
    assert (low <= model.expected_orders(10)).all()
    assert (high >= model.expected_orders(10) - 1).all()
    assert model.order_distribution(10, 30).sum(axis=1) == pytest.approx(np.ones(len(customers)), abs=1e-3)


def test_a_model_says_what_it_is(model: clv.OrderModel) -> None:
    assert list(model.params) == ["r", "alpha", "a", "b"]
    assert model.problems == ()
    assert model.customers == 1500
    assert 0 < model.repeat_buyers < 1500
    assert model.expected_orders_new(0) == 0
    assert model.expected_orders_new(10) < model.expected_orders_new(20)
    for name, true in PARAMS.items():
        interval = model.intervals(0.999)[name]
        assert interval is not None
        assert interval[0] < true < interval[1]
    with pytest.raises(AttributeError):
        model.kind = "mbg_nbd"  # type: ignore[misc]
    with pytest.raises(TierwiseError) as caught:
        model.profile_interval("beta")
    assert caught.value.code == "unknown_parameter"


def test_worth(customers: pl.DataFrame, model: clv.OrderModel) -> None:
    spending = tw.clv.fit("gamma_gamma", customers)
    today = model.lifetime_value(spending, horizon=10, discount_rate=0.0, margin=0.3)
    assert today == pytest.approx(model.expected_orders(10) * spending.expected_value() * 0.3, rel=1e-9)
    assert (model.lifetime_value(spending, horizon=10, discount_rate=0.01, margin=0.3) <= today).all()
    assert model.lifetime_value(
        spending, customers.head(3), horizon=10, discount_rate=0.0, margin=0.3
    ) == pytest.approx(today[:3])
    with pytest.raises(TierwiseError) as caught:
        model.lifetime_value(tw.clv.fit("gamma_gamma", customers.head(900)), horizon=10, discount_rate=0.0)
    assert caught.value.code == "different_rows"
    with pytest.raises(TierwiseError, match="step"):
        model.lifetime_value(spending, horizon=10, discount_rate=0.0, step=0)


def test_refusals(customers: pl.DataFrame) -> None:
    with pytest.raises(TierwiseError) as caught:
        tw.clv.fit("bg_ndb", customers)  # type: ignore[call-overload]
    assert (caught.value.code, caught.value.remedy) == ("unknown_model", 'did you mean "bg_nbd"?')
    with pytest.raises(TierwiseError) as caught:
        tw.clv.fit("bg_nbd", customers.drop("age", "repeat_orders"))
    assert [problem.code for problem in caught.value.problems] == ["missing_column"] * 2
    with pytest.raises(TierwiseError) as caught:
        tw.clv.fit("bg_nbd", customers.with_columns(pl.lit("x").alias("age")))
    assert caught.value.code == "not_a_number"
    with pytest.raises(TierwiseError) as caught:
        tw.clv.fit("bg_nbd", customers.with_columns(pl.lit(None, pl.Float64).alias("age")))
    assert caught.value.code == "bad_value"
    with pytest.raises(TierwiseError) as caught:
        tw.clv.fit("bg_nbd", [1, 2])
    assert caught.value.code == "not_a_frame"
    with pytest.raises(TierwiseError, match="params"):
        clv.simulate("bg_nbd", {"r": 1.0}, customers=3, age=5, seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_summary(kind: str) -> None:
    found = tw.clv.summary(KINDS[kind](orders()), as_of="2026-01-29", unit="week", holdout_until="2026-02-28")
    native = found.pl() if kind == "duckdb" else pl.from_pandas(found) if kind == "pandas" else found
    frame = pl.from_arrow(native) if kind == "arrow" else native
    assert isinstance(frame, pl.DataFrame | pl.LazyFrame)
    rows = frame.lazy().collect().sort("customer_id").rows()
    assert [row[:4] for row in rows] == [("ann", 1, 2.0, 4.0), ("bo", 0, 0.0, 3.0)]
    assert rows[0][4] == 35.5
    assert rows[1][4] is None or np.isnan(rows[1][4])
    assert [row[5] for row in rows] == [1, 0]


def test_summary_without_money_under_other_names() -> None:
    renamed = orders().drop("net").rename({"customer_id": "Who"})
    found = tw.clv.summary(renamed, as_of=date(2026, 1, 29), unit="day", customer_id="Who")
    assert found.columns == ["customer_id", "repeat_orders", "age_at_last_order", "age"]
    assert found.row(0) == ("ann", 1, 14.0, 28.0)


def test_summary_refuses() -> None:
    for named, code in (
        ({"unit": "fortnight"}, "unknown_unit"),
        ({"holdout_until": "2026-01-29"}, "bad_window"),
        ({"customer": "x"}, "unknown_column"),
        ({"customer_id": "x"}, "missing_column"),
    ):
        with pytest.raises(TierwiseError) as caught:
            tw.clv.summary(orders(), as_of="2026-01-29", **named)  # type: ignore[arg-type]
        assert caught.value.code == code


def test_an_uneven_week_is_warned_of_in_days_alone() -> None:
    first = date(2026, 1, 3)  # a Saturday
    days = [first + timedelta(days=7 * (number % 20) + number % 2) for number in range(400)]
    shopped = pl.DataFrame({"customer_id": [str(number // 4) for number in range(400)], "ordered_day": days})
    with pytest.warns(clv.UnevenWeek, match="busiest day"):
        tw.clv.summary(shopped, as_of="2026-06-30", unit="day")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tw.clv.summary(shopped, as_of="2026-06-30", unit="week")
    found = tw.clv.weekdays(shopped, as_of="2026-06-30")
    assert found.counts[:5] == (0, 0, 0, 0, 0)
    assert sum(found.counts) == shopped.unique().height


def test_hold_out_and_calibration(customers: pl.DataFrame, model: clv.OrderModel) -> None:
    assert sum(row.customers for row in model.calibration()) == 1500
    held = customers.with_columns(pl.lit(1).alias("holdout_orders"))
    groups = model.holdout(10, held, most=3)
    assert [group.mean_orders for group in groups] == [1.0] * 4
    assert sum(group.customers for group in groups) == 1500
    assert model.tracking(60)[-1].cumulative > model.tracking(30)[-1].cumulative


def test_what_came_beside_what_was_expected() -> None:
    found = tw.clv.tracked_orders(orders(), as_of="2026-01-29", until="2026-02-12")
    assert [period.end for period in found] == [1, 2, 3, 4, 5, 6]
    assert [period.orders for period in found] == [0, 1, 0, 0, 0, 1]
    assert tw.clv.tracked_orders(orders(), as_of="2025-01-29", until="2026-02-12") == ()
    with pytest.raises(TierwiseError) as caught:
        tw.clv.tracked_orders(orders(), as_of="2026-01-29", until="2026-02-12", unit="fortnight")
    assert caught.value.code == "unknown_unit"


def test_the_total_lies_around_the_sum(model: clv.OrderModel) -> None:
    total = model.expected_total(10)
    assert total.expected == pytest.approx(model.expected_orders(10).sum())
    assert total.interval is not None
    assert total.interval[0] < total.expected < total.interval[1]


def test_worth_that_goes_with_orders_is_told(customers: pl.DataFrame) -> None:
    tied = customers.with_columns(pl.col("repeat_orders").cast(pl.Float64).alias("mean_order_value"))
    codes = [problem.code for problem in tw.clv.fit("gamma_gamma", tied).problems]
    assert "worth_depends_on_orders" in codes
    assert "worth_depends_on_orders" not in [p.code for p in tw.clv.fit("gamma_gamma", customers).problems]


def test_steady_customers_are_no_chance() -> None:
    """Everybody orders each week: neither a Poisson process nor anybody who leaves."""
    weeks = np.repeat(np.arange(8.0, 20.0), 50)
    steady = pl.DataFrame({"repeat_orders": weeks, "age_at_last_order": weeks, "age": weeks + 0.5})
    codes = {problem.code for problem in tw.clv.fit("pareto_nbd", steady).problems}
    assert codes & {"poor_fit", "at_border", "not_identified", "not_converged"}


def test_nobody_to_foresee(model: clv.OrderModel, customers: pl.DataFrame) -> None:
    nobody = customers.head(0)
    with pytest.raises(TierwiseError) as caught:
        model.expected_orders(10, nobody)
    assert caught.value.code == "no_customers"


def test_pandas_index_does_not_matter(model: clv.OrderModel, customers: pl.DataFrame) -> None:
    frame = customers.head(4).to_pandas()
    frame.index = pd.Index([9, 7, 5, 3])
    assert model.expected_orders(5, frame).tolist() == model.expected_orders(5)[:4].tolist()
