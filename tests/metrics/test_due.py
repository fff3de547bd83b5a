"""Due lists: by hand, on the planted truth, and what came of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame, Retailer
from tests.metrics.rows import by_key, rows_of
from tests.metrics.test_replenishment import bought
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep
from tierwise.metrics.due import due_list
from tierwise.metrics.due_backtest import due_backtest

LAST = date(2026, 6, 30)

STEADY = [(who, "a", day + who, 1, False) for who in range(12) for day in (0, 30, 61, 90, 120)]


def test_dates_by_hand(frame: MakeFrame, keep: Keep) -> None:
    slow = [(20, "a", day, 1, False) for day in (0, 40, 80, 120)]  # a pace of their own
    stocked = [(30, "a", 100, 1, False), (30, "a", 130, 3, True)]  # three packs on promotion last three cycles
    grown = [(31, "a", 100, 1, False), (31, "a", 130, 3, False)]  # three packs a cycle
    early = [(32, "a", 2, 1, False)]
    rows = [*STEADY, *slow, *stocked, *grown, *early, (40, "b", 120, 2, False)]
    found = by_key(due_list(bought(frame, *rows), as_of=date(2026, 5, 20), min_intervals=20, keep=keep))
    told = {who: (row["due_on"], row["basis"], row["overdue_days"], row["state"]) for who, row in found.items()}
    assert told[0] == (date(2026, 5, 31), "customer", -11, "upcoming")
    assert told[20] == (date(2026, 6, 10), "customer", -21, "upcoming")
    assert told[30] == (date(2026, 8, 9), "item", -81, "upcoming")
    assert told[31] == (date(2026, 6, 10), "item", -21, "upcoming")
    assert told[32] == (date(2026, 2, 2), "item", 107, "lapsed")
    assert (told[40], found[40]["reason"]) == ((None, None, None, None), "too_few_intervals")
    assert found[0]["confidence"] == 5 / 6  # four hits of four
    later = by_key(due_list(bought(frame, *rows), as_of=date(2026, 6, 1), min_intervals=20, keep=keep))
    assert [(later[who]["state"], later[who]["overdue_days"]) for who in (0, 20)] == [("due", 1), ("upcoming", -9)]


def test_a_first_date_comes_of_pack_size_and_usage(frame: MakeFrame, keep: Keep) -> None:
    """A pack of 60 lasts 60 days where one of 30 of the same category is used up in 30; a stated usage comes first."""
    new = [(50, "big", 120, 1, False), (51, "big", 120, 2, False), (52, "stated", 120, 1, False),
           (53, "alone", 120, 1, False)]  # fmt: skip
    products = frame(product_id=["a", "big", "stated", "alone"], category=["x", "x", "x", "y"],
                     pack_size=[30.0, 60.0, 60.0, 60.0],
                     daily_usage=pa.array([None, None, 4, None], pa.float64()))  # fmt: skip
    found = by_key(
        due_list(bought(frame, *STEADY, *new), as_of=date(2026, 5, 20), min_intervals=20, products=products, keep=keep)
    )
    assert [found[who]["interval_days"] for who in (50, 51, 52, 53)] == [60, 120, 15, None]
    assert (found[50]["basis"], found[50]["confidence"], found[50]["reason"]) == ("pack_size", None, "no_intervals_yet")
    assert found[53]["reason"] == "too_few_intervals"


def test_a_hidden_pack_is_dated_from_its_peers(retailer: Retailer, cycles: dict[str, int | None]) -> None:
    """Without any second purchase of the pack of 120 nappies its 60 days are learned of the packs of 60."""
    big = [product for product, cycle in cycles.items() if product in ("P0003", "P0004")]
    first = retailer.bought.filter(nw.col("product_id").is_in(big)).group_by("customer_key", "product_id").agg(
        nw.col("ordered_day").min(), nw.col("quantity").min(), nw.col("promoted").min()
    )  # fmt: skip
    others = retailer.bought.filter(~nw.col("product_id").is_in(big)).select(first.columns)
    found = due_list(
        nw.concat([others, first.select(others.columns)]), as_of=LAST, products=retailer.products, keep=retailer.keep
    )
    hidden = rows_of(found.filter(nw.col("product_id").is_in(big)), "customer_key")
    assert {row["basis"] for row in hidden} == {"pack_size"}
    usual = sorted(row["interval_days"] for row in hidden)[len(hidden) // 2]
    assert usual == pytest.approx(60, rel=0.1)


def test_no_date_is_told_of_goods_without_a_cycle(retailer: Retailer, cycles: dict[str, int | None]) -> None:
    found = rows_of(
        due_list(retailer.bought, as_of=LAST, products=retailer.products, keep=retailer.keep), "customer_key"
    )
    dated = [row for row in found if row["basis"] in ("customer", "item")]
    assert len(dated) > 1_500
    assert {row["product_id"] for row in dated} <= {product for product, cycle in cycles.items() if cycle}
    assert all(row["reason"] for row in found if row["due_on"] is None)


def test_backtest_by_hand(frame: MakeFrame, keep: Keep) -> None:
    """Twelve customers of 30 days, one day apart: who is due is bought by then; others' windows are hit in part."""
    cut = date(2026, 4, 16)  # day 105: all have bought on day 90 + who, all come again on 120 + who
    found = due_backtest(bought(frame, *STEADY), cuts=[cut], as_of=date(2026, 6, 30), min_intervals=20, keep=keep)
    (row,) = found.to_pylist()
    assert (row["cut_on"], row["basis"], row["due_count"], row["hit_count"]) == (cut, "customer", 12, 12)
    assert (row["median_error_days"], row["hit_share"], row["bought_count"]) == (0.0, 1.0, 12)
    # Due on 120 + who, within 7 days: of the 11 others those at most 7 days apart.
    near = sum(abs(one - two) <= 7 for one in range(12) for two in range(12) if one != two)
    assert row["chance_share"] == pytest.approx(near / 11 / 12)


def test_backtest_on_planted_streams(retailer: Retailer) -> None:
    cuts = [date(2025, 9, 30), date(2026, 3, 31)]
    found = due_backtest(
        retailer.bought, cuts=cuts, as_of=LAST, products=retailer.products, keep=retailer.keep
    ).to_pylist()
    own = [row for row in found if row["basis"] == "customer"]
    assert [row["cut_on"] for row in own] == cuts
    for row in own:
        assert row["due_count"] > 700
        assert row["hit_share"] > 0.74
        assert row["lift"] > 1.6
        assert row["median_absolute_error_days"] <= 4
        assert row["mean_confidence"] == pytest.approx(row["hit_share"], abs=0.07)
    general = [row for row in found if row["basis"] == "item"]
    assert all(row["lift"] > 1.4 and row["hit_share"] > 0.6 for row in general)


@pytest.mark.parametrize("asked", [
    {"cuts": []}, {"cuts": [LAST]}, {"horizon_days": 0}, {"tolerance": 0}, {"tolerance": 1}, {"min_intervals": 0},
])  # fmt: skip
def test_what_is_wrong_is_refused(frame: MakeFrame, keep: Keep, asked: dict[str, Any]) -> None:
    with pytest.raises(TierwiseError) as raised:
        due_backtest(bought(frame, *STEADY), **{"cuts": [date(2026, 3, 1)], "as_of": LAST, **asked}, keep=keep)
    assert raised.value.code == "bad_value"


def test_a_list_sees_nothing_later(frame: MakeFrame, keep: Keep) -> None:
    cut = date(2026, 1, 1) + timedelta(days=100)
    seen = [row for row in STEADY if row[2] <= 100]
    assert rows_of(due_list(bought(frame, *STEADY), as_of=cut, keep=keep), "customer_key") == rows_of(
        due_list(bought(frame, *seen), as_of=cut, keep=keep), "customer_key"
    )
