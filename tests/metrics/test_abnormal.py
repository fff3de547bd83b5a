"""Abnormal value by hand, and on a retailer in whom it was planted, beside honest customers who look like it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.abnormal import KINDS, AbnormalThresholds, abnormal_value
from tierwise.metrics.frame import Frame
from tierwise.testing import make_retail, with_abnormal_value

AS_OF = date(2026, 6, 30)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Orders = list[tuple[int | None, str, datetime, int]]

ORDERS: Orders = [
    *((1, f"a{place}", NOON + timedelta(minutes=60 * place), 10_000) for place in range(4)),   # a burst of round sums
    *((2, f"b{place}", NOON + timedelta(days=place), 9_999) for place in range(4)),
    *((3, f"c{place}", NOON + timedelta(minutes=3 * place), 777) for place in range(10)),      # a heavy burst
    (4, "d1", NOON, 10_000),                                                                   # one order tells nothing
    *((5, f"e{place}", NOON + timedelta(minutes=61 * place), 1_234) for place in range(4)),    # three hours and more
    *((6, f"f{place}", NOON + timedelta(days=9 * place), 10_001) for place in range(14)),
    (None, "z1", NOON, 10_000),
]  # fmt: skip


def orders(frame: MakeFrame, rows: Orders = ORDERS) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                "order_id": [row[1] for row in rows],
                "ordered_at": pa.array([row[2] for row in rows], pa.timestamp("us", "UTC")),
                "ordered_day": pa.array([row[2].date() for row in rows], pa.date32()),
                "gross_minor": pa.array([row[3] + 100 for row in rows], pa.int64()),
                "discount_minor": pa.array([60] * len(rows), pa.int64()),
                "coupon_minor": pa.array([40] * len(rows), pa.int64()),
            }
        )
    )


def reasons(found: dict[Any, dict[str, Any]]) -> dict[Any, tuple[Any, ...]]:
    names = ("abnormal_score", "abnormal_kind", "abnormal", "abnormal_reason", "untold_reason")
    return {key: tuple(row[name] for name in names) for key, row in found.items()}


def test_bursts_and_round_sums_by_hand(frame: MakeFrame) -> None:
    found = by_key(abnormal_value(orders(frame), as_of=AS_OF))
    assert reasons(found) == {
        1: (70, "reseller", True, "burst+round_amounts", None),
        2: (0, None, False, None, None),
        3: (60, "burst", True, "heavy_burst", None),
        4: (None, None, None, None, "too_few_orders"),
        5: (0, None, False, None, None),
        6: (0, None, False, None, None),
    }
    assert (found[1]["most_orders_a_day"], found[1]["round_share"], found[1]["net_minor"]) == (4, 1.0, 40_000)
    assert {row["bulk_unit_count"] for row in found.values()} == {None}


def test_days_tell_where_instants_lack_and_everybodys_sums_may_be_round(frame: MakeFrame) -> None:
    by_day = reasons(by_key(abnormal_value(orders(frame).drop("ordered_at"), as_of=AS_OF)))
    assert by_day[5] == (40, "burst", False, "burst", None)
    ones: Orders = [(row[0], row[1], row[2], 5_000) for row in ORDERS]
    all_round = abnormal_value(orders(frame, ones), as_of=AS_OF, thresholds=AbnormalThresholds(round_to_minor=1_000))
    assert reasons(by_key(all_round))[2] == (0, None, False, None, None)
    later = abnormal_value(orders(frame), as_of=AS_OF, last_days=20)
    assert set(by_key(later)) == {6}


def test_goods_and_refunds_by_hand(frame: MakeFrame) -> None:
    lines = frame(
        pa.table(
            {
                "order_id": ["b0", "b1", "b2", "e0", "e1", "gone"],
                "product_id": ["card", "card", "tea", "tea", "tea", "card"],
                "quantity": pa.array([1, 1, 1, 12, 8, 50], pa.decimal128(18, 3)),
                "amount_minor": pa.array([400, 400, 200, 5, 5, 5], pa.int64()),
            }
        )
    )
    products = frame(product_id=["card", "tea"], category=["gifts > cards", "drinks"])
    refunds = frame(
        pa.table(
            {
                "order_id": [*(f"f{place}" for place in range(12)), "f12", "c1"],
                "refunded_day": pa.array(
                    [(NOON + timedelta(days=9 * place + 7)).date() for place in range(12)] + [AS_OF, NOON.date()]
                ),
                "amount_minor": pa.array([10_001] * 14, pa.int64()),
            }
        )
    )
    limits = AbnormalThresholds(cash_categories=("gifts",), refund_days=7)
    asked = {"lines": lines, "products": products, "refunds": refunds, "thresholds": limits}
    told = by_key(abnormal_value(orders(frame), as_of=date(2026, 12, 31), **asked))  # type: ignore[arg-type]
    found = reasons(told)
    assert found[2] == (30, "cash_out", False, "cash_goods", None)
    assert found[5] == (30, "reseller", False, "bulk", None)
    assert (told[5]["bulk_unit_count"], told[2]["cash_share"], told[3]["cash_share"]) == (20.0, 0.8, None)
    assert found[6] == (60, "cash_out", True, "quick_refunds", None)
    assert told[6]["quick_refund_share"] == 12 / 14
    assert found[3] == (60, "burst", True, "heavy_burst", None), "one refund of one order is no cash-out"


def test_what_cannot_be_is_refused_all_at_once(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as raised:
        AbnormalThresholds(round_share=1.5, burst_minutes=0, burst_orders=4, heavy_burst_orders=3)
    assert [problem.place for problem in raised.value.problems] == [
        "burst_minutes", "round_share", "heavy_burst_orders",
    ]  # fmt: skip
    with pytest.raises(TierwiseError, match="last_days"):
        abnormal_value(orders(frame), as_of=AS_OF, last_days=0)


@pytest.fixture(scope="module")
def planted() -> tuple[dict[str, dict[str, Any]], dict[str, str], set[str]]:
    """What is told of each customer of a made retailer; the kind of each planted one; who is abnormal in truth."""
    made = with_abnormal_value(make_retail(2_000, seed=7))
    connection = duckdb.connect()
    for name in ("orders", "order_lines", "refunds", "products"):
        connection.register(name, made.tables[name])

    def of(sql: str) -> Frame:
        return nw.from_native(connection.sql(sql))

    found = by_key(
        abnormal_value(
            of(
                "SELECT customer_id AS customer_key, order_id, ordered_at, ordered_at::DATE AS ordered_day, "
                + ", ".join(f"({name} * 100)::BIGINT AS {name}_minor" for name in ("gross", "discount", "coupon"))
                + " FROM orders"
            ),
            as_of=made.as_of,
            lines=of("SELECT *, (quantity * unit_price * 100)::BIGINT AS amount_minor FROM order_lines"),
            products=of("SELECT product_id, category FROM products"),
            refunds=of(
                "SELECT order_id, refunded_at::DATE AS refunded_day, (amount * 100)::BIGINT AS amount_minor "
                "FROM refunds"
            ),
            thresholds=AbnormalThresholds(cash_categories=("礼品 > 储值卡",)),
        )
    )
    kinds = {row["customer_id"]: row["kind"] for row in made.truths["abnormal"].to_pylist()}
    truth = {row["customer_id"] for row in made.truths["abnormal"].to_pylist() if row["abnormal"]}
    resellers = made.truths["resellers"].column("customer_id").to_pylist()
    kinds |= dict.fromkeys(resellers, "reseller")
    return found, kinds, truth | {one for one in resellers if one in found}


def test_planted_truth_is_found(planted: tuple[dict[str, dict[str, Any]], dict[str, str], set[str]]) -> None:
    """46 planted, 49 called abnormal, 43 of them rightly: precision .88, recall .93. Missed are resellers who keep
    their lots small; called wrongly are a club that buys like a reseller, and people who give back nearly all."""
    found, kinds, truth = planted
    flagged = {key for key, row in found.items() if row["abnormal"]}
    assert (len(flagged), len(truth), len(flagged & truth)) == (49, 46, 43)
    assert {kinds[key] for key in truth - flagged} == {"slow_reseller"}
    assert {kinds.get(key, "usual") for key in flagged - truth} == {"club", "returner"}


def test_each_kind_is_called_what_it_is(planted: tuple[dict[str, dict[str, Any]], dict[str, str], set[str]]) -> None:
    found, kinds, _ = planted
    called: dict[str, set[str | None]] = {}
    for key, kind in kinds.items():
        if key in found:
            called.setdefault(kind, set()).add(found[key]["abnormal_kind"])
    assert called["cash_out"] == called["card_cash_out"] == {"cash_out"}
    assert called["burst"] == {"burst"}
    assert called["bulk_reseller"] == called["club"] == called["reseller"] == {"reseller"}
    assert {row["abnormal_kind"] for row in found.values()} <= {*KINDS, None}
    assert called["slow_reseller"] == {None}
