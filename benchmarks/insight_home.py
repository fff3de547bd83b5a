"""A home to ask insights of: about so many order lines in three years, their customers and products, and a run.

The facts are made by SQL as an import leaves them, in the order of time; equal sizes give equal facts. What insights
look for is planted, so that they find rows: a twentieth of the customers buy their product again at its own rhythm,
some products are bought together, a hundredth of the customers come in the evening, a few place twelve orders at once.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from benchmarks.business import AS_OF
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.state import runs, traits

MEMORY = "8GB"
"""DuckDB's limit, of making and of asking."""

PRODUCTS = 5_000
LINES_PER_CUSTOMER = 10
"""On average; three lines to an order."""

_TRAITS = {"source": "trait_source", "member_level": "trait_member_level"}
"""What customers have besides the contract: name -> column, all of them text."""

_MADE = """
CREATE TABLE bought AS
WITH customers AS (
    -- Half of the orders are a tenth of the customers'; half of these come at a rhythm that is their product's.
    -- Others come from a day on, more and more of them no longer.
    SELECT
        i, i % 20 = 0 AS regular, (i // 20) % 200 AS product, (hash(i, 3) % 1000)::INTEGER AS first,
        [1, 60, 200, 500, 1096][1 + (hash(i, 16) % 5)::INTEGER] AS lasts,
        CASE
            WHEN i % 2000 = 5 THEN 12
            WHEN i % 20 = 0 THEN 10 + (i // 20) % 15
            WHEN i % 10 = 0 THEN 10 + (hash(i, 1) % 15)::INTEGER
            ELSE [1, 1, 1, 1, 1, 2, 2, 2, 3, 6][1 + (hash(i, 1) % 10)::INTEGER]
        END::INTEGER AS orders
    FROM range({customers}) t(i)
), visits AS (
    SELECT
        i, regular, product, hash(i, k, 2) AS chance,
        CASE
            WHEN regular THEN (hash(i, 3) % 30)::BIGINT + (k * 1060) // orders + (hash(i, k, 4) % 5)::BIGINT
            WHEN i % 2000 = 5 THEN first
            ELSE first + (hash(i, k, 4) % least(lasts, 1096 - first))::INTEGER
        END::INTEGER AS day,
        CASE
            WHEN i % 2000 = 5 THEN 10
            WHEN i % 100 = 10 THEN 19 + (hash(i, k, 5) % 2)::INTEGER
            ELSE 8 + (hash(i, k, 5) % 14)::INTEGER
        END::INTEGER AS hour
    FROM customers, range(25) r(k) WHERE k < orders
)
SELECT row_number() OVER (ORDER BY day, hour, chance) - 1 AS n, * FROM visits
ORDER BY n;

CREATE TABLE sold AS
WITH lines AS (
    SELECT
        n, line, CASE
            WHEN regular AND line = 0 THEN product
            WHEN line = 1 AND hash(n, 6) % 5 = 0 THEN (hash(n, 0, 7) % 500 + 1) % 500
            WHEN hash(n, line, 8) % 2 = 0 THEN hash(n, line, 7) % 500
            ELSE hash(n, line, 7) % {products}
        END::INTEGER AS product, [1, 1, 1, 1, 1, 1, 1, 2, 3, 12][1 + (hash(n, line, 9) % 10)::INTEGER] AS quantity
    FROM bought, range(5) r(line) WHERE line < 1 + (hash(n, 10) % 5)::INTEGER
)
SELECT *, 190 + (product * 104729) % 39700 AS price FROM lines ORDER BY n, line;
"""

_FACTS = {
    "identities": "SELECT i + 1 AS source_key, 'customer_id' AS scope, 'C' || lpad(i::VARCHAR, 9, '0') AS id "
    "FROM range({customers}) t(i)",
    "customers": """
        SELECT
            i + 1 AS source_key, NULL::VARCHAR AS name, NULL::VARCHAR AS phone, NULL::VARCHAR AS email,
            ['female', 'male'][1 + (hash(i, 2) % 2)::INTEGER] AS gender,
            DATE '1960-01-01' + (hash(i, 3) % 16000)::INTEGER AS birth_on,
            TIMESTAMPTZ '2021-07-01' + to_hours((hash(i, 4) % 43000)::INTEGER) AS registered_at,
            NULL::TIMESTAMPTZ AS closed_at, NULL::DATE AS known_from, NULL::TIMESTAMPTZ AS updated_at,
            ['ads', 'friend', 'search', 'store'][1 + (hash(i, 5) % 4)::INTEGER] AS trait_source,
            ['gold', 'plain', 'plain', 'silver'][1 + (hash(i, 6) % 4)::INTEGER] AS trait_member_level
        FROM range({customers}) t(i)
    """,
    "products": """
        SELECT
            'P' || lpad(i::VARCHAR, 5, '0') AS product_id, '品' || i AS product_name,
            '类' || (i // 500) || ' > 类' || (i // 50) AS category, 'B' || ((i // 100 * 7 + i) % 40) AS brand,
            NULL::DECIMAL(18, 3) AS pack_size, NULL::DECIMAL(18, 3) AS daily_usage,
            NULL::TIMESTAMPTZ AS updated_at
        FROM range({products}) t(i)
    """,
    "orders": """
        SELECT
            'SO' || lpad(n::VARCHAR, 10, '0') AS order_id, i + 1 AS source_key,
            -- By the business's clock, eight hours before UTC.
            TIMESTAMPTZ '2023-06-30 16:00:00' + to_hours(day * 24 + hour) + to_seconds((chance % 3600)::BIGINT)
                AS ordered_at,
            DATE '2023-07-01' + day AS ordered_day, 'S' || (hash(i, 11) % 50) AS store_id,
            ['app', 'store', 'web'][1 + (chance % 3)::INTEGER] AS channel, gross AS gross_minor,
            CASE WHEN chance % 100 < 22 THEN gross * (5 + chance % 26)::BIGINT // 100 ELSE 0 END::BIGINT
                AS discount_minor,
            CASE WHEN chance % 100 > 84 THEN least(gross, 500) ELSE 0 END::BIGINT AS coupon_minor,
            gross // 2 AS cost_minor, 'CNY' AS currency, true AS from_lines, NULL::TIMESTAMPTZ AS updated_at
        FROM bought JOIN (SELECT n, sum(quantity * price)::BIGINT AS gross FROM sold GROUP BY n) USING (n) ORDER BY n
    """,
    "order_lines": """
        SELECT
            'SO' || lpad(n::VARCHAR, 10, '0') AS order_id, (line + 1)::BIGINT AS line_no,
            'P' || lpad(product::VARCHAR, 5, '0') AS product_id, quantity::DECIMAL(18, 3) AS quantity,
            (price / 100)::DECIMAL(18, 6) AS unit_price, (quantity * price)::BIGINT AS amount_minor,
            0::BIGINT AS discount_minor, NULL::BIGINT AS cost_minor
        FROM sold ORDER BY n, line
    """,
    "refunds": """
        SELECT
            'R' || n AS refund_id, 'SO' || lpad(n::VARCHAR, 10, '0') AS order_id, i + 1 AS source_key,
            TIMESTAMPTZ '2023-07-03' + to_hours(day * 24 + hour) AS refunded_at,
            DATE '2023-07-03' + day AS refunded_day, 'S' || (hash(i, 11) % 50) AS store_id, gross AS amount_minor,
            'CNY' AS currency, NULL::TIMESTAMPTZ AS updated_at
        FROM bought JOIN (SELECT n, sum(quantity * price)::BIGINT AS gross FROM sold GROUP BY n) USING (n)
        WHERE n % 33 = 0 AND day < 1090 ORDER BY n
    """,
    "interactions": """
        SELECT
            'I' || n AS interaction_id, 1 + (hash(n, 12) % {customers})::BIGINT AS source_key,
            TIMESTAMPTZ '2024-06-30 16:00:00' + to_seconds((n::HUGEINT * 63000000 // ({customers} * 3))::BIGINT)
                AS occurred_at,
            DATE '2024-07-01' + ((n::HUGEINT * 63000000 // ({customers} * 3)) // 86400)::INTEGER AS occurred_day,
            ['app', 'mini_program', 'store', 'web'][1 + (hash(n, 13) % 4)::INTEGER] AS channel,
            '类' || (hash(n, 14) % 100 // 10) || ' > 类' || (hash(n, 14) % 100) AS category,
            (hash(n, 15) % 600)::BIGINT AS duration_seconds, NULL::TIMESTAMPTZ AS updated_at
        FROM range({customers} * 3) t(n) ORDER BY n
    """,
}


def home_of(folder: Path, lines: int) -> Path:
    """A home with these facts, a tenth as many customers as lines, and a run of the retail template's tiers.

    Made once; a home that was left unfinished is made anew.
    """
    home = folder / f"insight-home-{lines}"
    whole = home / "whole"
    if not whole.exists():
        shutil.rmtree(home, ignore_errors=True)
        context = open_context(Settings(home, memory_limit=MEMORY))
        try:
            ensure_initialised(context)
            _run(context, _write_facts(context, max(1, lines // LINES_PER_CUSTOMER)))
        finally:
            context.database.dispose()
            stop_embedded(Settings(home))
        whole.touch()
    return home


def made(connection: duckdb.DuckDBPyConnection, customers: int) -> dict[str, str]:
    """The fact tables' SQL, after making what they are drawn from in the connection."""
    for statement in _MADE.format(customers=customers, products=PRODUCTS).split(";\n"):
        connection.execute(statement)
    return {name: sql.format(customers=customers, products=PRODUCTS) for name, sql in _FACTS.items()}


def _write_facts(context: Context, customers: int) -> dict[str, int]:
    connection = connect(context.scratch / "spill", memory_limit=MEMORY)
    facts = made(connection, customers)
    versions = {name: context.lake.overwrite(name, connection.sql(sql)) for name, sql in facts.items()}
    connection.close()
    return versions


def _run(context: Context, versions: dict[str, int]) -> None:
    with context.database.begin() as state:
        for name, column in _TRAITS.items():
            traits.add(state, name, column, "text")
        current = current_definitions(state)
    chosen = tuple(each for each in current.others if isinstance(each, Rfm | Deciles | Activity | Lifecycle))
    inputs = Inputs(
        AS_OF, chosen, current.project, versions, traits=dict.fromkeys(_TRAITS.values(), "text"),
        trait_labels={column: name for name, column in _TRAITS.items()}, remember=False,
    )  # fmt: skip
    connection = context.duckdb()
    built = build(connection, context.lake, inputs, lambda done, total, step: None)
    connection.close()
    labels = {f"{kind_of(each)} {each.name}" for each in (current.project, *chosen)}
    used = {label: version for label, version in current.versions.items() if label in labels}
    with context.database.begin() as state:
        run = runs.start(state, AS_OF, definitions=used, inputs=versions)
        runs.finish_and_flip(state, run, outputs=built.outputs, counts=built.counts, timings=built.timings)
