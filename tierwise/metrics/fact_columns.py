"""Facts as rules see them: which facts a rule may count, by what names their columns go, and the frames behind them.

A rule may count every table of `facts/contract.py` that says when something happened (`occurred`) and to whom. Order
lines take customer, time, store and channel from their order, lines of refunds from their refund; both may be filtered
by what is known of the product. Money goes by its outside name; orders and their lines have `net` besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw

from tierwise.facts.contract import TABLES, Column, Table
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.rules import RuleColumn, Schema

LINES_OF = {"order_lines": "orders", "refund_lines": "refunds"}
"""Facts that happen with another: their lines are joined with its rows."""

PRODUCT = "product_id"
"""What product columns depend on."""

_FROM_HEAD = ("store_id", "channel")
_NET = {
    "orders": ("gross_minor", "discount_minor", "coupon_minor"),
    "order_lines": ("amount_minor", "discount_minor"),
}
"""Fact -> the money of which `net` is made: the first less the others."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a fact says when it happened: the instant, and the business's own day of it."""

    at: str
    day: str


def moment_of(fact: str) -> Moment:
    """The columns that say when. fact: a name that `fact_schemas` has."""
    table = TABLES[LINES_OF.get(fact, fact)]
    if table.occurred is None or table.day is None:
        raise KeyError(fact)
    return Moment(table.occurred, table.day)


def countable() -> tuple[str, ...]:
    """The facts that a rule may count."""
    named = {name for name, table in TABLES.items() if table.occurred and "source_key" in table.names}
    return tuple(name for name in TABLES if LINES_OF.get(name, name) in named)


def fact_schemas(digits: int = 2) -> dict[str, Schema]:
    """Fact -> column, as a rule names it -> where it stands in `fact_frames`. digits: decimals of the currency."""
    return {fact: _schema(fact, digits) for fact in countable()}


def _schema(fact: str, digits: int) -> dict[str, RuleColumn]:
    columns = _schema_of(TABLES[fact], digits)
    if fact in _NET:
        columns["net"] = RuleColumn("net_minor", "integer", digits)
    if fact in LINES_OF:
        head = TABLES[LINES_OF[fact]]
        whole = _schema_of(head, digits)
        wanted = [
            *(name for name in _FROM_HEAD if name in whole),
            *(name for name in (head.occurred, head.day) if name),
        ]
        columns |= {name: whole[name] for name in wanted} | product_schema(digits)
    return columns


def product_schema(digits: int = 2) -> dict[str, RuleColumn]:
    """What a rule over lines may ask of the product; its list price and cost are `product_price`, `product_cost`."""
    columns = _schema_of(TABLES["products"], digits)
    columns.pop("updated_at")
    return {
        PRODUCT: columns.pop(PRODUCT),
        **{_of_product(name): RuleColumn(_of_product(c.column), c.type, c.digits) for name, c in columns.items()},
    }


def _of_product(name: str) -> str:
    return f"product_{name}" if name.startswith(("price", "cost")) else name


def _schema_of(table: Table, digits: int) -> dict[str, RuleColumn]:
    return {
        column.outside or column.name: _rule_column(column, digits)
        for column in table.columns
        if column.type != "key" and (column.outside or column.name == table.day)
    }


def _rule_column(column: Column, digits: int) -> RuleColumn:
    match column.type:
        case "money":
            return RuleColumn(column.name, "integer", digits)
        case "quantity":
            return RuleColumn(f"{column.name}_thousandths", "integer", 3)
        case "unit_price":
            return RuleColumn(f"{column.name}_millionths", "integer", 6)
        case "integer":
            return RuleColumn(column.name, "integer")
        case "instant":
            return RuleColumn(column.name, "instant")
        case "day":
            return RuleColumn(column.name, "date")
        case "boolean":
            return RuleColumn(column.name, "boolean")
    return RuleColumn(column.name, "text")


def fact_frames(tables: Mapping[str, Frame], key: str = "customer_key") -> dict[str, Frame]:
    """The frames of `World.facts` from fact tables, as `facts/contract.py` has them but for `key` in place of
    `source_key`.

    One frame per fact that is given, lines with the columns of their order or refund, unless they carry customer and
    day already; `products` besides, one row per product. Quantities become whole thousandths, unit prices whole
    millionths: their sums are exact. Columns that a table lacks are left out.
    """
    found = {}
    for fact in countable():
        head = LINES_OF.get(fact)
        if fact not in tables or (head is not None and head not in tables):
            continue
        frame = _whole_numbers(tables[fact], TABLES[fact])
        if head is not None and not {key, TABLES[head].day} <= set(columns_of(frame)):
            frame = frame.join(_head(tables[head], TABLES[head], key), on=TABLES[head].key[0], how="inner")
        found[fact] = _with_net(frame, fact)
    if "products" in tables:
        products = _whole_numbers(tables["products"], TABLES["products"])
        there = [name for name in columns_of(products) if name != "updated_at"]
        found["products"] = products.select(nw.col(name).alias(_of_product(name)) for name in there)
    return found


def _whole_numbers(frame: Frame, table: Table) -> Frame:
    """Decimals of a known scale as integers of it, under a name that says so."""
    there = columns_of(frame)
    scale = {"quantity": ("thousandths", 1_000), "unit_price": ("millionths", 1_000_000)}
    made = [
        (nw.col(column.name) * scale[column.type][1])
        .round(0)
        .cast(nw.Int64)
        .alias(f"{column.name}_{scale[column.type][0]}")
        for column in table.columns
        if column.type in scale and column.name in there
    ]
    return frame.with_columns(*made) if made else frame


def _head(frame: Frame, table: Table, key: str) -> Frame:
    wanted = (table.key[0], key, table.occurred, table.day, *_FROM_HEAD)
    there = columns_of(frame)
    return frame.select(name for name in wanted if name and name in there)


def _with_net(frame: Frame, fact: str) -> Frame:
    there = columns_of(frame)
    first, *rest = _NET.get(fact, ("",))
    if first not in there:
        return frame
    net = nw.col(first)
    for name in rest:
        if name in there:
            net = net - nw.col(name)
    return frame.with_columns(net.alias("net_minor"))
