"""Sample ratio mismatch (样本比例失衡): do the groups of a trial have the sizes that they were given by lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, isfinite

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.tails import chi_square_above


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """statistic: chi-square against the weights. degrees: groups less 1. expected: by group, in their order. Nulls
    where nobody is in any group, with the reason `empty`."""

    statistic: float | None
    p_value: float | None
    degrees: int
    expected: tuple[float, ...]
    reason: str | None = None


def sample_ratio(counts: Sequence[int], weights: Sequence[float]) -> SampleRatio:
    """Pearson's chi-square of how many are in each group against the weights of the lot, in any unit.

    K. Pearson, Philosophical Magazine 50, 1900; A. Fabijan et al., Diagnosing sample ratio mismatch in online
    controlled experiments, KDD 2019, who take p < 0.0005 as a mismatch: then the trial's figures are not to be read
    before the cause is found.

    Raises `bad_value`: fewer than two groups, not as many weights as counts, counts below 0, weights not above 0.

    >>> found = sample_ratio([50_300, 49_300], [1, 1])
    >>> round(found.statistic, 4), round(found.p_value, 5)
    (10.0402, 0.00153)
    """
    if len(counts) != len(weights) or len(counts) < 2:
        raise TierwiseError(
            "bad_value", f"{len(counts)} counts and {len(weights)} weights", remedy="one of each for two groups or more"
        )
    if any(not isfinite(count) or count < 0 for count in counts):
        raise TierwiseError("bad_value", "counts must be 0 or more", place="counts")
    if any(not isfinite(weight) or weight <= 0 for weight in weights):
        raise TierwiseError(
            "bad_value",
            "weights must be above 0",
            place="weights",
            remedy="leave out groups that nobody was to get into",
        )
    total, whole = sum(counts), fsum(weights)
    expected = tuple(total * (weight / whole) for weight in weights)
    degrees = len(counts) - 1
    if not total:
        return SampleRatio(None, None, degrees, expected, "empty")
    statistic = fsum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))
    return SampleRatio(statistic, chi_square_above(statistic, degrees), degrees, expected)
