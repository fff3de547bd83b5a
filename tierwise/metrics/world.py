"""What rules speak of, on one day: people and their attributes, facts, segments and lists, and sparse tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo

from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import Schema

VALUE = "value"
"""The column of a sparse tag's value."""


PRODUCT_NUMBER = "product_number"
"""In kept rows of lines, and in the products that they name."""


@dataclass(frozen=True)
class World:
    """The frames that rules are told from.

    people: one row per customer, the attributes as columns; whoever is not here is in no answer.
    schema: attribute -> its column and type; for a tag of `values` its type alone, else it is `source_text`.
    facts: as `fact_columns.fact_frames` gives them, several rows per customer; `products` one row per product. A fact
    that is not here never happened to anybody.
    fact_schemas: as `fact_columns.fact_schemas` gives them.
    sets: `segment NAME` and `list NAME` -> one column `key`, each customer once.
    values: tag -> (`key`, `value`), each customer once; value is a text, null for a tag that one just has ("yes" tags,
    `boolean` in the schema: who lacks it has false).
    kept_facts: facts of which only what some rules read is kept (`deed_plan.with_kept_facts`).
    kept_among: the people of whom they were kept: where it is `people` itself, none of these rows is of anybody else.
    products_of: fact -> the products that its kept rows name, numbered: there, `PRODUCT_NUMBER` stands for them.
    as_of: nothing after this day is seen. zone: whose days they are when an instant is compared with a date.
    """

    people: Frame
    schema: Schema
    as_of: date
    facts: Mapping[str, Frame] = field(default_factory=dict)
    fact_schemas: Mapping[str, Schema] = field(default_factory=dict)
    sets: Mapping[str, Frame] = field(default_factory=dict)
    values: Mapping[str, Frame] = field(default_factory=dict)
    kept_facts: frozenset[str] = frozenset()
    kept_among: Frame | None = None
    products_of: Mapping[str, Frame] = field(default_factory=dict)
    key: str = "customer_key"
    zone: tzinfo = UTC

    @property
    def nobody(self) -> Frame:
        """No customer: one column `key`, no rows."""
        return self.people.select(self.key).head(0)


def each_once(frame: Frame, key: str) -> Frame:
    """The customers of a frame, each once: one column `key`."""
    return frame.select(key).group_by(key).agg()
