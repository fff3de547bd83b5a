"""Definition files: round trips, and every kind of mistake with its file:line and the word that was meant."""

from decimal import Decimal
from pathlib import Path

import pytest

from tierwise.definitions.check import check, left_open
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.project import Project
from tierwise.definitions.read import read_definitions, read_mapping
from tierwise.definitions.rfm import Rfm, Scale
from tierwise.definitions.source import parse_documents
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError

GOOD = """\
kind: project
name: project
timezone: Europe/London
currency: GBP
---
kind: rfm
name: rfm
last_days: 365
money: gross
recency: {method: breakpoints, cuts: [30, 90, 180.5]}
high_monetary: {against: threshold, threshold: 3}
---
kind: lifecycle
name: lifecycle_stage
silence: {since: last_visit, normal: own, times: 1.5}
stages:
  - name: lost
    title: {zh: 流失, en: Lost}
    when: {attribute: closed_on, op: present}
  - name: repeat
    when:
      all:
        - {attribute: frequency_count, op: ">=", value: 2}
        - not: {attribute: overdue_days, op: ">", value: 0}
  - name: other
"""


def write(folder: Path, text: str, name: str = "d.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(TierwiseError) as caught:
        read_definitions([write(folder, text)])
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_a_file_of_another_encoding_is_told_with_its_line() -> None:
    with pytest.raises(TierwiseError) as caught:
        parse_documents("kind: tag\nname: \x00bad\n", "x.yaml")
    assert (caught.value.code, caught.value.place) == ("bad_yaml", "x.yaml:2")


def test_reads_several_documents_of_one_file(tmp_path: Path) -> None:
    project, rfm, lifecycle = read_definitions([write(tmp_path, GOOD)])
    assert isinstance(project, Project)
    assert project.currency == "GBP"
    assert isinstance(rfm, Rfm)
    assert rfm.recency.bins == 4
    assert rfm.recency.cuts[2] == Decimal("180.5")
    assert isinstance(lifecycle, Lifecycle)
    assert [stage.name for stage in lifecycle.stages] == ["lost", "repeat", "other"]


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    definitions = read_definitions([write(tmp_path, GOOD)])
    again = read_definitions([write(tmp_path, to_yaml(definitions), "again.yaml")])
    assert again == definitions
    assert to_yaml(again) == to_yaml(definitions)


def test_all_typos_at_once_each_with_line_and_meaning(tmp_path: Path) -> None:
    text = """\
kind: rfm
name: rfm
monney: net
money: nett
---
kind: lifecycle
name: stage
stages:
  - name: lost
    when: {any: [{attribut: closed_on, op: present}, {attribute: x, op: presnt}]}
  - name: rest
---
kind: segmnt
name: x
"""
    assert problems(tmp_path, text) == [
        'd.yaml:3: unknown key "monney" (did you mean "money"?)',
        'd.yaml:4: money: "nett" is not possible (did you mean "net"?)',
        'd.yaml:10: "attribute" is missing',
        'd.yaml:10: unknown key "attribut" (did you mean "attribute"?)',
        'd.yaml:10: op: "presnt" is not possible (did you mean "present"?)',
        'd.yaml:13: unknown kind "segmnt" (did you mean "segment"?)',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: rfm\nkind: rfm\n", 'd.yaml:2: key "kind" twice'),
        ("kind: rfm\n  name: [x\n", "d.yaml:2: mapping values are not allowed here"),
        ("just text\n", "d.yaml:1: a definition is a mapping with a kind"),
        ("kind: rfm\nrecency: {method: breakpoints, cuts: [90, 30]}\n", "d.yaml:2: recency: cuts must ascend"),
        ("kind: rfm\nrecency: {cuts: [30]}\n", 'cuts belong to method "breakpoints"'),
        ("kind: project\ntimezone: Asia/Shangai\n", 'd.yaml:2: timezone: unknown time zone "Asia/Shangai"'),
        ("kind: deciles\ngroups: {by_hand: [1, 3]}\n", "the last group must end with part 10"),
        ("kind: lifecycle\nstages: [{name: a}, {name: b}]\n", 'stage "a" has no rule'),
        (
            "kind: lifecycle\nstages: [{name: a, when: {attribute: x, op: present}}]\n",
            "d.yaml:2: stages: needs at least 2",
        ),
        ("kind: lifecycle\nname: Stage 1\nstages: [{name: a}, {name: b}]\n", 'd.yaml:2: "Stage 1" cannot be a name'),
        (
            "kind: rfm\n---\nkind: rfm\n",
            'd.yaml:3: rfm "rfm" is defined twice (first at d.yaml:1)',
        ),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(problems(tmp_path, text))


def test_a_folder_is_read_in_order_and_a_missing_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, "kind: deciles\n", "b.yaml")
    write(tmp_path, "kind: rfm\n", "a.yaml")
    assert [d.name for d in read_definitions([tmp_path])] == ["rfm", "spend_decile"]
    with pytest.raises(TierwiseError, match="there is no file"):
        read_definitions([tmp_path / "none.yaml"])


def test_mapping_rules_are_the_one_rule_tree(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "table: order_lines\ncolumns: {order_id: InvoiceNo}\n"
        "refunds: {attribute: InvoiceNo, op: starts_with, value: C}\n"
        "ignore: {any: [{attribute: UnitPrice, op: <=, value: 0}]}\n",
    )
    mapping = read_mapping(path)
    assert mapping.model_dump(mode="json", exclude_defaults=True)["refunds"]["op"] == "starts_with"
    path.write_text("table: orders\ncolumnes: {}\n")
    with pytest.raises(TierwiseError, match='unknown key "columnes" \\(did you mean "columns"'):
        read_mapping(path)


def test_check_finds_unknown_attributes_and_taken_names(tmp_path: Path) -> None:
    definitions = read_definitions(
        [write(tmp_path, GOOD + "---\nkind: deciles\nname: frequency_count\nmetric: monetary_amout\n")]
    )
    found = check(definitions, ["frequency_count", "monetary_amount", "recency_days"])
    assert [problem.code for problem in found] == ["name_taken", "unknown_attribute", "unknown_attribute"]
    assert found[1].message == 'unknown attribute "closed_on"'
    assert found[2].remedy == 'did you mean "monetary_amount"?'


def test_left_open_names_cells_and_stages_without_strategy() -> None:
    said = [str(problem) for problem in left_open([Rfm(), Deciles()])]
    assert len(said) == 9
    assert 'rfm "rfm": cell 101 has no strategy' in said


def test_scale_takes_bins_from_its_cuts() -> None:
    assert Scale(method="breakpoints", cuts=(Decimal(1), Decimal(2))).bins == 3
