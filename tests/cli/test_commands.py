"""The command line from an empty folder to tiers: one JSON object on stdout, exit codes, and errors that help.

The tests of this module run in order on one home.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from tests.cli.conftest import Command
from tierwise.cli import look


def test_nothing_there_yet_is_told_with_the_next_step(tierwise: Command) -> None:
    said = tierwise("show", "rfm", "--json")
    assert said.code == 1
    assert said.json["code"] == "no_run"
    assert "import" in said.json["remedy"]
    assert tierwise("runs").code == 0


def test_init_with_a_wrong_template(tierwise: Command) -> None:
    said = tierwise("init", "--template", "reetail")
    assert said.code == 1
    assert said.out == ""
    assert 'error: unknown template "reetail"' in said.err
    assert 'did you mean "retail"?' in said.err


def test_init(tierwise: Command, home: Path) -> None:
    said = tierwise("init", "--template", "general", "--json")
    assert (said.code, said.json["template"], said.json["home"]) == (0, "general", str(home))
    assert tierwise("init").code == 1


def test_import_counts_add_up_and_quarantine_is_no_failure(tierwise: Command, orders: Path) -> None:
    said = tierwise("import", orders, "--as", "orders", "--json")
    assert said.code == 0, said
    counts = said.json
    names = ("read", "accepted", "replaced", "unchanged", "ignored", "quarantined")
    assert [counts[name] for name in names] == [7, 6, 0, 0, 0, 1]
    assert isinstance(counts["seconds"], float)


def test_the_same_file_again_changes_nothing(tierwise: Command, orders: Path) -> None:
    counts = tierwise("import", orders, "--as", "orders", "--json").json
    assert (counts["accepted"], counts["unchanged"], counts["quarantined"]) == (0, 6, 1)


def test_strict_fails_on_quarantined_rows(tierwise: Command, orders: Path) -> None:
    assert tierwise("import", orders, "--as", "orders", "--strict", "--json").code == 1


def test_quarantine_names_file_line_column_and_reason(tierwise: Command) -> None:
    found = tierwise("quarantine", "--json").json
    row = found["rows"][0]
    assert (row["file"], row["line"], row["column_name"]) == ("订单.csv", 8, "下单时间")
    assert "not a day" in str(row["row_text"])
    assert found["total"] >= 1
    assert "订单.csv" in tierwise("quarantine").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("import", "{orders}", "--as", "order"), "unknown_table"),
        (("import", "none.csv", "--as", "orders"), "unknown_file"),
        (("import", "{orders}"), "no_table"),
        (("run", "--as-of", "30.06.2026"), "bad_date"),
        (("show", "deciles", "--metric", "montary_amount", "--run", "99"), "unknown_run"),
        (("export", "profile", "--to", "x.csv"), "no_run"),
        (("jobs", "cancel", "999"), "unknown_job"),
    ],
)
def test_refusals_are_one_object_with_code_message_place(
    tierwise: Command, orders: Path, words: tuple[str, ...], code: str
) -> None:
    said = tierwise(*[word.format(orders=orders) for word in words], "--json")
    assert said.code == 1
    assert said.json["code"] == code
    assert {"code", "message", "place"} <= set(said.json)


def test_moves_need_the_day_that_they_begin(tierwise: Command) -> None:
    tierwise("run", "--as-of", "2026-06-30")
    said = tierwise("show", "lifecycle", "--to", "2026-06-30", "--json")
    assert (said.code, said.json["code"]) == (1, "no_from_date")


def test_a_file_that_cannot_be_written_is_named(tierwise: Command, tmp_path: Path) -> None:
    said = tierwise("definitions", "export", "--to", tmp_path / "none" / "x.yaml", "--json")
    assert (said.code, said.json["code"], said.json["place"]) == (1, "write_failed", str(tmp_path / "none" / "x.yaml"))


def test_a_database_that_goes_away_is_told(tierwise: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*arguments: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    monkeypatch.setattr(look, "runs", gone)
    said = tierwise("runs", "--json")
    assert (said.code, said.json["code"]) == (1, "database_lost")


def test_ctrl_c_is_told_and_is_130(tierwise: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(look, "runs", interrupt)
    said = tierwise("runs")
    assert (said.code, said.out) == (130, "")
    assert "interrupted" in said.err


def test_a_command_loads_no_pandas(tierwise: Command, home: Path) -> None:
    code = """
import sys
sys.argv = ["tierwise", "show", "rfm"]
from tierwise.cli.main import main
try:
    main()
finally:
    print("pandas" in sys.modules, "duckdb" in sys.modules, file=sys.stderr)
"""
    there = os.environ | {"TIERWISE_HOME": str(home)}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=there)
    assert said.stderr.split()[-2:] == ["False", "True"]
    assert "RFM" in said.stdout


def test_commands_without_a_context_speak_as_the_project_does(tierwise: Command, tmp_path: Path) -> None:
    plain = {"TIERWISE_LANGUAGE": "", "LC_ALL": "C.UTF-8", "LC_MESSAGES": "", "LANG": ""}
    assert "内置，进程" in tierwise("doctor", settings=plain).out
    assert "行" in tierwise("backup", tmp_path / "a.zip", settings=plain).out
    assert "错误" in tierwise("backup", tmp_path / "a.zip", settings=plain).err
    assert "embedded, pid" in tierwise("doctor", settings={"TIERWISE_LANGUAGE": "en"}).out


def test_wrong_usage_is_2(tierwise: Command) -> None:
    assert tierwise("show", "profile", "--limit", "-1").code == 2
    assert tierwise("show", "rmf").code == 2
    assert tierwise("import").code == 2
    assert tierwise("run", "--nonsense").code == 2


def test_run(tierwise: Command) -> None:
    said = tierwise("run", "--as-of", "2026-06-30", "--json")
    assert said.code == 0
    assert said.json["counts"]["customers"] == 4
    assert said.json["counts"]["orders"] == 6
    assert said.json["current"] is True


def test_show_deciles_contract(tierwise: Command) -> None:
    view = tierwise("show", "deciles", "--metric", "monetary_amount", "--json").json
    first = view["rows"][0]
    assert {"decile", "customers", "total", "share", "cumulative_share", "per_head"} <= set(first)
    assert (first["decile"], first["customers"], first["total"]) == (1, 1, "1000.00")
    assert view["rows"][-1]["cumulative_share"] == pytest.approx(1)


def test_show_rfm_contract(tierwise: Command) -> None:
    view = tierwise("show", "rfm", "--json").json
    assert len(view["cells"]) == 8
    assert {"code", "name", "customers", "monetary_amount"} <= set(view["cells"][0])
    assert view["unscored"] == 0
    assert sum(cell["customers"] for cell in view["cells"]) == 4


@pytest.mark.parametrize(
    "words",
    [
        ("show", "rfm"),
        ("show", "deciles"),
        ("show", "lifecycle"),
        ("show", "activity"),
        ("show", "stores"),
        ("show", "profile", "--limit", "1"),
        ("customer", "a"),
        ("runs",),
        ("jobs", "list"),
        ("definitions", "export"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_what_people_read_and_what_programs_read(tierwise: Command, words: tuple[str, ...]) -> None:
    for_people, for_programs = tierwise(*words), tierwise(*words, "--json")
    assert (for_people.code, for_programs.code) == (0, 0)
    assert for_people.out.strip()
    assert isinstance(for_programs.json, dict)


def test_stores_show_the_identified_share(tierwise: Command) -> None:
    view = tierwise("show", "stores", "--json").json
    s1 = next(row for row in view["rows"] if row["store_id"] == "S1")
    assert (s1["orders"], s1["identified_orders"]) == (3, 2)
    assert s1["identified_amount_rate"] == pytest.approx(150 / 190)


def test_moves_between_two_kept_runs(tierwise: Command) -> None:
    tierwise("run", "--as-of", "2026-06-19")
    tierwise("run", "--as-of", "2026-06-30")
    view = tierwise("show", "lifecycle", "--from", "2026-06-19", "--to", "2026-06-30", "--json").json
    moves = {(row["from"], row["to"]): row["customers"] for row in view["rows"]}
    assert moves[("first_purchase", "repeat")] == 1
    assert moves[(None, "first_purchase")] == 1
    assert "2026-06-19" in tierwise("show", "lifecycle", "--from", "2026-06-19").out


def test_export_profile(tierwise: Command, tmp_path: Path) -> None:
    said = tierwise("export", "profile", "--to", tmp_path / "p.csv", "--json")
    assert said.json["rows"] == 4
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["customer_id"] for row in rows] == ["a", "b", "c", "d"]
    assert rows[0]["monetary_amount"] == "150.00"


def test_definitions_with_a_typo_are_refused_with_line_and_meaning(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: deciles\nname: mine\nmetrik: recency_days\n")
    said = tierwise("definitions", "apply", "-f", path, "--json")
    assert (said.code, said.json["place"], said.json["remedy"]) == (1, f"{path}:3", 'did you mean "metric"?')
    path.write_text("kind: deciles\nname: mine\nmetric: recency_days\n")
    assert tierwise("definitions", "check", "-f", path, "--json").json["added"] == ["deciles mine"]
    assert tierwise("definitions", "apply", "-f", path, "--json").json["added"] == ["deciles mine"]


def test_a_proposed_mapping_is_one_that_can_be_used(tierwise: Command, orders: Path, tmp_path: Path) -> None:
    said = tierwise("import", orders, "--as", "orders", "--propose-map", tmp_path / "m.yaml", "--json")
    assert said.code == 0, said
    counts = tierwise("import", orders, "--map", tmp_path / "m.yaml", "--json").json
    assert (counts["unchanged"], counts["quarantined"]) == (6, 1)
    used = str(counts["import_id"])
    assert tierwise("mapping", used, "--to", tmp_path / "used.yaml", "--json").code == 0
    assert tierwise("mapping", used).out == (tmp_path / "used.yaml").read_text("utf-8")
    again = tierwise("import", orders, "--map", tmp_path / "used.yaml", "--dry-run", "--json").json
    assert again["mapping"] == counts["mapping"]


def test_quarantined_rows_are_mended_and_come_in(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "mend.csv"
    other = tierwise("quarantine", "--to", path, "--code", "bad_dates", "--json")
    assert (other.code, other.json["code"], other.json["remedy"]) == (1, "unknown_reason", 'did you mean "bad_date"?')
    assert not path.exists()
    assert tierwise("quarantine", "--to", path, "--code", "bad_date", "--json").json["rows"] >= 1
    path.write_text(path.read_text("utf-8").replace("not a day", "2026-06-28 08:00:00"), "utf-8")
    counts = tierwise("import", path, "--as", "orders", "--json").json
    assert counts["accepted"] == 1
    assert counts["quarantined"] == 0


def test_stop_leaves_nothing_running(tierwise: Command) -> None:
    assert tierwise("stop", "--json").json == {"stopped": True}
    assert tierwise("stop", "--json").json == {"stopped": False}
