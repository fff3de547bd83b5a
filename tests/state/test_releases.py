"""Releases: one that stands per customer and rule, undone ones on record, a number that tells of every change."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from tierwise.kernel.errors import TierwiseError
from tierwise.state import releases


def rows(connection: Connection) -> list[tuple[int, str | None]]:
    return [(row["source_key"], row["rule"]) for row in releases.standing(connection).to_pylist()]


def test_what_stands_is_told_in_order_with_a_number_that_grows(connection: Connection) -> None:
    assert releases.change_number(connection) == 0
    assert releases.standing(connection).num_rows == 0
    first = releases.add(connection, 7, "giveaway", author="me", reason=" a regular of the Sunday market ")
    assert (first.reason, first.undone_at) == ("a regular of the Sunday market", None)
    releases.add(connection, 7, None, author="me", reason="known in person")
    releases.add(connection, 3, "giveaway", author="you", reason="a buyer by phone")
    assert rows(connection) == [(3, "giveaway"), (7, None), (7, "giveaway")]
    assert releases.change_number(connection) == 3
    undone = releases.undo(connection, 7, "giveaway", by="you")
    assert (undone.id, undone.undone_by, undone.undone_at is None) == (first.id, "you", False)
    assert rows(connection) == [(3, "giveaway"), (7, None)]
    assert releases.change_number(connection) == 4
    assert [each.source_key for each in releases.list_releases(connection)] == [3, 7]
    assert len(releases.list_releases(connection, standing_only=False)) == 3
    assert releases.add(connection, 7, "giveaway", author="me", reason="after all").id > first.id


def test_what_cannot_be_is_refused(connection: Connection) -> None:
    releases.add(connection, 7, "giveaway", author="me", reason="known")
    for act, code in (
        (lambda: releases.add(connection, 7, "giveaway", author="you", reason="again"), "already_released"),
        (lambda: releases.add(connection, 8, None, author="you", reason="  "), "missing_reason"),
        (lambda: releases.undo(connection, 7, None, by="you"), "not_released"),
        (lambda: releases.undo(connection, 8, "giveaway", by="you"), "not_released"),
    ):
        with pytest.raises(TierwiseError) as caught:
            act()
        assert caught.value.code == code
    assert releases.change_number(connection) == 1
