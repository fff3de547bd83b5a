"""Who stops: by hand, who had no time, what tells them from those who go on, and what may not tell."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.test_funnel import AS_OF, DEALER, START, STEPS, events_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.funnel_stops import FunnelStops, before_start, differing, funnel_stops
from tierwise.metrics.group_profile import GroupRow, group_profile
from tierwise.metrics.rules import RuleColumn


def keys(frame: Frame) -> list[int]:
    return sorted(row[0] for row in rows_of(frame.select("customer_key")))


def stops(found: FunnelStops | None) -> FunnelStops:
    assert found is not None
    return found


def test_by_hand(frame: MakeFrame, keep: Keep) -> None:
    """Leads 1, 2, 3, 4 visit after 0, 4, never, 3 days: the third quartile of 0, 3, 4 is 3.5, so 4 days are waited."""
    found = stops(funnel_stops(events_of(frame, DEALER), STEPS, as_of=AS_OF, keep=keep))
    assert (found.at, found.before, found.wait_days, found.reason) == ("visit", "lead", 4, None)
    assert (keys(found.stopped), keys(found.went_on)) == ([3], [1, 2, 4])
    assert rows_of(found.stopped)[0] == (3, START + timedelta(days=3))
    assert (found.stopped_count, found.went_on_count, found.too_soon) == (1, 3, 0)


def test_who_had_no_time_has_not_stopped(frame: MakeFrame, keep: Keep) -> None:
    """On the sixth day leads 3 and 4 are three and two days old; those of 1 and 2 went on after 0 and 4 days."""
    on_day = START + timedelta(days=6)
    found = stops(funnel_stops(events_of(frame, DEALER), STEPS, at="visit", as_of=on_day, keep=keep))
    assert found.wait_days == 3
    assert (keys(found.stopped), keys(found.went_on), found.too_soon) == ([3], [1, 2], 1)
    day_before = stops(funnel_stops(events_of(frame, DEALER), STEPS, at="visit", as_of=on_day - timedelta(days=1)))
    assert (day_before.reason, day_before.too_soon) == ("nobody_stopped", 2)


def test_any_step_but_the_first(frame: MakeFrame) -> None:
    events = events_of(frame, DEALER)
    later = stops(funnel_stops(events, STEPS, at="deal", as_of=AS_OF))
    assert (later.before, keys(later.stopped), keys(later.went_on), later.wait_days) == ("test drive", [4], [1], 10)
    nobody = stops(funnel_stops(events, ("lead", "nothing"), as_of=AS_OF))
    assert (nobody.reason, nobody.wait_days, nobody.stopped_count) == ("nobody_went_on", None, 4)
    assert funnel_stops(events_of(frame, DEALER[:2]), STEPS[:2], as_of=AS_OF) is None
    for wrong, code in (("lead", "bad_value"), ("dael", "unknown_step")):
        with pytest.raises(TierwiseError) as refused:
            funnel_stops(events, STEPS, at=wrong, as_of=AS_OF)
        assert refused.value.code == code


def test_facts_before_ones_own_start(frame: MakeFrame) -> None:
    found = stops(funnel_stops(events_of(frame, DEALER), STEPS, as_of=AS_OF))
    orders = frame(
        pa.table(
            {
                "customer_key": pa.array([1, 2, 2, 2, 3], pa.int64()),
                "ordered_day": pa.array([START + timedelta(days=day) for day in (0, 0, 1, 9, -5)], pa.date32()),
                "amount": pa.array([1, 2, 3, 4, 5], pa.int64()),
            }
        )
    )
    kept = before_start(orders, found.went_on, day="ordered_day")
    assert rows_of(kept) == [(2, START, 2)], "neither the day of the start nor what comes after it"


def read(frame: MakeFrame, keep: Keep, ad: int, other: int) -> list[GroupRow]:
    """300 leads of each of two sources, and a trait that means nothing; of 20 so many do not visit."""
    events: list[tuple[int | None, str, int]] = []
    for who in range(600):
        events.append((who, "lead", who % 7))
        if who // 2 % 20 >= (ad if who % 2 else other):
            events.append((who, "visit", who % 7 + 2))
    found = stops(funnel_stops(events_of(frame, events), ("lead", "visit"), as_of=date(2026, 2, 1), keep=keep))
    people = frame(
        pa.table(
            {
                "customer_key": pa.array(range(600), pa.int64()),
                "source": ["ad" if who % 2 else "fair" for who in range(600)],
                "moon": [f"m{who // 40 % 3}" for who in range(600)],
            }
        )
    )
    attributes = {name: RuleColumn(name, "text") for name in ("moon", "source")}
    assert (found.stopped_count, found.went_on_count) == ((ad + other) * 15, 600 - (ad + other) * 15)
    profile = group_profile(people, found.stopped, found.went_on, attributes, keep)
    assert len(profile.rows) == 5
    return differing(profile)


def test_those_from_the_ad_stop_twice_as_often(frame: MakeFrame, keep: Keep) -> None:
    rows = read(frame, keep, ad=8, other=4)
    assert [(row.attribute, row.value) for row in rows] == [("source", "ad"), ("source", "fair")]
    ad = rows[0]
    assert (ad.group, ad.group_of, ad.reference, ad.reference_of) == (120, 180, 180, 420)
    assert ad.index == pytest.approx(100 * (120 / 180) / (180 / 420))


def test_where_sources_stop_alike_nothing_is_told(frame: MakeFrame, keep: Keep) -> None:
    assert read(frame, keep, ad=6, other=6) == []
