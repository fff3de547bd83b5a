"""What an earlier run has told already: whom it need not tell again, and the rows that it lends.

A customer's row of metrics comes of that customer's own facts and the day alone. So customers of whom no fact has
changed since an earlier run, and of whom none has entered or left a window, have the row that they had, with the days
up to as_of counted anew. All others are *touched*: they are computed from their facts, by the same functions as in a
full run. What comes of many customers together (scores, ranks, ladders) is computed for all, from the rows of all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import in_order, label_of, reads
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.lake import Lake
from tierwise.engine.sources import TRAIT_SQL, TraitType, create_view, frame, keep, tables
from tierwise.facts.contract import OF_RUNS, RELATIONS, STORED
from tierwise.metrics.attributes import attributes, windows_of
from tierwise.metrics.breadth import category_intervals
from tierwise.metrics.contacts import INTERACTION_COLUMNS, VISIT_COLUMNS
from tierwise.metrics.customer import CATEGORY_DAYS, aged
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.purchases import ORDER_COLUMNS, REFUND_COLUMNS

KEY = "customer_key"

TOUCHED = "touched"
"""The table of the customers who are computed from their facts: one column, the key."""

LOOKING = "what has changed"
"""What timings call the comparison with the base."""

OF_METRICS = ("orders", "refunds", "order_lines", "products", "visits", "interactions", "customers")
"""The facts that metrics are computed from."""

BY_CUSTOMER = ("orders", "refunds", "visits", "interactions", "people")
"""Those of them that say whose they are; lines are read as `engine/bought_lines.py` has them."""

_NO_MATTER = ("identities", "customer_map", "stores", "staff", "companies", *RELATIONS)
"""Tables whose rows change nobody's row: an id never changes, what is known of stores, staff and who has to do with
what is in no row, and whom the customer map joins is told apart (`joined_or_parted`)."""

_MANY = 500
_TOO_LARGE_A_SHARE = 1 / 3
_SMALL_FILES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Base:
    """An earlier run that is done: its day, and the versions of the facts that it read and of the tables it wrote.

    same_definitions: whether all definitions were then as they are now, and what tags are kept from as well.
    """

    run_id: int
    as_of: date
    versions: Mapping[str, int]
    outputs: Mapping[str, int]
    same_definitions: bool = False


@dataclass(frozen=True)
class Borrowed:
    """What is taken over from a base. customers: how many are computed from their facts all the same.

    appended, rewritten: the facts of which there are new rows alone, and those of which others have changed. moved:
    whether customers were joined or parted.
    """

    base: Base
    customers: int
    same_day: bool
    appended: frozenset[str] = frozenset()
    rewritten: frozenset[str] = frozenset()
    moved: bool = False

    @property
    def rows_too(self) -> bool:
        """Whether tags and segments that come of a customer's own facts are taken over as well."""
        return self.same_day and self.base.same_definitions


def borrow(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    base: Base,
    *,
    as_of: date,
    versions: Mapping[str, int],
    windows: Collection[int],
    traits: Mapping[str, TraitType],
) -> Borrowed | None:
    """Make the table `touched` and the view `base_profile`; None where all must be computed.

    So it is where the day lies before the base's, where a kind of fact is new, where the base's profile lacks a column
    or has it otherwise, and where so many are touched that little is saved. Facts must be registered.
    """
    if as_of < base.as_of or "profile" not in base.outputs:
        return None
    if any((name in versions) != (name in base.versions) for name in OF_METRICS):
        return None
    if _with_categories(versions) and CATEGORY_DAYS not in base.outputs:
        return None
    lake.read(connection, "profile", base.outputs["profile"]).create_view("base_profile")
    if not _has_all_columns(connection, windows, traits):
        connection.execute("DROP VIEW base_profile")
        return None
    changed = changes(connection, lake, base.versions, versions)
    if changed is None:
        connection.execute("DROP VIEW base_profile")
        return None
    moved = joined_or_parted(connection, lake, base.versions, versions)
    keys = [customers_of(name) for name in changed]
    keys += [f"SELECT {KEY} FROM moved"] if moved else []
    keys += _keys_of_days(connection, versions, base.as_of, as_of, windows)
    if "junk" in base.outputs:  # they have no row in the base's profile
        lake.read(connection, "junk", base.outputs["junk"]).create_view("base_junk")
        keys.append(f"SELECT {KEY} FROM base_junk")
    every = " UNION ALL ".join(keys) if keys else f"SELECT CAST(NULL AS BIGINT) AS {KEY}"
    connection.execute(f"CREATE TABLE {TOUCHED} AS SELECT DISTINCT {KEY} FROM ({every}) t WHERE {KEY} IS NOT NULL")
    (touched,), (all_,) = (
        connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0] for name in (TOUCHED, "base_profile")
    )
    if touched > _MANY and touched > all_ * _TOO_LARGE_A_SHARE:
        connection.execute(f"DROP TABLE {TOUCHED}")
        connection.execute("DROP VIEW base_profile")
        return None
    rewritten = frozenset(name for name, added_alone in changed.items() if not added_alone)
    return Borrowed(base, touched, as_of == base.as_of, frozenset(changed) - rewritten, rewritten, moved)


def joined_or_parted(
    connection: duckdb.DuckDBPyConnection, lake: Lake, before: Mapping[str, int], now: Mapping[str, int]
) -> bool:
    """Whether any source key belongs to another customer than before; and the table `moved`: both customers of each."""
    versions = before.get("customer_map"), now.get("customer_map")
    if versions[0] == versions[1]:
        return False
    lake.read(connection, "customer_map", versions[0]).create_view("base_customer_map")
    connection.execute(
        f"CREATE TABLE moved AS SELECT DISTINCT unnest([source_key, b.customer_key, n.customer_key]) AS {KEY} "
        "FROM base_customer_map b FULL JOIN stored_customer_map n USING (source_key) "
        "WHERE b.customer_key IS DISTINCT FROM n.customer_key"
    )
    return connection.execute("SELECT 1 FROM moved LIMIT 1").fetchone() is not None


def _with_categories(versions: Mapping[str, int]) -> bool:
    return "order_lines" in versions and "products" in versions


def of_own_facts(definitions: Sequence[Definition], windows: Collection[int], traits: Iterable[str]) -> frozenset[str]:
    """`kind name` of the tags and segments that come of a customer's own facts and the day alone.

    So of no rank, no score and no ladder. traits: as rules name them. A composite tag is learnt from all customers; of
    a model's scores the newest day counts, whoever was scored then; and whoever was in a static segment by its rule is
    out of it when it is frozen without them.
    """
    own = {attribute.name for attribute in attributes(windows)} - {"category_interval_days"} | {"gender", *traits}
    found: set[str] = set()
    for each in in_order(definitions):
        live = isinstance(each, Segment) and each.members == "live"
        if live or (isinstance(each, Tag) and each.composite is None and each.model is None):
            asked = [read for read in reads(each) if read.what in ("attribute", "segment")]
            if all(read.name in own if read.what == "attribute" else f"segment {read.name}" in own for read in asked):
                found.add(label_of(each))
                own.add(label_of(each) if isinstance(each, Segment) else each.name)
    return frozenset(found)


def _has_all_columns(
    connection: duckdb.DuckDBPyConnection, windows: Collection[int], traits: Mapping[str, TraitType]
) -> bool:
    view = connection.view("base_profile")
    there = dict(zip(view.columns, (str(kind) for kind in view.types), strict=True))
    people = set(connection.view("people").columns)
    needed = {"customer_id", KEY, "gender", *(attribute.column for attribute in attributes(windows))}
    return needed <= there.keys() and all(
        there.get(column) == TRAIT_SQL[kind] for column, kind in traits.items() if column in people
    )


def changes(
    connection: duckdb.DuckDBPyConnection, lake: Lake, before: Mapping[str, int], now: Mapping[str, int]
) -> dict[str, bool] | None:
    """The facts that differ, as tables `changed_NAME`, and whether rows were but added to them.

    None where telling would cost more than it saves.
    """
    found = {}
    for name in OF_RUNS:
        if name in _NO_MATTER or before.get(name) == now.get(name):
            continue
        old, new = (set(lake.files(name, versions.get(name))) for versions in (before, now))
        added, removed = sorted(new - old), sorted(old - new)
        if sum(Path(file).stat().st_size for file in removed) > _SMALL_FILES:
            return None
        if added or removed:
            found[name] = _changed_rows(connection, name, added, removed)
    return found


def _changed_rows(connection: duckdb.DuckDBPyConnection, name: str, added: list[str], removed: list[str]) -> bool:
    """Whether rows were but added; and the table `changed_NAME`: the keys of rows that only one side has, column by
    column.

    Beside it the view `added_NAME` of the rows that were added, or where others have changed `sides_NAME`, the rows of
    all those files, which says of each row in `removed` which side it is on.
    """
    key = _KEYS.get(name, "source_key")
    if not removed:
        connection.read_parquet(added, union_by_name=True).create_view(f"added_{name}")
        connection.execute(f"CREATE TABLE changed_{name} AS SELECT DISTINCT {key} AS key FROM added_{name}")
        return True
    both = connection.read_parquet([*added, *removed], union_by_name=True, filename=True)
    row = ", ".join(quoted(column) for column in both.columns if column != "filename")
    of_removed = f"filename IN ({', '.join(literal(file) for file in removed)})"
    both.project(f"* EXCLUDE (filename), {of_removed} AS removed").create_view(f"files_{name}")
    connection.execute(
        f"CREATE TABLE changed_{name} AS SELECT key, min(more) AS fewest FROM (SELECT key, sum(side) AS more FROM "
        f"(SELECT {key} AS key, hash(ROW({row})) AS row_hash, CASE WHEN removed THEN -1 ELSE 1 END AS side "
        f"FROM files_{name}) GROUP BY key, row_hash HAVING more <> 0) GROUP BY key"
    )
    if connection.execute(f"SELECT 1 FROM changed_{name} WHERE fewest < 0 LIMIT 1").fetchone():
        connection.execute(f"CREATE VIEW sides_{name} AS FROM files_{name}")
        return False
    # All rows of the files that are gone stand in those that came: small ones were put together (`compaction.py`).
    own = ", ".join(map(quoted, STORED[name].key))
    connection.execute(
        f"CREATE VIEW added_{name} AS SELECT * EXCLUDE (removed) FROM (FROM files_{name} WHERE NOT removed) "
        f"ANTI JOIN (SELECT {own} FROM files_{name} WHERE removed) USING ({own})"
    )
    return True


_KEYS = {"order_lines": "order_id", "refund_lines": "refund_id", "products": "product_id"}
"""By what the customers of a changed row are found, where the row does not say it."""


def customers_of(name: str) -> str:
    """A query of the customers of `changed_NAME`."""
    bought = f"SELECT {KEY} FROM orders SEMI JOIN {{}} c USING (order_id)"
    returned = f"SELECT {KEY} FROM refunds SEMI JOIN {{}} c USING (refund_id)"
    match name:
        case "order_lines":
            return bought.format("(SELECT key AS order_id FROM changed_order_lines)")
        case "refund_lines":
            return returned.format("(SELECT key AS refund_id FROM changed_refund_lines)")
        case "products":
            of = "(SELECT * FROM {} SEMI JOIN changed_products p ON p.key = product_id)"
            return f"{bought.format(of.format('order_lines'))} UNION ALL {returned.format(of.format('refund_lines'))}"
    return (
        f"SELECT COALESCE(m.customer_key, c.key) AS {KEY} FROM changed_{name} c "
        "LEFT JOIN stored_customer_map m ON m.source_key = c.key"
    )


def _keys_of_days(
    connection: duckdb.DuckDBPyConnection,
    versions: Mapping[str, int],
    before: date,
    now: date,
    windows: Collection[int],
) -> list[str]:
    """Queries of the customers of whom a fact comes to be seen, or leaves a window, between the two days."""
    if before == now:
        return []
    # What comes to be seen, and of each window what it no longer holds.
    spans = [f"{{day}} > {_day(before)} AND {{day}} <= {_day(now)}"]
    for window in windows_of(windows)[1:]:
        first, then = window.first_day(before), window.first_day(now)
        if first is not None and then is not None:
            spans.append(f"{{day}} >= {_day(first)} AND {{day}} < {_day(then)}")
    found = []
    for name in BY_CUSTOMER[:-1]:
        if name in versions:
            day = STORED[name].day
            inside = " OR ".join(f"({span.format(day=day)})" for span in spans)
            found.append(f"SELECT DISTINCT {KEY} FROM {name} WHERE {inside}")
    if "customers" in versions:
        days = ("registered_on", "closed_on", "birth_on", "known_from")
        inside = " OR ".join(f"({spans[0].format(day=day)})" for day in days)
        found.append(f"SELECT {KEY} FROM people WHERE {inside}")
    if "answers" in versions:
        found.append(f"SELECT {KEY} FROM answers WHERE {spans[0].format(day=STORED['answers'].day)}")
    return found


def _day(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"


def only_touched(connection: duckdb.DuckDBPyConnection, name: str, of_rules: Collection[str]) -> str:
    """The name of a table of those rows of a fact that are of a touched customer.

    Read once: metrics look at them several times. They need few columns; of_rules: those that rules read besides.
    """
    needed = {KEY, *_NEEDED[name], *of_rules}
    wanted = ", ".join(quoted(column) for column in connection.view(name).columns if column in needed)
    connection.execute(f"CREATE TABLE touched_{name} AS SELECT {wanted} FROM {name} {joined_to_touched(KEY)}")
    return f"touched_{name}"


def joined_to_touched(key: str) -> str:
    """What follows a FROM to leave the rows of touched customers, each once.

    A plain join by a whole number in a narrow range, which such keys are, looks a row up in an array: of a scan of ten
    million orders for four columns a fifth less time than `is_touched`, where rows are hashed.
    """
    return f"JOIN (SELECT {KEY} AS touched_key FROM {TOUCHED}) ON {key} = touched_key"


def is_touched(key: str) -> str:
    """The condition of a customer's being touched; over ten million rows in a fifth less time than as a semi join."""
    return f"{key} IN (SELECT {KEY} FROM {TOUCHED})"


_NEEDED: dict[str, tuple[str, ...]] = {
    "orders": (*ORDER_COLUMNS, "cost_minor", "store_id"),
    "refunds": REFUND_COLUMNS,
    "visits": (*VISIT_COLUMNS, "paid"),
    "interactions": (*INTERACTION_COLUMNS, "duration_seconds"),
    "people": ("registered_on", "closed_on", "birth_on", "known_from"),
}


def with_the_untouched(
    connection: duckdb.DuckDBPyConnection, lake: Lake, borrowed: Borrowed, as_of: date, fresh: Frame, name: str
) -> None:
    """The view `name`: the rows of `fresh`, and those of the base for all who are not touched.

    Columns as `fresh` has them. Where there are categories, `category_days` is completed likewise, and the typical
    interval of a category is that of all customers.
    """
    columns = columns_of(fresh)
    listed = ", ".join(quoted(column) for column in columns)
    create_view("fresh", fresh)
    connection.execute(f"CREATE VIEW untouched AS SELECT {listed} FROM base_profile WHERE NOT {is_touched(KEY)}")
    untouched = frame(connection, "untouched")
    create_view("aged", untouched if borrowed.same_day else aged(untouched, as_of))
    joined, others = listed, ""
    if CATEGORY_DAYS in borrowed.base.outputs and CATEGORY_DAYS in tables(connection):
        _complete_categories(connection, lake, borrowed.base.outputs[CATEGORY_DAYS])
        others = "LEFT JOIN category_intervals c USING (main_category)"
        joined = ", ".join(
            f"{'c' if column == 'category_interval_days' else 'r'}.{quoted(column)}" for column in columns
        )
    connection.execute(
        f"CREATE VIEW {name} AS SELECT {joined} FROM "
        f"(SELECT {listed} FROM fresh UNION ALL SELECT {listed} FROM aged) r {others}"
    )


def _complete_categories(connection: duckdb.DuckDBPyConnection, lake: Lake, version: int) -> None:
    lake.read(connection, CATEGORY_DAYS, version).create_view("base_category_days")
    connection.execute(f"ALTER TABLE {CATEGORY_DAYS} RENAME TO touched_{CATEGORY_DAYS}")
    listed = ", ".join(map(quoted, connection.table(f"touched_{CATEGORY_DAYS}").columns))
    connection.execute(
        f"CREATE VIEW {CATEGORY_DAYS} AS SELECT * FROM touched_{CATEGORY_DAYS} UNION ALL "
        f"SELECT {listed} FROM base_category_days WHERE NOT {is_touched(KEY)}"
    )
    # Sums of all: those of the base, less those of the touched in it, and what they have now. To leave the touched out
    # of millions of rows takes longer than to find them.
    summed = "category, span_days, times"
    connection.execute(
        f"CREATE VIEW days_to_sum AS SELECT {summed} FROM base_category_days UNION ALL "
        f"SELECT category, -span_days, 2 - times FROM base_category_days {joined_to_touched(KEY)} UNION ALL "
        f"SELECT {summed} FROM touched_{CATEGORY_DAYS}"
    )
    keep(connection, "category_intervals", category_intervals(frame(connection, "days_to_sum")))
