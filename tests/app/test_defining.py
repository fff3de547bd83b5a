"""Definitions: templates, versions, and problems before anything is stored."""

from pathlib import Path

import pytest

from tierwise.app.context import Context
from tierwise.app.defining import (
    apply_definitions,
    check_definitions,
    export_definitions,
    initialise,
    template_definitions,
)
from tierwise.app.planning import plan
from tierwise.app.versioning import apply_and_prune
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit
from tierwise.state import definitions as stored

MANY_MISTAKES = """\
kind: segment
name: several
when:
  all:
    - {attribute: frequency_count, op: starts, value: 1}
    - {attribute: frequncy_count, op: ">", value: 1}
    - {list: guests}
    - {behaviour: {fact: ordres, aggregate: ever}}
    - {attribute: customer_grade_score, op: ">", value: 1}
---
kind: segment
name: one
when: {segment: two}
---
kind: segment
name: two
when: {not: {segment: one}}
---
kind: segment
name: of_wrong_type
when: {attribute: first_ordered_on, op: contains, value: x}
---
kind: lifecycle
name: other_stage
stages:
  - {name: a, when: {attribute: frequency_count, op: ">=", value: 1}}
  - {name: b, when: {attribute: frequency_count, op: ">=", value: 5}}
  - {name: c}
---
kind: level
name: customer_grade
scorecards: {}
population: {attribute: recency_dayz, op: present}
"""


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "dealer")
    return empty


def write(folder: Path, text: str) -> Path:
    path = folder / "d.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_home_is_initialised_once(house: Context) -> None:
    with pytest.raises(TierwiseError) as caught:
        initialise(house, "retail")
    assert caught.value.code == "already_initialised"


def test_an_unknown_template_is_told_with_the_nearest(house: Context) -> None:
    with pytest.raises(TierwiseError) as caught:
        template_definitions("dealers")
    assert caught.value.remedy == 'did you mean "dealer"?'


def test_what_is_exported_is_applied_as_unchanged(house: Context, tmp_path: Path) -> None:
    text = export_definitions(house)
    applied = apply_definitions(house, [write(tmp_path, text)])
    assert (applied.added, applied.changed) == ((), ())
    assert len(applied.unchanged) == len(template_definitions("dealer"))
    assert export_definitions(house) == text


def test_a_change_is_a_new_version_with_author_and_note(house: Context, tmp_path: Path) -> None:
    path = write(tmp_path, "kind: deciles\nname: spend_decile\nmetric: monetary_amount_gross\n")
    planned = check_definitions(house, [path])
    assert planned.changed == ("deciles spend_decile",)
    with house.database.connect() as connection:
        before = stored.history(connection, "deciles", "spend_decile")
    applied = apply_definitions(house, [path], note="gross is what the board asks for")
    assert applied.changed == ("deciles spend_decile",)
    with house.database.connect() as connection:
        newest = stored.get(connection, "deciles", "spend_decile")
        assert newest is not None
        assert newest.version == len(before) + 1
        assert (newest.author, newest.note) == ("test:operator", "gross is what the board asks for")
        assert audit.list_rows(connection, action="definitions.apply")[0].detail["changed"] == ["deciles spend_decile"]


def test_an_unknown_attribute_is_refused_and_nothing_is_stored(house: Context, tmp_path: Path) -> None:
    text = export_definitions(house)
    path = write(
        tmp_path,
        "kind: rfm\nname: rfm\nlast_days: 365\n---\nkind: deciles\nname: by_profit\nmetric: profit_amuont\n"
        "---\nkind: lifecycle\nname: other\nstages: [{name: a, when: {attribute: wrong, op: present}}, {name: b}]\n",
    )
    with pytest.raises(TierwiseError) as caught:
        apply_definitions(house, [path])
    assert [problem.message for problem in caught.value.problems] == [
        'unknown attribute "profit_amuont"',
        'unknown attribute "wrong"',
    ]
    assert export_definitions(house) == text


def test_a_window_of_its_own_is_an_attribute(house: Context, tmp_path: Path) -> None:
    path = write(tmp_path, "kind: deciles\nname: recent_spend\nmetric: monetary_amount_45d\n")
    assert check_definitions(house, [path]).added == ("deciles recent_spend",)


def test_a_second_rfm_is_refused(house: Context, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError, match="there can be one rfm"):
        apply_definitions(house, [write(tmp_path, "kind: rfm\nname: rfm_two\n")])


def test_an_operator_that_does_not_fit_is_refused_before_a_run(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "kind: lifecycle\nname: other_stage\nstages:\n"
        "  - {name: a, when: {attribute: frequency_count, op: starts_with, value: x}}\n  - {name: b}\n",
    )
    with pytest.raises(TierwiseError) as caught:
        apply_definitions(house, [path])
    assert caught.value.code == "bad_operator"
    assert caught.value.place == f"{path}:4"


def test_a_name_that_is_not_known_is_told_by_its_line(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """kind: rfm
name: rfm_two
---
kind: lifecycle
name: other_stage
population: {not: {attribute: recensy_days, op: missing}}
stages:
  - name: a
    when:
      any:
        - {attribute: frequency_count, op: ">", value: 3}
        - not:
            attribute: frequncy_count
            op: present
  - name: b
---
kind: deciles
name: other_decile
metric: monetry_amount
""",
    )
    with pytest.raises(TierwiseError) as caught:
        check_definitions(house, [path])
    assert {(problem.place, problem.remedy) for problem in caught.value.problems} == {
        (f"{path}:2", 'to change it, name it "rfm"'),
        (f"{path}:6", 'did you mean "recency_days"?'),
        (f"{path}:13", 'did you mean "frequency_count"?'),
        (f"{path}:19", 'did you mean "monetary_amount"?'),
    }


def test_all_that_is_wrong_with_all_definitions_is_told_at_once(house: Context, tmp_path: Path) -> None:
    """What is malformed hides nothing else: what its definition would give may be read, what others read is told."""
    path = write(tmp_path, MANY_MISTAKES)
    expected = [
        (5, "bad_value"),  # an operator that there is not, and in the same rule
        (6, "unknown_attribute"),
        (7, "unknown_list"),
        (8, "unknown_fact"),
        (13, "ring"),
        (21, "bad_operator"),
        (27, "unreachable_stage"),
        (30, "missing_key"),
        (30, "missing_key"),
        (32, "unknown_key"),  # what reads customer_grade_score, which this would give, is not told
        (33, "unknown_attribute"),
    ]
    for look in (check_definitions, apply_definitions, plan):
        with pytest.raises(TierwiseError) as caught:
            look(house, [path])
        told = [(int(str(p.place).rpartition(":")[2]), p.code) for p in caught.value.problems]
        assert told == expected, look
    with pytest.raises(TierwiseError) as caught:
        apply_and_prune(house, [path])
    assert [problem.code for problem in caught.value.problems] == [code for _, code in expected]
    broken = write(tmp_path, MANY_MISTAKES + "---\nkind: [\n")
    with pytest.raises(TierwiseError) as caught:
        check_definitions(house, [broken])
    assert [problem.code for problem in caught.value.problems] == ["bad_yaml"]


def test_overlaps_gaps_and_readers_of_what_is_sensitive_are_told_with_an_apply(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """kind: tag
name: debt_class
class: static
sensitivity: credit
values:
  - {value: small, when: {attribute: frequency_count, op: between, value: [1, 4]}}
  - {value: large, when: {attribute: frequency_count, op: between, value: [4, 9]}}
  - {value: huge, when: {attribute: frequency_count, op: ">", value: 12}}
---
kind: segment
name: indebted
when: {attribute: debt_class, op: present}
""",
    )
    told = [(each.code, each.place) for each in check_definitions(house, [path]).warnings]
    assert ("overlap", f"{path}:7") in told
    assert ("gap", f"{path}:6") in told
    assert ("reads_sensitive", "segment indebted") in told


def test_a_date_in_a_rule_comes_back_from_the_database(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "kind: lifecycle\nname: dated_stage\nstages:\n"
        "  - {name: old, when: {attribute: first_ordered_on, op: before, value: 2024-03-01}}\n  - {name: rest}\n",
    )
    assert apply_definitions(house, [path]).added == ("lifecycle dated_stage",)
    assert "value: '2024-03-01'" in export_definitions(house)
    assert apply_definitions(house, [write(tmp_path, export_definitions(house))]).changed == ()
