"""Spark gives the summary for CLV models and the weekdays that DuckDB gives."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

import tierwise as tw

pytestmark = [pytest.mark.spark, pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")]


def orders() -> pd.DataFrame:
    first = date(2026, 1, 1)
    rows = [
        (f"c{who}", first + timedelta(days=(who * 13 + number * number * 5) % 150), 10.0 + number)
        for who in range(12)
        for number in range(who % 5 + 1)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "ordered_day", "net"])


def test_summary_and_weekdays(spark: Any) -> None:
    here, named = orders(), {"as_of": "2026-04-30", "holdout_until": "2026-05-31", "unit": "week"}
    there = spark.createDataFrame(here)
    one = tw.clv.summary(here, **named)
    other = tw.clv.summary(there, **named).toPandas().sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(one, other, check_dtype=False, check_exact=True)
    assert tw.clv.weekdays(there, as_of="2026-04-30") == tw.clv.weekdays(here, as_of="2026-04-30")
