"""A group of the retailer read: numbers that the profile gives, titles in both languages, and words that fit them."""

from __future__ import annotations

import pytest

from tierwise.app import group_reading, segments, showing
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.definitions.read import parse_rule
from tierwise.kernel.errors import TierwiseError

OFTEN = parse_rule({"attribute": "frequency_count", "op": ">=", "value": 4})
NEVER = parse_rule({"attribute": "recency_days", "op": "<", "value": 0})


@pytest.fixture(scope="module")
def reading(retailer: Context) -> group_reading.GroupReading:
    return group_reading.read(retailer, OFTEN)


def test_the_group_is_read_against_everybody(retailer: Context, reading: group_reading.GroupReading) -> None:
    counted = segments.count(retailer, OFTEN)
    assert (reading.group, reading.reference, reading.both) == (counted.customers, 400, counted.customers)
    cells = {row.value: row for row in reading.rows if row.attribute == "rfm_cell" and row.kind == "value"}
    known = {cell.code: cell.customers for cell in showing.rfm(retailer).cells}
    assert {code: row.reference for code, row in cells.items()} == {c: n for c, n in known.items() if n >= 10}
    assert cells["111"].text.zh == "重要价值客户"
    assert cells["111"].title.en == "RFM cell"


def test_what_makes_the_group_stands_first_in_words(reading: group_reading.GroupReading) -> None:
    bands = [row for row in reading.rows if row.attribute == "frequency_count"]
    assert sum(row.group for row in bands) == reading.group
    top = bands[-1]
    assert top.marks
    assert top.index is not None
    assert top.index > 120
    assert top.sentence.zh.startswith(f"订单数：{top.text.zh}，本群 {top.share:.1%}")
    assert f"TGI {top.index:.0f}" in top.sentence.en
    assert reading.sentence.zh.startswith("与全体相比，本群更多：")
    assert "Compared with all: more often" in reading.sentence.en
    unsure = [row for row in reading.rows if row.p_adjusted is not None and not row.differs]
    assert unsure
    assert all("may be chance" in row.sentence.en for row in unsure)


def test_against_another_group_by_chosen_attributes(retailer: Context) -> None:
    other = parse_rule({"attribute": "frequency_count", "op": "between", "value": [1, 3]})
    found = group_reading.read(retailer, OFTEN, other, attributes=["spend_decile", "gender"])
    assert {row.attribute for row in found.rows} == {"spend_decile", "gender"}
    assert (found.both, found.reference) == (0, segments.count(retailer, other).customers)
    assert found.sentence.en.startswith("Compared with the other group")
    with pytest.raises(TierwiseError) as refused:
        group_reading.read(retailer, OFTEN, attributes=["spend_decil", "gendr"])
    assert [problem.code for problem in refused.value.problems] == ["unknown_attribute", "unknown_attribute"]


def test_nobody_cannot_be_read_and_no_person_is_shown(retailer: Context, reading: group_reading.GroupReading) -> None:
    with pytest.raises(TierwiseError) as refused:
        group_reading.read(retailer, NEVER)
    assert refused.value.code == "empty_group"
    reader = retailer.acting_as(Principal("test:reader", "reader"))
    assert group_reading.read(reader, OFTEN) == reading
    names = {row.attribute for row in reading.rows}
    assert "customer_id" not in names
    assert not [name for name in names if name.endswith("_reason")]
