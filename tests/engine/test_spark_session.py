"""Settings of Spark, and what is said where PySpark or Java lacks; no Spark is started."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from tierwise.engine import spark_session as here
from tierwise.engine.spark_session import (
    SparkSettings,
    fitting,
    require_master,
    require_spark,
    spark_settings,
    told_at_first,
)
from tierwise.kernel.errors import TierwiseError


def refused(engine: str | None, conf: str | None = None) -> tuple[str, str | None, str | None]:
    with pytest.raises(TierwiseError) as caught:
        spark_settings(engine, None, conf)
    return caught.value.code, caught.value.place, caught.value.remedy


def test_duckdb_computes_where_nothing_is_said() -> None:
    assert spark_settings(None, "spark://elsewhere:7077", "what ever") is None
    assert spark_settings("duckdb", None, None) is None


def test_spark_with_its_master_and_settings() -> None:
    assert spark_settings("spark", None, None) == SparkSettings("local[*]")
    said = " spark.executor.memory = 2g ;\nspark.jars=a.jar,b.jar;spark.x=a=b;"
    assert spark_settings("spark", "spark://m:7077", said) == SparkSettings(
        "spark://m:7077", {"spark.executor.memory": "2g", "spark.jars": "a.jar,b.jar", "spark.x": "a=b"}
    )


def test_what_cannot_be_a_setting_is_refused_and_no_value_is_told() -> None:
    assert refused("Spark") == ("bad_setting", "TIERWISE_ENGINE", "say duckdb or spark")
    for conf in ("executor.memory=2g", "spark.executor.memory 2g", "=2g"):
        assert refused("spark", conf)[:2] == ("bad_setting", "TIERWISE_SPARK_CONF")
    for conf in ("password=hunter2", "spark.password hunter2"):
        with pytest.raises(TierwiseError) as caught:
            spark_settings("spark", None, conf)
        assert "hunter2" not in str(caught.value)


def test_without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(here, "find_spec", lambda name: object())
    with pytest.raises(TierwiseError, match="there is no Java") as caught:
        require_spark()
    assert caught.value.code == "spark_missing"
    assert "openjdk-17" in (caught.value.remedy or "")


def test_with_a_java_home_that_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(here, "find_spec", lambda name: object())
    with pytest.raises(TierwiseError, match="no bin/java") as caught:
        require_spark()
    assert (caught.value.code, caught.value.place) == ("spark_missing", str(tmp_path))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    require_spark()


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "find_spec", lambda name: None)
    with pytest.raises(TierwiseError) as caught:
        require_spark()
    assert "tierwise[spark]" in (caught.value.remedy or "")


def test_a_master_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for master in (f"spark://127.0.0.1:{port}", "spark://127.0.0.1", "spark://127.0.0.1:99999"):
            with pytest.raises(TierwiseError) as caught:
                require_master(master)
            assert (caught.value.code, caught.value.place) == ("spark_unavailable", master)
        taken.listen()
        require_master(f"spark://127.0.0.1:9,127.0.0.1:{port}")
    require_master("local[*]")


def test_spark_is_made_to_fit_what_it_reads() -> None:
    assert [fitting(size)[0]["spark.sql.shuffle.partitions"] for size in (0, 1, 9 * 2**20, 2**30)] == [
        "1", "1", "3", "256"
    ]  # fmt: skip
    little, much = fitting(8 * 2**20), fitting(8 * 2**20 + 1)
    assert little[0]["spark.sql.codegen.factoryMode"] == "NO_CODEGEN"
    assert set(little[1]) == {"spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions"}
    assert much == ({"spark.sql.shuffle.partitions": "3"}, {})


def test_what_is_said_counts_over_what_would_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the settings, then in Spark's own file."""
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    (tmp_path / "spark-defaults.conf").write_text(
        "# spark.sql.shuffle.partitions 8\nspark.driver.extraJavaOptions  -Xss4m\n spark.ui.enabled=true\n"
    )
    told = told_at_first(SparkSettings("local[2]", {"spark.sql.adaptive.enabled": "true"}), size=1)
    assert (told["spark.sql.adaptive.enabled"], told["spark.sql.shuffle.partitions"]) == ("true", "1")
    assert not {"spark.driver.extraJavaOptions", "spark.ui.enabled"} & set(told)
    assert "spark.sql.shuffle.partitions" not in told_at_first(SparkSettings("local[2]"), size=None)
