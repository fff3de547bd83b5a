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
from tierwise.app.insights.members.cohorts import DRAWN
from tierwise.app.insights.settling import assignments, settled
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError
from tierwise.testing import make_retail


@pytest.fixture(scope="module")
def pairs_planted() -> set[tuple[str, str]]:
    """The products of which the maker of retailers plants that one draws the other."""
    truth = make_retail(customers=1, seed=3).truths["pairs"]
    return {(row["product_a"], row["product_b"]) for row in truth.to_pylist()}


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
    export_insight(retailer, "pairs", tmp_path / "zh.csv", given, headings="zh")
    of_program, of_people = ((tmp_path / f"{name}.csv").read_text("utf-8").split("\n", 1) for name in ("pairs", "zh"))
    assert of_people[0] == ",".join(column.title.zh for column in view.columns)
    assert of_people[1] == of_program[1]
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


def test_customers_by_their_own_ids_and_only_for_those_who_may_see_them(retailer: Context) -> None:
    reader = retailer.acting_as(Principal("test:reader", "reader"))
    for name, given in (("clv", {}), ("promotion", {"per_customer": True})):
        view = insight(retailer, name, given, limit=3)
        assert view.columns[0].name == "customer_id"
        assert all(str(row[0]).startswith("U") for row in view.rows)
        with pytest.raises(TierwiseError) as refused:
            insight(reader, name, given)
        assert refused.value.code == "not_allowed"
    fit = insight(reader, "clv", {"show": "fit"})
    assert sum(row[1] for row in fit.rows) == fit.figures[0].value, "everybody has some number of repeat orders"
    classes = insight(reader, "promotion")
    assert sum(row[1] for row in classes.rows) == fit.figures[0].value


def test_the_most_valuable_come_first_and_cheap_customers_have_a_value_too(retailer: Context) -> None:
    view = insight(retailer, "clv", {"horizon_days": 180}, limit=1000)
    value = [column.name for column in view.columns].index("value")
    values = [row[value] for row in view.rows]
    assert values == sorted(values, reverse=True)
    assert all(isinstance(each, Decimal) and each >= 0 for each in values)
    half = insight(retailer, "clv", {"horizon_days": 180, "margin": 0.5}, limit=1)
    assert abs(half.rows[0][value] * 2 - values[0]) <= Decimal("0.01")


def test_the_planted_pairs_lead(retailer: Context, pairs_planted: set[tuple[str, str]]) -> None:
    """Either way round, since both are together more often than by chance."""
    view = insight(retailer, "pairs", limit=6)
    names = [column.name for column in view.columns]
    found = {(row[names.index("left")], row[names.index("right")]) for row in view.rows}
    assert len(found) == 6
    assert found <= pairs_planted | {(b, a) for a, b in pairs_planted}


def test_the_next_products_of_one(retailer: Context) -> None:
    given = {"by": "category", "min_count": 5, "with_chance": "yes", "best": 2}
    everything = insight(retailer, "next_products", given, limit=1000)
    first = everything.rows[0][0]
    of_one = insight(retailer, "next_products", given | {"after": first}, limit=1000)
    assert {row[0] for row in of_one.rows} == {first}
    assert of_one.of <= 2
    assert insight(retailer, "next_products", given | {"with_chance": "no"}).of < everything.of


def test_a_funnel_of_steps_given(retailer: Context) -> None:
    view = insight(retailer, "funnel", {"steps": "registered, order:store, again"})
    assert [row[0] for row in view.rows] == ["registered", "order:store", "again"]
    counts = [row[1] for row in view.rows]
    assert counts == sorted(counts, reverse=True)
    assert counts[2] > 0
    with pytest.raises(TierwiseError) as refused:
        insight(retailer, "funnel", {"steps": "registerd,order"})
    assert refused.value.remedy == 'did you mean "registered"?'
    assert "leads" in insight(retailer, "funnel", {"of": "lead_stages"}).notes[0].en


def test_a_funnel_by_an_attribute_adds_up(retailer: Context) -> None:
    steps = "registered, order, again"
    plain = {row[0]: row[1] for row in insight(retailer, "funnel", {"steps": steps}).rows}
    for by, some in (("gender", {"female", "male"}), ("rfm_cell", {"111", "000"})):
        view = insight(retailer, "funnel", {"steps": steps, "by": by}, limit=100)
        names = [column.name for column in view.columns]
        rows = [dict(zip(names, row, strict=True)) for row in view.rows]
        for step, many in plain.items():
            assert sum(row["customers"] for row in rows if row["step"] == step) == many
        assert some <= {row["value"] for row in rows if row["kind"] == "value"}
        assert view.chart is not None
    assert view.columns[names.index("name")].values["111"].zh == "重要价值客户", "cells are told by name"
    assert view.figures[1].value == "again", "who buys often is in another cell than who does not"
    for by, code in (("monetary_amount", "bad_value"), ("start.source", "unknown_attribute")):
        with pytest.raises(TierwiseError) as refused:
            insight(retailer, "funnel", {"steps": steps, "by": by})
        assert refused.value.code == code


def test_what_stops_before_a_step_is_not_told_by_the_step_itself(retailer: Context) -> None:
    view = insight(retailer, "funnel_stops", {"steps": "registered, order, again", "at": "again"})
    figures = {figure.name: figure.value for figure in view.figures}
    plain = {row[0]: row[1] for row in insight(retailer, "funnel", {"steps": "registered, order, again"}).rows}
    sides = ("stopped", "went_on", "too_soon", "too_soon_went_on")
    assert sum(figures[side] for side in sides) == plain["order"]
    assert figures["stopped"] + figures["too_soon"] == plain["order"] - plain["again"]
    assert figures["too_soon"] > 0
    told = view.notes[1].en
    assert all(name in told for name in ("rfm_cell", "recency_days", "line_count"))
    assert "gender" not in told


def test_first_purchases_by_store_are_told_by_name(retailer: Context) -> None:
    view = insight(retailer, "first_purchases", {"by": "store", "min_customers": 1})
    assert any("店" in row[1] for row in view.rows)
    assert sum(row[2] for row in view.rows) == view.figures[0].value


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


def test_a_picture_of_cohorts_has_those_beyond_the_rows_that_are_shown(retailer: Context) -> None:
    view = insight(retailer, "cohorts", {"months": 14}, limit=5)
    assert len(view.rows) == 5
    assert view.chart is not None
    assert len(view.chart["yAxis"]["data"]) == 14
    assert len(insight(retailer, "cohorts", {"months": 40}, limit=5).chart["yAxis"]["data"]) == DRAWN


def test_steps_of_a_funnel_are_called_as_people_call_them(retailer: Context) -> None:
    view = insight(retailer, "funnel", {"steps": "registered, order:store, again"}, language="zh")
    named = {name: label.zh for name, label in view.columns[0].values.items()}
    assert named == {"registered": "注册", "order:store": "下单：store", "again": "再次下单"}
    assert view.chart is not None
    assert view.chart["yAxis"]["data"] == list(named.values())
