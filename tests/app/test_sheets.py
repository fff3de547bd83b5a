"""Tables of pages as files: each of them, in words, by the rights of its use case, with the mark of who took it."""

import re
from pathlib import Path

import openpyxl
import pytest

from tierwise.app import exporting, history, imports, segments, showing
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions, project_of
from tierwise.app.principal import Principal
from tierwise.app.sheet import in_one_type, label_of_column
from tierwise.app.sheets import SHEETS
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit

BUYERS = Comparison(attribute="frequency_count", op=">=", value=1)

WANG = Principal("person:wang", "analyst")

OF_A_TEMPLATE = {"levels", "level_weights", "near_misses", "matrix", "combinations", "junk_rules"}
"""What the general template does not define; the dealers' test asks for these."""


def asked_of(ctx: Context, table: str) -> dict[str, str]:
    """What a sheet is asked for in a home of any template."""
    days = history.days(ctx)
    buyer = next(row[0] for row in segments.sample(ctx, BUYERS, limit=1, seed=1).rows)
    known = {
        "customer": buyer,
        "run": str(showing.runs(ctx, 1)[0].id),
        "import": str(imports.list_imports(ctx)[0].id),
        "from": str(days[0]),
        "to": str(days[-1]),
        "kind": "project",
        "name": {"definition_versions": "project", "moves": "lifecycle_stage", "values": "activity"}.get(table, ""),
    }
    return {name: known[name] for name in SHEETS[table].needs if known.get(name)}


@pytest.mark.parametrize("table", sorted(SHEETS.keys() - OF_A_TEMPLATE))
def test_every_table_of_a_page_is_a_file_in_words(retailer: Context, tmp_path: Path, table: str) -> None:
    asked = asked_of(retailer, table)
    if SHEETS[table].needs and len(asked) < len(SHEETS[table].needs):
        with pytest.raises(TierwiseError) as caught:
            exporting.export(retailer, table, tmp_path / "x.csv", asked=asked)
        assert (caught.value.code, caught.value.place) == ("bad_value", "set")
        return
    done = exporting.export(retailer, table, tmp_path / "x.xlsx", headings="zh", asked=asked)
    head, *rows = openpyxl.load_workbook(tmp_path / "x.xlsx").active.iter_rows(values_only=True)
    assert (len(rows), len(head)) == (done.rows, len(SHEETS[table].columns))
    assert len({str(name) for name in head}) == len(head)


def test_every_column_has_a_word_in_chinese() -> None:
    names = {(table, each.rpartition(" as ")[2]) for table, sheet in SHEETS.items() for each in sheet.columns}
    plain = {name for table, name in names if not re.search(r"[\u4e00-\u9fff]", label_of_column(table, name).zh)}
    assert plain == {"index"}  # TGI in both languages


def test_a_workbook_says_who_took_it_and_a_programs_does_not(retailer: Context, tmp_path: Path) -> None:
    exporting.export(retailer.acting_as(WANG), "runs", tmp_path / "his.xlsx")
    exporting.export(retailer, "runs", tmp_path / "plain.xlsx")
    his, plain = (openpyxl.load_workbook(tmp_path / name) for name in ("his.xlsx", "plain.xlsx"))
    said = his.active["A1"].comment.text
    assert re.search(r"^wang .*\d{4}-\d\d-\d\d \d\d:\d\d Asia/Shanghai.*runs", said)
    assert (his.properties.creator, his.properties.description) == ("wang", said)
    assert "wang" in his.active.oddFooter.left.text
    assert plain.active["A1"].comment is None
    assert list(his.active.values) == list(plain.active.values)


def test_what_it_is_of_is_checked_and_audited(retailer: Context, tmp_path: Path) -> None:
    asked = asked_of(retailer, "run_steps")
    exporting.export(retailer, "run_steps", tmp_path / "x.csv", asked=asked)
    with retailer.database.connect() as connection:
        row = audit.list_rows(connection, action="export")[0]
    assert (row.object, row.detail["parameters"]) == ("run_steps", asked)
    for table, given, code in (
        ("run_steps", {"run": "99999"}, "unknown_run"),
        ("run_steps", {"run": "1", "tag": "x"}, "unknown_parameter"),
        ("profile", {"tag": "x"}, "unknown_parameter"),
        ("tag_values", {"tag": "no_such"}, "unknown_tag"),
    ):
        with pytest.raises(TierwiseError) as caught:
            exporting.export(retailer, table, tmp_path / "y.csv", asked=given)
        assert caught.value.code == code


def test_the_deciles_of_any_number_can_be_taken(retailer: Context, tmp_path: Path) -> None:
    view = showing.deciles(retailer, "frequency_count")
    exporting.export(retailer, "deciles", tmp_path / "d.xlsx", asked={"metric": "frequency_count"})
    head, *rows = openpyxl.load_workbook(tmp_path / "d.xlsx").active.iter_rows(values_only=True)
    at = head.index("total")
    assert [row[at] for row in rows] == [row.total for row in view.rows]


def test_who_may_not_see_it_takes_nothing(retailer: Context, tmp_path: Path) -> None:
    for table in ("people", "write_keys"):
        with pytest.raises(TierwiseError) as caught:
            exporting.export(retailer.acting_as(WANG), table, tmp_path / "x.xlsx")
        assert caught.value.code == "not_allowed"
    with pytest.raises(TierwiseError) as caught:
        exporting.export(retailer.acting_as(Principal("r", "reader")), "runs", tmp_path / "x.xlsx")
    assert caught.value.code == "not_allowed"


def test_numbers_of_several_kinds_share_a_column() -> None:
    assert [str(each) for each in in_one_type([1, 2.5])] == ["1", "2.5"]
    assert in_one_type([1, "a", None]) == ["1", "a", None]
    assert in_one_type([None, None]) == [None, None]


def test_people_take_as_many_rows_as_the_project_says(retailer: Context, tmp_path: Path) -> None:
    project = project_of(retailer)
    change_definitions(retailer, [project.model_copy(update={"export_rows": 10})], note="")
    try:
        for ending in ("xlsx", "csv"):
            with pytest.raises(TierwiseError) as caught:
                exporting.export(retailer.acting_as(WANG), "profile", tmp_path / f"p.{ending}")
            assert caught.value.code == "export_limited"
            assert not (tmp_path / f"p.{ending}").exists()
        boss = Principal("person:boss", "administrator")
        assert exporting.export(retailer.acting_as(boss), "profile", tmp_path / "all.csv").rows > 10
        assert exporting.export(retailer, "profile", tmp_path / "program.csv").rows > 10
        assert exporting.export(retailer.acting_as(WANG), "rfm", tmp_path / "rfm.csv").rows == 8
    finally:
        change_definitions(retailer, [project], note="")
