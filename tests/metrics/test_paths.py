"""Paths by hand, and against an evaluator that walks every customer's days."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise, product
from statistics import quantiles
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import rows_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.paths import LAGS, NEXT_COLUMNS, common_paths, later_purchases, next_products

AS_OF = date(2026, 6, 30)
START = date(2026, 1, 1)

Bought = list[tuple[int | None, str | None, int]]
"""Customer, item, days after START."""


def lines_of(frame: MakeFrame, bought: Bought) -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in bought], pa.int64()),
                "product_id": pa.array([row[1] for row in bought], pa.string()),
                "ordered_day": pa.array([START + timedelta(days=row[2]) for row in bought], pa.date32()),
            }
        )
    )


CAMERA: Bought = [
    (1, "camera", 0), (1, "card", 0), (1, "card", 10), (1, "bag", 30),
    (2, "camera", 5), (2, "card", 9), (2, "bag", 9),
    (3, "camera", 7), (3, "camera", 8),
    (4, "card", 1), (4, "camera", 2),
    (5, "bag", 3), (5, "bag", 400), (None, "bag", 3), (5, None, 4),
]  # fmt: skip


def test_later_purchases_by_hand(frame: MakeFrame) -> None:
    found = later_purchases(lines_of(frame, CAMERA), as_of=AS_OF, min_customers=1)
    rows = {(row["first"], row["next"]): row for row in rows_of(found, "first", "next")}
    assert set(rows) == {
        ("camera", "card"), ("camera", "bag"), ("camera", "camera"),
        ("card", "card"), ("card", "bag"), ("card", "camera"),
    }  # fmt: skip
    card = rows["camera", "card"]
    assert (card["first_count"], card["count"], card["share"], card["base_share"]) == (4, 2, 0.5, 0.4)
    assert [card[name] for name in LAGS] == [5.5, 7.0, 8.5]
    assert (rows["camera", "bag"]["lag_median_days"], rows["card", "camera"]["lag_median_days"]) == (17.0, 1.0)
    assert (rows["camera", "camera"]["count"], rows["card", "card"]["count"]) == (1, 1)


def test_only_who_could_be_followed_counts(frame: MakeFrame) -> None:
    as_of = START + timedelta(days=12)
    found = later_purchases(lines_of(frame, CAMERA), as_of=as_of, within_days=6, min_customers=1)
    rows = {(row["first"], row["next"]): row for row in rows_of(found, "first", "next")}
    # Customer 3 began on day 7, and has had five days; customer 1's card came on the tenth day.
    card = rows["camera", "card"]
    assert (card["first_count"], card["count"]) == (3, 1)
    assert card["base_share"] == 0.25  # of customers 1, 2, 4 and 5


def naive_days(bought: Bought) -> dict[int, dict[int, set[str]]]:
    found: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for customer, item, day in bought:
        if customer is not None and item is not None and START + timedelta(days=day) <= AS_OF:
            found[customer][day].add(item)
    return found


@pytest.fixture(params=[0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))])
def made(request: pytest.FixtureRequest) -> Bought:
    draw = random.Random(request.param)
    return [(draw.randrange(25), draw.choice("aabbbcde"), draw.randrange(0, 200)) for _ in range(260)]


@pytest.mark.parametrize("within", [None, 20])
def test_later_purchases_as_walked(frame: MakeFrame, made: Bought, within: int | None) -> None:
    days, last = naive_days(made), (AS_OF - START).days
    latest = last if within is None else last - within
    expected: dict[tuple[str, str], Any] = {}
    for one, two in product("abcde", repeat=2):
        firsts, lags = 0, []
        for own in days.values():
            start = min((day for day, items in own.items() if one in items), default=None)
            if start is None or start > latest:
                continue
            firsts += 1
            after = [day - start for day, items in own.items() if two in items and day > start]
            after = [lag for lag in after if within is None or lag <= within]
            lags += [min(after)] if after else []
        if len(lags) >= 3:
            expected[one, two] = (firsts, len(lags), quantiles(lags, n=4, method="inclusive"))
    found = rows_of(
        later_purchases(lines_of(frame, made), as_of=AS_OF, within_days=within, min_customers=3), "first", "next"
    )
    assert {(row["first"], row["next"]) for row in found} == set(expected)
    for row in found:
        firsts, count, lags = expected[row["first"], row["next"]]
        assert (row["first_count"], row["count"], row["share"]) == (firsts, count, count / firsts)
        assert [row[name] for name in LAGS] == pytest.approx(lags)


def test_next_products_by_hand(frame: MakeFrame) -> None:
    found = next_products(lines_of(frame, CAMERA), as_of=AS_OF, min_count=1).to_pylist()
    rows = {(row["first"], row["next"]): row for row in found}
    # Transitions: 1 has two (camera, card -> card -> bag), 2, 3 and 4 one each.
    assert {row["transition_count"] for row in found} == {5}
    card = rows["camera", "card"]
    assert (card["first_count"], card["next_count"], card["count"]) == (3, 2, 2)
    assert (card["share"], card["base_share"], card["lift"]) == (pytest.approx(2 / 3), 0.4, pytest.approx(5 / 3))
    assert card["p_value"] == pytest.approx(0.4)
    assert [row["next"] for row in found if row["first"] == "camera"] == ["card", "bag", "camera"]


def test_what_follows_first_purchases(frame: MakeFrame) -> None:
    found = next_products(lines_of(frame, CAMERA), as_of=AS_OF, min_count=1, from_first=True).to_pylist()
    rows = {(row["first"], row["next"]): row for row in found}
    assert {row["transition_count"] for row in found} == {4}  # one of each of the customers 1 to 4
    assert ("card", "bag") not in rows  # 1 had the card from the first day, and the bag on the third
    assert (rows["card", "camera"]["first_count"], rows["card", "camera"]["count"]) == (2, 1)


def test_next_products_as_walked(frame: MakeFrame, made: Bought) -> None:
    steps = []
    for own in naive_days(made).values():
        order = sorted(own)
        steps += [(own[day], own[after], after - day) for day, after in pairwise(order)]
    found = next_products(lines_of(frame, made), as_of=AS_OF, min_count=2)
    assert found.schema == NEXT_COLUMNS
    expected = {}
    for one, two in product("abcde", repeat=2):
        lags = [lag for before, after, lag in steps if one in before and two in after]
        if len(lags) >= 2:
            base = sum(two in after for _, after, _ in steps)
            expected[one, two] = (sum(one in before for before, _, _ in steps), base, lags)
    rows = found.to_pylist()
    assert {(row["first"], row["next"]) for row in rows} == set(expected)
    for row in rows:
        firsts, base, lags = expected[row["first"], row["next"]]
        assert (row["first_count"], row["next_count"], row["count"]) == (firsts, base, len(lags))
        assert row["lag_median_days"] == pytest.approx(quantiles(lags, n=4, method="inclusive")[1])
        assert row["lift"] == pytest.approx(len(lags) / firsts / (base / len(steps)))
    keys = [(row["first"], -(row["count"] * len(steps) - row["first_count"] * row["next_count"])) for row in rows]
    assert keys == sorted(keys)


def went(own: dict[int, set[str]], path: tuple[str, ...]) -> int | None:
    """Days from the first step to the last, each matched as early as it can be."""
    at, start = -1, 0
    for place, item in enumerate(path):
        after = [day for day, items in own.items() if item in items and day > at]
        if not after:
            return None
        at = min(after)
        start = at if place == 0 else start
    return at - start


def test_common_paths_as_walked(frame: MakeFrame, made: Bought) -> None:
    days = naive_days(made)
    expected = {}
    for size in (1, 2, 3):
        for path in product("abcde", repeat=size):
            lags = [lag for own in days.values() if (lag := went(own, path)) is not None]
            if len(lags) >= 6:
                expected[" → ".join(path)] = (size, lags)
    found = {
        row["path"]: row for row in rows_of(common_paths(lines_of(frame, made), as_of=AS_OF, min_customers=6), "path")
    }
    assert set(found) == set(expected)
    assert max(size for size, _ in expected.values()) == 3
    for path, (size, lags) in expected.items():
        row, before = found[path], path.rpartition(" → ")[0]
        assert (row["step_count"], row["count"], row["share"]) == (size, len(lags), len(lags) / len(days))
        assert row["continued_share"] == (len(lags) / len(expected[before][1]) if before else None)
        assert row["lag_median_days"] == pytest.approx(quantiles(lags, n=4, method="inclusive")[1])


def test_nothing_gives_no_rows(frame: MakeFrame) -> None:
    lines = lines_of(frame, [])
    assert rows_of(later_purchases(lines, as_of=AS_OF), "first") == []
    assert rows_of(common_paths(lines, as_of=AS_OF), "path") == []
    assert next_products(lines, as_of=AS_OF).num_rows == 0


def test_what_is_wrong_is_refused(frame: MakeFrame) -> None:
    lines = lines_of(frame, CAMERA)
    for call in (
        lambda: later_purchases(lines, as_of=AS_OF, within_days=0),
        lambda: next_products(lines, as_of=AS_OF, min_count=0),
        lambda: common_paths(lines, as_of=AS_OF, max_steps=0),
    ):
        with pytest.raises(TierwiseError, match="is 0"):
            call()
    with pytest.raises(TierwiseError, match='have no column "category"'):
        later_purchases(lines, as_of=AS_OF, item="category")
