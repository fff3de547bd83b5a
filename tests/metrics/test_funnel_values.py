"""A funnel by value: by hand, together as the plain one, and on a made difference and on none."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.test_funnel import AS_OF, DEALER, STEPS, events_of
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame
from tierwise.metrics.funnel import funnel
from tierwise.metrics.funnel_values import FunnelByValue, funnel_by_value, stage_funnel_by_value
from tierwise.stats.tgi import difference_p

START = date(2026, 1, 1)


def values_of(frame: MakeFrame, values: dict[int, str | None]) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array(list(values), pa.int64()),
                "value": pa.array(list(values.values()), pa.string()),
            }
        )
    )


def test_by_hand(frame: MakeFrame, keep: Keep) -> None:
    values = values_of(frame, {1: "web", 2: "shop", 3: "shop", 5: "web", 9: "fair"})
    found = funnel_by_value(events_of(frame, DEALER), STEPS, values, as_of=AS_OF, keep=keep)
    told = [(each.kind, each.value, [step.customers for step in each.funnel.steps]) for each in found.values]
    assert told == [
        ("value", "shop", [2, 1, 0, 0]),
        ("value", "web", [1, 1, 1, 1]),
        ("missing", None, [1, 1, 1, 0]),
    ]
    web = found.values[1].funnel
    assert [step.lag_days for step in web.steps] == [None, (0.0, 0.0, 0.0), (2.0, 2.0, 2.0), (10.0, 10.0, 10.0)]
    assert [step.share for step in found.values[0].funnel.steps] == [None, 0.5, 0.0, None]
    assert found.bottleneck == "visit"
    visit, drive, deal = found.differences
    assert (visit.step, visit.lowest, visit.highest, visit.spread, visit.compared) == ("visit", "shop", "web", 0.5, 2)
    assert visit.p == pytest.approx(difference_p(1, 2, 1, 1))
    assert (drive.spread, drive.lowest) == (1.0, "shop")
    assert (deal.spread, deal.p, deal.p_adjusted) == (None, None, None), "nobody from the shop had a test drive"


def test_values_together_are_the_plain_funnel_and_rest_beyond_twelve(frame: MakeFrame, keep: Keep) -> None:
    events, values = [], {}
    for value in range(15):
        for number in range(20 - value):
            who = 100 * value + number
            values[who] = f"v{value:02d}"
            events += [(who, "a", number), (who, "b", number + value)] if number % 3 else [(who, "a", number)]
    rows = events_of(frame, events)
    found = funnel_by_value(rows, ["a", "b"], values_of(frame, values), as_of=AS_OF, keep=keep)
    assert [each.value for each in found.values] == [*(f"v{value:02d}" for value in range(12)), None]
    assert (found.values[-1].kind, found.values[-1].funnel.steps[0].customers) == ("others", 8 + 7 + 6)
    plain = funnel(rows, ["a", "b"], as_of=AS_OF)
    for place in range(2):
        together = sum(each.funnel.steps[place].customers for each in found.values)
        assert together == plain.steps[place].customers
    assert found.values[4].funnel.steps[1].lag_days == (4.0, 4.0, 4.0)


def by_source(frame: MakeFrame, keep: Keep, stops: dict[str, int]) -> FunnelByValue:
    """150 leads of each source, of which so many of ten do not visit; of the visits every third leads to a deal."""
    events: list[tuple[int | None, str, int]] = []
    values: dict[int, str | None] = {}
    for nth, (source, of_ten) in enumerate(stops.items()):
        for number in range(150):
            who = 1000 * nth + number
            values[who] = source
            events.append((who, "lead", 0))
            if number % 10 >= of_ten:
                events += [(who, "visit", 3), *([(who, "deal", 9)] if number // 10 % 3 == 0 else [])]
    return funnel_by_value(
        events_of(frame, events), ["lead", "visit", "deal"], values_of(frame, values), as_of=AS_OF, keep=keep
    )


def test_a_source_that_stops_twice_as_often_is_found(frame: MakeFrame, keep: Keep) -> None:
    visit, deal = by_source(frame, keep, {"ad": 6, "fair": 3, "friend": 3}).differences
    assert (visit.lowest, visit.spread) == ("ad", pytest.approx(0.3))
    assert visit.p_adjusted is not None
    assert visit.p_adjusted < 1e-6
    assert deal.p_adjusted == 1.0, "who visits goes on alike"
    assert deal.spread == pytest.approx(0.0)


def test_no_difference_is_none(frame: MakeFrame, keep: Keep) -> None:
    found = by_source(frame, keep, {"ad": 3, "fair": 3, "friend": 3})
    assert [(each.spread, each.p_adjusted) for each in found.differences] == [(0.0, 1.0), (0.0, 1.0)]


def test_nobody(frame: MakeFrame, keep: Keep) -> None:
    found = funnel_by_value(events_of(frame, []), STEPS, values_of(frame, {1: "web"}), as_of=AS_OF, keep=keep)
    assert found.values == ()
    assert found.bottleneck is None
    assert all(each.p is None for each in found.differences)


def test_stages_by_value() -> None:
    rows = [("ad", "new", 6), ("ad", "lost", 2), ("ad", "deal", 2), ("fair", "visited", 3), (None, "deal", 1)]
    found = stage_funnel_by_value(rows, ["new", "visited", "deal"])
    told = [(each.value, [step.customers for step in each.funnel.steps]) for each in found.values]
    assert told == [("ad", [10, 2, 2]), ("fair", [3, 3, 0]), (None, [1, 1, 1])]
    assert found.bottleneck == "visited"
    assert found.differences[0].p == pytest.approx(difference_p(2, 10, 3, 3))


def test_days_of_each_value(frame: MakeFrame, keep: Keep) -> None:
    """What is slow is seen where nobody stops more."""
    events = [(who, step, day) for who in range(8) for step, day in (("a", 0), ("b", 1 if who < 4 else 10 + who))]
    values = values_of(frame, {who: "quick" if who < 4 else "slow" for who in range(8)})
    found = funnel_by_value(events_of(frame, events), ["a", "b"], values, as_of=START + timedelta(days=30), keep=keep)
    assert [each.funnel.steps[1].lag_days for each in found.values] == [(1.0, 1.0, 1.0), (14.75, 15.5, 16.25)]
