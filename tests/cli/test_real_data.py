"""Real files through the command line, into homes as `init` makes them, to figures computed twice elsewhere."""

import csv
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.golden.data_folder import data_file
from tierwise.bootstrap import Settings, open_context
from tierwise.state import lake_tables
from tierwise.state.embedded import EmbeddedServer

pytestmark = pytest.mark.data

MAPPINGS = Path(__file__).parents[2] / "examples" / "mappings"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    EmbeddedServer(tmp_path / "home").stop()


def imported(tierwise: Command, file: Path, mapping: str, as_of: str) -> dict[str, Any]:
    counts: dict[str, Any] = tierwise("import", file, "--map", MAPPINGS / mapping, "--json").json
    assert counts["read"] == sum(
        counts[name] for name in ("accepted", "replaced", "unchanged", "ignored", "quarantined")
    )
    assert tierwise("run", "--as-of", as_of, "--json").code == 0
    return counts


def shares(tierwise: Command, metric: str) -> list[float]:
    return [round(row["share"], 4) for row in tierwise("show", "deciles", "--metric", metric, "--json").json["rows"]]


def profile(tierwise: Command, folder: Path) -> list[dict[str, str]]:
    assert tierwise("export", "profile", "--to", folder / "profile.csv").code == 0
    with (folder / "profile.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(home: Path, query: str) -> list[tuple[Any, ...]]:
    """A query over the facts by their names."""
    context = open_context(Settings(home))
    con = context.duckdb()
    with context.database.connect() as connection:
        for table, version in lake_tables.versions(connection).items():
            context.lake.read(con, table, version).create_view(table)
    found = con.execute(query).fetchall()
    con.close()
    context.database.dispose()
    return found


def test_online_retail(tierwise: Command, home: Path, tmp_path: Path) -> None:
    """Every line is accounted for to the cent, and a second time changes nothing."""
    file = data_file("online_retail", "online_retail.csv")
    counts = imported(tierwise, file, "online_retail.yaml", "2011-12-10")
    parts = ("read", "accepted", "ignored", "replaced", "unchanged", "quarantined")
    assert [counts[name] for name in parts] == [541_909, 397_884 + 132_219 + 9_288, 2_518, 0, 0, 0]
    sums = rows_of(
        home,
        "SELECT count(source_key), sum(gross_minor) FILTER (WHERE source_key IS NOT NULL), "
        "sum(gross_minor) FILTER (WHERE source_key IS NULL), count(DISTINCT source_key) FROM orders",
    )
    assert sums == [(18_532, 891_140_790, 174_421_458, 4_338)]
    back = rows_of(
        home,
        "SELECT sum(amount_minor) FILTER (WHERE source_key IS NOT NULL), "
        "sum(amount_minor) FILTER (WHERE source_key IS NULL) FROM refunds",
    )
    assert back == [(61_134_209, 28_547_040)]
    # 4,372 in the file; 13256 stands on one ignored line alone, at price 0.
    counted = rows_of(
        home,
        "SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM refund_lines), "
        "(SELECT count(*) FROM identities), (SELECT count(DISTINCT id) FROM identities), "
        "(SELECT count(*) FROM customers), (SELECT count(trait_Country) FROM customers), "
        "(SELECT sum(gross_minor) FROM orders JOIN identities USING (source_key) WHERE id = '12346')",
    )
    assert counted == [(397_884 + 132_219, 9_288, 4_372, 4_372, 4_372, 4_372, 7_718_360)]
    again = tierwise("import", file, "--map", MAPPINGS / "online_retail.yaml", "--json").json
    assert [again[name] for name in ("accepted", "replaced", "unchanged")] == [0, 0, 539_391]
    rows = profile(tierwise, tmp_path)
    buyers = [row for row in rows if row["frequency_count"] != "0"]
    assert (len(rows), len(buyers)) == (4_372, 4_338)
    for name, mean in (("recency_days", 93.06), ("frequency_count", 4.27), ("monetary_amount_gross", 2_054.27)):
        assert round(float(sum(Fraction(row[name]) for row in buyers) / len(buyers)), 2) == mean, name
    assert sum(Fraction(row["monetary_amount_gross"]) for row in rows) == Fraction("8911407.90")
    assert sum(Fraction(row["monetary_amount"]) for row in rows) == Fraction("8300065.81")
    assert sum(Fraction(row["monetary_amount"]) <= 0 for row in rows) == 55
    gross = [0.6138, 0.1324, 0.0817, 0.0552, 0.0387, 0.0284, 0.0202, 0.0148, 0.0098, 0.0052]
    assert shares(tierwise, "monetary_amount_gross") == gross
    view = tierwise("show", "rfm", "--json").json
    # By NumPy's quantiles of the file's own rows, net of cancellations.
    cells = {"111": 1009, "101": 56, "011": 491, "001": 179, "110": 224, "100": 459, "010": 286, "000": 1634}
    assert {cell["code"]: cell["customers"] for cell in view["cells"]} == cells
    assert (view["unscored"], view["unscored_reasons"]) == (34, {"no_orders": 34})


@pytest.mark.soak
def test_cdnow(tierwise: Command, tmp_path: Path) -> None:
    imported(tierwise, data_file("cdnow", "CDNOW_master.txt"), "cdnow_master.yaml", "1998-06-30")
    spend = [0.5094, 0.1683, 0.1017, 0.0681, 0.0483, 0.0355, 0.0265, 0.0187, 0.0137, 0.0098]
    assert shares(tierwise, "monetary_amount") == spend
    rows = profile(tierwise, tmp_path)
    assert len(rows) == 23_570
    assert round(sum(row["frequency_count"] == "1" for row in rows) / len(rows), 3) == 0.505
