"""Questions to history, on a house whose every figure is worked by hand (past_house.py)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.app.past_house import APRIL, JUNE, MARCH, MAY, SEGMENT, STAGE, furnish_past, record
from tierwise.app import history, running, showing
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions
from tierwise.app.history_views import CountRow, FlowRow, MigrationRow, SankeyLink
from tierwise.app.principal import Principal
from tierwise.kernel.errors import TierwiseError
from tierwise.state import history_days


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    furnish_past(empty)
    return empty


def test_one_customers_intervals(house: Context) -> None:
    view = history.customer_history(house, "b")
    assert (view.recorded_from, view.recorded_to) == (MARCH, JUNE)
    assert [(r.kind, r.name, r.value, r.valid_from, r.valid_to, r.days, r.since_unknown) for r in view.rows] == [
        ("segment", SEGMENT, "yes", MARCH, JUNE, 91, True),
        ("stage", STAGE, "repeat", MARCH, APRIL, 30, True),
        ("stage", STAGE, "dormant", APRIL, None, 61, False),
    ]
    assert view.rows[1].title.zh != STAGE
    gone = history.customer_history(house, "c").rows
    assert [(r.value, r.valid_to) for r in gone] == [("vip", JUNE)]


def test_counts_on_any_day_are_those_of_the_run_before(house: Context) -> None:
    on_may = history.counts(house, STAGE, MAY)
    assert (on_may.as_of, on_may.customers) == (APRIL, 3)
    assert {row.value: row.customers for row in on_may.rows} == {"repeat": 1, "vip": 1, "dormant": 1}
    assert history.counts(house, SEGMENT, MARCH).rows == (CountRow("yes", 1, 1.0),)
    assert history.counts(house, SEGMENT, JUNE).rows == ()
    assert history.counts(house, STAGE, date(2030, 1, 1)).as_of == JUNE


def test_values_come_in_the_order_of_life(house: Context) -> None:
    values = [row.value for row in history.counts(house, STAGE, APRIL).rows]
    assert values == ["repeat", "vip", "dormant"]


def test_who_held_a_value(house: Context) -> None:
    page = history.holders(house, STAGE, MARCH, value="repeat", limit=1)
    assert ([(r.customer_id, r.value) for r in page.rows], page.of) == ([("a", "repeat")], 2)
    assert page.next is not None
    behind = history.holders(house, STAGE, MARCH, value="repeat", after=page.next, limit=2)
    assert ([r.customer_id for r in behind.rows], behind.next) == (["b"], None)
    assert {r.customer_id for r in history.holders(house, STAGE, JUNE).rows} == {"a", "b", "d"}


def test_migration_worked_by_hand(house: Context) -> None:
    view = history.migration(house, STAGE, MARCH, JUNE)
    assert view.values == ("repeat", "vip", "dormant")
    assert view.rows == (
        MigrationRow("repeat", "vip", 1, 0.5),
        MigrationRow("repeat", "dormant", 1, 0.5),
        MigrationRow("vip", None, 1, 1.0),
        MigrationRow(None, "repeat", 1, 1.0),
    )
    assert view.notes == ()
    between = history.migration(house, STAGE, MAY, JUNE)
    assert (between.from_as_of, between.to_as_of) == (APRIL, JUNE)
    assert between.notes == ("the state on 2026-05-15 is that of the run as of 2026-04-30",)


def test_entries_and_exits_by_run(house: Context) -> None:
    view = history.flows(house, STAGE, APRIL, JUNE)
    assert view.days == (APRIL, JUNE)
    assert view.rows == (
        FlowRow(APRIL, "dormant", 1, 0),
        FlowRow(APRIL, "repeat", 0, 1),
        FlowRow(JUNE, "repeat", 1, 1),
        FlowRow(JUNE, "vip", 1, 1),
    )


def test_a_sankey_keeps_everybody_on_every_day(house: Context) -> None:
    view = history.sankey(house, STAGE, [MARCH, APRIL, JUNE])
    on_day = {day: sum(node.customers for node in view.nodes if node.day == day) for day in view.days}
    assert on_day == {MARCH: 4, APRIL: 4, JUNE: 4}
    ids = {node.id: node for node in view.nodes}
    assert len(ids) == len(view.nodes)
    assert SankeyLink("2026-04-30/=repeat", "2026-06-30/=vip", 1) in view.links
    assert SankeyLink("2026-03-31/", "2026-04-30/", 1) in view.links
    for node in view.nodes:
        for end in ("source", "target"):
            total = sum(link.customers for link in view.links if getattr(link, end) == node.id)
            assert total in (0, node.customers)


def test_lengths(house: Context) -> None:
    rows = {row.value: row for row in history.dwell(house, STAGE).rows}
    dormant = rows["dormant"]
    assert (dormant.ended, dormant.median_days, dormant.still_open, dormant.open_median_days) == (0, None, 1, 61.0)
    assert rows["vip"].unknown_start == 1
    assert history.dwell(house, STAGE, until=MAY).until == APRIL


def test_names_and_what_is_not_known(house: Context) -> None:
    assert [(named.kind, named.name) for named in history.names(house)] == [("segment", SEGMENT), ("stage", STAGE)]
    for wanted, code in (
        (lambda: history.counts(house, "lifecycle_stag", JUNE), "unknown_history_name"),
        (lambda: history.counts(house, STAGE, JUNE, kind="tag"), "unknown_history_name"),
        (lambda: history.counts(house, STAGE, date(2026, 3, 30)), "no_history"),
        (lambda: history.customer_history(house, "nobody"), "unknown_customer"),
        (lambda: history.migration(house, STAGE, JUNE, MARCH), "bad_days"),
        (lambda: history.sankey(house, STAGE, [MARCH]), "bad_days"),
    ):
        with pytest.raises(TierwiseError) as caught:
            wanted()
        assert caught.value.code == code


def test_a_tag_whose_definition_asks_for_no_history_is_told_so(house: Context, tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("kind: tag\nname: friend\nclass: static\nmanual: {}\n", "utf-8")
    apply_definitions(house, [path])
    with pytest.raises(TierwiseError, match="no history is kept of tag friend") as caught:
        history.counts(house, "friend", JUNE)
    assert "history: true" in str(caught.value.remedy)
    with pytest.raises(TierwiseError, match="before cannot be told"):
        history.migration(house, STAGE, date(2026, 1, 1), JUNE)


def test_who_may_see_whom(house: Context) -> None:
    reader = house.acting_as(Principal("test:reader", "reader"))
    assert history.counts(reader, STAGE, JUNE).customers == 3
    for refused in (
        lambda: history.customer_history(reader, "a"),
        lambda: history.holders(reader, STAGE, JUNE),
    ):
        with pytest.raises(TierwiseError) as caught:
            refused()
        assert caught.value.code == "not_allowed"


def test_a_run_of_a_past_day_is_no_day_of_history(house: Context) -> None:
    written = record(house, APRIL)
    assert not written.touched
    assert "recorded up to 2026-06-30" in (written.note or "")
    with house.database.connect() as state:
        assert history_days.recorded_days(state) == [MARCH, APRIL, JUNE]
    assert history.counts(house, STAGE, MAY).as_of == APRIL


def test_a_run_keeps_history_and_says_what_two_kept_runs_say(retailer: Context) -> None:
    """Moves read from intervals are those between the snapshots of two runs, on every ladder of the template."""
    days = (date(2026, 3, 31), date(2026, 6, 30))
    ladders = [named.name for named in history.names(retailer) if named.kind == "stage"]
    assert ladders
    assert {"rfm_cell", "activity"} <= {named.name for named in history.names(retailer) if named.kind == "tier"}
    for name in (*ladders, "activity"):
        by_snapshot = showing.transitions(retailer, name, *days)
        by_history = history.migration(retailer, name, *days)
        # Someone with no stage on both days is on no ladder, and history does not know him.
        expected = {(r.from_, r.to): r.customers for r in by_snapshot.rows if (r.from_, r.to) != (None, None)}
        assert {(r.from_, r.to): r.customers for r in by_history.rows} == expected
        assert (by_history.from_as_of, by_history.to_as_of) == days


def test_a_run_that_dies_before_it_is_recorded_leaves_no_trace(
    retailer: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2026, 7, 15)
    before = history.counts(retailer, "activity", day)

    def die(*arguments: object) -> None:
        raise OSError("the power went")

    monkeypatch.setattr(running, "_finish", die)
    with pytest.raises(OSError, match="the power went"):
        running.run(retailer, day)
    monkeypatch.undo()
    assert history.counts(retailer, "activity", day) == before
    running.run(retailer, JUNE)  # heals, and leaves what other modules find current
    assert history.counts(retailer, "activity", day) == before
