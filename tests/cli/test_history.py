"""`tierwise history`, `migration` and `past`, as the terminal and as programs see them."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.app.past_house import SEGMENT, STAGE, furnish_past
from tests.cli.conftest import Command
from tierwise.cli.door import opened

DAYS = ("--from", "2026-03-31", "--to", "2026-06-30")


@pytest.fixture(scope="module", autouse=True)
def furnished(home: Path) -> None:
    with patch.dict(os.environ, {"TIERWISE_HOME": str(home)}):
        os.environ.pop("TIERWISE_DATABASE_URL", None)
        with opened() as ctx:
            furnish_past(ctx)


def test_migration(tierwise: Command) -> None:
    body = tierwise("migration", STAGE, *DAYS, "--json").json
    rows = [(row["from"], row["to"], row["customers"]) for row in body["rows"]]
    assert rows == [("repeat", "vip", 1), ("repeat", "dormant", 1), ("vip", None, 1), (None, "repeat", 1)]
    assert (body["from"], body["to"], body["values"]) == ("2026-03-31", "2026-06-30", ["repeat", "vip", "dormant"])
    said = tierwise("migration", STAGE, *DAYS).out
    assert "from \\ to" in said
    assert "4 of 4 customers moved" in said


def test_a_wide_matrix_becomes_rows_that_fit(tierwise: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from tierwise.cli import terminal

    def narrow(at_least: int = 0) -> Console:
        return Console(highlight=False, width=max(38, at_least), color_system=None)

    monkeypatch.setattr(terminal, "console", narrow)
    said = tierwise("migration", STAGE, *DAYS).out
    assert "from \\ to" not in said
    assert all(terminal.width(line) <= 38 for line in said.splitlines())
    assert "50.0%" in said


def test_one_customer(tierwise: Command) -> None:
    body = tierwise("history", "b", "--json").json
    assert [(row["name"], row["value"], row["valid_to"]) for row in body["rows"]] == [
        (SEGMENT, "yes", "2026-06-30"), (STAGE, "repeat", "2026-04-30"), (STAGE, "dormant", None),
    ]  # fmt: skip
    said = tierwise("history", "b").out
    assert "≤ 2026-03-31" in said
    assert "dormant" in said
    unknown = tierwise("history", "nobody", "--json")
    assert (unknown.code, unknown.json["code"]) == (1, "unknown_customer")


def test_past(tierwise: Command) -> None:
    assert [each["name"] for each in tierwise("past", "names", "--json").json["names"]] == [SEGMENT, STAGE]
    counts = tierwise("past", "counts", STAGE, "--on", "2026-05-15", "--json").json
    assert (counts["as_of"], counts["customers"]) == ("2026-04-30", 3)
    flows = tierwise("past", "flows", SEGMENT, *DAYS, "--json").json
    assert [(row["day"], row["entries"], row["exits"]) for row in flows["rows"]] == [
        ("2026-03-31", 1, 0), ("2026-06-30", 0, 1),
    ]  # fmt: skip
    way = tierwise("past", "sankey", STAGE, "--on", "2026-03-31", "--on", "2026-06-30", "--json").json
    assert {link["source"] for link in way["links"]} <= {node["id"] for node in way["nodes"]}
    assert tierwise("past", "dwell", STAGE, "--json").json["until"] == "2026-06-30"
    for words in (
        ("names",), ("counts", STAGE, "--on", "2026-05-15"), ("flows", STAGE, *DAYS), ("dwell", STAGE),
        ("sankey", STAGE, "--on", "2026-03-31", "--on", "2026-06-30"),
    ):  # fmt: skip
        said = tierwise("past", *words)
        assert said.code == 0
        assert "stage" in said.out or "repeat" in said.out
