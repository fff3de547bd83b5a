"""The week's pattern: told where it is large and sure."""

from __future__ import annotations

import doctest

from tierwise.stats.clv import weekdays
from tierwise.stats.clv.weekdays import Weekdays, weekday_pattern


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(weekdays).failed == 0


def test_an_uneven_week_is_told_only_where_it_is_large_and_sure() -> None:
    assert weekday_pattern([100, 100, 100, 100, 100, 300, 300]).warning is not None
    assert (
        weekday_pattern([1_000_000, 1_010_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]).warning is None
    )
    assert weekday_pattern([1, 1, 1, 1, 1, 3, 1]).warning is None
    assert weekday_pattern([0] * 7) == Weekdays((0,) * 7, None, None, None)
