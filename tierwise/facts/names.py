"""Canonical names, as mappings write them, and the columns that they mean."""

from __future__ import annotations

from typing import Literal, TypeAlias

from tierwise.facts.contract import TABLES, Type

IDENTITIES = "identities"
"""Where columns that a mapping names `identity.SCOPE` belong: they link, and fill no table."""

FieldType: TypeAlias = Type | Literal["trait", "identity"]

CARRIED_BY = {
    "customer": "customers",
    "product": "products",
    "store": "stores",
    "vehicle": "vehicles",
    "staff": "staff",
}
"""Tables of which a file's rows may carry columns along, by what stands before the dot."""

CARRIED_KEY = {
    "customers": "customer_id",
    "products": "product_id",
    "stores": "store_id",
    "vehicles": "vin",
    "staff": "staff_id",
}
"""The outside name of the column by which a file's rows carry a row of another table along."""

NEEDS_ORDER = ("coupon", "currency", "updated_at", "channel")
"""Columns of an order that its lines may carry, where they carry its date."""


def resolve(table: str, canonical: str) -> tuple[str, str, FieldType] | None:
    """Which (table, outside name, type) a canonical name of a mapping means in a file of `table`; None for nothing.

    Own names come first; then `identity.SCOPE`, an id of the row's customer; then, in order_lines, those of the order;
    then names of carried tables, dotted
    (`customer.city`; a name that customers do not have is a trait) or bare where they are unmistakable.
    """
    own = TABLES[table].importable
    if canonical in own:
        return table, canonical, own[canonical].type
    if table in ("orders", "order_lines"):
        if canonical == "paid":
            return table, "paid", "money"
        if canonical == "refund.order_id":
            return "refunds", "order_id", "id"
    orders = TABLES["orders"].importable
    if table == "order_lines" and canonical != "gross" and canonical in orders:
        return "orders", canonical, orders[canonical].type
    prefix, dot, rest = canonical.partition(".")
    if prefix == "identity" and rest:
        return (IDENTITIES, rest, "identity") if "customer_id" in keys_in(table) else None
    if table == "customers":
        return table, (rest if dot and prefix in ("trait", "customer") and rest else canonical), "trait"
    if dot and prefix in CARRIED_BY:
        return _carried(table, CARRIED_BY[prefix], rest)
    for carried, names in (
        ("products", ("product_name", "category", "brand", "pack_size", "daily_usage")),
        ("stores", ("store_name", "entity")),
    ):
        if canonical in names and CARRIED_KEY[carried] in keys_in(table):
            return _carried(table, carried, canonical)
    return None


def keys_in(table: str) -> set[str]:
    """Canonical names of the table's own columns, and in order_lines of the order's."""
    names = set(TABLES[table].importable)
    return names | set(TABLES["orders"].importable) if table == "order_lines" else names


def _carried(table: str, carried: str, name: str) -> tuple[str, str, FieldType] | None:
    if carried == table or CARRIED_KEY[carried] not in keys_in(table) or not name:
        return None
    columns = TABLES[carried].importable
    if name in columns and name != CARRIED_KEY[carried]:
        return carried, name, columns[name].type
    if carried == "customers":
        return carried, name.removeprefix("trait."), "trait"
    return None
