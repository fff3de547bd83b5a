"""The insights that are measured: they are there, asked as they can be, over facts as an import leaves them."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.__main__ import main
from benchmarks.asked_insights import ASKED, GROUP_BY, measured_name, plain_name
from benchmarks.insight_home import made
from benchmarks.lines import BESIDE, MINIMAL, Business, verdicts
from benchmarks.report import as_json, table
from benchmarks.turns import Measured, Once, process
from tierwise.app.insights.catalogue import member
from tierwise.app.insights.settling import settled
from tierwise.facts.contract import TABLES

CUSTOMERS = 2_000


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_can_be_asked(name: str) -> None:
    values = settled(member(name), ASKED[name].given(10_000_000))
    assert ASKED[name].given(10_000_000).items() <= values.items()


def test_what_grows_with_the_lines_is_at_least_one() -> None:
    assert ASKED["common_paths"].given(10_000_000)["min_customers"] == 20_000
    assert ASKED["common_paths"].given(10)["min_customers"] == 1


def test_made_facts_are_as_an_import_leaves_them() -> None:
    with duckdb.connect() as connection:
        for name, sql in made(connection, CUSTOMERS).items():
            connection.execute(f"CREATE TABLE {name} AS {sql}")
            columns = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()]
            known = [column for column in columns if not column.startswith("trait_")]
            assert set(known) <= set(TABLES[name].names), name
            needed = [column.name for column in TABLES[name].columns if not column.nullable]
            gaps = " OR ".join(f"{column} IS NULL" for column in needed if column in known)
            assert connection.execute(f"SELECT count(*) FROM {name} WHERE {gaps}").fetchone() == (0,), name
            keys = ", ".join(TABLES[name].key)
            twice = f"SELECT {keys} FROM {name} GROUP BY ALL HAVING count(*) > 1"
            assert connection.execute(twice).fetchone() is None, name

        def told(sql: str) -> object:
            return (connection.execute(f"SELECT {sql}").fetchone() or ())[0]

        lines = told("count(*) FROM order_lines")
        assert isinstance(lines, int)
        assert lines == pytest.approx(10 * CUSTOMERS, rel=0.05)
        assert told("count(DISTINCT source_key) FROM orders") == CUSTOMERS
        assert told("count(*) FROM orders ANTI JOIN order_lines USING (order_id)") == 0
        assert told("count(*) FROM order_lines ANTI JOIN orders USING (order_id)") == 0
        money = "SELECT order_id, sum(amount_minor) AS gross FROM order_lines GROUP BY order_id"
        assert told(f"count(*) FROM orders JOIN ({money}) USING (order_id) WHERE gross <> gross_minor") == 0
        local = "(ordered_at AT TIME ZONE 'Asia/Shanghai')::DATE"
        connection.execute("SET TimeZone = 'UTC'")
        assert told(f"count(*) FROM orders WHERE ordered_day <> {local}") == 0
        assert str(told("max(ordered_day) FROM orders")) <= "2026-06-30"


def test_an_insight_is_told_as_so_many_times_its_group_by() -> None:
    name = measured_name("habits")
    things = {
        BESIDE[name]: Measured(BESIDE[name], (Once(0.5, 1),)),
        name: Measured(name, (Once(3, 1), Once(2, 1), Once(31, 1))),
    }
    results = {"insights": (things, verdicts("insights", things))}
    text = table(results, Business(Path("folder"), 10_000, 1_000, 1))
    assert "6.0 × GROUP BY of orders" in text
    assert "✓ insight habits takes 3.00 s, at most 60 s" in text
    assert text.endswith("All targets are met."), "what was not measured misses nothing"
    assert as_json(results, Business(Path("folder"), 10_000, 1_000, 1))["lines"]["insights"]["measured"][name][
        "times_beside"
    ] == pytest.approx(6)


def test_what_each_is_held_beside_is_there() -> None:
    assert {asked.reads for asked in ASKED.values()} == set(GROUP_BY)
    assert set(BESIDE.values()) == {*(plain_name(reads) for reads in GROUP_BY), *MINIMAL}


def test_an_insight_that_is_not_measured_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["--lines", "insights", "--insights", "habbits"])
    assert refused.value.code == 2


def test_who_measures_stays_small() -> None:
    script = "import sys, benchmarks.lines; assert 'duckdb' not in sys.modules; assert 'pyarrow' not in sys.modules"
    process([sys.executable, "-c", script], says_seconds=False)
