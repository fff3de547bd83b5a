"""A funnel by hand, and against an evaluator that walks each customer's events."""

from __future__ import annotations

import random
from datetime import date, timedelta
from statistics import quantiles

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.funnel import FunnelStep, funnel

START, AS_OF = date(2026, 1, 1), date(2026, 3, 1)

STEPS = ("lead", "visit", "test drive", "deal")


def events_of(frame: MakeFrame, events: list[tuple[int | None, str, int]]) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([event[0] for event in events], pa.int64()),
                "step": pa.array([event[1] for event in events], pa.string()),
                "occurred_day": pa.array([START + timedelta(days=event[2]) for event in events], pa.date32()),
            }
        )
    )


DEALER = [
    (1, "lead", 0), (1, "visit", 0), (1, "test drive", 2), (1, "deal", 12),
    (2, "lead", 1), (2, "visit", 5), (2, "visit", 9), (2, "deal", 10),      # no test drive: no deal by this way
    (3, "visit", 1), (3, "lead", 3), (3, "call", 4),                        # the visit came before the lead
    (4, "lead", 4), (4, "visit", 7), (4, "test drive", 7),
    (5, "visit", 4), (None, "lead", 4), (6, "lead", 300),
]  # fmt: skip


def test_by_hand(frame: MakeFrame) -> None:
    found = funnel(events_of(frame, DEALER), STEPS, as_of=AS_OF)
    assert found.steps == (
        FunnelStep("lead", 4, None, 1.0, 0, None),
        FunnelStep("visit", 3, 0.75, 0.75, 1, (1.5, 3.0, 3.5)),
        FunnelStep("test drive", 2, 2 / 3, 0.5, 1, (0.5, 1.0, 1.5)),
        FunnelStep("deal", 1, 0.5, 0.25, 1, (10.0, 10.0, 10.0)),
    )
    assert found.bottleneck == "visit"


def test_within_days_leaves_out_who_had_no_time(frame: MakeFrame) -> None:
    found = funnel(events_of(frame, DEALER), STEPS[:2], as_of=START + timedelta(days=7), within_days=4)
    assert [step.customers for step in found.steps] == [3, 2]  # customer 4 began three days ago
    assert [step.customers for step in funnel(events_of(frame, DEALER), STEPS, as_of=AS_OF, within_days=11).steps] == [
        4, 3, 2, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("within", [None, 15])
def test_as_walked(frame: MakeFrame, seed: int, within: int | None) -> None:
    draw = random.Random(seed)
    events = [(draw.randrange(30), draw.choice(STEPS), draw.randrange(70)) for _ in range(700)]
    last = (AS_OF - START).days
    lags: list[list[int]] = [[] for _ in STEPS]
    for customer in range(30):
        own = [(name, day) for who, name, day in events if who == customer and day <= last]
        start = at = min((day for name, day in own if name == STEPS[0]), default=None)
        if start is None or at is None or (within is not None and last - start < within):
            continue
        lags[0].append(0)
        for place, wanted in enumerate(STEPS[1:], start=1):
            after = [day for name, day in own if name == wanted and day >= at and (not within or day - start <= within)]
            if not after:
                break
            lags[place].append(min(after) - at)
            at = min(after)
    found = funnel(events_of(frame, [*events]), STEPS, as_of=AS_OF, within_days=within)
    assert [step.customers for step in found.steps] == [len(each) for each in lags]
    assert len(lags[3]) > 1
    for step, each in list(zip(found.steps, lags, strict=True))[1:]:
        assert step.lag_days == pytest.approx(tuple(quantiles(each, n=4, method="inclusive")))


def test_nobody(frame: MakeFrame) -> None:
    found = funnel(events_of(frame, []), STEPS[:2], as_of=AS_OF)
    assert found.steps == (FunnelStep("lead", 0, None, None, 0, None), FunnelStep("visit", 0, None, None, 0, None))
    assert found.bottleneck is None


def test_what_is_wrong_is_refused(frame: MakeFrame) -> None:
    events = events_of(frame, DEALER)
    for steps, within in ((("lead",), None), (("lead", "lead"), None), (("lead", "deal"), -1)):
        with pytest.raises(TierwiseError) as raised:
            funnel(events, steps, as_of=AS_OF, within_days=within)
        assert raised.value.code == "bad_value"
    with pytest.raises(TierwiseError, match='have no column "stage"'):
        funnel(events, STEPS, as_of=AS_OF, step="stage")
