"""Tasks at the desk: made for a segment, done by a tap, taken back; and their HTML without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser
from sqlalchemy import text

from tests.console.watching import LONG_LOCALES, signed_in
from tierwise.api.serve import Served
from tierwise.api.task_bodies import TASK
from tierwise.app import tasks
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.task_views import Share, TaskCounts, TaskView
from tierwise.app.views import Label
from tierwise.console.frame import PLACES
from tierwise.console.pages._task_area import told
from tierwise.console.pages._task_numbers import hours
from tierwise.console.pages.tasks_new import preview_html
from tierwise.console.parts.task_rows import task_list, task_table
from tierwise.console.texts import Texts

NASTY = "<script>alert('x')</script>"
ZH, EN = Texts("zh"), Texts("en")


def link(path: str) -> str:
    return f"/console{path}"


def test_what_comes_from_data_is_escaped() -> None:
    named = replace(
        TASK, name=NASTY, title=NASTY, script=NASTY, note=NASTY, phone=f"138{NASTY}", customer_id=f"C{NASTY}",
        reason=Label(NASTY, NASTY), question=Label(NASTY, NASTY),
    )  # fmt: skip
    for html in (
        task_list([named], ZH, link, name="x", whose=True),
        task_table([named], ZH, link, pick=True),
        told(named, ZH),
    ):
        assert "<script" not in html
        assert "&lt;script" in html


def test_a_task_shows_what_is_needed_and_its_taps() -> None:
    html = task_list([TASK], ZH, link, name="today")
    for words in (
        "王小明",
        "13800000001",
        "A 级",
        "成熟",
        "客群：有流失风险",
        "您的爱车该保养了",
        "家里有几台车？",
        "2026-07-10",
    ):
        assert words in html
    assert 'href="tel:13800000001"' in html
    assert 'href="/console/customers/C000042"' in html
    for tap in ("reached", "appointment", "bought", "no_answer", "refused", "wrong_number", "later", "more"):
        assert f'data-tap="{tap}" data-task="17" data-revision="1"' in html
    late = task_list([replace(TASK, overdue_days=3)], EN, link, name="overdue")
    assert "3 days overdue" in late


def test_a_done_task_offers_the_way_back_to_whom_it_is_open() -> None:
    done = replace(TASK, state="done", outcome="appointment")
    assert 'data-tap="undo"' not in task_list([done], ZH, link, name="done")
    back = task_list([replace(done, undoable=True)], ZH, link, name="done")
    assert 'data-tap="undo"' in back
    assert "已预约" in back
    assert 'data-tap="reached"' not in back


def test_of_anothers_customer_only_the_task_is_there() -> None:
    html = task_list([replace(TASK, own=False)], ZH, link, name="today")
    assert "王小明" in html
    assert "/customers/" not in html
    unknown = task_table([replace(TASK, own=False, name=None, customer_id=None)], ZH, link, pick=False)
    assert "没有这位客户" in unknown


def test_a_preview_says_who_is_left_out_and_whose_they_are() -> None:
    html = preview_html(TaskCounts(120, 1, 4, 15, 100, 6, 0), (Share(TASK.assignee, 94), Share(None, 6)), ZH)
    for words in ("将新建 100 个任务，客户共 120 位", "15 位已有相同待办", "4 个已关闭账户", "李顾问", "暂无负责人"):
        assert words in html
    assert "没有电话" not in html


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0.25, "15 min"), (1.25, "1.2 h"), (71.9, "71.9 h"), (96.0, "4.0 days")]
)
def test_hours_become_minutes_or_days(value: float | None, text: str) -> None:
    assert hours(value, EN) == text


def test_tasks_are_in_the_menu_of_whom_they_concern() -> None:
    (place,) = [each for each in PLACES if each.path == "/tasks"]
    for role in ("administrator", "analyst", "operator", "advisor", "reader"):
        assert place.is_open_to(Principal("p", role))
    assert place.is_open_to(Principal("p", "advisor", (), "E1"))
    assert not place.is_open_to(Principal("p", "reader", ("S1",)))


@pytest.fixture
def as_before(furnished: Context) -> Iterator[None]:
    """Other tests of this house have tasks of their own; those of this one go with it."""
    yield
    with furnished.database.begin() as connection:
        made = "select id from task where batch_id is not null"
        connection.execute(text(f"delete from task_change where task_id in ({made})"))
        connection.execute(text("delete from task where batch_id is not null"))
        connection.execute(text("delete from task_batch"))


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("locale", LONG_LOCALES)
def test_from_a_segment_to_a_done_task_and_back(
    browser: Browser, site: Served, furnished: Context, locale: str
) -> None:
    """An administrator makes tasks for regulars; an advisor begins with hers, does one, and takes it back."""
    title = f"回访 {locale}"

    def made() -> list[TaskView]:
        return [each for each in tasks.list_tasks(furnished, state=None, limit=500).rows if each.title == title]

    with signed_in(browser, site, furnished, locale) as watch:
        page, texts = watch.page, watch.texts
        watch.go("/tasks/new?segment=often", "[data-do=make]")
        page.get_by_label(texts("task_title")).fill(title)
        page.locator("[data-do=preview]").click()
        page.wait_for_selector("[data-made]")
        number = page.locator("[data-made]").get_attribute("data-made")
        assert made() == [], "nothing is stored yet"
        page.locator("[data-do=make]").click()
        page.wait_for_selector("[data-found]")
        assert page.locator("[data-found]").get_attribute("data-found") == number == str(len(made()))
        watch.picture("tasks-all")
        watch.go("/customers/C000", '[data-tasks="customer"]')
        assert title in page.locator('[data-card="tasks"]').inner_text()
        assert watch.said == []
    with signed_in(browser, site, furnished, locale, person="ann") as watch:
        page = watch.page
        page.wait_for_selector('[data-tasks="today"]')
        texts = watch.texts
        assert page.url.endswith("/console/tasks"), "an advisor begins with their tasks"
        mine = {each.customer_id: each for each in made() if each.assignee is not None}
        assert mine.keys() == {"C000", "C002"}
        row = page.locator(f'[data-task-row="{mine["C000"].id}"]')
        assert "王小明" in row.inner_text()
        row.locator('[data-tap="appointment"]').click()
        page.locator('[data-said] [data-tap="undo"]').wait_for()
        assert tasks.one_task(furnished, mine["C000"].id).outcome == "appointment"
        page.wait_for_selector(f'[data-tasks="today"] [data-task-row="{mine["C000"].id}"]', state="detached")
        page.locator('[data-said] [data-tap="undo"]').click()
        page.wait_for_selector(f'[data-tasks="today"] [data-task-row="{mine["C000"].id}"]')
        assert tasks.one_task(furnished, mine["C000"].id).state == "open"
        row.locator('[data-tap="more"]').click()
        dialog = page.get_by_role("dialog", name="王小明")
        dialog.get_by_label(texts("task_note"), exact=True).fill("周六上午")
        dialog.locator('[data-outcome="bought"]').click()
        page.wait_for_selector(f'[data-tasks="done"] [data-task-row="{mine["C000"].id}"]')
        done = tasks.one_task(furnished, mine["C000"].id)
        assert (done.outcome, done.note, done.closed_by) == ("bought", "周六上午", "person:ann")
        watch.picture("tasks-mine")
        watch.go("/tasks?tab=advisors", '[data-table="advisors"]')
        (numbers,) = watch.cells("advisors")
        assert numbers[:5] == ["安", "1", "0", "1", "1"]
        assert (watch.said, watch.foreign) == ([], [])
