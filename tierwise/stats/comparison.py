"""Two groups side by side: is b different from a, by how much, and how sure is that.

Everything comes from summary figures that add (counts, means, standard deviations), so that nobody's rows are needed.
What cannot be told is null, with a reason; never a difference of 0 or a p value of 1 in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.tails import normal_quantile, normal_two_sided, student_quantile, student_two_sided


@dataclass(frozen=True, slots=True)
class Comparison:
    """b against a.

    difference: b - a. interval: of the difference, at `level`. relative_lift: the difference by a; null where a is 0.
    statistic: the difference by its standard error. degrees: of freedom of Student's t; null where it is normal.
    p_value: two-sided. reason: why something is null: `empty` (a group without anybody), `too_few` (fewer than 2, so
    that no spread can be told), `no_spread` (neither group varies, so that no error can be told).
    """

    difference: float | None
    interval: tuple[float, float] | None
    relative_lift: float | None
    statistic: float | None
    p_value: float | None
    standard_error: float | None = None
    degrees: float | None = None
    level: float = 0.95
    reason: str | None = None


def compare_proportions(x_a: int, n_a: int, x_b: int, n_b: int, *, level: float = 0.95) -> Comparison:
    """The share x_b of n_b against x_a of n_a: interval and test by Wald, with the variances not pooled.

    (p_b - p_a) ± z sqrt(p_a (1 - p_a) / n_a + p_b (1 - p_b) / n_b); A. Agresti, Categorical Data Analysis, 3rd ed.,
    2013, section 3.1.1. Statistic and p value use the same error, so that the interval excludes 0 exactly where the p
    value is below 1 - level. It asks for a few dozen with and without the trait in each group.

    Raises `bad_value` on counts that cannot be, or a level outside (0, 1).

    >>> found = compare_proportions(100, 1000, 130, 1000)
    >>> round(found.difference, 3), [round(end, 5) for end in found.interval], round(found.p_value, 5)
    (0.03, [0.00207, 0.05793], 0.03529)
    """
    _level(level)
    for x, n in ((x_a, n_a), (x_b, n_b)):
        if not 0 <= x <= n or not isfinite(n):
            raise TierwiseError("bad_value", f"{x} of {n} is no share")
    if not n_a or not n_b:
        return _unknown("empty", level)
    share_a, share_b = x_a / n_a, x_b / n_b
    # From whole numbers, so that equal shares of large groups differ by exactly 0.
    difference = (x_b * n_a - x_a * n_b) / (n_a * n_b)
    error = sqrt(share_a * (1 - share_a) / n_a + share_b * (1 - share_b) / n_b)
    lift = difference / share_a if x_a else None
    if not error:
        return Comparison(difference, None, lift, None, None, None, None, level, "no_spread")
    z = difference / error
    half = normal_quantile((1 + level) / 2) * error
    interval = (difference - half, difference + half)
    return Comparison(difference, interval, lift, z, normal_two_sided(z), error, None, level)


def compare_means(
    mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int, *, level: float = 0.95
) -> Comparison:
    """The mean of b against that of a, the spreads not taken to be equal: Welch's interval and test.

    sd: standard deviations of the samples (by n - 1). The degrees of freedom are Satterthwaite's. B. L. Welch, The
    generalization of "Student's" problem when several different population variances are involved, Biometrika 34, 1947.

    Raises `bad_value` on figures that are not finite, an sd or a number below 0, or a level outside (0, 1).

    >>> found = compare_means(0.41, 3.9, 3407, 0.70, 6.2, 3461)
    >>> round(found.difference, 2), [round(end, 5) for end in found.interval], round(found.p_value, 5)
    (0.29, [0.04538, 0.53462], 0.02016)
    """
    _level(level)
    if not all(isfinite(each) for each in (mean_a, sd_a, n_a, mean_b, sd_b, n_b)) or min(sd_a, sd_b, n_a, n_b) < 0:
        raise TierwiseError(
            "bad_value", "means, standard deviations and numbers must be finite, the latter two at least 0"
        )
    if not n_a or not n_b:
        return _unknown("empty", level)
    difference = mean_b - mean_a
    lift = difference / mean_a if mean_a else None
    if n_a < 2 or n_b < 2:
        return Comparison(difference, None, lift, None, None, None, None, level, "too_few")
    part_a, part_b = sd_a**2 / n_a, sd_b**2 / n_b
    error = sqrt(part_a + part_b)
    if not error:
        return Comparison(difference, None, lift, None, None, None, None, level, "no_spread")
    # Shares of the variance, whose squares cannot vanish as those of the variances can.
    share_a, share_b = part_a / (part_a + part_b), part_b / (part_a + part_b)
    degrees = 1 / (share_a**2 / (n_a - 1) + share_b**2 / (n_b - 1))
    t = difference / error
    half = student_quantile((1 + level) / 2, degrees) * error
    interval = (difference - half, difference + half)
    return Comparison(difference, interval, lift, t, student_two_sided(t, degrees), error, degrees, level)


def _unknown(reason: str, level: float) -> Comparison:
    return Comparison(None, None, None, None, None, None, None, level, reason)


def _level(level: float) -> None:
    if not 0 < level < 1:
        raise TierwiseError(
            "bad_value", f"a level of {level} is not between 0 and 1", place="level", remedy="0.95, say"
        )
