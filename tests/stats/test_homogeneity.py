"""One test of several shares, against SciPy and by hand."""

from __future__ import annotations

import pytest

from tierwise.stats.homogeneity import equal_shares
from tierwise.stats.tgi import fisher_p


@pytest.mark.parametrize(
    ("yes", "of"),
    [([30, 45, 60], [100, 100, 100]), ([12, 7, 9, 30], [50, 41, 60, 90]), ([500, 620, 1], [5000, 5100, 90])],
)
def test_as_scipy_has_it(yes: list[int], of: list[int]) -> None:
    scipy = pytest.importorskip("scipy.stats")
    wanted = scipy.chi2_contingency([yes, [n - y for y, n in zip(yes, of, strict=True)]], correction=False)
    found = equal_shares(yes, of)
    assert found.statistic == pytest.approx(wanted.statistic, rel=1e-12)
    assert found.degrees == wanted.dof == len(yes) - 1
    assert found.p_value == pytest.approx(wanted.pvalue, rel=1e-9)


def test_groups_too_small_are_left_out_the_smallest_first() -> None:
    large = equal_shares([30, 45, 60], [100, 100, 100])
    found = equal_shares([1, 30, 0, 45, 60, 0], [1, 100, 2, 100, 100, 0])
    assert found.compared == (1, 3, 4)
    assert (found.statistic, found.p_value) == (large.statistic, large.p_value)


def test_two_groups_as_anywhere_else() -> None:
    assert equal_shares([3, 1], [4, 4]).p_value == pytest.approx(fisher_p(3, 4, 1, 4))
    assert equal_shares([3, 1, 0], [4, 4, 1]).compared == (0, 1), "three of so few cannot be tested at once"
    assert equal_shares([0, 0, 0], [40, 40, 40]).p_value == 1.0


def test_nothing_to_compare() -> None:
    assert equal_shares([3, 0], [4, 0]).p_value is None
    assert equal_shares([], []).compared == ()
    with pytest.raises(ValueError, match="not counts"):
        equal_shares([3, 5], [4, 4])
