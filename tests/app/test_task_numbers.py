"""Numbers of each advisor, counted by hand from a few tasks, orders, leads and calls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from sqlalchemy import text

from tests.app.task_house import ANALYST, BOSS, LI, NOW, READER, TODAY
from tierwise.app import importing, task_giving, tasks
from tierwise.app.among import OfAdvisor, among_address, among_in
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.searching import search
from tierwise.app.task_making import make_tasks
from tierwise.app.task_numbers import AdvisorRow, AdvisorsView, OfWhom, advisors
from tierwise.app.task_views import TaskOrder
from tierwise.definitions.rule import InSegment
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

LEADS = """lead_id,customer_id,created_at,staff_id,store_id
L1,C1,2026-06-28 10:00,E1,S1
L2,C2,2026-06-29 10:00,E1,S1
L3,C5,2026-06-29 10:00,E3,S2
L4,C5,2025-06-29 10:00,E3,S2
"""

CALLS = """call_id,customer_id,called_at,direction
K1,C1,2026-06-28 09:00,呼出
K2,C1,2026-06-28 13:00,outbound
K3,C1,2026-06-28 12:00,inbound
"""

ORDERS = """order_id,customer_id,ordered_at,product_id,quantity,unit_price,amount
N1,C1,2026-07-20 10:00,P1,1,9,9
N2,C2,2026-06-30 10:00,P1,1,9,9
N3,C4,2026-08-20 10:00,P1,1,9,9
"""


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(clock, "utc_now", lambda: now)
    for place in ("tierwise.state.tasks", "tierwise.state.task_changes"):
        monkeypatch.setattr(f"{place}.utc_now", lambda: now)


@pytest.fixture(scope="module")
def house(task_house: Context) -> Context:
    """E1: C1 appointment after 2 h, C2 no answer after 4 h, C3 put off; E2: C4 dropped; E3: C5 overdue."""
    chief = task_house
    with chief.database.begin() as connection:
        connection.execute(text("truncate task, task_change, task_batch"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        at(monkeypatch, NOW)
        make_tasks(chief, TaskOrder(rule=InSegment(segment="buyers"), title="回访"))
        of = {each.customer_id: each.id for each in tasks.list_tasks(chief).rows}
        li = chief.acting_as(LI)
        at(monkeypatch, NOW + timedelta(hours=1))
        tasks.act(li, of["C1"], "refused")
        tasks.undo(li, of["C1"])
        at(monkeypatch, NOW + timedelta(hours=2))
        tasks.act(li, of["C1"], "appointment")
        at(monkeypatch, NOW + timedelta(hours=4))
        tasks.act(li, of["C2"], "no_answer")
        at(monkeypatch, NOW + timedelta(hours=12))
        tasks.snooze(li, of["C3"], TODAY + timedelta(days=1))
        tasks.drop(chief, of["C4"], reason="已搬走")
    for table, lines in (("leads", LEADS), ("calls", CALLS), ("order_lines", ORDERS)):
        (chief.home / f"more_{table}.csv").write_text(lines, "utf-8")
        assert importing.import_path(chief, chief.home / f"more_{table}.csv", table, None).quarantined == 0
    return chief


def seen(ctx: Context, monkeypatch: pytest.MonkeyPatch, now: datetime) -> tuple[AdvisorsView, dict[str, AdvisorRow]]:
    at(monkeypatch, now)
    view = advisors(ctx)
    return view, {each.assignee.id if each.assignee else "": each for each in view.rows}


def test_each_advisor_has_what_is_due_done_and_answered(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows = seen(house, monkeypatch, NOW + timedelta(days=1))
    assert list(rows) == ["E3", "E1", "E2"], "the most overdue first"
    one = rows["E1"]
    assert (one.open, one.overdue, one.due_today, one.done, one.dropped) == (1, 0, 1, 2, 0)
    assert (one.outcomes, one.answered, one.answered_rate) == ({"appointment": 1, "no_answer": 1}, 1, 0.5)
    assert one.first_act_hours == 4.0, "of 2, 4 and 12; what was taken back does not count"
    assert (rows["E3"].overdue, rows["E3"].answered_rate, rows["E3"].first_act_hours) == (1, None, None)
    assert (rows["E2"].dropped, rows["E2"].open) == (1, 0)


def test_leads_are_answered_by_calls_out_and_tasks(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows = seen(house, monkeypatch, NOW + timedelta(days=1))
    assert (rows["E1"].leads, rows["E1"].leads_contacted) == (2, 2)
    until_task = (NOW + timedelta(hours=4) - datetime(2026, 6, 29, 2, tzinfo=UTC)) / timedelta(hours=1)
    assert rows["E1"].lead_hours == pytest.approx((3 + until_task) / 2), "13:00 is the first call out after 10:00"
    assert (rows["E3"].leads, rows["E3"].leads_contacted, rows["E3"].lead_hours) == (1, 0, None)


def test_who_ordered_after_is_told_where_the_days_are_over(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    view, rows = seen(house, monkeypatch, datetime(2026, 7, 15, 4, tzinfo=UTC))
    assert view.facts_until == date(2026, 8, 20)
    assert (rows["E1"].ordered, rows["E1"].ordered_of) == (0, 0), "the fourteenth day is not over"
    _, rows = seen(house, monkeypatch, datetime(2026, 7, 20, 4, tzinfo=UTC))
    assert (rows["E1"].ordered, rows["E1"].ordered_of) == (0, 2), (
        "the eighteenth day is too late, the day before too early"
    )
    at(monkeypatch, datetime(2026, 8, 5, 4, tzinfo=UTC))
    (one,) = [
        each for each in advisors(house, days=60, order_days=20).rows if each.assignee and each.assignee.id == "E1"
    ]
    assert (one.ordered, one.ordered_of) == (1, 2)


def test_its_numbers_lead_to_their_customers(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows = seen(house, monkeypatch, datetime(2026, 7, 20, 4, tzinfo=UTC))
    numbers: tuple[OfWhom, ...] = get_args(OfWhom)
    for counted in numbers:
        among = OfAdvisor(counted, "E1")
        assert among_in(among_address(among)) == among
        assert search(house, among=among).of == getattr(rows["E1"], counted), counted
    assert [row[0] for row in search(house, among=OfAdvisor("ordered_of", "E1")).rows] == ["C1", "C2"]
    assert search(house, among=OfAdvisor("leads", None)).of == 0
    assert search(house.acting_as(LI), among=OfAdvisor("leads", "E3")).of == 0, "another's are not hers to see"


def test_everybody_sees_the_numbers_that_are_theirs_to_see(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOW + timedelta(days=1)
    assert set(seen(house.acting_as(READER), monkeypatch, now)[1]) == {"E1", "E2", "E3"}
    assert set(seen(house.acting_as(ANALYST), monkeypatch, now)[1]) == {"E1", "E2", "E3"}
    assert set(seen(house.acting_as(BOSS), monkeypatch, now)[1]) == {"E1", "E2"}
    assert set(seen(house.acting_as(LI), monkeypatch, now)[1]) == {"E1"}
    with pytest.raises(TierwiseError) as refused:
        advisors(house.acting_as(Principal("person:rea", "reader", ("S1",))))
    assert refused.value.code == "not_allowed"


def test_the_pool_comes_last(house: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOW + timedelta(days=1))
    (late,) = tasks.list_tasks(house, assignee="E3").rows
    task_giving.assign(house, [late.id], [])
    try:
        assert list(seen(house, monkeypatch, NOW + timedelta(days=1))[1])[-1] == ""
    finally:
        tasks.undo(house, late.id)
