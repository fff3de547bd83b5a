"""The figures of one past day by hand and by simulation, Holm's step, and every border of the verdict."""

from __future__ import annotations

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.backtest import Counts, PastDay, decided, holm, past_day

GOOD = past_day(Counts(1000, 200, 150, 60))  # lift 2
FLAT = past_day(Counts(1000, 200, 150, 30))  # lift 1
BAD = past_day(Counts(1000, 200, 150, 10))  # lift 1/3
THIN = past_day(Counts(1000, 20, 150, 10))


def test_by_hand() -> None:
    assert (GOOD.base_rate, GOOD.precision, GOOD.recall, GOOD.lift) == (0.15, 0.3, 0.4, 2.0)
    assert GOOD.interval is not None
    assert GOOD.interval[0] < 2 < GOOD.interval[1]
    assert FLAT.p_value == pytest.approx(1.0)
    assert FLAT.lift == 1.0


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (Counts(1000, 29, 150, 20), "too_few_tagged"),
        (Counts(1000, 971, 150, 140), "too_few_untagged"),
        (Counts(1000, 200, 9, 5), "too_few_outcomes"),
        (Counts(1000, 200, 991, 195), "too_few_outcomes"),
        (Counts(0, 0, 0, 0), "too_few_tagged"),
    ],
)
def test_too_few_tell_nothing(counts: Counts, reason: str) -> None:
    day = past_day(counts)
    assert (day.reason, day.interval, day.p_value) == (reason, None, None)


def test_nobody_hit_has_no_interval_and_counts_that_cannot_be_are_refused() -> None:
    none = past_day(Counts(1000, 200, 150, 0))
    assert (none.lift, none.interval) == (0.0, None)
    assert none.p_value is not None
    for wrong in (Counts(10, 5, 5, 6), Counts(10, 8, 8, 5), Counts(10, 11, 1, 1)):
        with pytest.raises(TierwiseError):
            past_day(wrong)


def test_the_interval_of_the_lift_holds_the_truth_as_often_as_it_says() -> None:
    """Rates .3 and .15 of 150 tagged and 450 untagged: the lift is .3 / .1875 = 1.6."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        hits, others = int(random.binomial(150, 0.3)), int(random.binomial(450, 0.15))
        interval = past_day(Counts(600, 150, hits + others, hits)).interval
        assert interval is not None
        held += interval[0] <= 1.6 <= interval[1]
    assert 368 <= held <= 392


def test_holm_against_statsmodels_example() -> None:
    """R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")."""
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def verdict(*days: PastDay, p: float = 0.001, lift: float = 1.2) -> str | None:
    return decided([(day, None if day.reason else p) for day in days], lift).verdict


def test_every_border_of_the_verdict() -> None:
    assert verdict(GOOD, GOOD, GOOD, GOOD) == "keep"
    assert verdict(FLAT, GOOD, GOOD, GOOD) == "keep"  # three in four
    assert verdict(FLAT, FLAT, GOOD, GOOD) == "revise"
    assert verdict(GOOD, GOOD, GOOD, FLAT) == "revise"  # it no longer does
    assert verdict(BAD, GOOD, GOOD, GOOD) == "revise"  # one day speaks against it
    assert verdict(BAD, GOOD) == "drop"
    assert verdict(FLAT, FLAT) == "drop"
    assert verdict(GOOD, GOOD, p=0.05) == "drop"  # not below 5 %
    assert verdict(GOOD, GOOD, lift=2.0) == "keep"
    assert verdict(GOOD, GOOD, lift=2.01) == "drop"
    assert verdict(THIN, GOOD, GOOD) == "keep"  # a day that tells nothing counts for nothing
    few = decided([(THIN, None), (GOOD, 0.001)], 1.2)
    assert (few.verdict, few.reason, few.told, few.dates) == (None, "too_few_dates", 1, 2)
    assert decided([], 1.2).verdict is None
