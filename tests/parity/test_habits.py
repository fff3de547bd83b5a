"""Cohorts, sources, interactions, abnormal value, habits, members, wallets: the same from all frames and on Spark."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import tierwise as tw
from tests.parity.made_facts import AS_OF
from tests.parity.test_frame_kinds import KINDS
from tests.parity.test_paths import plain, same

Facts = dict[str, Any]


def made() -> dict[str, pa.Table]:
    draw = random.Random(5)
    start = datetime(2025, 10, 1, tzinfo=UTC)
    people = [f"c{place}" for place in range(40)]
    rows = [(draw.choice(people), start + timedelta(minutes=draw.randrange(390_000))) for _ in range(240)]
    rows += [("c1", datetime(2026, 3, 1, 20, 10 * place, tzinfo=UTC)) for place in range(5)]
    rows += [("c2", datetime(2026, 1, 3, 19, tzinfo=UTC) + timedelta(days=7 * place)) for place in range(25)]
    paid = [Decimal(draw.randrange(500, 90_000)).scaleb(-2) for _ in rows]
    days = [at.date() for _, at in rows]
    back = range(0, len(rows), 9)
    return {
        "orders": pa.table(
            {
                "customer_id": [row[0] for row in rows],
                "order_id": [f"o{place}" for place in range(len(rows))],
                "ordered_at": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
                "gross": paid,
            }
        ),
        "lines": pa.table(
            {
                "order_id": [f"o{place}" for place in range(len(rows))],
                "product_id": [f"p{place % 7}" for place in range(len(rows))],
                "quantity": pa.array([place % 9 * 4 for place in range(len(rows))], pa.decimal128(18, 3)),
                "amount": paid,
            }
        ),
        "products": pa.table(
            {"product_id": [f"p{place}" for place in range(7)], "category": ["gifts > cards", "tea", None, *"wxyz"]}
        ),
        "refunds": pa.table(
            {
                "customer_id": [rows[place][0] for place in back],
                "order_id": [f"o{place}" for place in back],
                "refunded_day": [days[place] + timedelta(days=2) for place in back],
                "amount": [paid[place] for place in back],
            }
        ),
        "customers": pa.table(
            {
                "customer_id": people,
                "registered_on": [date(2025, 9, 1) + timedelta(days=5 * place) for place in range(40)],
                "source": [["ads", "shop", None][place % 3] for place in range(40)],
                "level": [["gold", "silver", None][place % 3] for place in range(40)],
                "level_since": [date(2025, 12, 1) + timedelta(days=place) for place in range(40)],
                "net": [Decimal(place * 731 % 900) for place in range(40)],
            }
        ),
        "costs": pa.table(
            {"source": ["ads", "fair"], "spent_day": [date(2025, 11, 1)] * 2, "cost": [Decimal("900.10"), Decimal(50)]}
        ),
        "benefits": pa.table({"level": ["gold"], "cost": [Decimal(365)]}),
        "interactions": pa.table(
            {
                "customer_id": [row[0] for row in rows],
                "occurred_at": pa.array([row[1] for row in rows], pa.timestamp("us", "UTC")),
                "channel": [["app", "web", None][place % 3] for place in range(len(rows))],
                "category": [["tea > green", "tea > black", "cups"][place % 5 % 3] for place in range(len(rows))],
                "duration_seconds": [place % 50 for place in range(len(rows))],
            }
        ),
    }


LIMITS = tw.AbnormalThresholds(cash_categories=("gifts",), refund_orders=1, refund_share=0.3, round_share=0.1)

CALLS: dict[str, Callable[[Facts], Any]] = {
    "cohorts": lambda f: tw.cohort_retention(f["orders"], as_of=AS_OF, refunds=f["refunds"]),
    "cohorts of registration": lambda f: tw.cohort_retention(f["orders"], as_of=AS_OF, starts=f["customers"]),
    "sources": lambda f: tw.source_quality(
        f["customers"], f["orders"], as_of=AS_OF, since="2025-09-01", within_days=60, costs=f["costs"]
    ),
    "interactions": lambda f: tw.interaction_summary(f["interactions"], as_of=AS_OF, min_count=3),
    "abnormal": lambda f: tw.abnormal_value(
        f["orders"], as_of=AS_OF, lines=f["lines"], products=f["products"], refunds=f["refunds"], thresholds=LIMITS
    ),
    "habits": lambda f: tw.habits(f["orders"], as_of=AS_OF),
    "idle": lambda f: tw.idle_members(
        f["customers"], f["orders"], as_of=AS_OF, idle_days=60, benefit_costs=f["benefits"]
    ),
    "wallet": lambda f: tw.share_of_wallet(f["customers"], peers=("level",), min_peers=5, need_quantile=0.8),
}


QUICK_ON_SPARK = ("idle", "wallet")
"""What Spark plans in a few seconds; the others are left to soak."""


@pytest.fixture(scope="module")
def arrow() -> Facts:
    return made()


@pytest.mark.parametrize("kind", ["polars", "duckdb"])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_type_comes_back(arrow: Facts, name: str, kind: str) -> None:
    given = {table: KINDS[kind](rows) for table, rows in arrow.items()}
    found, expected = CALLS[name](given), CALLS[name](arrow)
    assert type(found) is type(given["orders"])
    assert expected.num_rows > 3
    same(plain(found), expected.to_pylist())


def test_what_was_planted_is_told(arrow: Facts) -> None:
    abnormal = {row["customer_id"]: row for row in CALLS["abnormal"](arrow).to_pylist()}
    assert "burst" in abnormal["c1"]["abnormal_reason"]
    told = {(row["customer_id"], row["habit"]): row["value"] for row in CALLS["habits"](arrow).to_pylist()}
    assert (told["c2", "weekday"], told["c2", "hour_band"]) == ("saturday", "18-20")
    idle = CALLS["idle"](arrow).to_pylist()
    assert {row["idle_cost"] is None for row in idle if row["level"] == "silver"} == {True}
    assert all(isinstance(row["idle_cost"], Decimal) for row in idle if row["level"] == "gold")


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.spark
@pytest.mark.parametrize(
    "name",
    [name if name in QUICK_ON_SPARK else pytest.param(name, marks=pytest.mark.soak) for name in CALLS],
)
def test_spark_gives_what_duckdb_gives(spark: Any, arrow: Facts, name: str) -> None:
    given = {table: spark.createDataFrame(rows) for table, rows in arrow.items()}
    same(CALLS[name](given).toArrow().to_pylist(), CALLS[name](arrow).to_pylist())
