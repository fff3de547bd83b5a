"""What `doctor` says of homes that are there, not there yet, and impossible."""

from pathlib import Path

import pytest

from tierwise.app.doctor import examine


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
