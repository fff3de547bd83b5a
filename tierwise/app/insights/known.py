"""What is known of each attribute of a run: its title, where it stands, and whether it comes of what customers did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw

from tierwise.app.reading import Reader
from tierwise.app.views import Label
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import Name, gives, reads
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.sensitivity import sensitive_attributes
from tierwise.definitions.tag import Tag
from tierwise.engine.given import tag_type
from tierwise.engine.sources import frame
from tierwise.kernel.money import exponent
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import RuleColumn, rule_schema

_COUNTING = (Activity, Lifecycle, PriceBand, Rfm)
"""Kinds that come of orders or other contacts by themselves, whatever else they read."""


@dataclass(frozen=True, slots=True)
class Known:
    """An attribute of the profile, or a tag. column: of the profile; of a tag the type alone holds, its values are rows
    of `tags`.

    counted: it comes of what customers did (orders, visits, …), itself or by what its definition reads; what comes of
    their own records, lists and verdicts by hand does not. sensitive: a definition says so.
    """

    title: Label
    column: RuleColumn
    tag: bool
    counted: bool
    sensitive: bool


def known_attributes(reader: Reader) -> dict[str, Known]:
    """By name, in the profile's order, then the tags; without keys, reasons and instants."""
    schema = rule_schema(frame(reader.connection, "profile"), exponent(reader.currency))
    by_column = {column.column: column for column in schema.values()}
    sensitive = sensitive_attributes(reader.definitions.all)
    of_facts = _OfFacts(reader)
    found = {}
    for name, inside in reader.columns.items():
        column = by_column.get(inside)
        if column is None or column.type == "instant" or name == "customer_id" or name.endswith("_reason"):
            continue
        found[name] = Known(reader.label(name), column, False, of_facts.attribute(name), name in sensitive)
    for tag in reader.definitions.of(Tag):
        column = RuleColumn(tag.name, tag_type(tag))
        counted = of_facts.attribute(tag.name)
        found[tag.name] = Known(reader.label(tag.name), column, True, counted, tag.name in sensitive)
    return found


class _OfFacts:
    """Whether a name leads to what customers did."""

    def __init__(self, reader: Reader) -> None:
        self._profile = {name: each.needs != "customers" for name, each in reader.attributes.items()}
        self._profile["gender"] = False
        self._givers: Mapping[Name, Definition] = {
            given: definition for definition in reader.definitions.of_profile for given in gives(definition)
        }
        self._told: dict[Name, bool] = {}

    def attribute(self, name: str) -> bool:
        return self._name(Name("attribute", name))

    def _name(self, name: Name) -> bool:
        if name not in self._told:
            self._told[name] = True  # what leads back to itself
            self._told[name] = self._tell(name)
        return self._told[name]

    def _tell(self, name: Name) -> bool:
        if name.what == "list":
            return False
        if name.what == "fact":
            return name.name != "consents"
        if name.name in self._profile:
            return self._profile[name.name]
        giver = self._givers.get(name)
        if giver is None:
            return not name.name.startswith("trait.")
        learnt = isinstance(giver, Tag) and (giver.model is not None or giver.implied != ())
        read = (Name(each.what, each.name) for each in reads(giver) if each.path[:1] != ("hypothesis",))
        return isinstance(giver, _COUNTING) or learnt or any(self._name(each) for each in read)


def values_of(known: Known, profile: Frame, tags: Frame) -> Frame:
    """Rows (customer_key, value): the value as text, null for none; of a tag that one just has, true or false."""
    if not known.tag:
        return profile.select("customer_key", nw.col(known.column.column).cast(nw.String).alias("value"))
    rows = tags.filter(nw.col("tag") == known.column.column).select("customer_key", "value")
    if known.column.type != "boolean":
        return rows
    having = rows.select("customer_key", nw.lit("true").alias("has__"))
    both = profile.select("customer_key").join(having, on="customer_key", how="left")
    return both.select("customer_key", nw.col("has__").fill_null("false").alias("value"))
