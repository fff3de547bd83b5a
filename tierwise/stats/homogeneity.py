"""Is a share the same in several groups: one test of them all, before any two are picked out.

Pearson's chi-square of the k x 2 table with k - 1 degrees of freedom (K. Pearson, Philosophical Magazine 50, 1900),
as long as at least 1 is expected in every cell and 5 in four cells of five (W. G. Cochran, Some methods for
strengthening the common chi-square tests, Biometrics 10, 1954). Groups too small for that are left out, the smallest
first. Two groups are compared as everywhere here: `tgi.difference_p`, exact where few are expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.stats.tails import chi_square_above
from tierwise.stats.tgi import EXPECTED, difference_p


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """compared: the groups, by their place, that are large enough. statistic, degrees: of chi-square; null with two
    groups, of which the p value alone is told. p_value: null with fewer than two groups; 1 where everybody or nobody of
    all of them is counted."""

    compared: tuple[int, ...]
    statistic: float | None
    degrees: int | None
    p_value: float | None


def equal_shares(yes: Sequence[int], of: Sequence[int]) -> Homogeneity:
    """Whether yes[i] of of[i] may be one and the same share. Groups of nobody are left out.

    Raises ValueError on counts that cannot be.

    >>> found = equal_shares([30, 45, 60], [100, 100, 100])
    >>> round(found.statistic, 4), found.degrees, round(found.p_value, 6)
    (18.1818, 2, 0.000113)
    """
    if len(yes) != len(of) or any(not 0 <= some <= all_ for some, all_ in zip(yes, of, strict=True)):
        raise ValueError("not counts: each group needs how many, of how many")
    left = sorted((place for place, many in enumerate(of) if many), key=lambda place: (-of[place], place))
    while len(left) > 2 and not _enough([yes[i] for i in left], [of[i] for i in left]):
        left.pop()
    compared = tuple(sorted(left))
    if len(left) < 2:
        return Homogeneity(compared, None, None, None)
    if len(left) == 2:
        a, b = compared
        return Homogeneity(compared, None, None, difference_p(yes[a], of[a], yes[b], of[b]))
    with_it, everybody = sum(yes[i] for i in compared), sum(of[i] for i in compared)
    # Whole numbers up to the last step: (y - n share)^2 / (n share (1 - share)), with share = with_it / everybody.
    above = ((yes[i] * everybody - of[i] * with_it) ** 2 / of[i] for i in compared)
    statistic = sum(above) / (with_it * (everybody - with_it))
    return Homogeneity(compared, statistic, len(compared) - 1, chi_square_above(statistic, len(compared) - 1))


def _enough(yes: Sequence[int], of: Sequence[int]) -> bool:
    """Cochran's rule, in whole numbers."""
    everybody, with_it = sum(of), sum(yes)
    cells = [many * side for many in of for side in (with_it, everybody - with_it)]
    few = sum(cell < EXPECTED * everybody for cell in cells)
    return min(cells) >= everybody and 5 * few <= len(cells)
