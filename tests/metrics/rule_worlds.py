"""Small worlds from a seed, as tables for engines and as plain rows for the oracle: ties, gaps, nulls, strangers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tierwise.metrics.fact_columns import fact_frames, fact_schemas
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, Schema
from tierwise.metrics.world import World
from tierwise.testing.deed_oracle import Customer

PEOPLE = range(1, 15)
EVERYBODY = [*range(1, 18), None]
"""Some of whom are no people of the world."""

SCHEMA: Schema = {
    "city": "text",
    "spend": RuleColumn("spend_minor", "integer", 2),
    "visits_count": "integer",
    "born_on": "date",
    "tier": "source_text",
    "vip": "boolean",
}
TAGS = ("tier", "vip")
OFFSETS = [timedelta(hours=hours) for hours in (-11, 0, 0, 8, 8, 14)]
"""Of the places where days are counted."""


@dataclass(frozen=True)
class Made:
    """tables: people, facts, sets and values as Arrow. customers: the same, by key."""

    as_of: date
    tables: dict[str, pa.Table]
    customers: dict[int, Customer]

    def world(self, frames: dict[str, Frame]) -> World:
        """The world of these tables as frames of some engine."""
        named = {name: frame for name, frame in frames.items() if not name.startswith(("set ", "tag "))}
        return World(
            people=frames["people"],
            schema=SCHEMA,
            as_of=self.as_of,
            facts=fact_frames(named),
            fact_schemas=fact_schemas(),
            sets={name.removeprefix("set "): frame for name, frame in frames.items() if name.startswith("set ")},
            values={name.removeprefix("tag "): frame for name, frame in frames.items() if name.startswith("tag ")},
        )


def made_world(seed: int) -> Made:
    """The world of that seed."""
    draw = random.Random(seed)
    as_of = draw.choice([date(2024, 2, 29), date(2024, 3, 1), date(2026, 3, 29), date(2025, 1, 1)])
    people = [
        {
            "customer_key": key,
            "city": draw.choice(["上海", "Wuhan", None, ""]),
            "spend": draw.choice([None, Decimal("10.00"), Decimal("-0.01"), Decimal(250)]),
            "visits_count": draw.choice([0, 1, 5, None]),
            "born_on": draw.choice([None, date(1990, 2, 28), date(1992, 2, 29), as_of]),
        }
        for key in PEOPLE
    ]
    orders, lines, products, visits = (make(draw, as_of) for make in (_orders, _lines, _products, _visits))
    sets = {name: draw.sample(range(1, 18), draw.randint(0, 8)) for name in ("segment loyal", "list invited")}
    tiers = {key: draw.choice(["gold", "3", "12.5"]) for key in draw.sample(range(1, 18), 7)}
    vips = draw.sample(range(1, 18), 5)
    tables = {
        "people": _table(people, {"customer_key": pa.int64(), "city": pa.string(), "spend": pa.int64(),
                                  "visits_count": pa.int64(), "born_on": pa.date32()}),
        "orders": _table(orders, {**_MOMENT("ordered"), "order_id": pa.string(), "store_id": pa.string(),
                                  "channel": pa.string(), "gross": pa.int64(), "discount": pa.int64(),
                                  "coupon": pa.int64()}),
        "order_lines": _table(lines, {"order_id": pa.string(), "line_no": pa.int64(), "product_id": pa.string(),
                                      "quantity": pa.decimal128(18, 3), "unit_price": pa.decimal128(18, 6),
                                      "amount": pa.int64(), "discount": pa.int64()}),
        "products": _table(products, {"product_id": pa.string(), "category": pa.string(), "brand": pa.string(),
                                      "pack_size": pa.decimal128(18, 3), "price": pa.decimal128(18, 6)}),
        "visits": _table(visits, {**_MOMENT("visited"), "visit_id": pa.string(), "kind": pa.string(),
                                  "mileage_km": pa.int64(), "paid": pa.bool_()}),
        **{f"set {name}": pa.table({"customer_key": pa.array(keys, pa.int64())}) for name, keys in sets.items()},
        "tag tier": pa.table({"customer_key": pa.array(list(tiers), pa.int64()),
                              "value": pa.array(list(tiers.values()), pa.string())}),
        "tag vip": pa.table({"customer_key": pa.array(vips, pa.int64()),
                             "value": pa.array([None] * len(vips), pa.string())}),
    }  # fmt: skip
    facts = {"orders": _with_net(orders), "order_lines": _joined(lines, orders, products), "visits": visits}
    customers = {
        person["customer_key"]: Customer(
            person,
            {fact: [row for row in rows if row["customer_key"] == person["customer_key"]]
             for fact, rows in facts.items()},
            {name for name, keys in sets.items() if person["customer_key"] in keys},
            {**({"tier": tiers[person["customer_key"]]} if person["customer_key"] in tiers else {}),
             **({"vip": None} if person["customer_key"] in vips else {})},
        )
        for person in people
    }  # fmt: skip
    return Made(as_of, tables, customers)


def _MOMENT(what: str) -> dict[str, Any]:
    return {"customer_key": pa.int64(), f"{what}_at": pa.timestamp("us", "UTC"), f"{what}_day": pa.date32()}


def _table(rows: list[dict[str, Any]], types: dict[str, Any]) -> pa.Table:
    """Money, whole here and of two decimals outside, becomes minor units."""
    money = {"spend", "gross", "discount", "coupon", "amount"}
    columns = {}
    for name, kind in types.items():
        values = [row[name] for row in rows]
        if name in money:
            values = [None if value is None else int(value * 100) for value in values]
        columns[f"{name}_minor" if name in money else name] = pa.array(values, kind)
    return pa.table(columns)


def _moment(draw: random.Random, as_of: date, what: str) -> dict[str, Any]:
    """Mostly lately, now and then twice at the same instant, some after as_of."""
    back = draw.choice([0, 0, 1, 2, 3, 6, 7, 8, 13, 20, 29, 30, 31, 45, 60, 89, 90, 91, 200, 365, -1, -3])
    at = datetime.combine(as_of - timedelta(days=back), time(draw.choice([0, 9, 9, 23])), UTC)
    day = (at + draw.choice(OFFSETS)).date()
    return {"at": at, "day": day, f"{what}_at": at, f"{what}_day": day}


def _orders(draw: random.Random, as_of: date) -> list[dict[str, Any]]:
    return [
        {
            "order_id": f"o{number}",
            "customer_key": draw.choice(EVERYBODY),
            **_moment(draw, as_of, "ordered"),
            "store_id": draw.choice(["s1", "s2", None]),
            "channel": draw.choice(["web", "shop", None]),
            "gross": Decimal(draw.choice([0, 1, 995, 1000, 25_000])) / 100,
            "discount": Decimal(draw.choice([0, 0, 1])) / 100,
            "coupon": Decimal(draw.choice([0, 500])) / 100,
        }
        for number in range(70)
    ]


def _lines(draw: random.Random, as_of: date) -> list[dict[str, Any]]:
    return [
        {
            "order_id": f"o{draw.randrange(75)}",
            "line_no": number,
            "product_id": f"p{draw.randrange(7)}",
            "quantity": Decimal(draw.choice([1, 2, 500])) / draw.choice([1, 1000]),
            "unit_price": Decimal(draw.choice([1, 3])) / draw.choice([1, 8]),
            "amount": Decimal(draw.choice([0, 100, 333])) / 100,
            "discount": Decimal(draw.choice([0, 7])) / 100,
        }
        for number in range(110)
    ]


def _products(draw: random.Random, as_of: date) -> list[dict[str, Any]]:
    """Not all that were sold."""
    return [
        {
            "product_id": f"p{number}",
            "category": draw.choice(["茶", "茶 > 绿茶", "tea", None]),
            "brand": draw.choice(["A", "B", None]),
            "pack_size": draw.choice([None, Decimal("0.5"), Decimal(12)]),
            "price": Decimal(number) / 4,
        }
        for number in range(5)
    ]


def _visits(draw: random.Random, as_of: date) -> list[dict[str, Any]]:
    return [
        {
            "visit_id": f"v{number}",
            "customer_key": draw.choice(EVERYBODY),
            **_moment(draw, as_of, "visited"),
            "kind": draw.choice(["service", "repair", None]),
            "mileage_km": draw.choice([None, 0, 5_000, 60_000]),
            "paid": draw.choice([True, False, None]),
        }
        for number in range(50)
    ]


def _with_net(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "net": row["gross"] - row["discount"] - row["coupon"]} for row in orders]


def _joined(
    lines: list[dict[str, Any]], orders: list[dict[str, Any]], products: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    heads = {row["order_id"]: row for row in orders}
    known = {row["product_id"]: row for row in products}
    nothing = dict.fromkeys(products[0])
    wanted = ("customer_key", "at", "day", "ordered_at", "ordered_day", "store_id", "channel")
    return [
        {
            **line,
            **{name: heads[line["order_id"]][name] for name in wanted},
            "net": line["amount"] - line["discount"],
            **{
                f"product_{name}" if name == "price" else name: value
                for name, value in known.get(line["product_id"], nothing).items()
                if name != "product_id"
            },
        }
        for line in lines
        if line["order_id"] in heads
    ]
