"""The real data sets of TIERWISE_DATA, by the mappings in examples/, to the figures of their README."""

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


def test_online_retail_accounts_for_every_line_to_the_cent(home: Home) -> None:
    path = Path(DATA or "") / "online_retail" / "online_retail.csv"
    mapping = read_mapping(MAPPINGS / "online_retail.yaml")
    home = home.with_project(timezone="Europe/London", currency="GBP")
    report = import_file(home.session, path, "order_lines", mapping)
    assert (report.read, report.accepted, report.ignored) == (541_909, 397_884 + 132_219 + 9_288, 2_518)
    assert (report.replaced, report.unchanged, report.quarantined) == (0, 0, 0)
    sums = home.rows(
        "SELECT count(source_key), sum(gross_minor) FILTER (WHERE source_key IS NOT NULL), "
        "sum(gross_minor) FILTER (WHERE source_key IS NULL), count(DISTINCT source_key) FROM orders"
    )
    assert sums == [(18_532, 891_140_790, 174_421_458, 4_338)]
    back = home.rows(
        "SELECT sum(amount_minor) FILTER (WHERE source_key IS NOT NULL), "
        "sum(amount_minor) FILTER (WHERE source_key IS NULL) "
        "FROM refunds"
    )
    assert back == [(61_134_209, 28_547_040)]
    assert home.rows("SELECT count(*) FROM order_lines") == [(397_884 + 132_219,)]
    assert home.rows("SELECT count(*) FROM refund_lines") == [(9_288,)]
    # 4,372 in the file; 13256 stands on one ignored line alone, at price 0.
    assert home.rows("SELECT count(*), count(DISTINCT id) FROM identities") == [(4_372, 4_372)]
    assert home.rows("SELECT count(*), count(trait_Country) FROM customers") == [(4_372, 4_372)]
    assert home.rows("SELECT sum(gross_minor) FROM orders JOIN identities USING (source_key) WHERE id = '12346'") == [
        (7_718_360,)
    ]
    again = import_file(home.session, path, "order_lines", mapping)
    assert (again.accepted, again.replaced, again.unchanged) == (0, 0, 539_391)


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
