"""Tasks on a phone: one's own, done by a tap, put off, dropped with a reason, taken back; and made for a customer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from tests.console.phone.conftest import UA, Enter, origin_of
from tests.console.watching import Watch
from tierwise.api.serve import Served
from tierwise.app import task_making, tasks
from tierwise.app.context import Context
from tierwise.app.people import link
from tierwise.app.task_reading import business_day
from tierwise.app.task_views import TaskView
from tierwise.console.texts import Texts
from tierwise.state.task_tables import task as stored


@pytest.fixture
def today(furnished: Context) -> date:
    return business_day(furnished)


@pytest.fixture
def call(furnished: Context, today: date) -> Iterator[TaskView]:
    """A task of ann's for today; dropped after the test, so that the same can be made anew."""
    made = task_making.make_task(furnished, "C000", title="问 <近况>", script="您好", due_on=today)
    yield made
    if tasks.one_task(furnished, made.id).state == "done":
        tasks.undo(furnished, made.id)
    if tasks.one_task(furnished, made.id).state == "open":
        tasks.drop(furnished, made.id, reason="end of the test")


def form(html: str, made: TaskView) -> dict[str, str]:
    """What the form of a task's card sends, without its button."""
    card = re.search(rf'data-task="{made.id}".*?</article>', html, re.DOTALL)
    assert card is not None
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', card.group()))
    day = re.search(r'type="date" name="on" value="([^"]+)"', card.group())
    assert day is not None
    return fields | {"on": day.group(1)}


def test_an_advisor_begins_with_their_tasks(enter: Enter, call: TaskView) -> None:
    client = enter("ann")
    assert client.get("/").headers["location"] == "/console/m/tasks"
    html = client.get("/tasks").text
    assert f'data-task="{call.id}"' in html
    assert "问 &lt;近况&gt;" in html
    assert 'href="tel:13800000000"' in html
    assert len(html) < 60_000
    assert " style=" not in html
    assert f'data-task="{call.id}"' not in enter("olga").get("/tasks").text
    assert enter("olga").get("/").headers["location"] == "/console/m/customers"
    assert enter("rita").get("/tasks").status_code == 403


def test_one_tap_and_back(enter: Enter, furnished: Context, call: TaskView) -> None:
    client = enter("ann")
    sent = form(client.get("/tasks", params={"show": "due"}).text, call)
    done = client.post("/task/act", data=sent | {"do": "appointment", "note": "周六 <十点>"})
    assert done.status_code == 303
    after = tasks.one_task(furnished, call.id)
    assert (after.state, after.outcome, after.note) == ("done", "appointment", "周六 <十点>")
    page = client.get(origin_of(client) + done.headers["location"]).text
    assert 'role="status" data-outcome="appointment"' in page
    assert f'data-task="{call.id}"' not in page, "it is not due any more"
    assert client.post("/task/act", data=sent | {"do": "appointment"}).status_code == 303, "the same tap twice is one"
    lately = client.get("/tasks", params={"show": "done"}).text
    assert "周六 &lt;十点&gt;" in lately
    back = dict(re.findall(r'<input type="hidden" name="(id|revision)" value="(\d+)">', page))
    assert client.post("/task/undo", data=back).status_code == 303
    assert tasks.one_task(furnished, call.id).state == "open"


def test_no_answer_comes_up_again_tomorrow(enter: Enter, furnished: Context, call: TaskView, today: date) -> None:
    client = enter("ann")
    sent = form(client.get("/tasks", params={"show": "due"}).text, call)
    assert client.post("/task/act", data=sent | {"do": "try"}).status_code == 303
    after = tasks.one_task(furnished, call.id)
    assert (after.state, after.tries, after.due_on) == ("open", 1, today + timedelta(days=1))
    html = client.get("/tasks", params={"show": "soon"}).text
    assert Texts("zh")("phone_tries", count=1) in html
    sent = form(html, call) | {"on": (today + timedelta(days=5)).isoformat()}
    assert client.post("/task/act", data=sent | {"do": "later"}).status_code == 303
    assert tasks.one_task(furnished, call.id).due_on == today + timedelta(days=5)


def test_what_is_refused_is_said_above_the_tasks(enter: Enter, furnished: Context, call: TaskView) -> None:
    client = enter("ann")
    sent = form(client.get("/tasks", params={"show": "due"}).text, call)
    for given in ({"do": "drop"}, {"do": "later", "on": "soon"}, {"do": "no"}, {"do": "bought", "revision": "x"}):
        answer = client.post("/task/act", data=sent | given)
        assert answer.status_code in (404, 422), given
        assert 'role="alert"' in answer.text
        assert f'data-task="{call.id}"' in answer.text
    assert tasks.one_task(furnished, call.id).revision == call.revision
    assert client.post("/task/act", data=sent | {"do": "drop", "note": "换车了"}).status_code == 303
    assert tasks.one_task(furnished, call.id).state == "dropped"


def test_what_was_changed_meanwhile_is_not_overwritten(enter: Enter, furnished: Context, call: TaskView) -> None:
    client = enter("ann")
    sent = form(client.get("/tasks", params={"show": "due"}).text, call)
    tasks.snooze(furnished, call.id, business_day(furnished) + timedelta(days=2))
    answer = client.post("/task/act", data=sent | {"do": "bought"})
    assert answer.status_code == 409
    assert tasks.one_task(furnished, call.id).state == "open"


def test_somebody_elses_task_is_as_if_not_there(enter: Enter, furnished: Context, today: date) -> None:
    others = task_making.make_task(furnished, "C001", title="问近况", due_on=today)
    sent = {"id": str(others.id), "revision": str(others.revision), "do": "bought"}
    assert enter("ann").post("/task/act", data=sent).status_code == 404
    assert enter("ann").get("/task", params={"id": str(others.id)}).status_code == 404
    evil = {"origin": "https://evil.example"}
    assert enter("olga").post("/task/act", data=sent, headers=evil).status_code == 403
    assert tasks.one_task(furnished, others.id).state == "open"
    tasks.drop(furnished, others.id, reason="end of the test")


def test_overdue_ones_come_first(enter: Enter, furnished: Context, call: TaskView, today: date) -> None:
    with furnished.database.begin() as state:
        state.execute(update(stored).where(stored.c.id == call.id).values(due_on=today - timedelta(days=3)))
    html = enter("ann").get("/tasks").text
    assert 'data-show="overdue" aria-current="true"' in html
    assert Texts("zh")("phone_overdue", days=3) in html


def test_made_for_a_customer_and_done_on_their_page(enter: Enter, furnished: Context, today: date) -> None:
    client = enter("ann")
    page = client.get("/customer", params={"id": "C002"}).text
    assert Texts("zh")("phone_no_tasks") in page
    given = {"id": "C002", "title": "邀请试驾", "kind": "visit", "on": today.isoformat()}
    assert client.post("/customer/task", data=given | {"title": " "}).status_code == 422
    done = client.post("/customer/task", data=given)
    assert done.status_code == 303
    page = client.get(origin_of(client) + done.headers["location"]).text
    assert 'data-outcome="task_made"' in page
    (made,) = (each for each in tasks.tasks_of_customer(furnished, "C002") if each.state == "open")
    assert (made.title, made.kind, made.due_on) == ("邀请试驾", "visit", today)
    sent = form(page, made)
    done = client.post("/task/act", data=sent | {"do": "bought"})
    assert "/console/m/customer?" in done.headers["location"], "back to where the form stood"
    page = client.get(origin_of(client) + done.headers["location"]).text
    assert 'data-outcome="bought"' in page
    tasks.undo(furnished, made.id)
    tasks.drop(furnished, made.id, reason="end of the test")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_empty_states_say_what_to_do(enter: Enter, furnished: Context, language: str) -> None:
    html = enter("ann", language).get("/tasks", params={"show": "overdue"}).text
    texts = Texts(language)
    assert texts("phone_tasks_none") in html
    assert texts("phone_my_tasks") in html


@pytest.mark.browser
def test_an_advisors_day_on_a_phone(browser: Browser, site: Served, furnished: Context, call: TaskView) -> None:
    """Signed in by a link, one tap, stored, taken back; and what can be tapped is large enough for a thumb."""
    context = browser.new_context(
        locale="zh-CN", viewport={"width": 390, "height": 780}, user_agent=UA, java_script_enabled=False, has_touch=True
    )
    watch = Watch(context.new_page(), site.url)
    watch.listen()
    page, texts = watch.page, Texts("zh")
    page.goto(f"{site.url}/console/sign-in?link={link(furnished, 'ann')}")
    assert page.url == f"{site.url}/console/m/tasks"
    card = page.locator(f'[data-task="{call.id}"]')
    small = [
        (each.inner_text(), box)
        for each in page.locator("a:visible, button:visible, summary:visible, input:visible").all()
        if (box := each.bounding_box()) is not None and (box["height"] < 44 or box["width"] < 44) and box["x"] >= 0
    ]
    assert small == []
    card.get_by_role("button", name="已预约").tap()
    expect(page.locator('[data-outcome="appointment"]')).to_be_visible()
    assert tasks.one_task(furnished, call.id).outcome == "appointment"
    page.get_by_role("button", name=texts("phone_undo"), exact=True).tap()
    expect(page.locator('[data-outcome="undone"]')).to_be_visible()
    expect(card).to_be_visible()
    assert tasks.one_task(furnished, call.id).state == "open"
    card.get_by_role("link", name="王小明").tap()
    expect(page.locator('[data-card="tags"]')).to_be_visible()
    for path in ("/tasks", "/customers", "/customer?id=C000", "/customer/tag?id=C000"):
        page.goto(f"{site.url}/console/m{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        watch.picture(f"phone-{path.strip('/').partition('?')[0].replace('/', '-')}")
    assert watch.said == []
    assert watch.foreign == []
    context.close()
