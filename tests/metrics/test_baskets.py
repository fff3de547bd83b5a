"""Frequent items and sets, counted by blocks and batches of any size, against counting every set in every basket."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.metrics import baskets
from tierwise.metrics.baskets import Baskets, baskets_of, frequent_pairs, frequent_sets, joined_pairs, least_count
from tierwise.metrics.frame import Frame

SHARE = (1, 20)


@pytest.fixture(params=range(3))
def rows(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    draw = random.Random(request.param)
    sizes = [draw.randrange(9) for _ in range(80)]
    items = [f"p{int(draw.paretovariate(0.8)) % 15}" for _ in range(sum(sizes))]
    made = list(zip((f"o{basket}" for basket, size in enumerate(sizes) for _ in range(size)), items, strict=True))
    draw.shuffle(made)
    return made


@pytest.fixture
def lines(frame: MakeFrame, rows: list[tuple[str, str]]) -> Frame:
    return frame(pa.table({"o": [row[0] for row in rows], "p": [row[1] for row in rows]}))


def counted(rows: list[tuple[str, str]], size: int, least: int) -> dict[tuple[str, ...], int]:
    by_basket: dict[str, set[str]] = {}
    for basket, item in rows:
        by_basket.setdefault(basket, set()).add(item)
    found = Counter(part for items in by_basket.values() for part in combinations(sorted(items), size))
    return {part: count for part, count in found.items() if count >= least}


def named(found: Baskets, items: list[list[int]]) -> list[tuple[str, ...]]:
    return [tuple(found.names[number] for number in row) for row in items]


def test_items_and_baskets(lines: Frame, rows: list[tuple[str, str]]) -> None:
    found = baskets_of(lines, "o", "p", SHARE)
    assert found.count == len({basket for basket, _ in rows})
    least = least_count(SHARE, found.count)
    assert dict(zip(found.names, found.item_counts.tolist(), strict=True)) == {
        name: count for (name,), count in counted(rows, 1, least).items()
    }
    assert list(found.names) == sorted(found.names)
    both = list(zip(found.basket.tolist(), found.item.tolist(), strict=True))
    assert both == sorted(set(both))
    assert len(both) == found.item_counts.sum()


@pytest.mark.parametrize(("cells", "batch"), [(1 << 24, 1 << 22), (40, 7), (1, 1)])
def test_pairs_in_blocks_and_batches(
    monkeypatch: pytest.MonkeyPatch, lines: Frame, rows: list[tuple[str, str]], cells: int, batch: int
) -> None:
    monkeypatch.setattr(baskets, "_CELLS", cells)
    monkeypatch.setattr(baskets, "_BATCH", batch)
    found = baskets_of(lines, "o", "p", SHARE)
    pairs = frequent_pairs(found, 5)
    names = named(found, pairs.items.tolist())
    assert names == sorted(names)
    assert dict(zip(names, pairs.counts.tolist(), strict=True)) == counted(rows, 2, 5)
    assert len(pairs) > 5


def test_the_join_gives_the_same_pairs(lines: Frame) -> None:
    found = baskets_of(lines, "o", "p", SHARE)
    joined, pairs = joined_pairs(lines, "o", "p", SHARE)
    own = frequent_pairs(found, least_count(SHARE, found.count))
    assert (joined.count, joined.names) == (found.count, found.names)
    assert joined.item_counts.tolist() == found.item_counts.tolist()
    assert (pairs.items.tolist(), pairs.counts.tolist()) == (own.items.tolist(), own.counts.tolist())


def test_sets_of_every_size(lines: Frame, rows: list[tuple[str, str]]) -> None:
    found = baskets_of(lines, "o", "p", SHARE)
    sets = frequent_sets(found, 4, None)
    for size, of_size in enumerate(sets, start=1):
        names = named(found, of_size.items.tolist())
        assert names == sorted(names)
        assert dict(zip(names, of_size.counts.tolist(), strict=True)) == counted(rows, size, 4)
    assert len(sets) >= 3
    assert not counted(rows, len(sets) + 1, 4)
    assert [len(each) for each in frequent_sets(found, 4, 2)] == [len(each) for each in sets[:2]]
