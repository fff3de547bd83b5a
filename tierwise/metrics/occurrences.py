"""The rows of a fact that a leaf speaks of: in a window of days, and of a filter over the fact's own columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import narwhals as nw

from tierwise.definitions.rule import All, AnyRule, Span, attributes_of
from tierwise.metrics.fact_columns import PRODUCT, moment_of, product_schema
from tierwise.metrics.frame import Frame, columns_of, missing
from tierwise.metrics.rules import RuleColumn, RuleType, filter_expr
from tierwise.metrics.world import PRODUCT_NUMBER, World

_DTYPES: dict[RuleType, Any] = {
    "text": nw.String,
    "source_text": nw.String,
    "integer": nw.Int64,
    "number": nw.Float64,
    "date": nw.Date,
    "instant": nw.Datetime("us", "UTC"),
    "boolean": nw.Boolean,
}


_OF_PRODUCT = frozenset(product_schema())


def window_of(span: Span, as_of: date) -> tuple[date | None, date]:
    """The first and the last day of a window, both inside, none after as_of; first None for the whole life.

    >>> window_of(Span(last_days=90, ending_days_ago=90), date(2026, 6, 30))
    (datetime.date(2026, 1, 2), datetime.date(2026, 4, 1))
    """
    if span.last_days is None:
        return span.from_, min(span.to or as_of, as_of)
    end = days_back(as_of, span.ending_days_ago + 1)
    return days_back(end, span.last_days), end


def days_back(as_of: date, days: int) -> date:
    """The first of so many days that end on as_of, not before the calendar's."""
    return date.fromordinal(max(as_of.toordinal() - days + 1, date.min.toordinal()))


def first_of_months(as_of: date, months: int) -> date:
    """The first day of so many calendar months, the last of which is as_of's."""
    index = max(as_of.year * 12 + as_of.month - months, 12)
    return date(index // 12, index % 12 + 1, 1)


def rows_of_fact(
    world: World, fact: str, where: AnyRule | None, first: date | None, last: date, columns: Iterable[str] = ()
) -> Frame:
    """Rows of somebody, from the first to the last of these days, of which `where` is true.

    columns: those that are read afterwards, by their names in rules; the product's are joined where they are needed.
    """
    of_product, where = _parted(where, world, fact)
    frame = with_products(world, fact, {*columns, *(attributes_of(where) if where else ())})
    day = nw.col(moment_of(fact).day)
    wanted = [~nw.col(world.key).is_null(), day <= nw.lit(last)]
    if fact in world.kept_facts:  # of somebody, and of days up to as_of
        wanted = [day <= nw.lit(last)] if last < world.as_of else []
    if first is not None:
        wanted.append(day >= nw.lit(first))
    if where is not None:
        wanted.append(filter_expr(where, world.fact_schemas[fact], world.as_of, zone=world.zone))
    frame = frame.filter(*wanted) if wanted else frame
    if of_product is None:
        return frame
    verdict = filter_expr(of_product, product_schema(), world.as_of, zone=world.zone)
    # Each product is there once, so nothing is doubled; measured, a quarter less time than a semi join.
    products = world.products_of[fact].filter(verdict).select(PRODUCT_NUMBER)
    return frame.join(products, on=PRODUCT_NUMBER, how="inner")


def _parted(where: AnyRule | None, world: World, fact: str) -> tuple[AnyRule | None, AnyRule | None]:
    """What can be told of each product once, rather than of each row, and the rest."""
    if where is None or fact not in world.products_of:
        return None, where
    parts = where.all if isinstance(where, All) else (where,)
    of_product = tuple(part for part in parts if is_of_product(part))
    rest = tuple(part for part in parts if not is_of_product(part))
    return All(all=of_product) if of_product else None, All(all=rest) if rest else None


def is_of_product(where: AnyRule) -> bool:
    """Whether a filter over lines reads nothing but the product."""
    return set(attributes_of(where)) <= _OF_PRODUCT


def with_products(world: World, fact: str, names: Iterable[str]) -> Frame:
    """The fact's rows, with those columns of the product that are asked for; null where a product is not known."""
    schema = world.fact_schemas[fact]
    if fact not in world.facts:
        return world.nobody.select(world.key, *(null_of(column_of(world, fact, name)) for name in schema))
    frame = world.facts[fact]
    there = columns_of(frame)
    lacking = [where for name in sorted(names) if (where := column_of(world, fact, name)).column not in there]
    if not lacking:
        return frame
    numbered = fact in world.products_of
    if PRODUCT_NUMBER in there and not numbered:
        raise AssertionError(f"{fact} were kept with numbers of products, which are not in World.products_of")
    products, on = (world.products_of[fact], PRODUCT_NUMBER) if numbered else (world.facts.get("products"), PRODUCT)
    known = columns_of(products) if products is not None and on in there else ()
    from_products = [where.column for where in lacking if where.column in known]
    if products is not None and from_products:
        frame = frame.join(products.select(on, *from_products), on=on, how="left")
    nulls = [null_of(where) for where in lacking if where.column not in known]
    return frame.with_columns(*nulls) if nulls else frame


def column_of(world: World, fact: str, name: str) -> RuleColumn:
    """Where a fact's column stands; KeyError for a name that `rule_set_problems` would have told."""
    found = world.fact_schemas[fact][name]
    return found if isinstance(found, RuleColumn) else RuleColumn(name, found)


def null_of(where: RuleColumn) -> nw.Expr:
    """A column of that type without any value."""
    return missing(_DTYPES[where.type]).alias(where.column)
