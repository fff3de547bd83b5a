"""Head-count and money by tier, by hand."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.panorama import Part, panorama

ROWS = [
    ("vip", "gold", 60_001), ("vip", "gold", 20_000), ("new", "gold", 5_000), ("new", "tin", -1_000),
    ("new", "tin", None), ("lost", "tin", None), (None, "tin", 16_000),
]  # fmt: skip
"""stage, level, money in minor units: 1,000.01 in all."""


def profile(frame: MakeFrame) -> Frame:
    stage, level, money = zip(*ROWS, strict=True)
    return frame(
        pa.table({"stage": pa.array(stage), "level": pa.array(level), "money_minor": pa.array(money, pa.int64())})
    )


def test_one_tier_by_hand(frame: MakeFrame) -> None:
    found = {part.value: part for part in panorama(profile(frame), by="stage", money="money_minor")}
    assert found["vip"] == Part("vip", None, 2, 2, 80_001, 2 / 7, 80_001 / 100_001, 40_001)  # 40,000.5 away from zero
    assert found["new"] == Part("new", None, 3, 2, 4_000, 3 / 7, 4_000 / 100_001, 2_000)
    assert found["lost"] == Part("lost", None, 1, 0, None, 1 / 7, None, None)  # known of nobody: null, not nothing
    assert found[None].per_head_minor == 16_000
    assert sum(part.customers for part in found.values()) == len(ROWS)


def test_two_tiers_crossed_by_hand(frame: MakeFrame) -> None:
    found = panorama(profile(frame), by="stage", money="money_minor", against="level")
    cells = {(part.value, part.against): (part.customers, part.money_minor) for part in found}
    assert cells == {
        ("vip", "gold"): (2, 80_001), ("new", "gold"): (1, 5_000), ("new", "tin"): (2, -1_000),
        ("lost", "tin"): (1, None), (None, "tin"): (1, 16_000),
    }  # fmt: skip
    assert next(part.money_share for part in found if part.value == "new" and part.against == "tin") == -1_000 / 100_001


def test_rare_values_are_others_and_who_has_none_is_apart(frame: MakeFrame) -> None:
    found = panorama(profile(frame), by="stage", money="money_minor", most=2)
    assert [(part.value, part.others, part.customers) for part in found] == [
        ("new", False, 3), (None, True, 3), (None, False, 1)
    ]  # fmt: skip


def test_a_share_of_no_money_is_null(frame: MakeFrame) -> None:
    rows = frame(tier=pa.array(["a", "b"]), money_minor=pa.array([500, -500], pa.int64()))
    assert [part.money_share for part in panorama(rows, by="tier", money="money_minor")] == [None, None]
    none = frame(tier=pa.array([], pa.string()), money_minor=pa.array([], pa.int64()))
    assert panorama(none, by="tier", money="money_minor") == []
    with pytest.raises(TierwiseError, match='no column "level"'):
        panorama(none, by="level", money="money_minor")


def test_parts_add_up_to_all_however_they_are_cut(frame: MakeFrame) -> None:
    draw = random.Random(5)
    size = 400
    money = [draw.choice([None, draw.randint(-10_000, 900_000)]) for _ in range(size)]
    rows = frame(
        pa.table(
            {
                "store": pa.array([draw.choice([None, *map(str, range(40))]) for _ in range(size)]),
                "level": pa.array([draw.choice([None, 1, 2, 3]) for _ in range(size)], pa.int64()),
                "money_minor": pa.array(money, pa.int64()),
            }
        )
    )
    for against, most in ((None, 30), (None, 2), ("level", 10), ("store", 5)):
        found = panorama(rows, by="store", money="money_minor", against=against, most=most, most_against=most)
        assert sum(part.customers for part in found) == size
        assert sum(part.money_minor or 0 for part in found) == sum(each or 0 for each in money)
        assert sum(part.known for part in found) == sum(each is not None for each in money)
        assert len({(part.value, part.others, part.against, part.others_against) for part in found}) == len(found)
