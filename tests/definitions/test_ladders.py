"""Ladders that cannot work are told by line before anything runs; those that can are let be."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tierwise.app.defining import template_definitions, templates, whole_attributes
from tierwise.definitions.check import by_line
from tierwise.definitions.ladders import ladder_problems, ladder_warnings
from tierwise.definitions.project import Project
from tierwise.definitions.read import read_files
from tierwise.kernel.errors import Problem

LADDER = "kind: lifecycle\nname: stage\nstages:\n"


def found(folder: Path, stages: str, head: str = LADDER, whole: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    path = folder / "d.yaml"
    path.write_text(head + stages, "utf-8")
    placed = read_files([path]).placed
    definitions = [each.definition for each in placed]

    def said(problems: list[Problem]) -> list[str]:
        return [str(problem).replace(f"{path}:", "") for problem in problems]

    place = by_line(placed)
    return said(ladder_problems(definitions, place, whole=whole)), said(
        ladder_warnings(definitions, place, whole=whole)
    )


def stage(name: str, rule: str) -> str:
    return f"  - {{name: {name}, when: {{{rule}}}}}\n"


def test_a_stage_that_earlier_ones_take_whole_is_unreachable(tmp_path: Path) -> None:
    problems, _ = found(
        tmp_path,
        stage("some", "attribute: frequency_count, op: '>=', value: 2")
        + stage("many", "attribute: frequency_count, op: '>=', value: 5")
        + stage("rich", "all: [{attribute: city, op: present}, {attribute: frequency_count, op: '>', value: 1}]")
        + stage("none", "attribute: frequency_count, op: '<=', value: 1")
        + stage("odd", "attribute: frequency_count, op: in, value: [1, 7]")
        + "  - {name: rest}\n",
        whole=["frequency_count"],
    )
    assert problems == [
        '5: nobody can be "many": whoever it fits is "some" before (see 4; move it up)',
        '6: nobody can be "rich": whoever it fits is "some" before (see 4; move it up)',
        '8: nobody can be "odd": whoever it fits is "some" and "none" before (see 4, 7; move it up)',
    ]


def test_nothing_lies_between_two_whole_numbers(tmp_path: Path) -> None:
    ladder = (
        stage("few", "attribute: frequency_count, op: '<=', value: 3")
        + stage("many", "attribute: frequency_count, op: '>=', value: 4")
        + stage("odd", "attribute: frequency_count, op: present")
        + "  - {name: rest}\n"
    )
    assert found(tmp_path, ladder)[0] == []
    assert len(found(tmp_path, ladder, whole=["frequency_count"])[0]) == 1


def test_a_rule_that_is_never_true_is_told_wherever_it_stands(tmp_path: Path) -> None:
    problems, _ = found(
        tmp_path,
        stage("a", "all: [{attribute: age_years, op: '>', value: 60}, {attribute: age_years, op: '<', value: 18}]")
        + stage("b", "all: [{attribute: city, op: missing}, {attribute: city, op: present}]")
        + "  - {name: rest}\npopulation: {attribute: age_years, op: between, value: [9, 3]}\n",
    )
    assert problems == [
        '7: no value of "age_years" can make this rule true',
        '4: no value of "age_years" can make this rule true',
        '5: no value of "city" can make this rule true',
    ]


TAG = "kind: tag\nname: age_group\nclass: static\nvalues:\n"


def value(name: str, low: int, high: int) -> str:
    return f"  - {{value: {name}, when: {{attribute: age_years, op: between, value: [{low}, {high}]}}}}\n"


def test_bands_that_overlap_or_leave_a_gap_are_pointed_out(tmp_path: Path) -> None:
    problems, warnings = found(tmp_path, value("young", 18, 30) + value("middle", 30, 50) + value("old", 60, 99), TAG)
    assert problems == []
    assert warnings == [
        '6: "young" and "middle" both ask for 30; "young" gets it (see 5)',
        '5: "age_years" over 50, to below 60 falls between the stages: no rule asks for it',
    ]
    assert found(tmp_path, value("young", 18, 29) + value("middle", 30, 50), TAG, ["age_years"]) == ([], [])


def test_falling_thresholds_are_no_overlap(tmp_path: Path) -> None:
    falling = "".join(stage(f"s{n}", f"attribute: monetary_amount, op: '>=', value: {n}") for n in (1000, 500, 100))
    assert found(tmp_path, falling + "  - {name: rest}\n") == ([], [])


def test_rules_of_cleaning_are_not_a_ladder_but_must_be_possible(tmp_path: Path) -> None:
    rules = "".join(
        f"  - {{name: r{n}, title: {{zh: 甲}}, when: {{attribute: frequency_count, op: '>', value: {n}}}}}\n"
        for n in (1, 9)
    )
    assert found(tmp_path, rules, "kind: cleaning\nname: cleaning\nrules:\n") == ([], [])


@pytest.mark.parametrize("name", templates())
def test_templates_ladders_work(name: str) -> None:
    definitions = template_definitions(name)
    whole = whole_attributes(definitions, Project().windows_days)
    assert ladder_problems(definitions, lambda definition, path: definition.name, whole=whole) == []
    assert ladder_warnings(definitions, lambda definition, path: definition.name, whole=whole) == []
