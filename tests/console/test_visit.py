"""Pages as they are answered, whatever stands in the facts or goes wrong while they are built."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from tests.console.test_sign_in import enter
from tierwise.api.serve import Served
from tierwise.app import imports, lists, showing, tag_import
from tierwise.app.context import Context
from tierwise.app.defining import project_of
from tierwise.console import visit
from tierwise.console.pages import data_import
from tierwise.console.texts import Texts


@pytest.fixture
def admin(site: Served, furnished: Context) -> Iterator[httpx.Client]:
    with enter(site, furnished, "admin") as client:
        client.headers["accept-language"] = "zh-CN"
        yield client


def test_a_defect_of_a_page_is_told_in_the_page(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    somebodys = "-".join(("138", "0000"))
    monkeypatch.setattr(
        logging.getLogger("tierwise.console"), "error", lambda text, *values: said.append(text % values)
    )

    def broken(*_: object) -> str:
        raise KeyError(somebodys)

    monkeypatch.setattr(data_import, "_listed", broken)
    monkeypatch.setattr(data_import, "markup", broken)
    answer = admin.get("/console/data")
    assert answer.status_code == 200
    assert Texts("zh")("failed_title") in answer.text
    assert Texts("zh")("place_segments") in answer.text, "the way elsewhere stays"
    assert "KeyError" in said[0]
    assert somebodys not in said[0] + answer.text


def test_a_page_looks_again_by_itself_where_the_database_was_lost(
    admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[Callable[[], object]] = []
    monkeypatch.setattr(visit.ui, "timer", lambda _seconds, act, **_: waits.append(act))

    def away(*_: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    monkeypatch.setattr(imports, "list_imports", away)
    assert Texts("zh")("failed_title") in admin.get("/console/data").text
    assert waits == [visit.ui.navigate.reload]
    monkeypatch.undo()
    assert Texts("zh")("failed_title") not in admin.get("/console/data").text


def test_files_of_ids_and_of_tags_stand_among_the_imports(admin: httpx.Client, furnished: Context) -> None:
    ids = furnished.home / "guests.csv"
    ids.write_text("customer_id\nC000\nnobody\n", "utf-8")
    made = lists.import_list(furnished, ids, "guests")
    tags = furnished.home / "moods.csv"
    tags.write_text("customer_id,tag,value,reason\nnobody,mood,good,said so\n", "utf-8")
    tag_import.import_tags(furnished, tags)
    texts = Texts("zh")
    answer = admin.get("/console/data")
    assert answer.status_code == 200
    assert texts("data_table_list", name="guests") in answer.text
    assert texts("data_table_tags") in answer.text
    one = admin.get(f"/console/data/imports/{made.import_id}")
    assert texts("data_table_list", name="guests") in one.text
    assert texts("data_reason_unknown_customer") in one.text
    lists.remove_list(furnished, "guests")


def test_when_a_run_began_is_told_as_the_projects_clocks_have_it(admin: httpx.Client, furnished: Context) -> None:
    began = showing.runs(furnished)[0].started_at.astimezone(ZoneInfo(project_of(furnished).timezone))
    assert began.strftime("%Y-%m-%d %H:%M") in admin.get("/console/data/runs").text
