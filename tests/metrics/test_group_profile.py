"""A group read against a reference: counts by a plain loop, cuts by NumPy, and the sums that must hold."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pytest

from tests.metrics.conftest import MakeFrame
from tierwise.metrics.customer import lazily
from tierwise.metrics.frame import Frame
from tierwise.metrics.group_profile import LEAST, GroupProfile, GroupRow, group_profile
from tierwise.metrics.rules import RuleColumn
from tierwise.stats import tgi

DRAW = random.Random(11)
ROWS: list[dict[str, Any]] = [
    {
        "customer_key": key,
        "city": DRAW.choice(["上海", "北京", "广州", None]) if key % 4 else "上海",
        "spend_minor": DRAW.choice([None, DRAW.randrange(0, 100_000), DRAW.randrange(0, 100_000), 0]),
        "score": DRAW.randint(1, 5),
        "ratio": DRAW.choice([None, float("nan"), DRAW.random(), DRAW.random() ** 3]),
        "since": DRAW.choice([None, date(2020, 1, 1) + timedelta(days=DRAW.randrange(2_000))]),
        "member": DRAW.choice([True, False, None]),
        "constant": "x",
    }
    for key in range(1, 1201)
]
ATTRIBUTES = {
    "city": RuleColumn("city", "text"),
    "spend": RuleColumn("spend_minor", "integer", 2),
    "score": RuleColumn("score", "integer"),
    "ratio": RuleColumn("ratio", "number"),
    "since": RuleColumn("since", "date"),
    "member": RuleColumn("member", "boolean"),
    "constant": RuleColumn("constant", "text"),
}
GROUP = {row["customer_key"] for row in ROWS if row["customer_key"] % 4 == 0 or row["score"] == 5}
OTHERS = {row["customer_key"] for row in ROWS if row["customer_key"] % 3 == 0}


@pytest.fixture
def people(frame: MakeFrame) -> Frame:
    return frame(**{name: [row[name] for row in ROWS] for name in ROWS[0]})


def keys(frame: MakeFrame, found: set[int]) -> Frame:
    return frame(customer_key=sorted(found))


def has(row: GroupRow, value: Any) -> bool:
    """Whether a customer with that value, as people write it, is counted in the row."""
    missing = value is None or value != value
    if row.kind == "missing":
        return missing
    if missing:
        return False
    if row.kind == "value":
        return bool(value == row.value)
    return (row.low is None or value >= row.low) and (row.high is None or value <= row.high)


def as_people_write(name: str, row: dict[str, Any]) -> Any:
    if name == "spend":
        return None if row["spend_minor"] is None else Decimal(row["spend_minor"]) / 100
    return row[name]


def rows_by_a_loop(profile: GroupProfile, reference: set[int]) -> None:
    for row in profile.rows:
        values = {each["customer_key"]: as_people_write(row.attribute, each) for each in ROWS}
        if row.attribute == "ratio" and row.kind == "band" and row.low is not None:
            low = row.low
            having = {key for key, v in values.items() if has(row, v) and v != low}
        else:
            having = {key for key, value in values.items() if has(row, value)}
        known = {key for key, value in values.items() if value is not None and value == value}
        of = set(values) if row.kind == "missing" else known
        assert (row.group, row.group_of) == (len(having & GROUP), len(of & GROUP)), row
        assert (row.reference, row.reference_of) == (len(having & reference), len(of & reference)), row
        others = reference - GROUP
        p = tgi.difference_p(row.group, row.group_of, len(having & others), len(of & others))
        assert row.p == p
        if row.share is not None and row.reference_share:
            assert row.index == pytest.approx(100 * row.share / row.reference_share, rel=1e-12)


def test_each_row_is_counted_as_a_loop_over_people_counts_it(frame: MakeFrame, people: Frame) -> None:
    everybody = {row["customer_key"] for row in ROWS}
    found = group_profile(people, keys(frame, GROUP), None, ATTRIBUTES, lazily)
    assert (found.group, found.reference, found.both) == (len(GROUP), 1200, len(GROUP))
    rows_by_a_loop(found, everybody)
    against = group_profile(people, keys(frame, GROUP), keys(frame, OTHERS), ATTRIBUTES, lazily)
    assert (against.reference, against.both) == (len(OTHERS), len(GROUP & OTHERS))
    rows_by_a_loop(against, OTHERS)


def test_bands_are_the_fifths_of_the_reference(frame: MakeFrame, people: Frame) -> None:
    found = group_profile(people, keys(frame, GROUP), keys(frame, OTHERS), ATTRIBUTES, lazily)
    highs = [row.high for row in found.rows if row.attribute == "ratio" and row.kind == "band"]
    ratios = [
        r["ratio"] for r in ROWS if r["customer_key"] in OTHERS and r["ratio"] is not None and r["ratio"] == r["ratio"]
    ]
    assert highs[:-1] == pytest.approx(list(np.quantile(ratios, [0.2, 0.4, 0.6, 0.8])), rel=1e-12)
    assert highs[-1] is None
    spend = [row for row in found.rows if row.attribute == "spend" and row.kind == "band"]
    assert all(isinstance(row.high, Decimal) for row in spend[:-1])
    assert [row.low for row in spend[1:]] == [row.high + Decimal("0.01") for row in spend[:-1]]  # type: ignore[operator]
    since = [row for row in found.rows if row.attribute == "since" and row.kind == "band"]
    assert [row.low for row in since[1:]] == [row.high + timedelta(days=1) for row in since[:-1]]  # type: ignore[operator]
    assert [row.value for row in found.rows if row.attribute == "score"] == [1, 2, 3, 4, 5]


def test_rows_of_an_attribute_add_up_to_everybody(frame: MakeFrame, people: Frame) -> None:
    found = group_profile(people, keys(frame, GROUP), None, ATTRIBUTES, lazily)
    for name in ATTRIBUTES.keys() - {"constant"}:
        rows = [row for row in found.rows if row.attribute == name]
        assert sum(row.group for row in rows) == found.group
        assert sum(row.reference for row in rows) == found.reference
    assert not [row for row in found.rows if row.attribute == "constant"]


def test_what_makes_the_group_is_found_and_chance_is_not(frame: MakeFrame, people: Frame) -> None:
    found = group_profile(people, keys(frame, GROUP), None, ATTRIBUTES, lazily)
    shanghai = next(row for row in found.rows if row.value == "上海")
    assert shanghai.marks
    assert shanghai.index is not None
    assert shanghai.index > 130
    noise = [row for row in found.rows if row.attribute in ("ratio", "since", "member", "spend")]
    assert not [row for row in noise if row.marks]
    tested = [row for row in found.rows if row.p is not None]
    assert [row.p_adjusted for row in tested] == tgi.adjusted([row.p for row in tested])  # type: ignore[misc]


def test_tags_one_has_are_shares_of_everybody_and_values_of_those_who_have_one(frame: MakeFrame, people: Frame) -> None:
    rows = [(key, "vip", None) for key in sorted(GROUP)[:40]]
    rows += [(row["customer_key"], "car", "大" if row["customer_key"] % 2 else "小") for row in ROWS[:300]]
    tags = frame(customer_key=[r[0] for r in rows], tag=[r[1] for r in rows], value=[r[2] for r in rows])
    found = group_profile(people, keys(frame, GROUP), None, {}, lazily, tags=tags)
    by_name = {(row.attribute, row.kind, row.value): row for row in found.rows}
    vip = by_name["vip", "value", True]
    assert (vip.group, vip.group_of, vip.reference, vip.reference_of) == (40, len(GROUP), 40, 1200)
    small, none = by_name["car", "value", "小"], by_name["car", "missing", None]
    in_group = len([row for row in ROWS[:300] if row["customer_key"] in GROUP])
    assert (small.reference, small.reference_of, small.group_of) == (150, 300, in_group)
    assert (none.reference, none.reference_of, none.group) == (900, 1200, len(GROUP) - in_group)


def test_rows_of_few_are_left_out_and_told(frame: MakeFrame) -> None:
    people = frame(customer_key=list(range(100)), city=["甲"] * 60 + ["乙"] * (40 - LEAST + 1) + ["丙"] * (LEAST - 1))
    found = group_profile(
        people, frame(customer_key=list(range(50))), None, {"city": RuleColumn("city", "text")}, lazily
    )
    assert [row.value for row in found.rows] == ["甲", "乙"]
    assert found.left_out == 1


def test_an_empty_group_cannot_be_told(frame: MakeFrame, people: Frame, connection: duckdb.DuckDBPyConnection) -> None:
    nobody: Frame = nw.from_native(connection.sql("SELECT 1::BIGINT AS customer_key WHERE false"))
    found = group_profile(people, nobody, None, ATTRIBUTES, lazily)
    assert found.group == 0
    assert all(row.share is None and row.index is None and row.p is None and not row.marks for row in found.rows)
