"""Agreement between raters, corrected for what chance would bring about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree.

    units: things that at least two have rated; pairs: pairs of ratings of one thing. observed: the share of the pairs
    that are equal. alpha: 1 for perfect agreement, 0 for what chance would bring about, below 0 for worse. reason: why
    alpha is null: `rated_once` (nothing was rated twice), `all_alike` (all ratings are one value, as by chance too).
    """

    units: int
    pairs: int
    observed: float | None
    alpha: float | None
    reason: str | None = None


def krippendorff_alpha(units: Iterable[Mapping[str, int]], order: Sequence[str] | None = None) -> Agreement:
    """Krippendorff's alpha of what raters said of each unit: value -> how many of them said it.

    Any number of raters, each may leave units out; units that fewer than two have rated are left out. order: the
    values from low to high, for ordinal ratings; None takes them as names, where any two differ alike. Values that
    `order` lacks are an error of the caller (KeyError).

    alpha = 1 - D_observed / D_expected over the matrix of coincidences, where each pair of ratings within a unit of m
    counts 1 / (m - 1). Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability, University of Pennsylvania
    2011 (repository.upenn.edu/asc_papers/43); J. Cohen's kappa and J. Fleiss's know no missing ratings and no order.
    """
    coincidences: dict[tuple[str, str], float] = {}
    counted = pairs = equal = 0
    for unit in units:
        ratings = sum(unit.values())
        if ratings < 2:
            continue
        counted += 1
        pairs += ratings * (ratings - 1) // 2
        equal += sum(n * (n - 1) // 2 for n in unit.values())
        for one, n in unit.items():
            for other, m in unit.items():
                together = n * (m - 1 if one == other else m)
                coincidences[one, other] = coincidences.get((one, other), 0.0) + together / (ratings - 1)
    if not counted:
        return Agreement(0, 0, None, None, "rated_once")
    margins: dict[str, float] = {}
    for (one, _), count in coincidences.items():
        margins[one] = margins.get(one, 0.0) + count
    if order is not None and (unknown := margins.keys() - set(order)):
        raise KeyError(*sorted(unknown))
    listed = [value for value in order if value in margins] if order is not None else sorted(margins)
    observed = expected = 0.0
    for i, one in enumerate(listed):
        for j in range(i + 1, len(listed)):
            apart = 1.0 if order is None else _ordinal(listed, margins, i, j)
            observed += coincidences.get((one, listed[j]), 0.0) * apart
            expected += margins[one] * margins[listed[j]] * apart
    if not expected:
        return Agreement(counted, pairs, equal / pairs, None, "all_alike")
    total = sum(margins.values())
    return Agreement(counted, pairs, equal / pairs, 1.0 - (total - 1) * observed / expected)


def _ordinal(listed: Sequence[str], margins: Mapping[str, float], low: int, high: int) -> float:
    """The squared distance of two ranks: all ratings from one to the other, the ends by half."""
    between = sum(margins[listed[g]] for g in range(low, high + 1))
    return (between - (margins[listed[low]] + margins[listed[high]]) / 2) ** 2
