"""Insights through the whole house: facts of the run, junk left out, files, rights, and what is refused."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tierwise.app import running
from tierwise.app.context import Context
from tierwise.app.defining import initialise
from tierwise.app.importing import import_path
from tierwise.app.insights import catalogue
from tierwise.app.insights.asking import export_insight, insight, list_insights
from tierwise.app.insights.settling import assignments, settled
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError


def test_every_member_is_called_as_its_file_and_has_defaults_that_it_takes() -> None:
    for name in catalogue.names():
        found = catalogue.member(name)
        assert found.name == name
        assert found.title.zh
        assert found.title.en
        assert found.answers.zh.endswith("？")
        assert found.answers.en.endswith("?")
        defaults = {each.name: each.default for each in found.parameters}
        assert settled(found, {}) == defaults
        assert settled(found, defaults) == defaults
        assert all(each.meaning.zh and each.meaning.en for each in found.parameters)
        assert (Path(__file__).parents[2] / "docs" / found.page).exists()


@pytest.mark.parametrize("name", catalogue.names())
def test_every_member_answers_a_retailer(retailer: Context, name: str) -> None:
    view = insight(retailer, name, limit=5)
    assert view.as_of == date(2026, 6, 30)
    assert view.rows or view.notes, "an answer, or why there is none"
    assert len(view.rows) == min(view.of, 5)
    assert all(len(row) == len(view.columns) for row in view.rows)
    assert view.bar is None or not view.rows or view.bar in {column.name for column in view.columns}
    json.dumps(view.chart)


def test_the_ladder_counts_the_buyers_of_the_run(retailer: Context) -> None:
    view = insight(retailer, "ladder", {"within_days": "90", "max_steps": 3})
    names = [column.name for column in view.columns]
    steps = [dict(zip(names, row, strict=True)) for row in view.rows]
    assert [step["purchase"] for step in steps] == [1, 2, 3]
    with retailer.database.connect() as state:
        counts = running.runs.current(state).counts  # type: ignore[union-attr]
    assert steps[0]["customers"] == counts["buyers"], "junk is left out as the run does"
    assert isinstance(steps[0]["net"], Decimal)
    assert view.parameters == {"within_days": 90, "max_steps": 3, "min_followed": 30}
    assert view.chart is not None
    assert view.chart["xAxis"]["data"] == ["1", "2", "3"]
    earlier = insight(retailer, "ladder", as_of=date(2026, 3, 31))
    assert earlier.as_of == date(2026, 3, 31)
    assert earlier.rows[0][1] <= steps[0]["customers"]


def test_files_have_all_rows_and_the_same_bytes(retailer: Context, tmp_path: Path) -> None:
    given = {"min_support": 0.002, "min_confidence": 0.05}
    done = export_insight(retailer, "pairs", tmp_path / "pairs.csv", given)
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(encoding="utf-8")))
    view = insight(retailer, "pairs", given, limit=1)
    assert done.rows == len(rows) == view.of > 1
    assert (rows[0]["left"], rows[0]["left_name"]) == (view.rows[0][0], view.rows[0][1])
    assert rows[0]["left"] != rows[0]["left_name"], "products are told by name"
    again = export_insight(retailer, "pairs", tmp_path / "again.csv", given)
    assert again.bytes == done.bytes
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "pairs.csv").read_bytes()
    export_insight(retailer, "ladder", tmp_path / "ladder.parquet")
    found = duckdb.sql(f"SELECT net FROM '{tmp_path / 'ladder.parquet'}'")
    assert str(found.types[0]) == "DECIMAL(18,2)"
    export_insight(retailer, "ladder", tmp_path / "ladder.svg")
    assert "<svg" in (tmp_path / "ladder.svg").read_text("utf-8")


def test_what_does_not_fit_is_refused_all_at_once(retailer: Context) -> None:
    with pytest.raises(TierwiseError) as refused:
        insight(retailer, "pairs", {"min_suport": "0.1", "by": "categry", "max_left": "0", "min_confidence": "2"})
    told = {problem.place: problem for problem in refused.value.problems}
    assert told["min_suport"].remedy == 'did you mean "min_support"?'
    assert told["by"].remedy == 'did you mean "category"?'
    assert told["max_left"].remedy == "a whole number from 1 to 10"
    assert told["min_confidence"].code == "bad_value"
    with pytest.raises(TierwiseError, match='unknown insight "ladde"') as unknown:
        insight(retailer, "ladde")
    assert unknown.value.remedy == 'did you mean "ladder"?'
    with pytest.raises(TierwiseError, match="lies after the run"):
        insight(retailer, "ladder", as_of=date(2026, 7, 1))


def test_settings_are_read_as_they_are_written() -> None:
    assert assignments(["a=1", " b = x=y "]) == {"a": "1", "b": "x=y"}
    with pytest.raises(TierwiseError) as refused:
        assignments(["a=1", "a=2", "b"])
    assert len(refused.value.problems) == 2


def test_rights(retailer: Context, tmp_path: Path) -> None:
    reader = retailer.acting_as(Principal("test:reader", "reader"))
    assert list_insights(reader)
    assert insight(reader, "ladder").rows
    with pytest.raises(TierwiseError, match='does not include "export"'):
        export_insight(reader, "ladder", tmp_path / "no.csv")


def test_without_facts_a_note_says_what_to_import(empty: Context, tmp_path: Path) -> None:
    initialise(empty, "general")
    people = tmp_path / "customers.csv"
    people.write_text("customer_id,name\nC1,A\n", "utf-8")
    import_path(empty, people, "customers", None)
    running.run(empty, date(2026, 6, 30))
    for name in catalogue.names():
        view = insight(empty, name)
        assert not view.rows
        assert view.notes
    assert "tierwise import FILE --as order_lines" in insight(empty, "pairs").notes[0].en
    assert {each.name: each.missing for each in list_insights(empty)}["pairs"] == ("orders", "order_lines")
