"""Entropy and mutual information, against hand-worked tables and the chi-squared of the likelihood ratio."""

from __future__ import annotations

import doctest
import random
from math import log

import pytest

from tierwise.stats import information
from tierwise.stats.information import corrected_information_bits, entropy_bits, information_bits


def test_the_examples_run() -> None:
    found = doctest.testmod(information)
    assert (found.failed, found.attempted) == (0, 4)


def test_a_fair_die_has_log2_of_six_bits() -> None:
    assert entropy_bits([7] * 6) == pytest.approx(2.584962500721156)


def test_who_knows_all_gains_the_whole_entropy_and_who_knows_nothing_gains_none() -> None:
    assert information_bits([[10, 0], [0, 30]]) == pytest.approx(entropy_bits([10, 30]))
    assert information_bits([[10, 20], [30, 60]]) == pytest.approx(0.0, abs=1e-15)
    assert information_bits([]) == information_bits([[0, 0]]) == corrected_information_bits([[0, 0]]) == 0.0


def test_hand_worked() -> None:
    """Three answers, two tiers, 20 people: (8, 2), (3, 3), (0, 4); tiers 11 : 9, H = 0.992774.

    H(Y|X) = 10/20 H(.8) + 6/20 H(.5) + 4/20 H(0) = .5 x .721928 + .3 x 1 + 0 = .660964.
    I = .992774 - .660964 = .331810; by chance (3-1)(2-1) / (40 ln 2) = .072135; left .259675.
    """
    table = [[8, 2], [3, 3], [0, 4]]
    assert information_bits(table) == pytest.approx(0.331810, abs=1e-6)
    assert corrected_information_bits(table) == pytest.approx(0.259675, abs=1e-6)


def test_it_is_the_same_both_ways_and_is_the_likelihood_ratio() -> None:
    table = [[12, 5, 3], [4, 9, 7]]
    turned = [list(column) for column in zip(*table, strict=True)]
    assert information_bits(turned) == pytest.approx(information_bits(table))
    n, rows, columns = 40, [20, 20], [16, 14, 10]
    g = 2 * sum(table[i][j] * log(table[i][j] * n / (rows[i] * columns[j])) for i in range(2) for j in range(3))
    assert information_bits(table) == pytest.approx(g / (2 * n * log(2)))


def test_what_chance_shows_is_taken_away() -> None:
    """Independent pairs: without the correction 0.058 bits on average, with it hardly any."""
    draw = random.Random(11)
    plain, corrected = [], []
    for _ in range(300):
        table = [[0] * 4 for _ in range(5)]
        for _ in range(150):
            table[draw.randrange(5)][draw.randrange(4)] += 1
        plain.append(information_bits(table))
        corrected.append(information_bits(table) - 12 / (2 * 150 * log(2)))
        assert corrected_information_bits(table) == max(0.0, corrected[-1])
    assert sum(plain) / 300 == pytest.approx(12 / (300 * log(2)), rel=0.08)
    assert abs(sum(corrected) / 300) < 0.005


def test_empty_kinds_are_no_kinds() -> None:
    table = [[30, 10], [10, 30]]
    padded = [[30, 10, 0], [0, 0, 0], [10, 30, 0]]
    assert corrected_information_bits(padded) == corrected_information_bits(table)
