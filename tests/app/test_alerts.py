"""What wants attention: each check tells what it should, and nothing where all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.app import task_house
from tierwise.app import importing, showing
from tierwise.app.alerts import Alert, _moves_of, alerts
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.app.history_views import CountRow, CountsView
from tierwise.app.principal import Principal
from tierwise.app.views import Label
from tierwise.definitions.read import parse_definition
from tierwise.kernel.errors import TierwiseError
from tierwise.state import runs


@pytest.fixture(scope="module")
def house(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    return task_house.furnished(database, tmp_path_factory.mktemp("alerts") / "home")


def found(ctx: Context) -> dict[str, Alert]:
    return {each.name: each for each in alerts(ctx).rows}


def test_a_house_with_little_in_it_is_told_what_it_lacks(house: Context) -> None:
    told = found(house)
    assert told["segments_left_open"].said.en.endswith("(2): Buyers, everybody")
    assert told["segments_left_open"].page == "/segments"
    assert "run_failed" not in told
    assert "facts_since" not in told
    counted = {"unit": "count", "of": {"customers": {"attribute": "frequency_count", "op": ">=", "value": 0}}}
    body = {"kind": "kpi", "name": "many", "title": {"zh": "客户数", "en": "Customers"}, "target": {"value": 1000}}
    change_definitions(house, [parse_definition(body | counted)], note="")
    told = found(house)
    assert told["kpis_missed"].urgent
    assert told["kpis_missed"].said == Label(
        "未达目标的指标（1）：客户数", "KPIs that miss their target (1): Customers"
    )


def test_facts_that_no_run_has_seen_and_rows_that_were_refused(house: Context, tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("customer_id,name\nC99,新客\n,无名\n", "utf-8")
    importing.import_file(house, path, "customers", None)
    told = found(house)
    assert not told["facts_since"].urgent
    assert told["quarantine"].count == 1
    assert told["quarantine"].page == "/data/quarantine"
    with house.database.begin() as state:
        state.execute(text("update run set finished_at = now() - interval '3 days' where current"))
    assert found(house)["facts_since"].urgent
    assert [each.urgent for each in alerts(house).rows] == sorted(each.urgent for each in alerts(house).rows)[::-1]


def test_a_run_that_failed(house: Context) -> None:
    with house.database.begin() as state:
        run_id = runs.start(state, date(2026, 7, 1), definitions={}, inputs={})
        runs.fail(state, run_id, code="disk_full", message="no room")
    assert found(house)["run_failed"].urgent


def test_who_may_not_see_the_whole_is_refused_and_a_reader_hears_of_no_tasks(house: Context) -> None:
    with pytest.raises(TierwiseError):
        alerts(house.acting_as(Principal("person:li", "advisor", (), "E1")))
    assert not any(name.startswith("tasks") for name in found(house.acting_as(Principal("person:rea", "reader"))))


@pytest.mark.parametrize(("before", "told"), [(100, []), (84, []), (83, ["20"]), (200, ["50%"]), (0, [])])
def test_a_stage_is_told_of_where_a_fifth_of_it_came_or_went(house: Context, before: int, told: list[str]) -> None:
    ladder = showing.overview(house).lifecycle[0]
    row = replace(ladder.rows[0], name="active", title=Label("活跃", "Active"), customers=100)
    ladder = replace(ladder, rows=(row,), customers=1_000, as_of=date(2026, 7, 1))
    day = date(2026, 6, 1)
    then = CountsView("lifecycle", ladder.name, ladder.title, day, day, (CountRow("active", before, 1.0),), before)
    said = [each.said.en for each in _moves_of(ladder, then)]
    assert len(said) == len(told)
    assert all(part in sentence for part, sentence in zip(told, said, strict=True))
