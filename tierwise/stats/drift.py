"""Drift: how far a distribution over classes has moved."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Literal

Drift = Literal["stable", "some", "large"]

SOME_DRIFT, LARGE_DRIFT = 0.10, 0.25
"""Siddiqi's thresholds. They are a custom, not a test: small samples pass them by chance (Yurdakul 2018)."""

HALF = 0.5
"""Customers that an empty class is given, so that its share has a logarithm."""


def population_stability_index(before: Mapping[str, int], after: Mapping[str, int]) -> float | None:
    """The population stability index (PSI) of two counts by class; None where one side counts nobody.

    The sum over classes of (a - b) ln(a / b), where b and a are the class's shares before and after; 0 where nothing
    moved. It is the symmetric divergence of Jeffreys (1946). Where a class is empty on one side, half a customer is
    added to every class on both sides (the half is ours: the index itself would be infinite).

    Source: N. Siddiqi, Credit Risk Scorecards, Wiley 2006, chapter 9. B. Yurdakul, Statistical properties of the
    population stability index, dissertation 3208, Western Michigan University 2018.

    >>> round(population_stability_index({"yes": 50, "no": 50}, {"yes": 60, "no": 40}), 5)
    0.04055
    """
    classes = sorted(name for name in {*before, *after} if before.get(name, 0) or after.get(name, 0))
    if not sum(before.values()) or not sum(after.values()):
        return None
    empty = any(not before.get(name, 0) or not after.get(name, 0) for name in classes)
    added = HALF if empty else 0.0
    total_before = sum(before.values()) + added * len(classes)
    total_after = sum(after.values()) + added * len(classes)
    index = 0.0
    for name in classes:
        b = (before.get(name, 0) + added) / total_before
        a = (after.get(name, 0) + added) / total_after
        index += (a - b) * log(a / b)
    return index


def drift_of(index: float) -> Drift:
    """The index in words: stable below 0.10, some below 0.25, else large."""
    return "stable" if index < SOME_DRIFT else "some" if index < LARGE_DRIFT else "large"
