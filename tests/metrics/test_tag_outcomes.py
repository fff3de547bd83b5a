"""Counts of one past day by hand."""

from __future__ import annotations

import pyarrow as pa

from tests.metrics.conftest import MakeFrame
from tierwise.metrics.tag_outcomes import ValueCounts, tag_outcomes


def test_by_hand(frame: MakeFrame) -> None:
    people = frame(customer_key=[1, 2, 3, 4, 5, 6])
    tagged = frame(customer_key=[1, 2, 3, 9], tag=["t"] * 4, value=["high", "low", "low", "high"])
    did = frame(customer_key=[1, 2, 4, 9])
    assert tag_outcomes(people, tagged, did, ["high"]) == [
        ValueCounts("high", True, 1, 1),
        ValueCounts("low", False, 2, 1),
        ValueCounts(None, False, 3, 1),
    ]
    assert [each.claimed for each in tag_outcomes(people, tagged, did)] == [True, True, False]
    yes = frame(pa.table({"customer_key": [1], "value": pa.array([None], pa.string())}))
    assert tag_outcomes(people, yes, did)[0] == ValueCounts("yes", True, 1, 1)
