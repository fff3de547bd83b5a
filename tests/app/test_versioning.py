"""Versions: history with who and why, differences, back and forth, and nothing removed unawares."""

from pathlib import Path

import pytest

from tests.definitions.every_kind import EVERY_KIND
from tierwise.app import versioning
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions, change_definitions, export_definitions, initialise
from tierwise.app.principal import Principal
from tierwise.app.versioning import Difference
from tierwise.definitions.read import kind_of, read_definitions
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit

CHANGED = """\
kind: deciles
name: spend_decile
metric: monetary_amount
parts: 20
"""


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    initialise(empty, "general")
    return empty


def write(folder: Path, text: str) -> Path:
    path = folder / "d.yaml"
    path.write_text(text, "utf-8")
    return path


def test_history_tells_who_when_and_why_the_newest_first(house: Context, tmp_path: Path) -> None:
    apply_definitions(house, [write(tmp_path, CHANGED)], note="twenty parts")
    newest, first = versioning.history(house, "deciles", "spend_decile")
    assert (newest.version, newest.author, newest.note, newest.in_use) == (2, "test:operator", "twenty parts", True)
    assert (first.version, first.note, first.in_use, first.removed) == (1, "template general", False, False)
    assert newest.at > first.at


def test_a_difference_is_told_value_by_value_and_as_text(house: Context) -> None:
    (found,) = versioning.diff(house, "deciles", "spend_decile")
    assert (found.from_version, found.to_version) == (1, 2)
    assert Difference("parts", None, 20) in found.changes
    assert "+parts: 20\n" in found.text
    (backwards,) = versioning.diff(house, "deciles", "spend_decile", from_version=2, to_version=1)
    assert Difference("parts", 20, None) in backwards.changes
    assert versioning.diff(house, "deciles", "spend_decile", from_version=1, to_version=1) == ()


def test_before_the_first_run_everything_is_new(house: Context) -> None:
    found = versioning.diff(house)
    assert {(each.kind, each.name) for each in found} >= {("rfm", "rfm"), ("lifecycle", "lifecycle_stage")}
    assert all(each.from_version is None for each in found)


def test_rollback_is_a_new_version_of_the_old(house: Context) -> None:
    applied = versioning.rollback(house, "deciles", "spend_decile", 1)
    assert applied.changed == ("deciles spend_decile",)
    newest, *_, first = versioning.history(house, "deciles", "spend_decile")
    assert (newest.version, newest.note) == (3, "back to version 1")
    assert versioning.diff(house, "deciles", "spend_decile", from_version=first.version) == ()
    assert versioning.rollback(house, "deciles", "spend_decile", 1).unchanged == ("deciles spend_decile",)


def test_what_is_read_is_not_removed_unless_it_is_said(house: Context, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        versioning.remove(house, "deciles", "spend_decile")
    assert caught.value.code == "in_use"
    assert "lifecycle lifecycle_stage" in caught.value.message
    assert versioning.remove(house, "activity", "activity", note="not used").readers == ()
    removed = versioning.remove(house, "deciles", "spend_decile", even_if_read=True)
    assert removed.readers == ("lifecycle lifecycle_stage",)
    assert "kind: deciles" not in export_definitions(house)
    with house.database.connect() as connection:
        row = audit.list_rows(connection, action="definitions.apply")[0]
        assert row.detail["removed"] == ["deciles spend_decile"]
    with pytest.raises(TierwiseError, match="is not in use"):
        versioning.remove(house, "deciles", "spend_decile")
    versions = versioning.history(house, "deciles", "spend_decile")
    assert versions[0].removed
    assert not versions[0].in_use
    back = versioning.rollback(house, "deciles", "spend_decile", 1)
    assert back.added == ("deciles spend_decile",)


def test_prune_leaves_what_the_files_name(house: Context, tmp_path: Path) -> None:
    text = export_definitions(house)
    apply_definitions(house, [write(tmp_path, "kind: deciles\nname: more_parts\n")])
    applied = versioning.apply_and_prune(house, [write(tmp_path, text)])
    assert applied.removed == ("deciles more_parts",)
    assert export_definitions(house) == text


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("decile", "spend_decile", 'did you mean "deciles"?'),
        ("deciles", "spend_decil", 'did you mean "spend_decile"?'),
    ],
)
def test_unknown_names_are_told_with_the_nearest(house: Context, kind: str, name: str, said: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        versioning.history(house, kind, name)
    assert caught.value.remedy == said


def test_versions_that_are_not_there_and_rights_that_are_not(house: Context) -> None:
    with pytest.raises(TierwiseError, match='unknown version "99"'):
        versioning.rollback(house, "rfm", "rfm", 99)
    reader = house.acting_as(Principal("test:reader", "reader"))
    assert versioning.history(reader, "rfm", "rfm")
    for change in (
        lambda: versioning.remove(reader, "rfm", "rfm"),
        lambda: versioning.rollback(reader, "rfm", "rfm", 1),
    ):
        with pytest.raises(TierwiseError, match="does not include"):
            change()


def test_every_kind_is_stored_exported_and_put_again_as_unchanged(house: Context, tmp_path: Path) -> None:
    every = read_definitions([write(tmp_path, EVERY_KIND)])
    first = change_definitions(house, every, note="every kind", even_if_read=True)
    assert len(first.added) + len(first.changed) >= len(every) - 1
    text = export_definitions(house)
    again = change_definitions(house, read_definitions([write(tmp_path, text)]), note="again", even_if_read=True)
    assert (again.added, again.changed) == ((), ())
    assert {f"{kind_of(each)} {each.name}" for each in every} <= set(again.unchanged)
    assert export_definitions(house) == text
