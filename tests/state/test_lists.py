"""Lists: members once, counts that are true, a number that tells of every change."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from tierwise.kernel.errors import TierwiseError
from tierwise.state import lists


def keys(connection: Connection, *names: str) -> list[tuple[str, int]]:
    rows = lists.list_members(connection, names or None).to_pylist()
    return [(row["list"], row["source_key"]) for row in rows]


def test_members_stand_once_and_are_counted(connection: Connection) -> None:
    made = lists.put(connection, "vips", "imported", [3, 1, 3, 2], author="me", origin="a.csv", unknown=4)
    assert (made.members, made.unknown, made.kind, made.run_id) == (3, 4, "imported", None)
    lists.put(connection, "old", "imported", [9], author="me")
    assert keys(connection) == [("old", 9), ("vips", 1), ("vips", 2), ("vips", 3)]
    assert keys(connection, "vips") == [("vips", 1), ("vips", 2), ("vips", 3)]
    assert keys(connection, "none") == []
    assert [each.name for each in lists.all_lists(connection)] == ["old", "vips"]


def test_a_name_is_taken_unless_it_is_to_be_replaced_or_added_to(connection: Connection) -> None:
    lists.put(connection, "vips", "imported", [1, 2], author="me", origin="a.csv", title="VIP", unknown=1)
    with pytest.raises(TierwiseError, match="already"):
        lists.put(connection, "vips", "imported", [5], author="me")
    added = lists.put(connection, "vips", "imported", [2, 5], author="you", unknown=2, there="add")
    assert (added.members, added.unknown, added.title, added.origin, added.author) == (3, 3, "VIP", "a.csv", "you")
    replaced = lists.put(connection, "vips", "imported", [7], author="you", there="replace")
    assert (replaced.members, replaced.unknown, replaced.title) == (1, 0, "")
    assert keys(connection) == [("vips", 7)]


def test_a_removed_list_is_gone_and_its_name_is_free(connection: Connection) -> None:
    lists.put(connection, "vips", "imported", [1, 2], author="me", unknown=3)
    assert lists.remove(connection, "vips").members == 2
    assert (keys(connection), lists.all_lists(connection)) == ([], [])
    with pytest.raises(TierwiseError) as refused:
        lists.remove(connection, "vips")
    assert refused.value.code == "unknown_list"
    assert lists.put(connection, "vips", "imported", [4], author="me", there="add").unknown == 0
    assert keys(connection) == [("vips", 4)]


def test_every_change_is_told_by_a_larger_number(connection: Connection) -> None:
    told = [lists.change_number(connection)]
    lists.put(connection, "a", "imported", [1], author="me")
    told.append(lists.change_number(connection))
    lists.put(connection, "a", "imported", [2], author="me", there="add")
    told.append(lists.change_number(connection))
    lists.remove(connection, "a")
    told.append(lists.change_number(connection))
    assert told == sorted(set(told))
    assert lists.change_number(connection) == told[-1]
