"""Rules by hand, against an evaluator that counts every set in every basket, and the thresholds."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.association import RULE_COLUMNS, association_rules
from tierwise.metrics.frame import Frame
from tierwise.stats.tgi import adjusted, difference_p

Baskets = dict[int, set[str]]


def lines_of(frame: MakeFrame, baskets: Baskets, *more: tuple[int | None, str | None]) -> Frame:
    rows = [(basket, item) for basket, items in baskets.items() for item in sorted(items, reverse=True)]
    rows += more
    return frame(
        pa.table(
            {
                "order_id": pa.array([row[0] for row in rows], pa.int64()),
                "product_id": pa.array([row[1] for row in rows], pa.string()),
            }
        )
    )


def rules(lines: Frame, support: Any, confidence: Any, max_left: int | None = 1) -> list[dict[str, Any]]:
    return association_rules(lines, min_support=support, min_confidence=confidence, max_left=max_left).to_pylist()


def naive(baskets: Baskets, support: Fraction, confidence: Fraction, max_left: int) -> dict[tuple[str, str], Any]:
    """Every left side and right item that there could be, counted in every basket."""
    filled = [items for items in baskets.values() if items]
    n = len(filled)

    def having(items: set[str]) -> int:
        return sum(items <= basket for basket in filled)

    every = sorted(set().union(*filled))
    found, tests = {}, []
    for size in range(1, max_left + 1):
        for left in combinations(every, size):
            for right in sorted(set(every) - set(left)):
                one, two, c = having(set(left)), having({right}), having({*left, right})
                if min(one, two) < support * n:
                    continue
                p = difference_p(c, one, two - c, n - one)
                tests.append((1.0 if p is None or c < support * n else p, (" + ".join(left), right)))
                if c >= support * n and c >= confidence * one:
                    found[" + ".join(left), right] = (c, one, two, p)
    known = dict(zip((key for _, key in tests), adjusted([p for p, _ in tests]), strict=True))
    return {key: (*values, known[key]) for key, values in found.items()}


BREAKFAST: Baskets = {
    1: {"bread", "jam", "milk"},
    2: {"bread", "jam"},
    3: {"bread", "milk"},
    4: {"tea", "milk"},
    5: {"bread", "jam", "tea"},
}


def test_by_hand(frame: MakeFrame) -> None:
    found = {(row["left"], row["right"]): row for row in rules(lines_of(frame, BREAKFAST), 0.4, 0.1)}
    assert set(found) == {("bread", "jam"), ("jam", "bread"), ("bread", "milk"), ("milk", "bread")}
    jam = found["jam", "bread"]
    assert (jam["count"], jam["left_count"], jam["right_count"], jam["basket_count"]) == (3, 3, 4, 5)
    assert (jam["support"], jam["confidence"], jam["lift"]) == (0.6, 1.0, 1.25)
    assert jam["leverage"] == pytest.approx(0.6 - 0.6 * 0.8)
    assert jam["conviction"] is None
    assert found["bread", "jam"]["conviction"] == pytest.approx((1 - 0.6) / (1 - 0.75))
    assert jam["p_value"] == pytest.approx(0.4)  # of 10 ways to place 3 jams, 4 have none in the one without bread
    # Four frequent items (tea is in two baskets): 12 rules could have been; 4 were frequent, both p values twice.
    assert jam["adjusted_p_value"] == 1.0


def test_both_directions_and_their_order(frame: MakeFrame) -> None:
    found = rules(lines_of(frame, BREAKFAST), 0.4, 0.1)
    assert [(row["left"], row["right"]) for row in found[:2]] == [("jam", "bread"), ("bread", "jam")]
    assert [row["leverage"] for row in found] == sorted((row["leverage"] for row in found), reverse=True)


def test_what_everybody_buys_does_not_lead(frame: MakeFrame) -> None:
    baskets: Baskets = {n: {"bag", f"other {n}"} for n in range(100)}
    for n in range(20):
        baskets[n] |= {"pasta", "sauce"} if n < 12 else {"pasta"}
    found = rules(lines_of(frame, baskets), 0.05, 0.01)
    assert [(row["left"], row["right"]) for row in found[:2]] == [("sauce", "pasta"), ("pasta", "sauce")]
    bags = [row for row in found if row["right"] == "bag"]
    assert {row["confidence"] for row in bags} == {1.0}  # the most confident of all, and worth nothing
    assert {(row["lift"], row["leverage"], row["p_value"]) for row in bags} == {(1.0, 0.0, 1.0)}


@pytest.mark.parametrize("max_left", [1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_as_the_naive_evaluator(frame: MakeFrame, seed: int, max_left: int) -> None:
    draw = random.Random(seed)
    items = ["a", "Z", "b", "中", "c d", "e", "10", "9"]
    baskets: Baskets = {
        n: {item for place, item in enumerate(items) if draw.random() < 0.75 / (1 + place / 3)} for n in range(90)
    }
    for n in range(0, 90, 5):
        baskets[n] |= {"e", "10", "9", "b"}
    support, confidence = Fraction("0.1"), Fraction("0.3")
    expected = naive(baskets, support, confidence, max_left)
    found = rules(lines_of(frame, baskets), 0.1, 0.3, max_left)
    assert {(row["left"], row["right"]) for row in found} == set(expected)
    assert len(found) == len(expected) > 20
    for row in found:
        c, one, two, p, adjusted_p = expected[row["left"], row["right"]]
        assert (row["count"], row["left_count"], row["right_count"]) == (c, one, two)
        assert row["left_size"] == row["left"].count(" + ") + 1
        assert (row["p_value"], row["adjusted_p_value"]) == (pytest.approx(p, rel=1e-9), pytest.approx(adjusted_p))


def test_any_number_of_items_on_the_left(frame: MakeFrame) -> None:
    baskets: Baskets = {n: set("abcdefg") if n < 3 else {"z"} for n in range(6)}
    found = rules(lines_of(frame, baskets), 0.5, 0.9, None)
    assert len(found) == sum(len(list(combinations("abcdefg", size))) * (7 - size) for size in range(1, 7))
    assert ("a + b + c + d + e + f", "g") in {(row["left"], row["right"]) for row in found}


def test_no_rule_is_lost_at_the_threshold(frame: MakeFrame) -> None:
    # 3 of 10 baskets: .3 as a double lies below three tenths, 0.1 * 3 above. 7 of 10 likewise.
    baskets: Baskets = {n: {"left", "right"} if n < 3 else {"left"} if n < 10 else {"x"} for n in range(100)}
    lines = lines_of(frame, baskets)
    assert [(row["left"], row["right"]) for row in rules(lines, 0.03, 0.3)] == [("right", "left"), ("left", "right")]
    assert [row["left"] for row in rules(lines, Fraction(3, 100), Fraction(30001, 100000))] == ["right"]
    assert rules(lines, 0.0300001, 0.3) == []


def test_doubled_lines_count_once_and_lines_of_nothing_not_at_all(frame: MakeFrame) -> None:
    more = ((1, "jam"), (1, "jam"), (None, "jam"), (2, None), (9, None))
    assert rules(lines_of(frame, BREAKFAST, *more), 0.4, 0.1) == rules(lines_of(frame, BREAKFAST), 0.4, 0.1)


def test_items_that_are_numbers_become_texts(frame: MakeFrame) -> None:
    lines = frame(order_id=["x", "x", "y", "y"], product_id=[10, 9, 9, 10])
    assert [(row["left"], row["right"]) for row in rules(lines, 1, 1)] == [("10", "9"), ("9", "10")]


def test_nothing_gives_no_rules(frame: MakeFrame) -> None:
    empty = frame(order_id=pa.array([], pa.string()), product_id=pa.array([], pa.string()))
    for lines in (empty, lines_of(frame, {1: {"a"}, 2: {"b"}})):
        found = association_rules(lines, min_support=0.1, min_confidence=0.1, max_left=None)
        assert (found.num_rows, found.schema) == (0, RULE_COLUMNS)


def test_all_that_is_wrong_is_told_at_once(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as raised:
        rules(lines_of(frame, BREAKFAST), 0, 1.2, 0)
    assert [problem.place for problem in raised.value.problems] == ["min_support", "min_confidence", "max_left"]
    with pytest.raises(TierwiseError, match='have no column "order_id"'):
        rules(frame(basket=["1"], product_id=["a"]), 0.1, 0.1)
