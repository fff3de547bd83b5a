"""Whether customers order on some days of the week more than on others, which the models do not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.stats.srm import sample_ratio

UNEVEN_P = 0.001
UNEVEN_RATIO = 1.25
"""The busiest day against the mean day, from which on, the test agreeing, the week counts as uneven."""


@dataclass(frozen=True, slots=True)
class Weekdays:
    """counts: orders, Monday first. busiest_ratio: the busiest day against the mean one. p_value: that such counts come
    of even days. warning: what that means for a model; null where the week is even or there are no orders."""

    counts: tuple[int, ...]
    busiest_ratio: float | None
    p_value: float | None
    warning: str | None


def weekday_pattern(counts: Sequence[int]) -> Weekdays:
    """The week's pattern, by chi-square against even days and by its size: large data make any difference significant.

    >>> weekday_pattern([100, 100, 100, 100, 100, 300, 300]).busiest_ratio
    1.9090909090909092
    """
    whole = sum(counts)
    if not whole:
        return Weekdays(tuple(counts), None, None, None)
    p_value = sample_ratio(counts, [1] * 7).p_value
    ratio = max(counts) * 7 / whole
    warning = None
    if p_value is not None and p_value < UNEVEN_P and ratio >= UNEVEN_RATIO:
        warning = (
            f"orders follow the week: the busiest day has {ratio:.2f} times the mean; the models take any day to be "
            "like another, so take ages in weeks and horizons of whole weeks"
        )
    return Weekdays(tuple(counts), ratio, p_value, warning)
