"""KPIs: what a definition of one must say, and what its benchmarks must not leave out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tierwise.definitions.graph import gives, reads
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.read import parse_definition
from tierwise.definitions.write import body_of
from tierwise.kernel.errors import TierwiseError

BUYERS = {"attribute": "frequency_count", "op": ">=", "value": 1}
AGAIN = {"attribute": "frequency_count", "op": ">=", "value": 2}


def kpi(**more: Any) -> Kpi:
    body = {"kind": "kpi", "name": "k", "unit": "rate", "of": {"customers": AGAIN, "share_of": BUYERS}} | more
    found = parse_definition(body)
    assert isinstance(found, Kpi)
    return found


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"benchmarks": [{"value": 0.3, "date": "2025"}]}, '"source" is missing'),
        ({"benchmarks": [{"value": 0.3, "source": "a yearbook"}]}, '"date" is missing'),
        ({"benchmarks": [{"value": 0.3, "source": " ", "date": "2025"}]}, "source"),
        ({"benchmarks": [{"value": 0.3, "source": "a", "date": "last year"}]}, "a year, a month or a day"),
        ({"benchmarks": [{"value": 0.3, "source": "a", "date": "2025-13"}]}, "not in the calendar"),
        ({"benchmarks": [{"source": "a", "date": "2025"}]}, "a value, or low and high"),
        ({"benchmarks": [{"value": 1, "low": 0, "source": "a", "date": "2025"}]}, "a value, or low and high"),
        ({"benchmarks": [{"low": 0.4, "high": 0.3, "source": "a", "date": "2025"}]}, "low is above high"),
        ({"benchmarks": [{"value": 35, "source": "a", "date": "2025"}]}, "0.35 for 35 %, not 35"),
        ({"target": {"value": 35}}, "0.35 for 35 %, not 35"),
        ({"unit": "money"}, "customers are a count or a rate, not money"),
        ({"unit": "count"}, "share_of makes a rate"),
        ({"of": {"customers": AGAIN, "metric": "recency_days"}}, "one of them"),
        ({"of": {"metric": "recency_days"}, "unit": "days"}, "needs an aggregate"),
        ({"of": {"metric": "visit_count", "aggregate": "average"}, "unit": "count"}, "its unit is number"),
        ({"of": {"metric": "coupon_share", "aggregate": "sum"}}, "a sum of rates means nothing"),
    ],
)
def test_what_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(TierwiseError) as refused:
        kpi(**more)
    assert any(said in each.message for each in refused.value.problems), refused.value.problems


def test_a_date_is_kept_as_its_source_has_it_and_is_the_last_day_of_it() -> None:
    written = [2024, "2024-02", date(2024, 2, 3), "2023-12-31"]
    found = kpi(benchmarks=[{"value": 0.3, "source": "a", "date": each} for each in written])
    assert [each.date for each in found.benchmarks] == ["2024", "2024-02", "2024-02-03", "2023-12-31"]
    assert [each.day for each in found.benchmarks] == [
        date(2024, 12, 31), date(2024, 2, 29), date(2024, 2, 3), date(2023, 12, 31)
    ]  # fmt: skip
    assert parse_definition(body_of(found)) == found


def test_it_gives_nothing_and_reads_what_it_counts() -> None:
    assert gives(kpi()) == ()
    assert {(read.what, read.name) for read in reads(kpi())} == {("attribute", "frequency_count")}
    days = kpi(of={"metric": "recency_days", "aggregate": "median", "among": {"segment": "loyal"}}, unit="days")
    assert {(read.what, read.name) for read in reads(days)} == {("attribute", "recency_days"), ("segment", "loyal")}
