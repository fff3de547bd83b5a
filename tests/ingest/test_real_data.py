"""CDNOW of TIERWISE_DATA by the mappings in examples/, to the figures of its README; Online Retail: tests/cli."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingest.conftest import Home
from tierwise.definitions.read import read_mapping
from tierwise.ingest.importer import import_file

DATA = os.environ.get("TIERWISE_DATA")
MAPPINGS = Path(__file__).parents[2] / "examples" / "mappings"

pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA, reason="TIERWISE_DATA is not set")]


def test_cdnow_master_keeps_equal_lines_as_different_orders(home: Home) -> None:
    path = Path(DATA or "") / "cdnow" / "CDNOW_master.txt"
    home = home.with_project(timezone="America/New_York", currency="USD")
    report = import_file(home.session, path, "orders", read_mapping(MAPPINGS / "cdnow_master.yaml"))
    assert (report.read, report.accepted, report.quarantined) == (69_659, 69_659, 0)
    assert home.rows("SELECT count(*), count(DISTINCT order_id), count(DISTINCT source_key) FROM orders") == [
        (69_659, 69_659, 23_570)
    ]
    again = import_file(home.session, path, "orders", read_mapping(MAPPINGS / "cdnow_master.yaml"))
    assert (again.accepted, again.unchanged) == (0, 69_659)


def test_cdnow_sample_has_no_header(new_home: Callable[[], Home]) -> None:
    home = new_home().with_project(timezone="America/New_York", currency="USD")
    path = Path(DATA or "") / "cdnow" / "CDNOW_sample.txt"
    report = import_file(home.session, path, "orders", read_mapping(MAPPINGS / "cdnow_sample.yaml"))
    assert (report.read, report.accepted) == (6_919, 6_919)
    assert home.rows("SELECT count(*) FROM identities") == [(2_357,)]
