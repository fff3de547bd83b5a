"""`tierwise backup`, `restore`, `upgrade`: one command each."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from tests.cli.conftest import Command, Said
from tests.released import V0_1_0


def test_an_old_backup_becomes_a_home_of_this_version(tierwise: Command, bare_database: Engine, tmp_path: Path) -> None:
    url = bare_database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    home = {"TIERWISE_HOME": str(tmp_path / "home"), "TIERWISE_DATABASE_URL": url}

    def say(*words: str | Path) -> Said:
        return tierwise(*words, "--json", settings=home)

    assert say("backup", tmp_path).json["code"] == "nothing_to_back_up"
    (tmp_path / "home").rmdir()
    restored = say("restore", V0_1_0 / "home.zip")
    assert (restored.code, restored.json["standing"]) == (0, "older")
    refused = say("runs")
    assert (refused.code, refused.json["code"]) == (1, "home_older")
    upgraded = say("upgrade", "--backup", tmp_path).json
    assert (upgraded["changed"], upgraded["database_before"]) == (True, "0004")
    assert say("restore", "--check", upgraded["backup"]["path"]).json["id"] == upgraded["backup"]["id"]
    assert [run["id"] for run in say("runs").json["runs"]] == [3, 2, 1]
    assert say("backup", tmp_path / "kept.zip").json["rows"] > restored.json["rows"]
    assert say("backup", tmp_path / "kept.zip").json["code"] == "backup_exists"
    assert say("restore", tmp_path / "kept.zip").json["code"] == "home_not_empty"
