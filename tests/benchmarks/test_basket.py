"""What the benchmark of baskets makes of two lists of rules."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from benchmarks.basket import made_lines, sentence, verdict

OURS: dict[str, Any] = {
    "seconds": 0.5, "lines": 1_000, "baskets": 1_000,
    "rules": [["a", "b", 30, 100], ["a", "c", 40, 100], ["d", "b", 5, 10]],
}  # fmt: skip


def judged(theirs: list[list[str]], seconds: float = 6.0) -> dict[str, Any]:
    other = {"seconds": seconds, "encoding_seconds": 1.0, "rules": theirs}
    return verdict([OURS, OURS], other, support=Fraction("0.005"), confidence=Fraction("0.3"))


@pytest.mark.parametrize(
    ("theirs", "passed"),
    [
        ([["a", "b"], ["a", "c"], ["d", "b"]], True),
        ([["a", "c"], ["d", "b"]], True),                           # a -> b is at the confidence
        ([["a", "c"], ["a", "b"]], True),                           # d -> b is at the support
        ([["a", "b"], ["d", "b"]], False),                          # a -> c is not
        ([["a", "b"], ["a", "c"], ["d", "b"], ["x", "y"]], False),  # we lack one
    ],
)  # fmt: skip
def test_only_rules_at_the_threshold_may_be_lost(theirs: list[list[str]], passed: bool) -> None:
    assert judged(theirs)["passed"] is passed


def test_ten_times_as_fast() -> None:
    every = [rule[:2] for rule in OURS["rules"]]
    assert judged(every, 5.0)["passed"]
    assert not judged(every, 4.9)["passed"]
    assert "lost by mlxtend: a -> b, 30 of 100" in sentence(judged(every[1:]))


def test_ours_alone_has_no_verdict() -> None:
    found = verdict([OURS], None, support=Fraction(1, 2), confidence=Fraction(1, 2))
    assert (found["passed"], found["rules"]) == (None, 3)
    assert len(made_lines(100, 1)) == 100
