"""Segments as files have them, in the order in which they can be told, and what is wrong between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.definitions.read import parse_definition, read_definitions
from tierwise.definitions.rule import AnyOf, Comparison, InList, InSegment, Not
from tierwise.definitions.segment import Segment, lacking, needed_for
from tierwise.definitions.write import body_of, to_yaml
from tierwise.kernel.errors import TierwiseError

YAML = """
kind: segment
name: sleeping_vips
title: {zh: 沉睡高价值, en: Sleeping VIPs}
owner: crm
strategy: {zh: 专人致电, en: A call by a person}
when:
  all:
    - {attribute: rfm_cell, op: "=", value: "011"}
    - {not: {segment: staff}}
    - {list: invited}
"""


def test_what_a_file_says_is_written_and_read_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(YAML, "utf-8")
    (segment,) = read_definitions([path])
    assert isinstance(segment, Segment)
    assert (segment.members, segment.history, segment.name) == ("live", True, "sleeping_vips")
    path.write_text(to_yaml([segment]), "utf-8")
    assert read_definitions([path]) == [segment]
    assert parse_definition(body_of(segment)) == segment


def test_a_static_segment_is_its_list_once_it_was_frozen() -> None:
    when = Comparison(attribute="rfm_cell", op="present")
    static = Segment(name="wave_1", when=when, members="static")
    assert static.rule([]) == when
    assert static.rule(["wave_1"]) == InList(list="wave_1")
    assert Segment(name="wave_1", when=when).rule(["wave_1"]) == when


def test_what_is_lacking_is_told() -> None:
    when = Comparison(attribute="rfm_cell", op="present")
    (problem,) = lacking(Segment(name="a", when=when))
    assert problem.message == "has no strategy and no owner"
    full = Segment.model_validate({"name": "a", "when": when, "owner": "crm", "strategy": {"en": "x"}})
    assert lacking(full) == []


def named(name: str) -> InSegment:
    return InSegment(segment=name)


def test_each_stands_behind_those_that_it_names() -> None:
    leaf = Comparison(attribute="rfm_cell", op="present")
    rules = {
        "a": AnyOf(any=(named("c"), named("b"))),
        "b": Not.model_validate({"not": named("c")}),
        "c": leaf,
        "d": leaf,
    }
    assert needed_for(rules, ["a"]) == ["c", "b", "a"]
    assert needed_for(rules, ["d", "b"]) == ["d", "c", "b"]


def test_cycles_and_unknown_names_are_told_all_at_once() -> None:
    rules = {"a": named("b"), "b": named("a"), "c": named("c"), "d": named("bb")}
    with pytest.raises(TierwiseError) as refused:
        needed_for(rules, rules)
    told = [(problem.code, problem.message) for problem in refused.value.problems]
    assert told == [
        ("segment_cycle", "a segment that needs itself: a → b → a"),
        ("segment_cycle", "a segment that needs itself: c → c"),
        ("unknown_segment", 'unknown segment "bb"'),
    ]
