"""Which account runs PostgreSQL when Tierwise is root, and what it is given to reach its files."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.state import service_user
from tierwise.state.service_user import ServiceUser

OVERRIDE, READ_SEARCH = 0b010, 0b110


@pytest.fixture
def program() -> Iterator[Path]:
    """A program in a folder that others may enter."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "postgres")
        path.write_text("")
        path.chmod(0o755)
        path.parent.chmod(0o755)
        yield path


def other(capability: str | None = None) -> ServiceUser:
    """An account that owns nothing here."""
    return ServiceUser(54321, 54321, capability)


def test_nothing_is_given_where_all_is_within_reach(program: Path) -> None:
    assert service_user.with_reach(other(), [program], [program.parent]) == other()


def test_closed_folder_needs_only_the_right_to_search(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_user, "_capabilities", lambda: READ_SEARCH)
    closed = program.parent / "home"
    closed.mkdir(mode=0o700)
    assert service_user.with_reach(other(), [program], [closed]) == other("dac_read_search")


def test_closed_program_needs_the_right_to_override(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_user, "_capabilities", lambda: READ_SEARCH)
    program.chmod(0o700)
    assert service_user.with_reach(other(), [program], []) == other("dac_override")


def test_container_without_read_search_overrides(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_user, "_capabilities", lambda: OVERRIDE)
    closed = program.parent / "home"
    closed.mkdir(mode=0o700)
    assert service_user.with_reach(other(), [program], [closed]) == other("dac_override")


def test_what_cannot_be_reached_nor_given_is_told(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_user, "_capabilities", lambda: 0)
    closed = program.parent / "home"
    closed.mkdir(mode=0o700)
    with pytest.raises(TierwiseError) as caught:
        service_user.with_reach(other(), [program], [closed])
    assert (caught.value.code, caught.value.place) == ("postgres_out_of_reach", str(closed))
    assert "TIERWISE_DATABASE_URL" in (caught.value.remedy or "")


def test_ordinary_user_runs_it_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    found = service_user.choose(tmp_path / "none")
    assert found.uid == 54321
    assert (found.command(["postgres"]), found.identity()) == (["postgres"], {})


def test_data_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(TierwiseError) as caught:
        service_user.choose(tmp_path)
    assert caught.value.code == "postgres_other_owner"


def test_root_never_runs_it_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert service_user.choose(tmp_path / "none").uid != 0
