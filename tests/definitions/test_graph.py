"""Who reads whom: names, order, rings and what nobody gives, told by file and line."""

from pathlib import Path

from tests.definitions.every_kind import EVERY_KIND
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.check import by_line
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.graph import (
    Name,
    gives,
    in_order,
    label_of,
    readers_of,
    readers_of_name,
    reads,
    ring_problems,
    rings,
    taken_names,
)
from tierwise.definitions.lifecycle import Lifecycle, Stage
from tierwise.definitions.read import read_definitions, read_files
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import AnyRule, Comparison
from tierwise.definitions.unknown_names import unknown_names
from tierwise.engine.given import columns_given
from tierwise.metrics.lifecycle import lifecycle_columns
from tierwise.metrics.rfm import rfm_columns


def reading(*attributes: str) -> AnyRule:
    return Comparison(attribute=attributes[0], op="present")


def ladder(name: str, *attributes: str) -> Lifecycle:
    stages = [Stage(name=f"s{i}", when=reading(attribute)) for i, attribute in enumerate(attributes)]
    return Lifecycle(name=name, stages=(*stages, Stage(name="rest")))


def labels(definitions: list[Definition]) -> list[str]:
    return [label_of(each) for each in definitions]


def test_what_is_given_is_what_the_metrics_add() -> None:
    for scoring in (Rfm(), Rfm(name="rfm_year")):
        added = {*rfm_columns(scoring).values(), f"{scoring.name}_cell_since"}
        assert {given.name for given in gives(scoring)} == added
    for stages in (ladder("lifecycle_stage", "a"), ladder("other", "a")):
        assert {given.name for given in gives(stages)} == {*lifecycle_columns(stages).values(), f"{stages.name}_since"}
    for definition, name in ((Deciles(), "spend_decile"), (Activity(), "activity")):
        assert gives(definition) == (Name("attribute", name), Name("attribute", f"{name}_since"))


def test_every_kind_gives_at_least_what_rules_may_read_of_it(tmp_path: Path) -> None:
    path = tmp_path / "every.yaml"
    path.write_text(EVERY_KIND, "utf-8")
    for definition in read_definitions([path]):
        given = {name.name for name in gives(definition) if name.what == "attribute"}
        assert columns_given(definition).keys() <= given, label_of(definition)


def test_every_kind_is_looked_through(tmp_path: Path) -> None:
    path = tmp_path / "every.yaml"
    path.write_text(EVERY_KIND, "utf-8")
    found = {label_of(each): {(r.what, r.name) for r in reads(each)} for each in read_definitions([path])}
    assert found["level grade"] == {
        ("attribute", name) for name in ("frequency_count", "monetary_amount_365d", "recency_days")
    }
    assert found["matrix value_by_rhythm"] == {("attribute", "monetary_amount"), ("attribute", "frequency_count")}
    assert found["segment loyal"] == {("attribute", "often"), ("segment", "staff_like"), ("list", "visited_show")}
    assert found["tag often"] == {
        ("fact", name) for name in ("orders", "order_lines", "visits", "interactions", "leads")
    }
    assert found["tag baby"] == {("fact", "order_lines")}
    assert found["tag industry"] == {("attribute", "trait.行业"), ("fact", "consents")}  # it is sensitive
    assert found["tag wealth"] == {("attribute", "monetary_amount"), ("attribute", "max_order_amount")}
    assert found["cleaning cleaning"] == set()
    assert found["profiling profiling"] == {("attribute", "grade"), ("segment", "loyal")}  # a question may be the first


RULES = """\
kind: lifecycle
name: stage
population: {not: {segment: staff}}
stages:
  - name: a
    when:
      all:
        - {attribute: overdue_days, op: ">", value: 3}
        - any:
            - {attribute: city, op: "=", value: 上海}
            - {not: {attribute: rfm_cell, op: "=", value: "111"}}
  - name: b
---
kind: deciles
name: parts
metric: profit_amount
"""


def test_names_are_found_wherever_they_stand_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(RULES.replace("population: {not: {segment: staff}}\n", ""), "utf-8")
    placed = read_files([path]).placed
    place = by_line(placed)
    found = [(r.what, r.name, place(p.definition, r.path)) for p in placed for r in reads(p.definition)]
    assert found == [
        ("attribute", "city", f"{path}:9"),
        ("attribute", "rfm_cell", f"{path}:10"),
        ("attribute", "profit_amount", f"{path}:15"),
    ]


def test_its_own_silence_is_read_from_nowhere_but_anothers_is() -> None:
    assert list(reads(ladder("lifecycle_stage", "overdue_days"))) == []
    second = ladder("second", "lifecycle_stage")
    first = ladder("lifecycle_stage", "silent_days")
    assert labels(readers_of(first, [first, second])) == ["lifecycle second"]
    assert labels(readers_of_name("attribute", "lifecycle_stage", [first, second])) == ["lifecycle second"]


def test_each_comes_after_what_it_reads_and_else_in_a_steady_order() -> None:
    deciles = Deciles(name="parts", metric="rfm_score")
    first, second, third = ladder("a_third", "b_second"), ladder("b_second", "c_first"), ladder("c_first", "parts")
    given: list[Definition] = [first, second, third, deciles, Activity(), Rfm()]
    expected = [
        "rfm rfm", "deciles parts", "activity activity", "lifecycle c_first", "lifecycle b_second", "lifecycle a_third",
    ]  # fmt: skip
    assert labels(in_order(given)) == expected
    assert labels(in_order(given[::-1])) == expected


def test_a_ring_is_named_whole_with_every_line(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    one = (
        "kind: lifecycle\nname: {0}\nstages:\n  - {{name: x, when: {{attribute: {1}, op: present}}}}\n  - {{name: y}}\n"
    )
    path.write_text("---\n".join(one.format(*names) for names in ("ab", "bc", "ca", "da", "ee")), "utf-8")
    placed = read_files([path]).placed
    problems = ring_problems([each.definition for each in placed], by_line(placed))
    assert [str(problem) for problem in problems] == [
        f"{path}:4: definitions read each other in a ring: lifecycle a → lifecycle b → lifecycle c → lifecycle a "
        f"(let one of them not read the next (and at {path}:10, {path}:16))",
        f"{path}:28: definitions read each other in a ring: lifecycle e → lifecycle e "
        "(let one of them not read the next)",
    ]


def test_two_rings_through_one_definition_are_told_as_one_knot() -> None:
    both = [ladder("a", "b", "c"), ladder("b", "a"), ladder("c", "a")]
    assert len(rings(both)) == 1
    assert labels(in_order([*both, ladder("d", "x")])) == ["lifecycle d", "lifecycle a", "lifecycle b", "lifecycle c"]


def test_names_that_nobody_gives_are_told_with_the_nearest() -> None:
    found = unknown_names(
        [ladder("stage", "frequncy_count", "overdue_dys", "activty", "city"), Activity()],
        lambda definition, path: f"{definition.name}:{path[1]}",
        attributes=["frequency_count", "city"],
    )
    assert [str(problem) for problem in found] == [
        'stage:0: unknown attribute "frequncy_count" (did you mean "frequency_count"?)',
        'stage:1: unknown attribute "overdue_dys" (did you mean "overdue_days"?)',
        'stage:2: unknown attribute "activty" (did you mean "activity"?)',
    ]


def test_a_column_is_given_once() -> None:
    found = taken_names([ladder("city", "x"), Deciles(name="Rfm_Score".lower()), Rfm()], ["City"], lambda d, p: d.name)
    assert [problem.message for problem in found] == [
        'the name "city" is taken by an attribute of the profile',
        'the name "rfm_score" is taken by deciles rfm_score',
    ]
