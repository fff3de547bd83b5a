"""What docs/spark.md lists as different between the engines is so, and what stands beside it is not."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.definitions.project import Project
from tierwise.definitions.rule import Comparison
from tierwise.engine import spark_build
from tierwise.engine.build import Built
from tierwise.engine.execute import Inputs
from tierwise.engine.incremental import Base
from tierwise.engine.lake import Lake
from tierwise.engine.spark_session import SparkSettings, spark_session
from tierwise.engine.spark_workshop import SparkWorkshop
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.rules import rule_expr

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
]

TEXTS = ["É", "é", "e", "tea\n", "tea", "a\rb", "a\nb", "7", "７", "x7", "茶", "", None]

PLAIN = ["^tea", "[0-9]", r"^\d+$", "t.a", "(tea|茶)", "^[a-z]+7", r"\bx7\b", "(?i)TEA"]
"""Patterns that mean the same."""

JAVAS = {"(?i)É": {"é"}, "^tea$": {"tea\n"}, "a.b": {"a\rb"}}
"""Pattern -> the texts of which the engines say different things."""


@pytest.fixture(scope="module")
def both(spark: Any) -> tuple[Frame, Frame]:
    table = pa.table({"place": range(len(TEXTS)), "text": TEXTS})
    connection = duckdb.connect()
    connection.register("texts", table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nw.from_native(connection.table("texts")), nw.from_native(spark.createDataFrame(table))


def told(frame: Frame, patterns: list[str]) -> dict[str, set[str]]:
    rules = [
        rule_expr(Comparison(attribute="text", op="matches", value=each), {"text": "text"}, date(2026, 6, 30))
        for each in patterns
    ]
    rows = frame.select("place", *(rule.alias(f"r{n}") for n, rule in enumerate(rules))).collect(backend="pyarrow")
    found: dict[str, set[str]] = {pattern: set() for pattern in patterns}
    for row in rows.to_native().to_pylist():
        for number, pattern in enumerate(patterns):
            if row[f"r{number}"]:
                found[pattern].add(str(TEXTS[row["place"]]))
    return found


def test_patterns_are_read_by_re2_and_by_java(both: tuple[Frame, Frame]) -> None:
    by_duckdb, by_spark = (told(frame, [*PLAIN, *JAVAS]) for frame in both)
    assert {pattern: by_duckdb[pattern] ^ by_spark[pattern] for pattern in JAVAS} == JAVAS
    assert [by_duckdb[pattern] for pattern in PLAIN] == [by_spark[pattern] for pattern in PLAIN]
    assert all(by_duckdb[pattern] for pattern in PLAIN)


def test_what_fails_amid_a_run_is_told_without_what_rows_say(spark: Any) -> None:
    """DuckDB's errors come with their text; Spark's text may be a value, such as a phone."""
    with (
        pytest.raises(TierwiseError) as caught,
        spark_session(SparkSettings("local[1]")) as session,
    ):
        session.sql("SELECT CAST(phone AS INT) FROM VALUES ('13800138000 mobile') AS told(phone)").collect()
    assert caught.value.code == "spark_failed"
    assert "13800138000" not in str(caught.value)
    assert spark.sql("SELECT 1 AS one").collect()[0].one == 1  # who was there before stays


def test_everybody_is_computed_and_the_run_says_so(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB would take over rows of the base."""
    given: list[Inputs] = []

    def only_looked_at(_: Any, lake: Lake, inputs: Inputs, *rest: Any) -> Built:
        given.append(inputs)
        return Built({}, {"customers": 7}, {}, ("odd",))

    monkeypatch.setattr(spark_build, "build", only_looked_at)
    today = date(2026, 6, 30)
    inputs = Inputs(today, (), Project(), {}, base=Base(1, today, {}, {"profile": 0}, same_definitions=True))
    built = spark_build.build_on_spark(
        duckdb.connect(), Lake(tmp_path / "lake"), inputs, lambda *step: None, SparkSettings("local[1]"), tmp_path
    )
    assert [each.base for each in given] == [None]
    assert built.counts == {"customers": 7, "engine": "spark"}
    assert built.notes == ("odd", "computed by Spark (local[1]), everybody anew: no earlier run's rows were taken over")


def test_texts_that_each_reads_otherwise_are_read_by_duckdb_for_both(spark: Any, tmp_path: Path) -> None:
    """Of a trait's texts each would make other numbers, and of its numbers other texts."""
    texts = ["1e3", "12.5", "0x1F", "1_000", "7"]
    read = "SELECT {} FROM (VALUES " + ", ".join(f"('{text}')" for text in texts) + ") t(t)"
    whole = read.format("try_cast(t AS BIGINT)")
    with duckdb.connect() as connection:
        by_duckdb = connection.execute(whole).fetchall()
        by_spark = [tuple(row) for row in spark.sql(whole).collect()]
        assert [one == other for one, other in zip(by_duckdb, by_spark, strict=True)] == [False] * 4 + [True]
        connection.execute(
            f"CREATE TABLE people AS SELECT t, try_cast(t AS BIGINT) AS whole, "
            f"CAST(1e7::DOUBLE AS VARCHAR) AS large FROM ({read.format('t')})"
        )
        assert connection.execute("SELECT DISTINCT large FROM people").fetchall() == [("10000000.0",)]
        assert [tuple(row) for row in spark.sql("SELECT CAST(1e7 AS STRING)").collect()] == [("1.0E7",)]
        shop = SparkWorkshop(spark, connection, tmp_path)
        shop.take_over("people")
        taken = shop.ask("SELECT whole, large FROM people")
    assert taken == [(number, "10000000.0") for (number,) in by_duckdb]


def test_a_running_session_is_given_no_setting_that_stays(spark: Any) -> None:
    """What a run needs is set in a session of its own."""
    before = spark.conf.get("spark.sql.ansi.doubleQuotedIdentifiers")
    with spark_session(SparkSettings("local[1]")) as session:
        assert session.conf.get("spark.sql.ansi.doubleQuotedIdentifiers") == "true"
    assert spark.conf.get("spark.sql.ansi.doubleQuotedIdentifiers") == before == "false"
