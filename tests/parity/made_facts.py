"""A small business, from a seed, with what trips engines up: ties, gaps, nulls, refunds alone, dates after as_of."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

AS_OF = date(2026, 6, 30)


def made_facts(orders: int = 600, customers: int = 90) -> dict[str, pa.Table]:
    """Fact tables by name, as `customer_metrics` takes them. One customer has a refund and nothing else."""
    random = np.random.default_rng(20260630)

    def days(count: int) -> pa.Array:
        return pa.array([AS_OF + timedelta(days=5) - timedelta(days=int(n)) for n in random.integers(0, 700, count)])

    def keys(count: int, unknown: float = 0.1) -> pa.Array:
        found = random.zipf(1.4, count) % customers
        return pa.array([None if random.random() < unknown else int(key) for key in found], pa.int64())

    def some(values: list[str | None], count: int) -> pa.Array:
        return pa.array([values[int(i)] for i in random.integers(0, len(values), count)], pa.string())

    gross = random.integers(0, 300, orders) * 25
    discount = np.where(random.random(orders) < 0.3, gross // 10, 0)
    coupon = np.where(random.random(orders) < 0.2, np.minimum(500, gross - discount), 0)
    cost = [None if random.random() < 0.05 else int(value) // 2 for value in gross]
    lines = orders * 2
    return {
        "orders": pa.table(
            {
                "order_id": [f"o{number}" for number in range(orders)],
                "customer_key": keys(orders),
                "ordered_day": days(orders),
                "gross_minor": gross,
                "discount_minor": discount,
                "coupon_minor": coupon,
                "cost_minor": pa.array(cost, pa.int64()),
                "store_id": some(["s1", "s2", "S10", "店", None], orders),
            }
        ),
        "refunds": pa.table(
            {
                "customer_key": pa.array([*keys(39, 0.05).to_pylist(), customers + 4], pa.int64()),
                "refunded_day": days(40),
                "amount_minor": random.integers(1, 4_000, 40),
                "store_id": some(["s1", "s3", None], 40),
            }
        ),
        "lines": pa.table(
            {
                "order_id": [f"o{int(number)}" for number in random.integers(0, orders + 9, lines)],
                "product_id": some([f"p{number}" for number in range(12)], lines),
                "quantity": pa.array([int(n) for n in random.integers(1, 9, lines)], pa.decimal128(18, 3)),
            }
        ),
        "products": pa.table(
            {
                "product_id": [f"p{number}" for number in range(11)],
                "category": some(["茶", "tea", "Tea > green", None], 11),
            }
        ),
        "visits": pa.table(
            {
                "customer_key": keys(150),
                "visited_day": days(150),
                "paid": pa.array([[True, False, None][int(i)] for i in random.integers(0, 3, 150)]),
            }
        ),
        "interactions": pa.table(
            {
                "customer_key": keys(150),
                "occurred_day": days(150),
                "duration_seconds": pa.array(
                    [None if n < 20 else int(n) for n in random.integers(0, 99, 150)], pa.int64()
                ),
            }
        ),
        "customers": pa.table(
            {
                "customer_key": list(range(customers)),
                "registered_on": days(customers),
                "closed_on": pa.array([AS_OF if n % 17 == 0 else None for n in range(customers)], pa.date32()),
                "birth_on": pa.array([date(1992, 2, 29) + timedelta(days=n * 31) for n in range(customers)]),
            }
        ),
    }
