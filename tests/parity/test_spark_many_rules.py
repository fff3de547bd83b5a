"""Rules told together on Spark, against the oracle."""

from __future__ import annotations

import warnings
from typing import Any

import narwhals as nw
import pytest

from tests.metrics.rule_worlds import made_world
from tests.metrics.test_many_rules import OTHERS, fitting
from tests.metrics.test_rule_sets import everyone
from tierwise.metrics.frame import Frame
from tierwise.metrics.many_rules import RULE, told_together

pytestmark = pytest.mark.spark


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_rules_together(spark: Any) -> None:
    made = made_world(2)
    rules = fitting(2, 30)

    def keep(name: str, frame: Frame) -> Frame:
        return nw.from_native(nw.to_native(frame).localCheckpoint())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = {name: nw.from_native(spark.createDataFrame(table)) for name, table in made.tables.items()}
        found, left = told_together({**rules, **OTHERS}, made.world(frames), keep)
        assert left == OTHERS
        assert found is not None
        rows = nw.to_native(found.select("customer_key", RULE)).collect()
    told: dict[str, list[int]] = {name: [] for name in rules}
    for row in rows:
        told[row[RULE]].append(row["customer_key"])
    assert {name: sorted(of) for name, of in told.items()} == {name: everyone(made, r) for name, r in rules.items()}
