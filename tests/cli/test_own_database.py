"""TIERWISE_DATABASE_URL takes the place of the embedded PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.cli.conftest import Command


def test_nothing_is_embedded_with_a_database_of_ones_own(
    tierwise: Command, bare_database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: Path
) -> None:
    url = bare_database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    own = tmp_path / "home"
    for words in (
        ("init", "--template", "general"),
        ("import", orders, "--as", "orders"),
        ("run", "--as-of", "2026-06-30"),
        ("show", "rfm"),
    ):
        said = tierwise(*words, "--json", settings={"TIERWISE_HOME": str(own), "TIERWISE_DATABASE_URL": url})
        assert said.code == 0, said
    assert not (own / "postgres").exists()
    checks = tierwise("doctor", "--json", settings={"TIERWISE_HOME": str(own), "TIERWISE_DATABASE_URL": url}).json
    assert {c["name"]: c["seen"] for c in checks["checks"]}["database"].startswith("TIERWISE_DATABASE_URL")


def test_a_database_that_is_not_there_is_told_without_its_password(tierwise: Command, tmp_path: Path) -> None:
    url = "postgresql://someone:secret@127.0.0.1:9/none"
    said = tierwise("runs", settings={"TIERWISE_HOME": str(tmp_path), "TIERWISE_DATABASE_URL": url})
    assert said.code == 1
    assert "error:" in said.err
    assert "secret" not in said.err + said.out
