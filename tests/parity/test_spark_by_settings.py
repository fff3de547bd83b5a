"""The very same `tierwise run`, on DuckDB and on Spark by settings alone: here, and on a master with two workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.golden.data_folder import data_file
from tierwise.cli.demo import ORDER_OF_IMPORT
from tierwise.state.embedded import EmbeddedServer
from tierwise.testing import MadeData, make_dealer, make_retail
from tierwise.testing.spark_cluster import spark_cluster

pytestmark = [pytest.mark.spark, pytest.mark.soak]

TABLES = ("profile", "tags", "segments", "junk", "store_totals", "rfm", "lifecycle")
"""What is exported of both runs. They export the same bytes, whatever computed them."""

SMALL = {
    "spark.executor.memory": "1g",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@dataclass(frozen=True)
class House:
    """A home on which commands are typed, each in a process of its own."""

    home: Path

    def typed(self, *words: str | Path, settings: dict[str, str] | None = None) -> Any:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIERWISE_")}
        environment |= {"TIERWISE_HOME": str(self.home), "SPARK_LOCAL_IP": "127.0.0.1", **(settings or {})}
        command = [sys.executable, "-c", "from tierwise.cli.main import main; main()", *map(str, words), "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2_000:]
        return json.loads(done.stdout)

    def exported(self, run: int, folder: Path) -> dict[str, bytes]:
        found = {}
        for name in ("profile.csv", *(f"{table}.parquet" for table in TABLES)):
            path = folder / f"{run} {name}"
            self.typed("export", path.stem.partition(" ")[2], "--sensitive", "--run", str(run), "--to", path)
            found[name] = path.read_bytes()
        return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a master with two workers."""
    if which("java") is None or find_spec("pyspark") is None:
        pytest.skip("needs PySpark and Java 17")
    with spark_cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


def of_template(template: str, made: MadeData, folder: Path) -> tuple[House, str]:
    house = House(folder / "home 家 50%")
    house.typed("init", "--template", template)
    files = made.write(folder, headers="zh")
    for table in (each for each in ORDER_OF_IMPORT if each in files):
        house.typed("import", files[table], "--as", table)
    return house, made.as_of.isoformat()


def dealer(folder: Path) -> tuple[House, str]:
    return of_template("dealer", make_dealer(customers=800, seed=11), folder)


def retail(folder: Path) -> tuple[House, str]:
    return of_template("retail", make_retail(customers=800, seed=11), folder)


def online_retail(folder: Path) -> tuple[House, str]:
    file = data_file("online_retail", "online_retail.csv")
    house = House(folder / "home")
    house.typed("init", "--template", "retail")
    house.typed("import", file, "--map", Path("examples/mappings/online_retail.yaml").absolute())
    return house, "2011-12-10"


@pytest.mark.parametrize("make", [dealer, retail, online_retail], ids=lambda make: make.__name__)
def test_the_same_bytes_by_duckdb_by_spark_here_and_by_two_workers(
    make: Callable[[Path], tuple[House, str]], cluster: str, tmp_path: Path
) -> None:
    house, as_of = make(tmp_path)
    try:
        first = house.typed("run", "--as-of", as_of)
        expected = house.exported(first["id"], tmp_path)
        assert pq.read_metadata(tmp_path / f"{first['id']} profile.parquet").num_rows > 700
        for master in ("local[2]", cluster):
            settings = {
                "TIERWISE_ENGINE": "spark",
                "TIERWISE_SPARK_MASTER": master,
                "TIERWISE_SPARK_CONF": ";".join(f"{name}={value}" for name, value in SMALL.items()),
            }
            run = house.typed("run", "--as-of", as_of, settings=settings)
            assert run["counts"] == {**first["counts"], "engine": "spark"}, "history, too, has found nothing new"
            assert any(master in note for note in run["notes"])
            assert house.exported(run["id"], tmp_path) == expected
        last = house.typed("run", "--as-of", as_of)
        assert last["base_run_id"] == run["id"], "a run by DuckDB takes over what Spark has computed"
        assert house.exported(last["id"], tmp_path) == expected
    finally:
        EmbeddedServer(house.home).stop()
