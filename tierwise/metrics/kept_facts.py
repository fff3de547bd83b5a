"""Facts of which several leaves read: what they need of them is kept once, narrow, few days, ready to be filtered.

Where filters ask for the product, products are numbered: such a filter looks at each product once, and rows are found
by a small number. Measured, 200 rules over 10 M lines: half the time of comparing texts in each row. Rows stay in the
order of time; sorted by product they were found no faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import narwhals as nw

from tierwise.definitions.rule import (
    All,
    AnyRule,
    Comparison,
    Deed,
    InList,
    InSegment,
    NotFollowed,
    Restarted,
    Sequence,
    attributes_of,
    leaves_of,
)
from tierwise.metrics.behaviour import reading_of
from tierwise.metrics.customer import Keep
from tierwise.metrics.fact_columns import LINES_OF, PRODUCT, moment_of, product_schema
from tierwise.metrics.following import days_read
from tierwise.metrics.frame import Frame, columns_of, missing
from tierwise.metrics.occurrences import column_of, is_of_product, null_of, with_products
from tierwise.metrics.rules import RuleColumn
from tierwise.metrics.world import PRODUCT_NUMBER, World, each_once

_WORTH_KEEPING = 3
"""From how many readers on a fact's rows are kept, rather than read anew by each."""


def deeds_of(rules: Iterable[AnyRule]) -> Iterator[Deed]:
    """Their leaves about deeds, in order of appearance, repeats included."""
    for rule in rules:
        for _, leaf in leaves_of(rule):
            if not isinstance(leaf, Comparison | InSegment | InList):
                yield leaf


def columns_read(rules: Iterable[AnyRule], world: World) -> dict[str, set[str]]:
    """Fact -> the columns of its frame that leaves of these rules read, its day and what products tell apart.

    world: its day and the facts' schemas are looked at. The instant is among them where an order of rows matters.
    """
    found = {}
    for fact, read in _reads(rules, world).items():
        columns = {column_of(world, fact, name).column for name in (*read.columns, *read.of_product)}
        found[fact] = columns | ({moment_of(fact).at} if read.instant else set())
    return found


def with_kept_facts(rules: Iterable[AnyRule], world: World, keep: Keep, prefix: str = "rules") -> World:
    """The world with those facts kept that several leaves of these rules read: needed columns, days and people alone.

    `rule_sets` does so for its own rules; whoever calls it several times, for rules that need each other, does it once
    for all of them before. Facts that are kept already are left as they are. Where fewer people are asked about later,
    the answers are right, and found faster where the facts are kept anew for them.
    """
    for fact, read in _reads(rules, world).items():
        if fact in world.facts and fact not in world.kept_facts and len(read.readers) >= _WORTH_KEEPING:
            # Where others were kept before for other people, no one frame has all of whom they are.
            among = world.people if not world.kept_facts or world.kept_among is world.people else None
            kept = _numbered if read.of_product else _kept
            world = replace(kept(world, fact, read, keep, f"{prefix}_{fact}"), kept_among=among)
    return world


@dataclass
class _Read:
    """What leaves read of one fact: how many of them, which columns, from which day on, and whether the instant too.

    of_product: columns that are read only to filter by the product. columns: all others.
    """

    readers: set[object] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    of_product: set[str] = field(default_factory=set)
    first: list[date | None] = field(default_factory=list)
    instant: bool = False


def _kept(world: World, fact: str, read: _Read, keep: Keep, name: str) -> World:
    rows = keep(name, _narrow(world, with_products(world, fact, read.columns), fact, read, _columns(world, fact, read)))
    return replace(world, facts={**world.facts, fact: rows}, kept_facts=world.kept_facts | {fact})


def _numbered(world: World, fact: str, read: _Read, keep: Keep, name: str) -> World:
    """As `_kept`, with the numbers of products in place of what is known of them."""
    of_product = {each.column for each in product_schema().values() if isinstance(each, RuleColumn)} - {PRODUCT}
    columns = [column for column in _columns(world, fact, read) if column not in of_product]
    lines, products = world.facts[fact], world.facts.get("products")
    if products is None or PRODUCT in read.of_product:
        # Every product that was sold must be told apart, known or not.
        lines = keep(f"{name}_read", _narrow(world, lines, fact, read, {*columns, PRODUCT}))
        sold = each_once(lines, PRODUCT)
        sold = sold if products is None else sold.join(products, on=PRODUCT, how="left")
    else:
        lines = _narrow(world, lines, fact, read, {*columns, PRODUCT})
        sold = products
    sold = _with_all(world, fact, sold, read.of_product)
    sold = sold.with_row_index(PRODUCT_NUMBER, order_by=PRODUCT)
    sold = sold.with_columns((nw.col(PRODUCT_NUMBER) + 1).cast(nw.Int32).alias(PRODUCT_NUMBER))
    sold = keep(f"{name}_products", nw.concat([sold, _unknown(sold)]))
    rows = lines.join(sold.select(PRODUCT, PRODUCT_NUMBER), on=PRODUCT, how="left")
    rows = rows.with_columns(nw.col(PRODUCT_NUMBER).fill_null(_UNKNOWN))
    kept = [column for column in columns_of(rows) if column != PRODUCT or PRODUCT in columns]
    rows = keep(name, rows.select(kept))
    return replace(
        world,
        facts={**world.facts, fact: rows},
        kept_facts=world.kept_facts | {fact},
        products_of={**world.products_of, fact: sold},
    )


def _with_all(world: World, fact: str, sold: Frame, names: Iterable[str]) -> Frame:
    """Products with all that is asked of them: null where no file told it."""
    there = columns_of(sold)
    asked = {where.column: where for where in (column_of(world, fact, name) for name in sorted(names))}
    nulls = [null_of(where) for column, where in asked.items() if column not in there]
    return sold.with_columns(*nulls) if nulls else sold


_UNKNOWN = 0
"""The number of all products of which nothing is known."""


def _unknown(sold: Frame) -> Frame:
    """One row of nothing but that number."""
    schema = sold.collect_schema()
    one = sold.select(nw.len().alias("one"))
    nulls = [missing(dtype).alias(column) for column, dtype in schema.items() if column != PRODUCT_NUMBER]
    number = nw.lit(_UNKNOWN).cast(nw.Int32).alias(PRODUCT_NUMBER)
    return one.with_columns(*nulls, number).select(*schema.names())


def _columns(world: World, fact: str, read: _Read) -> list[str]:
    return sorted({column_of(world, fact, column).column for column in read.columns})


def _narrow(world: World, frame: Frame, fact: str, read: _Read, columns: Iterable[str]) -> Frame:
    """Those columns of rows of people, on days that are read, with the customer, the day and maybe the instant."""
    moment = moment_of(fact)
    day = nw.col(moment.day)
    wanted = [~nw.col(world.key).is_null(), day <= nw.lit(world.as_of)]
    first = None if None in read.first else min(each for each in read.first if each)
    if first is not None:
        wanted.append(day >= nw.lit(first))
    needed = dict.fromkeys([world.key, moment.day, *([moment.at] if read.instant else []), *sorted(columns)])
    rows = frame.filter(*wanted).select(*needed)
    return rows.join(world.people.select(world.key), on=world.key, how="semi")


def _reads(rules: Iterable[AnyRule], world: World) -> dict[str, _Read]:
    found: dict[str, _Read] = {}

    def note(fact: str, where: AnyRule | None, first: date | None, columns: Iterable[str], by: object) -> _Read:
        read = found.setdefault(fact, _Read())
        read.readers.add(by)
        read.columns |= set(columns)
        read.first.append(first)
        for part in where.all if isinstance(where, All) else (where,) if where else ():
            of_product = fact in LINES_OF and is_of_product(part)
            (read.of_product if of_product else read.columns).update(attributes_of(part))
        return read

    for leaf in deeds_of(rules):
        reading = reading_of(leaf, world)
        if reading is not None:
            group = reading.group
            columns = [*(column for _, column in reading.sums if column), *([group.column] if group.column else [])]
            note(group.fact, group.where, group.first, columns, group).instant |= group.kind in ("first", "last")
        elif isinstance(leaf, Restarted | Sequence | NotFollowed):
            same = () if isinstance(leaf, Restarted) or leaf.same is None else (leaf.same,)
            for step, first in days_read(leaf, world.as_of):
                note(step.fact, step.where, first, same, (leaf, step)).instant |= not isinstance(leaf, Restarted)
    return found
