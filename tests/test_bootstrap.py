"""The home: made for its owner, or refused with the place and what to do."""

import os
from pathlib import Path

import pytest

from tierwise.bootstrap import Settings, make_home
from tierwise.engine.spark_session import SparkSettings
from tierwise.kernel.errors import TierwiseError


def test_a_home_is_for_its_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home of 家"
    make_home(home)
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_home_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TierwiseError) as caught:
        make_home(tmp_path / "file")
    assert (caught.value.code, caught.value.place) == ("bad_home", str(tmp_path / "file"))


def test_a_home_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(TierwiseError, match="cannot be written") as caught:
        make_home(tmp_path)
    assert "TIERWISE_HOME" in (caught.value.remedy or "")


def test_how_often_events_are_applied_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERWISE_APPLY_SECONDS", raising=False)
    assert Settings.from_environment().apply_seconds == 1
    for said, meant in (("0", 0), ("2.5", 2.5)):
        monkeypatch.setenv("TIERWISE_APPLY_SECONDS", said)
        assert Settings.from_environment().apply_seconds == meant
    for wrong in ("often", "-1", "nan"):
        monkeypatch.setenv("TIERWISE_APPLY_SECONDS", wrong)
        with pytest.raises(TierwiseError, match="no number of seconds"):
            _ = Settings.from_environment().apply_seconds


def test_runs_are_computed_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIERWISE_ENGINE", "TIERWISE_SPARK_MASTER", "TIERWISE_SPARK_CONF"):
        monkeypatch.delenv(name, raising=False)
    assert Settings.from_environment().spark() is None
    monkeypatch.setenv("TIERWISE_ENGINE", "spark")
    monkeypatch.setenv("TIERWISE_SPARK_MASTER", "spark://master:7077")
    monkeypatch.setenv("TIERWISE_SPARK_CONF", "spark.executor.memory=2g")
    told = SparkSettings("spark://master:7077", {"spark.executor.memory": "2g"})
    assert Settings.from_environment().spark() == told
