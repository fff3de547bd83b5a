"""What comes with the package: every definition reads, fits the others, and says whose it is, from where, and in both
languages what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from pydantic import BaseModel

from tierwise.app.defining import template_definitions, templates
from tierwise.definitions.base import Definition, Text
from tierwise.definitions.check import by_name, check, left_open
from tierwise.definitions.graph import in_order
from tierwise.definitions.project import Project
from tierwise.definitions.read import KINDS, kind_of
from tierwise.definitions.rule import Comparison
from tierwise.definitions.tag import Tag
from tierwise.engine.given import profile_schema
from tierwise.engine.plan import windows_of_profile
from tierwise.facts.known_words import codes_of, pattern_of
from tierwise.metrics.fact_columns import countable

OF_TEMPLATES = set(KINDS) - {"source"}
"""A source names somebody's server."""

ALONE = {
    "general": {"project", "rfm", "deciles", "activity", "lifecycle"},
    "retail": OF_TEMPLATES - {"due_rules"},
}
"""Template -> its kinds, where these are not all."""


@pytest.fixture(scope="module", params=templates())
def template(request: pytest.FixtureRequest) -> tuple[str, list[Definition]]:
    return request.param, template_definitions(request.param)


def texts(part: Any, path: str = "") -> Iterator[tuple[str, Text]]:
    """Every text for people in a definition, with the way to it."""
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from texts(getattr(part, name), f"{path}.{name}")
    elif isinstance(part, list | tuple):
        for i, item in enumerate(part):
            yield from texts(item, f"{path}[{i}]")
    elif isinstance(part, dict):
        for key, item in part.items():
            yield from texts(item, f"{path}.{key}")


def test_the_templates_and_their_kinds() -> None:
    assert templates() == ["dealer", "general", "retail"]
    for name in templates():
        assert {kind_of(each) for each in template_definitions(name)} == ALONE.get(name, OF_TEMPLATES), name


def test_no_name_is_unknown_or_taken_twice_and_nothing_runs_in_a_ring(
    template: tuple[str, list[Definition]],
) -> None:
    _, definitions = template
    project = next(each for each in definitions if isinstance(each, Project))
    known = profile_schema(windows_of_profile(definitions, project.windows_days), digits=2)
    assert check(definitions, known, by_name, lists=(), facts=countable()) == []
    assert len(in_order(definitions)) == len(definitions)


def test_each_has_a_source_an_owner_and_a_strategy_where_one_is_due(template: tuple[str, list[Definition]]) -> None:
    _, definitions = template
    assert left_open(definitions) == []
    assert [each.name for each in definitions if not each.source] == []
    assert [each.name for each in definitions if not each.owner and not isinstance(each, Project)] == []


def test_what_people_read_is_in_both_languages(template: tuple[str, list[Definition]]) -> None:
    _, definitions = template
    one_sided = [
        f"{kind_of(each)} {each.name}{path}"
        for each in definitions
        for path, text in texts(each)
        if bool(text.zh) != bool(text.en)
    ]
    assert one_sided == []
    assert [each.name for each in definitions if not each.title.zh] == []
    untitled = [
        f"{tag.name} {value}"
        for tag in definitions
        if isinstance(tag, Tag)
        for value, title in tag.possible_values
        if not title.zh
    ]
    assert untitled == []
    one_language = [each.name for each in definitions for text in [each.purpose] if text and text.isascii()]
    assert one_language == [], "a purpose is said in Chinese and in English"


def test_the_dealer_s_ladders_stand_where_the_trade_has_them() -> None:
    """Thresholds of the trade's usual definitions, each with its source in the definition."""
    named = {(kind_of(each), each.name): each for each in template_definitions("dealer")}
    ladder = named["lifecycle", "lifecycle_stage"].model_dump(mode="json")
    bounds = {stage["name"]: (stage["when"] or {}).get("value") for stage in ladder["stages"]}
    assert bounds == {
        "lost": None, "lost_presumed": 365, "dormant_7m": 210, "dormant_5m": 150, "dormant_3m": 90,
        "maturity": 4, "growth": 2, "introduction": None,
    }  # fmt: skip
    at_risk = named["segment", "at_risk"].model_dump(mode="json")["when"]["all"][0]
    assert (at_risk["attribute"], at_risk["value"]) == ("days_since_last_visit", [184, 365])
    lead = named["tag", "lead_level"]
    assert isinstance(lead, Tag)
    assert {value for value, _ in lead.possible_values} == set("HABCNODT")
    stage = named["tag", "decision_stage"]
    assert isinstance(stage, Tag)
    assert {value for value, _ in stage.possible_values} == {"considering", "silent", "learning", "comparing"}
    assert all(("segment", name) in named for name in ("base_customers", "lost_presumed_12m", "defeated"))


@pytest.mark.parametrize(
    ("word", "where"),
    [("store", "store"), ("门店", "store"), ("线下门店", "store"), ("POS", "store")]
    + [(word, "online") for word in ("app", "App", "mini_program", "marketplace", "小程序", "官网", "微信商城")]
    + [("团购", None), ("telephone", None)],
)
def test_channels_are_known_by_the_words_of_both_languages(word: str, where: str | None) -> None:
    """A channel of another name is of neither kind, so that nobody is said to buy online only for a word's sake."""
    habit = next(each for each in template_definitions("retail") if each.name == "channel_habit")
    assert isinstance(habit, Tag)
    patterns = {each.value: each.when.behaviour.where.value for each in habit.values if each.value != "both"}
    assert {value for value, pattern in patterns.items() if re.search(pattern, word)} == ({where} if where else set())


def test_the_dealer_s_codes_are_known_by_their_words_wherever_a_rule_compares_them() -> None:
    """One list of words, so that no two rules differ in what a service is."""
    columns = {"stage": ["leads.stage"], "channel": ["orders.channel"], "kind": ["visits.kind", "surveys.kind"]}
    compared = [
        part for each in template_definitions("dealer") for part in comparisons(each) if part.attribute in columns
    ]
    for part in compared:
        known = {
            pattern_of(column, *codes)
            for column in columns[part.attribute]
            for count in range(1, len(codes_of(column)) + 1)
            for codes in combinations(codes_of(column), count)
        }
        assert (part.op, part.value in known) == ("matches", True), part
    assert len(compared) > 30


def comparisons(part: Any) -> Iterator[Comparison]:
    """Every comparison in a definition."""
    if isinstance(part, Comparison):
        yield part
    if isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from comparisons(getattr(part, name))
    elif isinstance(part, list | tuple):
        for item in part:
            yield from comparisons(item)
