"""What `doctor` says of homes that are there, not there yet, and impossible."""

import shutil
from pathlib import Path

import pytest

from tierwise.app.doctor import examine
from tierwise.engine.spark_session import SparkSettings


def seen(home: Path) -> dict[str, str]:
    return {check.name: check.verdict for check in examine(home, None).checks}


def test_a_home_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    found = seen(tmp_path / "deep" / "home")
    assert (found["home"], found["database"]) == ("warning", "ok")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("place", [".", "home"])
def test_a_home_that_cannot_be_is_one(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.touch()
    assert seen(file / place)["home"] == "failed"


def test_what_is_well_needs_no_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    checks = [check for check in examine(tmp_path, None).checks if check.name in ("python", "home", "disk")]
    assert all(check.remedy is None for check in checks if check.verdict == "ok")


def test_spark_that_is_to_compute_runs_needs_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for settings, verdict in ((SparkSettings("local[2]"), "failed"), (None, "warning")):
        (found,) = [check for check in examine(tmp_path, None, settings).checks if check.name == "spark"]
        assert found.verdict == verdict
        assert "openjdk-17" in (found.remedy or "")
