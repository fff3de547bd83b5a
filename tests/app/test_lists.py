"""Lists of ids: every line is known, unknown or repeated, and what is unknown comes back as a file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tierwise.app import importing, lists
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit
from tierwise.state import lists as stored


@pytest.fixture(scope="module")
def known_ids(files: dict[str, Path]) -> list[str]:
    with files["customers"].open(encoding="gb18030", newline="") as stream:
        return [row[0] for row in csv.reader(stream)][1:]


def written(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_text("\n".join(lines) + "\n", encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-8-sig", "utf-16"])
def test_each_line_is_known_unknown_or_repeated(
    retailer: Context, known_ids: list[str], tmp_path: Path, encoding: str
) -> None:
    a, b, c = known_ids[:3]
    rows = [
        "姓名,会员编号",
        f"王,{a}",
        f"李,{b}",
        "张,nobody-1",
        "",
        f"赵, {a} ",
        "钱,",
        f"孙,{c}",
        "周,nobody-1",
        "吴,1.2E+10",
    ]
    done = lists.import_list(retailer, written(tmp_path / "邀请.csv", rows, encoding), "invited", there="replace")
    assert (done.read, done.known, done.unknown, done.repeated) == (8, 3, 3, 2)
    assert (done.members, done.column) == (3, "会员编号")
    assert done.read == done.known + done.unknown + done.repeated
    with retailer.database.connect() as connection:
        assert len(stored.list_members(connection, ["invited"])) == 3
    refused = importing.quarantine_rows(retailer, import_id=done.import_id)
    assert [(row["line"], row["code"]) for row in refused.rows] == [
        (4, "unknown_customer"),
        (7, "missing_id"),
        (10, "bad_id"),
    ]


def test_a_file_of_ids_alone_needs_no_header(retailer: Context, known_ids: list[str], tmp_path: Path) -> None:
    path = written(tmp_path / "ids.txt", [*known_ids[:5], "nobody-2"])
    done = lists.import_list(retailer, path, "bare", there="replace")
    assert (done.read, done.known, done.unknown, done.column) == (6, 5, 1, "customer_id")
    path = written(tmp_path / "named.txt", ["customer_id", *known_ids[:5]])
    assert lists.import_list(retailer, path, "bare", there="replace").read == 5


def test_unknown_ids_come_back_as_a_file_and_mended_they_are_added(
    retailer: Context, known_ids: list[str], tmp_path: Path
) -> None:
    path = written(tmp_path / "ids.txt", [known_ids[0], "typo-7", "typo-8"])
    done = lists.import_list(retailer, path, "mended", there="replace")
    out = tmp_path / "unknown.csv"
    assert importing.export_quarantine(retailer, out, import_id=done.import_id) == 2
    text = out.read_text("utf-8-sig")
    assert "no source knows this id" in text
    out.write_text(text.replace("typo-7", known_ids[9]), "utf-8")
    again = lists.import_list(retailer, out, "mended", there="add")
    assert (again.read, again.known, again.unknown, again.members) == (2, 1, 1, 2)
    assert importing.quarantine_rows(retailer, import_id=done.import_id).total == 1


def test_a_column_can_be_named_and_must_be_there(retailer: Context, known_ids: list[str], tmp_path: Path) -> None:
    path = written(tmp_path / "odd.csv", ["who;what", f"{known_ids[0]};x"])
    with pytest.raises(TierwiseError) as refused:
        lists.import_list(retailer, path, "odd")
    assert (refused.value.code, refused.value.remedy) == ("no_id_column", "name the column: --column NAME")
    with pytest.raises(TierwiseError, match='no column "whoo"') as refused:
        lists.import_list(retailer, path, "odd", column="whoo")
    assert refused.value.remedy == 'did you mean "who"?'
    assert lists.import_list(retailer, path, "odd", column="Who", there="replace").known == 1
    with pytest.raises(TierwiseError, match="already"):
        lists.import_list(retailer, path, "odd", column="who")
    with pytest.raises(TierwiseError, match="cannot be a name"):
        lists.import_list(retailer, path, "Odd list")


def test_lists_are_shown_and_removed_and_that_is_audited(
    retailer: Context, known_ids: list[str], tmp_path: Path
) -> None:
    lists.import_list(retailer, written(tmp_path / "ids.txt", known_ids[:2]), "short", title="Two", there="replace")
    found = lists.one_list(retailer, "short")
    assert (found.kind, found.members, found.title, found.origin) == ("imported", 2, "Two", "ids.txt")
    assert found in lists.all_lists(retailer)
    assert lists.remove_list(retailer, "short") == found
    with pytest.raises(TierwiseError) as refused:
        lists.one_list(retailer, "short")
    assert refused.value.code == "unknown_list"
    with retailer.database.connect() as connection:
        actions = {row.action for row in audit.list_rows(connection, object_name="short")}
    assert actions == {"list.import", "list.remove"}


def test_a_reader_may_look_and_not_touch(retailer: Context, tmp_path: Path) -> None:
    reader = retailer.acting_as(Principal("test:reader", "reader"))
    assert lists.all_lists(reader) == lists.all_lists(retailer)
    for touch in (lambda: lists.remove_list(reader, "bare"), lambda: lists.import_list(reader, tmp_path / "x", "x")):
        with pytest.raises(TierwiseError) as refused:
            touch()
        assert refused.value.code == "not_allowed"
