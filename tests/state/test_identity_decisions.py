"""Decisions on who is who: they hold until they are taken back, and stay on record."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from tierwise.facts.identity import Decision
from tierwise.kernel.errors import TierwiseError
from tierwise.state import identity_decisions, identity_reading


def decided(connection: Connection, left: int, right: int, *, same: bool) -> int:
    return identity_decisions.add(connection, left, right, same=same, author="ann", reason=" seen ").id


def test_the_later_stands_above_the_earlier_until_it_is_taken_back(connection: Connection) -> None:
    first, second = decided(connection, 2, 1, same=True), decided(connection, 1, 2, same=False)
    assert identity_decisions.standing(connection) == (Decision(1, 2, True), Decision(1, 2, False))
    assert identity_decisions.undo(connection, second, by="bob").undone_by == "bob"
    assert identity_decisions.standing(connection) == (Decision(1, 2, True),)
    kept = identity_decisions.list_decisions(connection, standing_only=False)
    assert [(each.id, each.reason) for each in kept] == [(second, "seen"), (first, "seen")]


@pytest.mark.parametrize(
    ("left", "right", "reason", "code"), [(1, 1, "x", "same_identity"), (1, 2, " ", "missing_reason")]
)
def test_what_is_no_decision_is_refused(connection: Connection, left: int, right: int, reason: str, code: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        identity_decisions.add(connection, left, right, same=True, author="ann", reason=reason)
    assert caught.value.code == code


def test_what_is_not_there_cannot_be_taken_back(connection: Connection) -> None:
    made = decided(connection, 1, 2, same=True)
    identity_decisions.undo(connection, made, by="bob")
    for decision, code in ((made, "already_undone"), (made + 1, "unknown_decision")):
        with pytest.raises(TierwiseError) as caught:
            identity_decisions.undo(connection, decision, by="bob")
        assert caught.value.code == code


def test_there_is_one_mark_of_live_events(connection: Connection) -> None:
    assert identity_reading.mark(connection) == 0
    for event in (4, 9):
        identity_reading.set_mark(connection, event)
    assert identity_reading.mark(connection) == 9
