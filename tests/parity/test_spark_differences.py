"""What docs/spark.md lists as different between the engines is so, and what stands beside it is not."""

from __future__ import annotations

import warnings
from datetime import date
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tierwise.definitions.rule import Comparison
from tierwise.engine.spark_session import SparkSettings, spark_session
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
