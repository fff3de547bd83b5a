"""CDNOW's sample of a tenth, 39 weeks, against published fits: Fader, Hardie and Lee 2005; brucehardie.com/notes."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file

pytestmark = pytest.mark.data

ONE = pl.DataFrame({"repeat_orders": [2], "age_at_last_order": [30.43], "age": [38.86]})


@pytest.fixture(scope="module")
def customers() -> pl.DataFrame:
    path = data_file("cdnow", "CDNOW_sample.txt")
    fields = [line.split() for line in path.read_text("ascii").splitlines() if line.strip()]
    orders = pl.DataFrame(
        {
            "customer_id": [row[0] for row in fields],
            "ordered_day": [date(int(row[2][:4]), int(row[2][4:6]), int(row[2][6:])) for row in fields],
            "net": [float(row[4]) for row in fields],
        }
    )
    return tw.clv.summary(orders, unit="week", as_of="1997-09-30", holdout_until="1998-06-30")


def test_customers(customers: pl.DataFrame) -> None:
    assert len(customers) == 2357
    assert customers.filter(pl.col("repeat_orders") > 0).height == 946


@pytest.mark.parametrize(
    ("kind", "printed", "log_likelihood"),
    [
        ("bg_nbd", {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
        ("mbg_nbd", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, None),
        ("pareto_nbd", {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    ],
)
def test_orders(customers: pl.DataFrame, kind: Any, printed: dict[str, float], log_likelihood: float | None) -> None:
    model = tw.clv.fit(kind, customers)
    assert {name: round(value, 3) for name, value in model.params.items()} == printed
    assert log_likelihood is None or round(model.log_likelihood, 1) == log_likelihood
    assert not model.problems


def test_orders_to_come_of_one(customers: pl.DataFrame) -> None:
    model = tw.clv.fit("bg_nbd", customers)
    assert round(float(model.expected_orders(39, ONE)[0]), 3) == 1.226


def test_hold_out(customers: pl.DataFrame) -> None:
    """The paper's figure 4: customers with more orders before have more after, and the model is near them."""
    groups = tw.clv.fit("bg_nbd", customers).holdout(39, customers)
    assert sum(group.customers for group in groups) == 2357
    for group in groups:
        assert group.mean_expected == pytest.approx(group.mean_orders, abs=0.5)


def test_spending(customers: pl.DataFrame) -> None:
    model = tw.clv.fit("gamma_gamma", customers)
    assert {name: round(value, 2) for name, value in model.params.items()} == {"p": 6.25, "q": 3.74, "v": 15.44}
    assert (model.learnt.customers, model.left_out) == (946, 1411)
