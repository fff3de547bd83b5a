from __future__ import annotations

import numpy as np
import pytest

from tierwise.testing.draws import BELL, Draws, curve_table, weight_table


def test_the_stream_is_the_same_everywhere():
    assert Draws(7, "golden").bits16(6).tolist() == [52129, 14746, 21804, 1189, 34004, 11517]
    assert Draws(7, "golden").below(4, 1_000_000).tolist() == [225018, 18147, 175743, 92565]


def test_streams_of_other_names_or_seeds_differ():
    assert Draws(7, "a").bits16(8).tolist() != Draws(7, "b").bits16(8).tolist()
    assert Draws(7, "a").bits16(8).tolist() != Draws(8, "a").bits16(8).tolist()


def test_between_reaches_both_ends_and_nothing_else():
    drawn = Draws(1, "ends").between(4_000, 3, 7)
    assert np.unique(drawn).tolist() == [3, 4, 5, 6, 7]


def test_each_draw_can_have_its_own_bound():
    bounds = np.array([0, 1, 5, 2**31])
    drawn = Draws(1, "bounds").below(4, bounds)
    assert (drawn <= np.maximum(bounds - 1, 0)).all()


@pytest.mark.parametrize(("permille", "low", "high"), [(0, 0, 0), (1000, 20_000, 20_000), (250, 4_800, 5_200)])
def test_chance_is_in_permille(permille: int, low: int, high: int):
    assert low <= int(Draws(3, "chance").chance(20_000, permille).sum()) <= high


def test_weights_are_kept():
    table = weight_table((1, 0, 3))
    assert np.bincount(table, minlength=3).tolist() == [16384, 0, 49152]


def test_a_curve_passes_through_its_knots():
    table = curve_table(((0, 10), (500, 20), (1000, 100)))
    assert len(table) == 65536
    assert (table[0], table[32768]) == (10, 20)
    assert table[-1] in (98, 99)
    assert (np.diff(table) >= 0).all()


def test_the_bell_is_centred_with_its_deviation():
    drawn = Draws(5, "bell").bell(100_000, 1000, 120)
    assert abs(int(np.median(drawn)) - 1000) <= 2
    assert abs(float(drawn.std()) - 120) < 5
    assert BELL[0][1] == -BELL[-1][1]


def test_order_is_a_permutation():
    assert sorted(Draws(5, "order").order(100).tolist()) == list(range(100))
    assert Draws(5, "order").order(0).tolist() == []
