"""Two hundred behavioural tags over a year of lines: as a run finds them, and by the best SQL that we could write.

Orders and their lines lie in the order of time, one line to an order, as an import leaves them. All ways end in a
table of customer and tag; the run's has the tag's source and days besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from benchmarks.behavioural_rules import behavioural_rules
from benchmarks.business import AS_OF
from tierwise.cli.door import leave_out_pandas
from tierwise.definitions.rule import All, AnyRule, Behaviour, Comparison
from tierwise.definitions.tag import Tag
from tierwise.engine.duckdb_session import connect, literal
from tierwise.engine.lake import Lake
from tierwise.engine.sources import frame, keep, register_facts
from tierwise.kernel.clock import monotonic_seconds
from tierwise.metrics.customer import Keep
from tierwise.metrics.fact_columns import fact_frames, fact_schemas
from tierwise.metrics.many_rules import told_together
from tierwise.metrics.tags import yes_tags
from tierwise.metrics.world import World

PRODUCTS = 5_000
SCRIPT = Path(__file__).with_name("rules.sql")

_FACTS = {
    "identities": "SELECT i + 1 AS source_key, 'customer_id' AS scope, 'C' || lpad(i::VARCHAR, 9, '0') AS id "
    "FROM range({customers}) t(i)",
    "products": """
        SELECT
            'P' || lpad(i::VARCHAR, 5, '0') AS product_id, '品' || i AS product_name,
            '类' || (i % 100 // 10) || ' > 类' || (i % 100) AS category, 'B' || ((i // 100 * 7 + i) % 40) AS brand,
            NULL::TIMESTAMPTZ AS updated_at
        FROM range({products}) t(i)
    """,
    "orders": """
        SELECT
            'SO' || lpad(i::VARCHAR, 10, '0') AS order_id,
            -- Half of the orders are a tenth of the customers'.
            1 + (hash(i, 1) % CASE WHEN i % 2 = 0 THEN {customers} // 10 + 1 ELSE {customers} END)::BIGINT
                AS source_key,
            TIMESTAMPTZ '2023-07-01' + to_seconds((i::HUGEINT * 94694400 // {orders})::BIGINT) AS ordered_at,
            DATE '2023-07-01' + (i::HUGEINT * 1096 // {orders})::INTEGER AS ordered_day,
            'S' || (hash(i, 2) % 50) AS store_id, NULL::VARCHAR AS channel,
            (900 + hash(i, 3) % 60000)::BIGINT AS gross_minor, 0::BIGINT AS discount_minor, 0::BIGINT AS coupon_minor,
            NULL::BIGINT AS cost_minor, 'CNY' AS currency, true AS from_lines, NULL::TIMESTAMPTZ AS updated_at
        FROM range({orders}) t(i) ORDER BY i
    """,
    "order_lines": """
        SELECT
            'SO' || lpad(i::VARCHAR, 10, '0') AS order_id, 1::BIGINT AS line_no,
            -- Half of what is sold is a tenth of the products, of all categories and brands alike.
            'P' || lpad((hash(i, 5) % CASE WHEN hash(i, 4) % 2 = 0 THEN {products} // 10 ELSE {products} END)::VARCHAR,
                5, '0') AS product_id,
            1::DECIMAL(18, 3) AS quantity, ((900 + hash(i, 3) % 60000) / 100)::DECIMAL(18, 6) AS unit_price,
            (900 + hash(i, 3) % 60000)::BIGINT AS amount_minor, 0::BIGINT AS discount_minor,
            NULL::BIGINT AS cost_minor
        FROM range({orders}) t(i) ORDER BY i
    """,
}
"""Facts in the order of time; {customers}, {orders} and {products} are filled in."""


def imported(folder: Path, customers: int, orders: int) -> Lake:
    """A lake with these facts; made once."""
    root = folder / f"rules-lake-{customers}-{orders}"
    whole = root / "whole"
    lake = Lake(root / "lake")
    if not whole.exists():
        connection = connect(root / "spill")
        for name, sql in _FACTS.items():
            lake.overwrite(name, connection.sql(sql.format(customers=customers, orders=orders, products=PRODUCTS)))
        connection.close()
        whole.touch()
    return lake


def tags() -> tuple[Tag, ...]:
    """The rules as tags of a project."""
    return tuple(
        Tag.model_validate({"kind": "tag", "name": name, "class": "behaviour", "when": rule})
        for name, rule in behavioural_rules().items()
    )


def as_a_run(lake: Lake, spill: Path) -> tuple[float, duckdb.DuckDBPyConnection]:
    """Seconds from registered facts to the table `tag_rows`, as a run tells tags; and the connection with it."""
    leave_out_pandas()  # as `tierwise run` does
    defined = tags()
    connection = _with_facts(lake, spill)
    started = monotonic_seconds()
    tables = {name: frame(connection, name) for name in _FACTS if name != "identities"}
    world = World(
        people=_keep(connection)("people", frame(connection, "profile_rows")),
        schema={},
        as_of=AS_OF,
        facts=fact_frames(tables),
        fact_schemas=fact_schemas(),
    )
    rules = {tag.name: tag.when for tag in defined if tag.when is not None}
    found, left = told_together(rules, world, _keep(connection))
    if found is None or left:
        raise SystemExit(f"{len(left)} rules were left to be told one by one")
    keep(connection, "tag_rows", yes_tags(found, as_of=AS_OF))
    return monotonic_seconds() - started, connection


def by_hand(lake: Lake, spill: Path) -> tuple[float, duckdb.DuckDBPyConnection]:
    """Seconds of rules.sql over the same facts, to the table `found`; and the connection with it."""
    return _timed(lake, spill, sql_together())


def one_by_one(lake: Lake, spill: Path) -> tuple[float, duckdb.DuckDBPyConnection]:
    """The same as two hundred sparse queries over a year's narrowed lines, united."""
    return _timed(lake, spill, sql_one_by_one())


def _timed(lake: Lake, spill: Path, script: str) -> tuple[float, duckdb.DuckDBPyConnection]:
    connection = _with_facts(lake, spill)
    started = monotonic_seconds()
    connection.execute(script)
    return monotonic_seconds() - started, connection


def differences(lake: Lake, spill: Path) -> dict[str, int]:
    """By rule, how many customers the run and either SQL do not agree on; empty where all do."""
    found: dict[str, int] = {}
    _, ours = as_a_run(lake, spill)
    mine = ours.sql("SELECT customer_key, tag FROM tag_rows").to_arrow_table()
    for way in (by_hand, one_by_one):
        _, connection = way(lake, spill)
        connection.register("mine", mine)
        rows = connection.execute(
            "SELECT tag, count(*) FROM ((FROM mine EXCEPT ALL SELECT customer_key, tag FROM found) UNION ALL "
            "(SELECT customer_key, tag FROM found EXCEPT ALL FROM mine)) GROUP BY tag ORDER BY tag"
        ).fetchall()
        connection.close()
        found |= {f"{way.__name__} {tag}": count for tag, count in rows}
    ours.close()
    return found


def described(lake: Lake, spill: Path) -> str:
    """What the generator made: windows, shares of lines, and rows out, as one paragraph of text."""
    _, connection = by_hand(lake, spill)
    rows = dict(connection.execute("SELECT tag, count(*) FROM found GROUP BY tag").fetchall())
    lines = connection.execute("SELECT count(*) FROM lines").fetchall()[0][0]
    shares = [
        connection.execute(
            f"SELECT count(*) FROM lines SEMI JOIN (SELECT number FROM sold WHERE {_where(rule.behaviour.where)}) "
            "USING (number)"
        ).fetchall()[0][0]
        / lines
        for rule in behavioural_rules().values()
        if rule.behaviour.where is not None
    ]
    connection.close()
    days = sorted(rule.behaviour.window.last_days or 0 for rule in behavioural_rules().values())
    counts = sorted(rows.get(name, 0) for name in behavioural_rules())
    middle = len(counts) // 2
    return (
        f"{len(days)} rules: windows of {days[0]} to {days[-1]} days (median {days[middle]}), filters of "
        f"{min(shares):.1%} to {max(shares):.1%} of the lines (median {sorted(shares)[middle]:.1%}); rows out "
        f"{sum(counts):,}, by rule {counts[0]:,} to {counts[-1]:,} (median {counts[middle]:,})"
    )


def _keep(connection: duckdb.DuckDBPyConnection) -> Keep:
    return lambda name, computed: keep(connection, name, computed)


def _with_facts(lake: Lake, spill: Path) -> duckdb.DuckDBPyConnection:
    connection = connect(spill)
    register_facts(connection, lake, {name: lake.latest_version(name) or 0 for name in _FACTS})
    connection.execute("CREATE VIEW profile_rows AS SELECT source_key AS customer_key FROM identities")
    return connection


@dataclass(frozen=True)
class _ByHand:
    """A rule as one would write it: from which day on, of which products, and what must come of it."""

    since: date
    products: str
    money: bool
    least: int


def _by_hand(rule: Behaviour) -> _ByHand:
    measured, value = rule.behaviour, rule.value
    days = measured.window.last_days
    assert days is not None
    assert measured.where is not None
    money, least = measured.aggregate == "sum", 1
    if money:
        least = int(Decimal(str(value)) * 100)
    elif measured.aggregate == "count":
        least = int(str(value))
    elif measured.aggregate == "days_since":
        days = min(days, int(str(value)) + 1)  # the last one is as recent as that: so there is one in these days
    return _ByHand(AS_OF - timedelta(days=days), _where(measured.where), money, least)


def _where(rule: AnyRule) -> str:
    match rule:
        case All():
            return " AND ".join(_where(part) for part in rule.all)
        case Comparison(op="starts_with"):
            return f"above = {literal(str(rule.value).removesuffix(' >'))}"
        case Comparison(op="="):
            return f"{rule.attribute} = {literal(str(rule.value))}"
        case Comparison(op="in"):
            assert isinstance(rule.value, tuple)
            return f"{rule.attribute} IN ({', '.join(literal(str(each)) for each in rule.value)})"
    raise AssertionError(f"no SQL for {rule}")


_HEAD = """\
CREATE TYPE category AS ENUM (SELECT DISTINCT category FROM products ORDER BY 1);
CREATE TYPE above AS ENUM (SELECT DISTINCT split_part(category, ' > ', 1) FROM products ORDER BY 1);
CREATE TYPE brand AS ENUM (SELECT DISTINCT brand FROM products ORDER BY 1);
CREATE TABLE sold AS
SELECT
    product_id, row_number() OVER ()::INTEGER AS number, category::category AS category,
    split_part(category, ' > ', 1)::above AS above, brand::brand AS brand
FROM products;
"""

_LINES = """\
CREATE TABLE lines AS
SELECT o.customer_key, o.ordered_day AS day, l.amount_minor, {columns}
FROM order_lines l JOIN orders o USING (order_id) JOIN sold p USING (product_id)
WHERE o.customer_key IS NOT NULL AND o.ordered_day <= DATE '{as_of}' AND o.ordered_day > DATE '{since}';
"""


def _narrowed(columns: str) -> str:
    return _LINES.format(columns=columns, as_of=AS_OF, since=AS_OF - timedelta(days=365))


def sql_together() -> str:
    """The script of `rules.sql`."""
    rules = {name: _by_hand(rule) for name, rule in behavioural_rules().items()}
    asked = [
        f"SELECT number, {n}::SMALLINT AS rule, DATE '{rule.since}' AS since FROM sold WHERE {rule.products}"
        for n, rule in enumerate(rules.values())
    ]
    tests = [
        f"({n}::SMALLINT, {literal(name)}, {rule.money}, {rule.least})" for n, (name, rule) in enumerate(rules.items())
    ]
    return (
        "-- The rules of behavioural_rules.py by hand, for DuckDB; `python -m benchmarks.rules` writes this.\n"
        "--\n"
        "-- A year's lines are kept once, narrow. Which product is asked for by which rule, from which day on, is a\n"
        "-- table that the lines are joined with; customers are grouped by rule, and each rule's bound decides.\n"
        "-- Two hundred sparse queries over the same lines (`sql_one_by_one`) took longer.\n"
        + _HEAD
        + _narrowed("p.number")
        + "CREATE TABLE asked AS\n"
        + "\nUNION ALL ".join(asked)
        + ";\nCREATE TABLE tests AS SELECT * FROM (VALUES\n"
        + ",\n".join(tests)
        + "\n) t(rule, tag, money, least);\n"
        + _FOUND
    )


_FOUND = """\
CREATE TABLE found AS
SELECT customer_key, tag
FROM (
    SELECT customer_key, rule, count(*) AS n, sum(amount_minor)::BIGINT AS amount_minor
    FROM lines JOIN asked USING (number)
    WHERE day > since
    GROUP BY customer_key, rule
) JOIN tests USING (rule)
WHERE CASE WHEN money THEN amount_minor ELSE n END >= least;
"""


def sql_one_by_one() -> str:
    """Two hundred sparse queries over the narrowed lines; the product's texts are enumerations there."""
    queries = []
    for name, rule in ((name, _by_hand(rule)) for name, rule in behavioural_rules().items()):
        told = f"sum(amount_minor) >= {rule.least}" if rule.money else f"count(*) >= {rule.least}"
        having = "" if rule.least == 1 and not rule.money else f" HAVING {told}"
        queries.append(
            f"SELECT customer_key, {literal(name)} AS tag FROM lines "
            f"WHERE day > DATE '{rule.since}' AND {rule.products} GROUP BY customer_key{having}"
        )
    found = "\nUNION ALL ".join(queries)
    return f"{_HEAD}{_narrowed('p.category, p.above, p.brand')}CREATE TABLE found AS\n{found};\n"


def main() -> None:
    """Write rules.sql anew."""
    SCRIPT.write_text(sql_together(), "utf-8")


if __name__ == "__main__":
    main()
