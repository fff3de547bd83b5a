"""Columns that tell what was known only afterwards: a model that learns from one promises what it cannot keep.

Two signs. Values that cannot be had again: what was recorded on the day of the cut differs from what is recorded now,
so the column was written after it. And, where nothing tells what was recorded then, a column that alone tells the
outcome better than behaviour ever does. See S. Kaufman et al., Leakage in data mining, ACM TKDD 6(4), 2012.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tierwise.stats.discrimination import Floats, Outcomes, auc

Source = Literal["facts", "recorded_then", "recorded_now"]
"""facts: counted from facts up to the cut, so that it can be had again at any time. recorded_then: a column with a
record of the day of the cut. recorded_now: a column of which only today's values are known."""

Verdict = Literal["clean", "unproven", "suspect", "leak"]

DIFFERENT = 0.01
"""More than this share of values written after the cut is no slip of the pen."""

TOO_GOOD = 0.9
"""A single column of unknown age that tells the outcome with such an AUC is taken to know it."""

HARDLY_TRUE = 0.98
"""So well not even what was counted from facts should tell it: look whether the outcome is among the features."""


@dataclass(frozen=True, slots=True)
class LeakCheck:
    """One feature. auc: of the column alone, in the better direction (0.5: tells nothing); null where there is none.

    differing, compared: customers whose value then is not the value now, of those looked at; null without a record of
    then. verdict: `leak` is left out of the model, `unproven` and `suspect` are to be looked at.
    """

    feature: str
    source: Source
    auc: float | None
    differing: int | None
    compared: int | None
    verdict: Verdict
    said: str


def leak_checks(
    names: Sequence[str],
    sources: Mapping[str, Source],
    values: Floats,
    outcomes: Outcomes,
    then: Mapping[str, Floats],
) -> list[LeakCheck]:
    """One check per feature. values: customers by features, as the model would read them; missing is NaN.

    then: of features `recorded_then`, what was recorded on the day of the cut, customer by customer as in values.
    """
    found = []
    for place, name in enumerate(names):
        column = values[:, place]
        alone = auc(column, outcomes).value
        strength = None if alone is None else max(alone, 1 - alone)
        found.append(_check(name, sources[name], strength, column, then.get(name)))
    return found


def _check(name: str, source: Source, strength: float | None, now: Floats, then: Floats | None) -> LeakCheck:
    told = "–" if strength is None else f"{strength:.3f}"
    if source == "recorded_then" and then is not None:
        differing = int((~((now == then) | (np.isnan(now) & np.isnan(then)))).sum())
        compared = len(now)
        if differing > compared * DIFFERENT:
            said = f"recorded otherwise on the day of the cut for {differing} of {compared} customers"
            return LeakCheck(name, source, strength, differing, compared, "leak", said)
        return LeakCheck(name, source, strength, differing, compared, "clean", "recorded then as it is now")
    if source == "facts":
        if strength is not None and strength >= HARDLY_TRUE:
            said = f"tells the outcome alone (AUC {told}): is the outcome among the features?"
            return LeakCheck(name, source, strength, None, None, "suspect", said)
        return LeakCheck(name, source, strength, None, None, "clean", "counted from facts up to the cut")
    if strength is not None and strength >= TOO_GOOD:
        said = f"nothing tells what it was on the day of the cut, and it tells the outcome alone (AUC {told})"
        return LeakCheck(name, source, strength, None, None, "leak", said)
    said = "nothing tells what it was on the day of the cut"
    return LeakCheck(name, source, strength, None, None, "unproven", said)
