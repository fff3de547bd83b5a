"""Agreement of raters against the worked example of Krippendorff (2011)."""

from __future__ import annotations

from collections import Counter

import pytest

from tierwise.stats.agreement import krippendorff_alpha

# Krippendorff 2011, section C: four observers, twelve units, missing data.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
UNITS = [Counter(r for r in unit if r != ".") for unit in zip(*(row.split() for row in OBSERVERS), strict=True)]


def test_krippendorff_2011_nominal() -> None:
    found = krippendorff_alpha(UNITS)
    assert (found.units, found.reason) == (11, None)
    assert found.alpha == pytest.approx(0.743, abs=0.0005)


def test_krippendorff_2011_ordinal() -> None:
    assert krippendorff_alpha(UNITS, list("12345")).alpha == pytest.approx(0.815, abs=0.0005)


def test_krippendorff_2011_two_observers_binary() -> None:
    # Section A: two observers, ten units, alpha 0.095.
    one, two = "0100000000", "1110010010"
    found = krippendorff_alpha([Counter(pair) for pair in zip(one, two, strict=True)])
    assert found.alpha == pytest.approx(0.095, abs=0.0005)
    assert found.observed == 0.6


def test_what_cannot_be_told() -> None:
    assert krippendorff_alpha([]).reason == "rated_once"
    once = krippendorff_alpha([{"a": 1}, {"b": 1}])
    assert (once.units, once.alpha, once.reason) == (0, None, "rated_once")
    alike = krippendorff_alpha([{"a": 2}, {"a": 3}])
    assert (alike.units, alike.pairs, alike.observed, alike.alpha, alike.reason) == (2, 4, 1.0, None, "all_alike")


def test_perfect_agreement_and_worse_than_chance() -> None:
    assert krippendorff_alpha([{"a": 2}, {"b": 2}]).alpha == 1
    worse = krippendorff_alpha([{"a": 1, "b": 1}, {"a": 1, "b": 1}]).alpha
    assert worse is not None
    assert worse < 0


def test_a_step_apart_is_less_than_two() -> None:
    order = ("low", "mid", "high")
    near = [{"low": 2}, {"high": 2}, {"low": 1, "mid": 1}, {"mid": 2}]
    far = [{"low": 2}, {"high": 2}, {"low": 1, "high": 1}, {"mid": 2}]
    one, two = krippendorff_alpha(near, order).alpha, krippendorff_alpha(far, order).alpha
    assert one is not None
    assert two is not None
    assert one > two


def test_a_value_outside_the_order_is_refused() -> None:
    with pytest.raises(KeyError):
        krippendorff_alpha([{"a": 2}, {"x": 1, "a": 1}], ["a", "b"])
