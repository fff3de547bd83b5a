"""A file with headers that were read before is read so again."""

from pathlib import Path

import pytest

from tierwise.app import importing
from tierwise.app.context import Context
from tierwise.app.mappings_kept import read_before
from tierwise.app.principal import Principal
from tierwise.definitions.mapping import Mapping
from tierwise.kernel.errors import TierwiseError

HEADERS = ("卡号", "谁", "城市")


def taken(ctx: Context, path: Path, columns: dict[str, str | int]) -> int | None:
    path.write_text(f"{','.join(HEADERS)}\nK1,王,上海\n", "utf-8")
    report = importing.import_file(ctx, path, "customers", Mapping(table="customers", columns=columns))
    return report.import_id


def test_the_newest_choice_for_these_headers_holds(empty: Context, tmp_path: Path) -> None:
    assert read_before(empty, HEADERS) is None
    taken(empty, tmp_path / "a.csv", {"customer_id": "卡号", "name": "谁"})
    newest = taken(empty, tmp_path / "b.csv", {"customer_id": 1, "trait.城市": "城市"})
    found = read_before(empty, HEADERS)
    assert found is not None
    assert (found.import_id, found.file, found.table) == (newest, "b.csv", "customers")
    assert found.meanings == ("customer_id", None, "trait")
    assert read_before(empty, HEADERS, "orders") is None
    assert read_before(empty, (*HEADERS, "新列")) is None, "other headers are another kind of file"
    assert read_before(empty, HEADERS[::-1]) is None


def test_who_may_not_import_is_told_nothing(empty: Context) -> None:
    with pytest.raises(TierwiseError) as caught:
        read_before(empty.acting_as(Principal("r", "reader")), HEADERS)
    assert caught.value.code == "not_allowed"
