"""Random facts straight into a lake: ties, gaps, days at edges, odd texts, sums near each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from tests.engine.facts import customers, put
from tierwise.engine.arrow_types import arrow_schema
from tierwise.engine.lake import Lake
from tierwise.facts.contract import STORED

AS_OF = date(2026, 6, 30)

TRAITS = {"t_city": "text", "t_points": "integer", "t_size": "number", "t_since": "date", "t_vip": "boolean"}
"""The traits' columns, and the types by which a run reads their texts."""

_ODD = {
    "t_city": ["上海", " 北京 ", "Zürich", "ZÜRICH", "", "a\\b", "O'Neil", '"x"', "😀", "e\u0301", None],
    "t_points": ["7", " 7 ", "-0", "12.5", "1e3", "007", "9223372036854775807", "9223372036854775808", "x", "", None],
    "t_size": ["0.1", ".5", "1e-3", "1d", "nan", "inf", "-Infinity", "1_000", "1,5", " 2 ", None],
    "t_since": ["2024-02-29", "2023-02-29", "2024-2-3", "20240203", "0001-01-01", "1582-10-10", "9999-12-31", None],
    "t_vip": ["true", "T", "yes", "1", "0", "off", "是", "", None],
}


def random_facts(folder: Path, seed: int, people: int) -> tuple[Lake, dict[str, int]]:
    """A lake with facts of so many customers, some ten rows each, and the versions of its tables."""
    some = Random(seed)
    lake = Lake(folder / "lake")
    customers(lake, [f"c{number}é" if number % 7 == 0 else f"C{number}" for number in range(1, people + 1)])
    versions = {"identities": 0}

    def day() -> date:
        return AS_OF - timedelta(days=some.choice([-1, 0, 1, 6, 7, 29, 30, 89, 90, 364, 365, some.randint(0, 2_000)]))

    def at(on: date) -> datetime:
        return datetime.combine(on, some.choice([time(0), time(15, 59, 59, 999999), time(16), time(12, 30)]), UTC)

    def who() -> int | None:
        return some.choice([None, *[min(people, 1 + int(some.expovariate(8 / people))) for _ in range(9)]])

    schema = arrow_schema(STORED["customers"])
    for trait in TRAITS:
        schema = schema.append(pa.field(trait, pa.string()))
    known = [
        {
            "source_key": key,
            "name": some.choice(["Li", "test", None]),
            "email": some.choice([None, f"{key}@us.example", f"{key}@example.org"]),
            "gender": some.choice(["female", "male", "unknown", None]),
            "birth_on": some.choice([None, date(1990, 2, 28), date(2000, 2, 29), date(1960, 7, 1), day()]),
            "registered_at": some.choice([None, at(day())]),
            "closed_at": some.choice([None, None, None, at(day())]),
            "known_from": some.choice([None, day()]),
            **{trait: some.choice(texts) for trait, texts in _ODD.items()},
        }
        for key in some.sample(range(1, people + 1), people * 9 // 10)
    ]
    rows = [{name: row.get(name) for name in schema.names} for row in known]
    versions["customers"] = lake.append("customers", pa.Table.from_pylist(rows, schema))

    def stored(table: str, made: Sequence[dict[str, Any]]) -> None:
        half = len(made) // 2  # in two files
        put(lake, table, made[:half])
        versions[table] = put(lake, table, made[half:])

    stores = ["S1", "s1", "店", "a'b", "", None]
    orders = []
    for number in range(people * 5):
        on, gross = day(), some.choice([0, 1, 100, 100, 4_999, 5_000, some.randint(0, 10**7), 10**13])
        orders.append(
            {
                "order_id": f"o{number}",
                "source_key": who(),
                "ordered_at": at(on),
                "ordered_day": on,
                "store_id": some.choice(stores),
                "channel": some.choice(["web", "shop", None]),
                "gross_minor": gross,
                "discount_minor": some.choice([0, 0, gross // 3, gross]),
                "coupon_minor": some.choice([0, 0, gross // 10]),
                "cost_minor": some.choice([None, gross // 2, gross + 7, gross // 3]),
                "currency": "CNY",
                "from_lines": False,
            }
        )
    stored("orders", orders)
    stored(
        "order_lines",
        [
            {
                "order_id": f"o{some.randint(0, people * 5 + 3)}",  # some have no order
                "line_no": number,
                "product_id": f"p{some.randint(1, 12)}",
                "quantity": Decimal(some.choice(["1", "2", "0.125", "0", "1000000.001"])),
                "unit_price": Decimal(some.choice(["1", "49.99", "0.000001", "125000.5"])),
                "amount_minor": some.choice([0, 100, 4_999, some.randint(0, 10**6)]),
                "discount_minor": some.choice([0, 50]),
            }
            for number in range(people * 8)
        ],
    )
    stored(
        "products",
        [
            {
                "product_id": f"p{number}",
                "product_name": f"product {number}",
                "category": some.choice(["tea", "Tea", "咖啡", None]),
                "brand": some.choice(["a", "b", None]),
            }
            for number in range(1, 12)
        ],
    )
    stored(
        "refunds",
        [
            {
                "refund_id": f"r{number}",
                "order_id": some.choice([None, f"o{number}"]),
                "source_key": who(),
                "refunded_at": at(on),
                "refunded_day": on,
                "amount_minor": some.choice([1, 100, 10**6]),
                "currency": "CNY",
            }
            for number in range(people)
            for on in (day(),)
        ],
    )
    stored(
        "visits",
        [
            {
                "visit_id": f"v{number}",
                "source_key": who(),
                "visited_at": at(on),
                "visited_day": on,
                "store_id": some.choice(stores),
                "paid": some.choice([True, False, None]),
            }
            for number in range(people * 2)
            for on in (day(),)
        ],
    )
    stored(
        "interactions",
        [
            {
                "interaction_id": f"i{number}",
                "source_key": who(),
                "occurred_at": at(on),
                "occurred_day": on,
                "category": some.choice(["view", "share > 收藏", None]),
                "duration_seconds": some.choice([None, 0, 61]),
            }
            for number in range(people * 3)
            for on in (day(),)
        ],
    )
    stored("list_members", [{"list": some.choice(["guests", "白名单"]), "source_key": n} for n in range(1, people, 3)])
    stored(
        "manual_tags",
        [
            {
                "act_id": number,
                "source_key": some.randint(1, people),
                "tag": "word",
                "value": some.choice(["kind", "cross"]),
                "rater": some.choice(["ann", "bo"]),
                "given_day": day(),
                "expires_on": some.choice([None, day()]),
                "removed_day": some.choice([None, None, day()]),
            }
            for number in range(people)
        ],
    )
    return lake, versions
