"""Sources as definitions: applied, listed, imported, and no part of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tierwise.app import defining, sources
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.principal import Principal
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.read import parse_definition, read_definitions
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError


def source(path: Path, **more: Any) -> dict[str, Any]:
    body = {
        "kind": "source",
        "name": "lake_orders",
        "origin": {"kind": "parquet", "path": str(path)},
        "mapping": {
            "table": "orders",
            "columns": {"order_id": "no", "ordered_at": "day", "gross": "amount"},
            "ignore": {"attribute": "amount", "op": "<=", "value": 0},
        },
    }
    return body | more


def test_a_source_is_defined_read_and_listed(empty: Context, tmp_path: Path) -> None:
    pq.write_table(pa.table({"no": ["1", "2"], "day": ["2026-06-01"] * 2, "amount": [5, 0]}), tmp_path / "a.parquet")
    defining.initialise(empty, "general")
    defined = parse_definition(source(tmp_path))
    assert isinstance(defined, ImportSource)
    with pytest.raises(TierwiseError, match="none is defined"):
        sources.import_source(empty, "lake_orders")
    applied = defining.change_definitions(empty, [defined], note="")
    assert applied.added == ("source lake_orders",)
    (listed,) = sources.list_sources(empty)
    assert (listed.origin, listed.last_import_at, listed.read) == (str(tmp_path), None, None)
    report = sources.import_source(empty, "lake_orders")
    assert (report.read, report.accepted, report.ignored, report.file) == (2, 1, 1, "source lake_orders")
    (listed,) = sources.list_sources(empty)
    assert (listed.read, listed.quarantined, listed.mark) == (2, 0, None)
    assert listed.last_import_at is not None
    with empty.database.connect() as connection:
        definitions = current_definitions(connection)
    assert defined in definitions.others
    assert defined not in definitions.of_profile


def test_only_an_administrator_points_a_source_elsewhere(empty: Context, tmp_path: Path) -> None:
    analyst = empty.acting_as(Principal("test:analyst", "analyst"))
    (there,) = sources.list_sources(empty)
    origin = {"kind": "parquet", "path": there.origin}
    changed = parse_definition(source(tmp_path, origin=origin, replace_orders=True))
    assert defining.change_definitions(analyst, [changed], note="").changed == ("source lake_orders",)
    for elsewhere in (source(tmp_path / "x"), source(tmp_path, origin=origin, name="another")):
        with pytest.raises(TierwiseError) as refused:
            defining.change_definitions(analyst, [parse_definition(elsewhere)], note="")
        assert refused.value.code == "not_allowed"
    defining.change_definitions(empty, [parse_definition(source(Path(there.origin)))], note="")


def test_a_file_with_the_mapping_of_a_source_moves_no_mark(empty: Context, tmp_path: Path) -> None:
    before = sources.list_sources(empty)
    (tmp_path / "mended.csv").write_text("no,day,amount\n2,2026-06-01,7\n", "utf-8")
    assert sources.import_file_of_source(empty, tmp_path / "mended.csv", "lake_orders").accepted == 1
    assert sources.list_sources(empty) == before


def test_who_may_only_look_sees_sources_and_imports_none(empty: Context) -> None:
    reader = replace(empty, principal=Principal("test:reader", "reader"))
    assert [each.name for each in sources.list_sources(reader)] == ["lake_orders"]
    with pytest.raises(TierwiseError, match="does not include"):
        sources.import_source(reader, "lake_orders")
    with pytest.raises(TierwiseError, match="lake_orders"):
        sources.import_source(empty, "lake_order")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    body = source(tmp_path, watermark={"column": "day", "overlap_minutes": 0}, replace_orders=True)
    defined = parse_definition(body)
    (tmp_path / "s.yaml").write_text(to_yaml([defined]), "utf-8")
    assert read_definitions([tmp_path / "s.yaml"]) == [defined]
