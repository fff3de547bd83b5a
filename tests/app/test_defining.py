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
    templates,
)
from tierwise.definitions.check import left_open
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit
from tierwise.state import definitions as stored


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "dealer")
    return empty


def write(folder: Path, text: str) -> Path:
    path = folder / "d.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", templates())
def test_templates_leave_nothing_open_and_name_their_sources(name: str) -> None:
    definitions = template_definitions(name)
    assert left_open(definitions) == []
    assert all(definition.source for definition in definitions)
    assert all(definition.title.zh and definition.title.en for definition in definitions)


def test_dealer_and_retail_are_there() -> None:
    assert {"dealer", "retail"} <= set(templates())


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
    assert len(applied.unchanged) == 5
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


def test_a_date_in_a_rule_comes_back_from_the_database(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "kind: lifecycle\nname: dated_stage\nstages:\n"
        "  - {name: old, when: {attribute: first_ordered_on, op: before, value: 2024-03-01}}\n  - {name: rest}\n",
    )
    assert apply_definitions(house, [path]).added == ("lifecycle dated_stage",)
    assert "value: '2024-03-01'" in export_definitions(house)
    assert apply_definitions(house, [write(tmp_path, export_definitions(house))]).changed == ()
