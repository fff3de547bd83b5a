"""Which tables of facts a KPI comes of, itself and through the tiers, tags and segments that it names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import Name, gives, reads
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import Rfm
from tierwise.metrics.attributes import CATALOGUE

_TABLES = {
    "orders": "orders",
    "orders.cost_minor": "orders",
    "orders.store_id": "orders",
    "refunds": "refunds",
    "lines": "order_lines",
    "products": "products",
    "visits": "visits",
    "interactions": "interactions",
    "customers": "customers",
}

_OF_ORDERS = (Activity, Lifecycle, PriceBand, Rfm)
"""Kinds that read orders by themselves, whatever else they name."""


def lacking_facts(kpi: Kpi, there: Collection[str], definitions: Iterable[Definition]) -> tuple[str, ...]:
    """Tables without which it cannot be told, by name; there: those that have rows.

    Every table that the KPI names is needed. Of what a tier, a tag or a segment leads to one table is enough, since
    these are told of whatever there is; where none is there, all of them lack.
    """
    givers = {given: definition for definition in definitions for given in gives(definition)}
    lacking = facts_of(kpi) - set(there)
    for read in reads(kpi):
        name = Name(read.what, read.name)
        behind = _behind(name, givers, set()) if name in givers else set()
        if not behind & set(there):
            lacking |= behind
    return tuple(sorted(lacking))


def facts_of(kpi: Kpi) -> set[str]:
    """The tables of facts that its own rules and its metric name."""
    return set().union(*(_named(Name(read.what, read.name)) for read in reads(kpi)))


def _named(name: Name) -> set[str]:
    """The table of a fact, or of an attribute that a run counts from facts."""
    if name.what == "fact":
        return {name.name}
    if name.what != "attribute":
        return set()
    needs = next((a.needs for a in CATALOGUE if name.name == a.name or _windowed(name.name, a.name)), None)
    return set() if needs is None else {_TABLES[needs]}


def _behind(name: Name, givers: Mapping[Name, Definition], seen: set[Name]) -> set[str]:
    """All tables that a name leads to."""
    if name in seen:
        return set()
    seen.add(name)
    giver = givers.get(name)
    if giver is None:
        return _named(name)
    found = {"orders"} if isinstance(giver, _OF_ORDERS) else set()
    for read in reads(giver):
        if read.path[:1] != ("hypothesis",):
            found |= _behind(Name(read.what, read.name), givers, seen)
    return found


def _windowed(name: str, base: str) -> bool:
    rest = name.removeprefix(f"{base}_")
    return rest != name and rest.endswith("d") and rest[:-1].isdigit()
