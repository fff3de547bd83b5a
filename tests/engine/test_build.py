"""A run over facts worked by hand.

customer  orders (day, gross, discount)                 refunds
a         06-01 100.00, 06-20 50.00 (10.00)             06-25 20.00
b         03-01 300.00
c         –                                             06-02 5.00
nobody    06-10 40.00 in store S1
d         07-01 999.00, after as_of: not known yet
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.engine.facts import customers, order, put, refund
from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.project import Project
from tierwise.definitions.read import read_definitions
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("home") / "lake")
    customers(lake, ["a", "b", "c", "d"])
    put(
        lake,
        "orders",
        [
            order("1", 1, date(2026, 6, 1), 10000, store="S1"),
            order("2", 1, date(2026, 6, 20), 5000, discount=1000, store="S1"),
            order("3", 2, date(2026, 3, 1), 30000),
            order("4", None, date(2026, 6, 10), 4000, store="S1"),
            order("5", 4, date(2026, 7, 1), 99900, store="S1"),
        ],
    )
    put(lake, "refunds", [refund("r1", 1, date(2026, 6, 25), 2000), refund("r2", 3, date(2026, 6, 2), 500)])
    return lake


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(tmp_path / "spill")
    yield connection
    connection.close()


def run(connection: duckdb.DuckDBPyConnection, lake: Lake, **changes: Any) -> Built:
    general = [d for d in read_definitions([Path("tierwise/templates/general")]) if not isinstance(d, Project)]
    inputs: dict[str, Any] = {
        "as_of": AS_OF,
        "definitions": tuple(general),
        "project": Project(),
        "versions": {"identities": 0, "orders": 0, "refunds": 0},
    }
    return build(connection, lake, Inputs(**{**inputs, **changes}), lambda done, total, step: None)


def profile(lake: Lake, built: Built, tmp_path: Path) -> dict[str, dict[str, Any]]:
    with connect(tmp_path / "spill") as connection:
        rows = lake.read(connection, "profile", built.outputs["profile"]).arrow().read_all().to_pylist()
    return {row["customer_id"]: row for row in rows}


def test_the_profile_of_hand_worked_facts(connection: duckdb.DuckDBPyConnection, lake: Lake, tmp_path: Path) -> None:
    rows = profile(lake, run(connection, lake), tmp_path)
    assert list(rows) == ["a", "b", "c"]
    a, b, c = rows["a"], rows["b"], rows["c"]
    assert (a["recency_days"], a["frequency_count"], a["tenure_days"]) == (10, 2, 29)
    assert (a["monetary_amount_gross_minor"], a["monetary_amount_minor"]) == (15000, 12000)
    assert (a["monetary_amount_30d_minor"], a["mean_interval_days"]) == (12000, 19.0)
    assert (b["recency_days"], b["monetary_amount_minor"], b["frequency_count_90d"]) == (121, 30000, 0)
    assert (c["frequency_count"], c["monetary_amount_minor"], c["recency_days"]) == (0, -500, None)
    assert (c["rfm_cell"], c["rfm_reason"], c["spend_decile"]) == (None, "no_orders", None)
    assert (a["spend_decile"], b["spend_decile"]) == (2, 1)
    assert (a["lifecycle_stage"], b["lifecycle_stage"], c["lifecycle_stage"]) == ("repeat", "first_purchase", "visitor")
    assert (a["activity"], b["activity"], c["activity"]) == ("new", "sleeping", "inactive")


def test_stores_count_orders_of_nobody(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    built = run(connection, lake)
    totals = connection.execute(
        "SELECT store_id, orders, identified_orders, monetary_amount_gross_minor, identified_gross_minor "
        "FROM named_totals ORDER BY store_id NULLS LAST"
    ).fetchall()
    assert totals == [("S1", 3, 2, 19000, 15000), (None, 1, 1, 30000, 30000)]
    assert built.counts == {
        "customers": 3,
        "buyers": 2,
        "unscored": 1,
        "orders": 4,
        "identified_orders": 3,
        "identified_amount_rate": 45000 / 49000,
        "currency": "CNY",
        "history": {"entries": 10, "exits": 0},
    }


def test_as_of_sees_nothing_later(connection: duckdb.DuckDBPyConnection, lake: Lake, tmp_path: Path) -> None:
    rows = profile(lake, run(connection, lake, as_of=date(2026, 6, 19)), tmp_path)
    assert rows["a"]["frequency_count"] == 1
    assert rows["a"]["monetary_amount_minor"] == 10000
    assert "d" not in rows


def test_two_runs_of_the_same_inputs_are_the_same(lake: Lake, tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        with connect(tmp_path / "spill") as connection:
            seen.append(profile(lake, run(connection, lake), tmp_path))
    assert seen[0] == seen[1]


def test_no_facts_but_customers_is_no_error(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    built = run(connection, lake, versions={"identities": 0})
    assert built.counts["customers"] == 0
    assert built.counts["identified_amount_rate"] is None


def test_money_of_two_currencies_is_never_added(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    customers(lake, ["a"])
    put(lake, "orders", [order("1", 1, AS_OF, 100), {**order("2", 1, AS_OF, 200), "currency": "USD"}])
    with pytest.raises(TierwiseError, match="in CNY and USD") as caught:
        run(connection, lake, versions={"identities": 0, "orders": 0})
    assert caught.value.code == "mixed_currencies"


def test_the_facts_currency_is_the_runs(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    customers(lake, ["a"])
    put(lake, "orders", [{**order("1", 1, AS_OF, 100), "currency": "JPY"}])
    assert run(connection, lake, versions={"identities": 0, "orders": 0}).counts["currency"] == "JPY"


def test_a_merged_customer_is_one_row(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    customers(lake, ["a", "b"])
    put(lake, "orders", [order("1", 1, AS_OF, 100), order("2", 2, AS_OF, 200)])
    put(lake, "customer_map", [{"source_key": 2, "customer_key": 1}])
    versions = {"identities": 0, "orders": 0, "customer_map": 0}
    rows = profile(lake, run(connection, lake, versions=versions), tmp_path)
    assert {name: row["monetary_amount_minor"] for name, row in rows.items()} == {"a": 300}
    connection.close()
    with connect(tmp_path / "spill") as again:
        undone = profile(lake, run(again, lake, versions={"identities": 0, "orders": 0}), tmp_path)
    assert {name: row["monetary_amount_minor"] for name, row in undone.items()} == {"a": 100, "b": 200}


def test_the_watch_may_stop_a_run_before_anything_is_written(connection: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    before = lake.latest_version("profile")

    def stop(done: int, total: int, step: str) -> None:
        if step == "write":
            raise TierwiseError("cancelled", "stop")

    inputs = Inputs(AS_OF, (Rfm(), Deciles(), Activity()), Project(), {"identities": 0, "orders": 0})
    with pytest.raises(TierwiseError, match="stop"):
        build(connection, lake, inputs, stop)
    assert lake.latest_version("profile") == before
