"""Tags as files say them: one source each, and every mistake told with its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from tierwise.definitions.read import parse_definition, read_definitions
from tierwise.definitions.rule import Behaviour, leaves_of
from tierwise.definitions.tag import Tag, line_rules_of_tag, rules_of_tag, tag_problems, tag_warnings, without_claim
from tierwise.definitions.write import body_of, to_yaml
from tierwise.kernel.errors import TierwiseError

ALL_SOURCES = """
kind: tag
name: sleeping_vip
class: behaviour
title: {zh: 沉睡贵宾, en: Sleeping VIP}
owner: crm
purpose: wake them up
when: {attribute: recency_days, op: ">", value: 180}
history: true
---
kind: tag
name: spend_level
class: consumption
values:
  - {value: high, title: {zh: 高}, when: {attribute: monetary_amount, op: ">=", value: 1000}}
  - {value: low, when: {attribute: monetary_amount, op: ">", value: 0}}
ttl_days: 90
when_empty: keep_last
---
kind: tag
name: temper
class: static
manual:
  ordered: true
  values: [{value: 1, rubric: complains at every visit}, {value: 2, rubric: never complained}]
---
kind: tag
name: has_minor
class: static
imported: {trait: 有孩子}
sensitivity: minors
consent: child_profile
---
kind: tag
name: nappy_stage
class: static
implied:
  - bought: {attribute: category, op: starts_with, value: 纸尿裤 > NB}
    stages: [{value: newborn, until_days: 60}, {value: baby, until_days: 365}, {value: toddler}]
  - {bought: {attribute: category, op: starts_with, value: 学习桌}, value: pupil}
---
kind: tag
name: wealth
class: static
concept: wealth
scene: service
composite:
  scorecard:
    indicators:
      - {attribute: income, normalise: bands, bands: [{points: 0}, {from: 10000, points: 50}]}
      - {attribute: homes, normalise: bands, bands: [{points: 0}, {from: 1, points: 50}]}
  cuts: [{value: 富裕, at_least: 100}, {value: 普通}]
---
kind: tag
name: will_return
class: behaviour
model: {}
"""


@pytest.fixture
def tags(tmp_path: Path) -> dict[str, Tag]:
    path = tmp_path / "tags.yaml"
    path.write_text(ALL_SOURCES, "utf-8")
    return {d.name: d for d in read_definitions([path]) if isinstance(d, Tag)}


def test_each_source_is_known_by_its_key(tags: dict[str, Tag]) -> None:
    assert {name: tag.origin for name, tag in tags.items()} == {
        "sleeping_vip": "rule",
        "spend_level": "rule",
        "temper": "manual",
        "has_minor": "import",
        "nappy_stage": "implied",
        "wealth": "composite",
        "will_return": "model",
    }


def test_what_is_written_is_read_back_the_same(tags: dict[str, Tag], tmp_path: Path) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(to_yaml(tags.values()), "utf-8")
    assert read_definitions([path]) == list(tags.values())
    for tag in tags.values():
        body = body_of(tag)
        assert body["class"] == tag.class_
        assert parse_definition(body) == tag


def test_values_consent_and_rules(tags: dict[str, Tag]) -> None:
    assert [value for value, _ in tags["nappy_stage"].possible_values] == ["newborn", "baby", "toddler", "pupil"]
    assert [value for value, _ in tags["temper"].possible_values] == ["1", "2"]
    assert [value for value, _ in tags["wealth"].possible_values] == ["富裕", "普通"]
    assert (tags["has_minor"].needs_consent, tags["temper"].needs_consent) == ("child_profile", None)
    assert [steps for steps, _ in rules_of_tag(tags["spend_level"])] == [("values", 0, "when"), ("values", 1, "when")]
    assert [steps for steps, _ in line_rules_of_tag(tags["nappy_stage"])] == [
        ("implied", 0, "bought"),
        ("implied", 1, "bought"),
    ]


def test_the_class_of_sensitivity_is_the_purpose_unless_one_is_named() -> None:
    tag = Tag.model_validate({"name": "t", "class": "static", "model": {}, "sensitivity": "health"})
    assert tag.needs_consent == "health"


CARD = "  scorecard: {indicators: [{attribute: recency_days}]}\n"


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("class: static", 1, "where does it come from?"),
        ("class: static\nmodel: {}\nimported: {trait: x}", 1, "one source, not imported and model"),
        ("class: statics\nmodel: {}", 3, 'did you mean "static"?'),
        ("model: {}", 1, '"class" is missing'),
        ("class: static\nmanual: {values: [{value: a}, {value: a}]}", 4, "listed twice: a"),
        ("class: static\nmanual: {values: [{value: yes}]}", 4, "put it in quotes"),
        ("class: static\nmanual: {ordered: true}", 4, "only two or more values"),
        ("class: static\nmodel: {}\nscene: credit", 1, "a scene needs the concept"),
        ("class: static\nmodel: {}\nttl_days: 0", 5, "must be 1 or more"),
        ("class: static\nmodel: {}\nsensitivity: heath", 5, 'did you mean "health"?'),
        ("class: static\nimplied:\n  - bought: {attribute: brand, op: present}", 5, "say value, or stages"),
        (
            "class: static\nimplied:\n  - bought: {attribute: brand, op: present}\n"
            "    stages: [{value: a, until_days: 9}, {value: b, until_days: 9}]",
            6,
            "must ascend",
        ),
        (
            "class: static\nimplied:\n  - bought: {attribute: brand, op: present}\n"
            "    stages: [{value: a}, {value: b, until_days: 9}]",
            6,
            "could be reached",
        ),
        ("class: static\nimplied:\n  - {bought: {segment: x}, value: a}", 5, "only comparisons fit here"),
        ("class: static\nwhen: {attribute: x, op: has, value: 1}", 4, "op"),
        (f"class: static\ncomposite:\n{CARD}  cuts: [{{value: a}}, {{value: b, at_least: 1}}]", 6, "has no at_least"),
        (
            f"class: static\ncomposite:\n{CARD}  cuts: [{{value: a, at_least: 1}}, {{value: b, at_least: 2}}]",
            6,
            "must fall",
        ),
        (f"class: static\ncomposite:\n{CARD}  at_least_known: 2\n  cuts: [{{value: a}}]", 4, "more than there are"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, lines: str, line: int, said: str) -> None:
    path = tmp_path / "tag.yaml"
    path.write_text(f"kind: tag\nname: t\n{lines}\n", "utf-8")
    with pytest.raises(TierwiseError) as caught:
        read_definitions([path])
    problem = caught.value.problems[0]
    assert problem.place == f"{path}:{line}"
    assert said in str(problem)


def test_what_is_left_open_is_pointed_out(tags: dict[str, Tag]) -> None:
    assert tag_warnings(tags["sleeping_vip"]) == []
    said = [problem.message for problem in tag_warnings(tags["will_return"])]
    assert said == ["has no owner", "has no purpose", "is a slot for a model, and computed by nothing yet"]
    bare = Tag.model_validate({"name": "t", "class": "static", "owner": "o", "purpose": "p", "manual": {}})
    assert [problem.message for problem in tag_warnings(bare)] == ["no rubric says when to give it"]
    kept = bare.model_copy(update={"manual": None, "when_empty": "keep_last"})
    assert [problem.message for problem in tag_warnings(kept)] == ["the last value is kept for ever"]


def test_a_concept_has_one_tag_for_a_scene() -> None:
    def tag(name: str, scene: str | None) -> Tag:
        return Tag.model_validate({"name": name, "class": "tier", "model": {}, "concept": "wealth", "scene": scene})

    assert tag_problems([tag("a", "credit"), tag("b", "service"), tag("c", None)]) == []
    problem = tag_problems([tag("a", "credit"), tag("b", "credit")])[0]
    assert 'version with scene "credit" already, "a"' in problem.message


def test_a_claim_is_of_deeds_and_looks_at_the_days_after() -> None:
    count = {"behaviour": {"fact": "orders", "aggregate": "count"}, "op": ">=", "value": 1}
    body = {
        "kind": "tag",
        "name": "often",
        "class": "behaviour",
        "when": {"attribute": "recency_days", "op": "<", "value": 30},
    }
    claim = {"outcome": {"any": [count, {"not": count}]}, "within_days": 90}
    tag = Tag.model_validate({**body, "hypothesis": claim})
    assert tag.hypothesis is not None
    told = [leaf for _, leaf in leaves_of(tag.hypothesis.outcome_as_of_its_end)]
    assert [leaf.behaviour.window.last_days for leaf in told if isinstance(leaf, Behaviour)] == [90, 90]
    assert without_claim(tag) == Tag.model_validate(body)
    windowed = {**count, "behaviour": {"fact": "orders", "aggregate": "count", "window": {"last_days": 3}}}
    for wrong, words in (
        (
            {"outcome": {"attribute": "recency_days", "op": "<", "value": 3}, "within_days": 9},
            "what customers do afterwards",
        ),
        ({"outcome": windowed, "within_days": 9}, "no window of its own"),
        ({**claim, "within_days": 0}, "greater than or equal to 1"),
        ({**claim, "at_least_lift": 1}, "greater than 1"),
        ({**claim, "values": ["a", "a"]}, "listed twice"),
    ):
        with pytest.raises(ValidationError, match=words):
            Tag.model_validate({**body, "hypothesis": wrong})
    valued = {**body, "values": [{"value": "a", "when": body["when"]}], "hypothesis": {**claim, "values": ["b"]}}
    del valued["when"]
    with pytest.raises(ValidationError, match="values that the tag has not: b"):
        Tag.model_validate(valued)


def test_what_a_model_learns_is_said_whole() -> None:
    body = {"kind": "tag", "name": "t", "class": "behaviour", "owner": "o", "purpose": "p"}
    learnt = Tag.model_validate({**body, "model": {"learns": "buys", "within_days": 30, "top_share": 0.1}})
    assert tag_warnings(learnt) == []
    bands = [{"value": "high", "top_share": 0.1}, {"value": "low", "top_share": 1}]
    valued = Tag.model_validate({**body, "model": {"segment": "vip", "bands": bands}})
    assert [value for value, _ in valued.possible_values] == ["high", "low"]
    for wrong, words in (
        ({"top_share": 0.1}, "say what it learns"),
        ({"learns": "buys", "top_share": 0.1}, "within_days belongs to learns"),
        ({"segment": "vip", "within_days": 3, "top_share": 0.1}, "within_days belongs to learns"),
        ({"learns": "buys", "within_days": 3, "segment": "vip", "top_share": 0.1}, "not both"),
        ({"learns": "buys", "within_days": 3}, "who has it"),
        ({"segment": "vip", "bands": bands, "top_share": 0.1}, "who has it"),
        ({"segment": "vip", "bands": bands[::-1]}, "must grow"),
        ({"segment": "vip", "bands": [bands[0], bands[0]]}, "listed twice"),
    ):
        with pytest.raises(ValidationError, match=words):
            Tag.model_validate({**body, "model": wrong})
