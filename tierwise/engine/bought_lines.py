"""Lines with their order's customer and day: joined once for all who read them, and kept for the runs to come.

Orders and lines find each other by the business's own texts, which costs more than all that is then counted of them.
So a run joins them once, as narrow as its metrics and rules allow, and writes what it has joined as a table of its own.
A run that follows takes it over and joins new lines alone; where rows were changed or taken away, those of the
customers whom that touches as well. It holds the lines of all days, so the day of the run does not matter.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import rules_in
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rule import attributes_of
from tierwise.definitions.tag import Tag
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.engine.incremental import joined_to_touched
from tierwise.engine.lake import Lake
from tierwise.engine.sources import frame
from tierwise.engine.workshop import Workshop
from tierwise.facts.contract import TABLES
from tierwise.metrics import breadth, price_band
from tierwise.metrics.fact_columns import fact_schemas, moment_of
from tierwise.metrics.kept_facts import columns_read
from tierwise.metrics.rules import RuleColumn
from tierwise.metrics.world import World

KEY = "customer_key"
BOUGHT = "bought_lines"
LINES, ORDERS = "order_lines", "orders"

_FILES = 40
"""From so many files on they are written anew as one."""

_JOINED = f"{LINES} l LEFT JOIN {ORDERS} o USING (order_id)"
_OF_SOMEBODY = f"SELECT * FROM all_bought WHERE {KEY} IS NOT NULL"
_OF_NOBODY = f"o.order_id IS NOT NULL AND o.{KEY} IS NULL"


@dataclass(frozen=True)
class Bought:
    """The view `bought_lines` is there; what is to be written of it, if anything.

    version: of the table that has these very rows already. base: the version to which the rows of the table
    `new_bought` are to be added; None where the relation `all_bought` is to be written whole.
    """

    version: int | None = None
    base: int | None = None


def columns_of_rules(
    connection: duckdb.DuckDBPyConnection, definitions: Sequence[Definition], as_of: date
) -> dict[str, set[str]]:
    """Fact -> the columns, as `facts/contract.py` has them, that some rule or tag reads of it, its day apart."""
    schemas = fact_schemas()
    world = World(people=frame(connection, "people"), schema={}, as_of=as_of, fact_schemas=schemas)
    rules = [rule for each in definitions for _, rule in rules_in(each)]
    found = {fact: set(columns) for fact, columns in columns_read(rules, world).items()}
    of_lines = found.setdefault(LINES, set()) if any(isinstance(d, Tag) and d.implied for d in definitions) else set()
    for definition in definitions:
        for implication in definition.implied or () if isinstance(definition, Tag) else ():
            asked = (schemas[LINES].get(name) for name in attributes_of(implication.bought))
            of_lines |= {where.column for where in asked if isinstance(where, RuleColumn)}
    told = {fact: _stored(columns) for fact, columns in found.items()}
    if "refund_lines" in told:  # they are joined with their refund when they are read
        told["refunds"] = {"refund_id", "store_id", "channel", "refunded_at", *told.get("refunds", ())}
    return told


_OF_NET = {"gross_minor", "amount_minor", "discount_minor", "coupon_minor"}


def _stored(columns: Iterable[str]) -> set[str]:
    """Where rules see whole numbers or a net amount, the columns that these come of."""
    found: set[str] = set()
    for column in columns:
        for ending in ("_thousandths", "_millionths"):
            column = column.removesuffix(ending)
        found |= _OF_NET if column == "net_minor" else {column}
    return found


def wanted_columns(definitions: Sequence[Definition], of_rules: Mapping[str, Collection[str]]) -> list[str]:
    """The columns of `bought_lines`: the customer, the day, and what metrics and rules read of lines and orders."""
    asked = {*breadth.LINE_COLUMNS, *of_rules.get(LINES, ())}
    if any(isinstance(each, PriceBand) for each in definitions):
        asked |= set(price_band.LINE_COLUMNS)
    lines = [column.name for column in TABLES[LINES].columns if column.name in asked]
    moment = moment_of(LINES)
    of_order = [name for name in ("store_id", "channel", moment.at) if name in asked and name not in lines]
    return [KEY, moment.day, *lines, *of_order]


def join_all(shop: Workshop, columns: Sequence[str], *, to_write: bool) -> Bought:
    """`bought_lines` from all orders and lines. to_write: with the lines whose order is not there, for runs to come."""
    listed = _listed(shop.columns(LINES), columns)
    wanted = f"NOT ({_OF_NOBODY})" if to_write else f"o.{KEY} IS NOT NULL"
    shop.table("all_bought", f"SELECT {listed} FROM {_JOINED} WHERE {wanted}")
    shop.view(BOUGHT, _OF_SOMEBODY)
    return Bought()


def take_over(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    version: int,
    columns: Sequence[str],
    *,
    appended: Collection[str],
    rewritten: Collection[str],
    moved: bool = False,
) -> Bought | None:
    """`bought_lines` from that version of the table; None where all must be joined anew, as where columns are others.

    appended, rewritten: the facts of which there are new rows alone, and of which others have changed. Whoever is
    touched by either is in `touched`, and the views that told so are there (`engine/incremental.py`). moved: whether
    customers were joined or parted, who are in `touched` too.

    A line whose order is not there stands in the table without a customer and a day. Where there are such and orders
    have changed, or where lines come to be such by what was rewritten, all are joined.
    """
    relation = lake.read(connection, BOUGHT, version)
    if relation.columns != list(columns):  # more of them would lack in what is added, and come back as nulls
        return None
    relation.create_view("base_bought")
    newest = lake.latest_version(BOUGHT) == version  # a table's versions only go on
    if not moved and not {LINES, ORDERS} & {*appended, *rewritten}:
        connection.execute("CREATE VIEW all_bought AS SELECT * FROM base_bought")
        _of_somebody(connection)
        return Bought(version=version if newest else None)
    if ORDERS in (*appended, *rewritten) and _some(connection, "FROM base_bought WHERE ordered_day IS NULL"):
        connection.execute("DROP VIEW base_bought")
        return None
    if moved or {LINES, ORDERS} & {*rewritten}:
        return _mended(connection, columns, rewritten, appended)
    _join_new(connection, columns, appended)
    connection.execute("CREATE VIEW all_bought AS SELECT * FROM base_bought UNION ALL SELECT * FROM new_bought")
    _of_somebody(connection)
    goes_on = newest and len(lake.files(BOUGHT, version)) < _FILES
    return Bought(base=version if goes_on else None)


def of_touched(connection: duckdb.DuckDBPyConnection, of_rules: Collection[str]) -> str:
    """The name of a table of touched customers' lines: what metrics read, and of_rules."""
    wanted = {KEY, moment_of(LINES).day, *breadth.LINE_COLUMNS, *of_rules}
    listed = ", ".join(quoted(column) for column in connection.view(BOUGHT).columns if column in wanted)
    connection.execute(f"CREATE TABLE touched_{LINES} AS SELECT {listed} FROM {BOUGHT} {joined_to_touched(KEY)}")
    return f"touched_{LINES}"


def write(connection: duckdb.DuckDBPyConnection, lake: Lake, bought: Bought) -> int:
    """The version of the table that has these rows."""
    if bought.version is not None:
        return bought.version
    if bought.base is None:
        return lake.overwrite(BOUGHT, connection.sql("SELECT * FROM all_bought"))
    if not _some(connection, "FROM new_bought"):
        return bought.base
    return lake.append(BOUGHT, connection.sql("SELECT * FROM new_bought"))


def _join_new(connection: duckdb.DuckDBPyConnection, columns: Sequence[str], appended: Collection[str]) -> None:
    """`new_bought`: the rows of new lines. Their orders are mostly new as well; the others are looked for among all."""
    listed = _listed(connection.view(LINES).columns, columns)
    if LINES not in appended:
        connection.execute(f"CREATE TABLE new_bought AS SELECT {listed} FROM {_JOINED} LIMIT 0")
        return
    _as_all_have_it(connection, LINES)
    new_orders = "(SELECT NULL AS order_id WHERE false)"
    if ORDERS in appended:
        _as_all_have_it(connection, ORDERS)
        new_orders = f"new_{ORDERS}"
    of_new = f"new_{LINES} l JOIN {new_orders} o USING (order_id) WHERE NOT ({_OF_NOBODY})"
    others = f"(SELECT * FROM new_{LINES} ANTI JOIN {new_orders} USING (order_id)) l"
    connection.execute(
        f"CREATE TABLE new_bought AS SELECT {listed} FROM {others} LEFT JOIN {ORDERS} o USING (order_id) "
        f"WHERE NOT ({_OF_NOBODY})"
        if _some(connection, f"FROM {others}")
        else f"CREATE TABLE new_bought AS SELECT {listed} FROM {_JOINED} LIMIT 0"
    )
    if ORDERS in appended:
        connection.execute(f"INSERT INTO new_bought SELECT {listed} FROM {of_new}")


def _as_all_have_it(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """The view `new_NAME`: the rows of new files as the view NAME has them."""
    view = connection.view(name)
    there = connection.view(f"added_{name}").columns
    columns = [
        f"f.{quoted(column)}" if column in there else f"CAST(NULL AS {kind}) AS {quoted(column)}"
        for column, kind in zip(view.columns, view.types, strict=True)
        if column != KEY
    ]
    join = ""
    if "source_key" in there:
        columns.append(f"COALESCE(m.customer_key, f.source_key) AS {KEY}")
        join = "LEFT JOIN stored_customer_map m ON m.source_key = f.source_key"
    connection.execute(f"CREATE VIEW new_{name} AS SELECT {', '.join(columns)} FROM added_{name} f {join}")


def _mended(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], rewritten: Collection[str], appended: Collection[str]
) -> Bought | None:
    """Untouched customers' rows as they were, and those of touched ones joined anew."""
    if ORDERS in rewritten:
        gone = f"{_side(connection, ORDERS, removed=True)} ANTI JOIN {_side(connection, ORDERS)} USING (order_id)"
        if _some(connection, f"FROM {gone}"):
            connection.execute("DROP VIEW base_bought")
            return None
    if LINES in (*appended, *rewritten) and _some(
        connection, f"FROM {_side(connection, LINES)} ANTI JOIN {ORDERS} USING (order_id)"
    ):
        connection.execute("DROP VIEW base_bought")
        return None
    listed = _listed(connection.view(LINES).columns, columns)
    connection.execute(
        f"CREATE TABLE joined_anew AS SELECT {listed} FROM {LINES} l "
        f"JOIN (SELECT * FROM {ORDERS} SEMI JOIN touched USING ({KEY})) o USING (order_id)"
    )
    connection.execute(
        f"CREATE VIEW all_bought AS SELECT * FROM base_bought ANTI JOIN touched USING ({KEY}) "
        "UNION ALL SELECT * FROM joined_anew"
    )
    _of_somebody(connection)
    return Bought()


def _side(connection: duckdb.DuckDBPyConnection, name: str, *, removed: bool = False) -> str:
    """A query of the ids of orders in files that only the one or the other version has."""
    found = {row[0] for row in connection.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    if f"sides_{name}" in found:
        return f"(SELECT order_id FROM sides_{name} WHERE {'' if removed else 'NOT '}removed)"
    return f"(SELECT order_id FROM added_{name}{' WHERE false' if removed else ''})"


def _listed(lines: Collection[str], columns: Sequence[str]) -> str:
    return ", ".join(f"{'l' if column in lines else 'o'}.{quoted(column)}" for column in columns)


def _of_somebody(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(f"CREATE VIEW {BOUGHT} AS {_OF_SOMEBODY}")


def _some(connection: duckdb.DuckDBPyConnection, of: str) -> bool:
    return connection.execute(f"SELECT 1 {of} LIMIT 1").fetchone() is not None


def until(day: date) -> str:
    """The condition of what is seen on that day."""
    return f"ordered_day <= DATE {literal(day.isoformat())}"
