"""The loyalty ladder by hand, and against an evaluator that walks each customer's days."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from statistics import median

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.loyalty_ladder import LadderStep, LoyaltyLadder, loyalty_ladder

START, AS_OF = date(2026, 1, 1), date(2026, 6, 30)

Orders = list[tuple[int | None, int, int]]
"""Customer, days after START, net."""


def orders_of(frame: MakeFrame, orders: Orders) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in orders], pa.int64()),
                "ordered_day": pa.array([START + timedelta(days=row[1]) for row in orders], pa.date32()),
                "gross_minor": pa.array([row[2] + 30 for row in orders], pa.int64()),
                "discount_minor": pa.array([20] * len(orders), pa.int64()),
                "coupon_minor": pa.array([10] * len(orders), pa.int64()),
            }
        )
    )


def categories_of(frame: MakeFrame, bought: list[tuple[int, int, str | None]]) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in bought], pa.int64()),
                "ordered_day": pa.array([START + timedelta(days=row[1]) for row in bought], pa.date32()),
                "category": pa.array([row[2] for row in bought], pa.string()),
            }
        )
    )


BOUGHT: Orders = [
    (1, 0, 1_000), (1, 0, 500), (1, 30, 2_000), (1, 50, 3_001),   # two orders on a day are one purchase
    (2, 10, 1_000), (2, 100, 1_000),                              # came again, but not in 60 days
    (3, 20, 800),
    (4, 170, 700),                                                # nobody can tell yet
    (None, 5, 9_000), (5, 300, 100),
]  # fmt: skip


def test_by_hand(frame: MakeFrame) -> None:
    lines: list[tuple[int, int, str | None]] = [
        (1, 0, "tea"), (1, 0, "cups"), (1, 30, "tea"), (1, 50, "pots"), (2, 10, None), (2, 100, "tea"), (3, 20, "tea"),
    ]  # fmt: skip
    found = loyalty_ladder(
        orders_of(frame, BOUGHT),
        as_of=AS_OF,
        within_days=60,
        bought_categories=categories_of(frame, lines),
        min_followed=1,
    )
    assert found == LoyaltyLadder(
        (
            LadderStep(1, 4, 3, 2, 2 / 3, 1_000, 1_000, 0.75, None),
            LadderStep(2, 2, 2, 1, 0.5, 1_500, 2_750, 1.5, 60.0),
            LadderStep(3, 1, 1, 1, 1.0, 3_001, 6_501, 3.0, 20.0),
        ),
        bottleneck=1,
        steepest=3,
    )


def test_few_are_no_steepest_step_and_no_categories_are_null(frame: MakeFrame) -> None:
    found = loyalty_ladder(orders_of(frame, BOUGHT), as_of=AS_OF, within_days=60, min_followed=3, max_steps=2)
    assert (found.bottleneck, found.steepest, len(found.steps)) == (1, 1, 2)
    assert {step.categories_so_far for step in found.steps} == {None}


@pytest.mark.parametrize("seed", range(3))
def test_as_walked(frame: MakeFrame, seed: int) -> None:
    draw = random.Random(seed)
    orders: Orders = [(draw.randrange(40), draw.randrange(200), draw.randrange(1_000)) for _ in range(200)]
    last = (AS_OF - START).days
    spent: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for customer, day, net in orders:
        if day <= last and customer is not None:
            spent[customer][day] += net
    found = loyalty_ladder(orders_of(frame, orders), as_of=AS_OF, within_days=30, max_steps=6)
    for step in found.steps:
        nth = step.purchase - 1
        own = [(sorted(days), days) for days in spent.values() if len(days) > nth]
        assert step.customers == len(own)
        followed = [order for order, _ in own if order[nth] <= last - 30]
        stopped = [order for order in followed if len(order) == nth + 1 or order[nth + 1] - order[nth] > 30]
        assert (step.followed, step.stopped) == (len(followed), len(stopped))
        assert step.net_minor == pytest.approx(sum(days[order[nth]] for order, days in own) / len(own), abs=0.5)
        so_far = sum(days[day] for order, days in own for day in order[: nth + 1])
        assert step.net_so_far_minor == pytest.approx(so_far / len(own), abs=0.5)
        gaps = [order[nth] - order[nth - 1] for order, _ in own] if nth else []
        assert step.gap_days == (median(gaps) if gaps else None)
    assert [step.purchase for step in found.steps] == [1, 2, 3, 4, 5, 6]
    assert found.bottleneck == max(found.steps, key=lambda step: step.stopped).purchase


def test_nobody_and_what_is_wrong(frame: MakeFrame) -> None:
    nobody = orders_of(frame, [])
    assert loyalty_ladder(nobody, as_of=AS_OF, within_days=30) == LoyaltyLadder((), None, None)
    with pytest.raises(TierwiseError, match="1 or more"):
        loyalty_ladder(nobody, as_of=AS_OF, within_days=0)
