"""The hand-written SQL of the benchmarks and a run agree on every column: what is compared for speed is the same."""

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from benchmarks import business, facts, runs
from benchmarks.business import Size
from tierwise.engine.lake import Lake

SIZE = Size(orders=4_000, customers=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def lake(folder: Path, database: Engine) -> Lake:
    return facts.imported(folder, SIZE, database.url.render_as_string(hide_password=False))


def test_a_run_and_the_hand_written_sql_give_equal_tables(lake: Lake, folder: Path) -> None:
    runs.run(lake, folder / "spill")
    runs.hand_written(lake, folder / "spill", folder)
    assert runs.differences(lake, folder / "spill", folder) == {}
    with duckdb.connect() as connection:
        profile = connection.read_parquet(str(folder / "profile.parquet"))
        assert len(profile) == SIZE.customers
        stages = {row[0] for row in profile.project("lifecycle_stage").distinct().fetchall()}
        assert {"lost", "lost_presumed", "dormant", "vip", "repeat", "first_purchase"} <= stages
        assert profile.filter("interval_deviation_days > 0 AND profit_amount_minor IS NULL").limit(1).fetchall()


def test_a_difference_is_found_by_column(lake: Lake, folder: Path) -> None:
    runs.run(lake, folder / "spill")
    runs.hand_written(lake, folder / "spill", folder)
    path = folder / "profile.parquet"
    with duckdb.connect() as connection:
        rows = connection.sql(
            f"SELECT * REPLACE (frequency_count + (customer_key = 7)::BIGINT AS frequency_count, "
            f"discount_share * (1 + 1e-14) AS discount_share, profit_share * (1 + 1e-9) AS profit_share) FROM '{path}'"
        ).to_arrow_table()
        connection.register("rows", rows)
        connection.execute(f"COPY (SELECT * FROM rows WHERE customer_key <> 9) TO '{path}' (FORMAT parquet)")
    found = runs.differences(lake, folder / "spill", folder)
    assert found["profile.frequency_count"] == 2  # the changed one, and the one that is missing
    assert found["profile.discount_share"] == 1
    assert found["profile.profit_share"] > 100
    assert found["profile rows"] == 1


def test_files_are_made_once_and_the_same_from_a_seed(folder: Path, tmp_path: Path) -> None:
    first = business.orders_file(folder, SIZE)
    made = first.stat().st_mtime_ns
    assert business.orders_file(folder, SIZE).stat().st_mtime_ns == made
    again = business.orders_file(tmp_path, SIZE)
    for name in ("orders.csv", "refunds.csv", "customers.csv"):
        assert again.with_name(name).read_bytes() == first.with_name(name).read_bytes()
    other = business.orders_file(tmp_path, Size(SIZE.orders, SIZE.customers, seed=2))
    assert other.read_bytes() != first.read_bytes()


def test_every_customer_has_an_order_and_lines_are_as_many_as_asked(folder: Path) -> None:
    with duckdb.connect() as connection:
        for path in (business.orders_file(folder, SIZE), business.lines_file(folder, SIZE)):
            rows, customers = connection.execute(
                f"SELECT count(*), count(DISTINCT customer_id) FROM read_csv('{path}')"
            ).fetchall()[0]
            assert rows == SIZE.orders
            assert customers == SIZE.customers or path.name == "order_lines.csv"


def test_the_typed_table_and_the_plain_grouping_run(lake: Lake, folder: Path) -> None:
    assert runs.typed_table(business.lines_file(folder, SIZE), folder / "spill") > 0
    assert runs.plain_group_by(lake, folder / "spill") > 0
