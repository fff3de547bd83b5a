"""Tags by hand: one standing verdict of each rater, undone ones on record, batches that are given once."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Connection, insert

from tierwise.facts.contract import STORED
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state import manual_tags
from tierwise.state.manual_tags import REPLACED, Verdict
from tierwise.state.schema import manual_tag


def says(who: int, value: str | None = None, tag: str = "temper", expires_on: date | None = None) -> Verdict:
    return Verdict(who, tag, value, "said so", expires_on)


def test_the_next_verdict_of_a_rater_replaces_the_last(connection: Connection) -> None:
    assert manual_tags.add(connection, says(1, "calm"), rater="li") == "accepted"
    assert manual_tags.add(connection, says(1, "angry"), rater="wang") == "accepted"
    assert manual_tags.add(connection, says(1, "calm"), rater="li") == "unchanged"
    assert manual_tags.add(connection, says(1, "calm"), rater="li", renew=True) == "replaced"
    assert manual_tags.add(connection, says(1, "calm", expires_on=date(2027, 1, 1)), rater="li") == "replaced"
    standing = manual_tags.list_acts(connection, source_keys=[1])
    assert [(act.rater, act.value, act.expires_on) for act in standing] == [
        ("li", "calm", date(2027, 1, 1)),
        ("wang", "angry", None),
    ]
    every = manual_tags.list_acts(connection, source_keys=[1], standing_only=False)
    assert len(every) == 4
    assert {(act.undone_by, act.undo_reason) for act in every if act.undone_at} == {("li", REPLACED)}


def test_removing_undoes_and_says_who_and_why(connection: Connection) -> None:
    for rater in ("li", "wang"):
        manual_tags.add(connection, says(1, "calm"), rater=rater)
        manual_tags.add(connection, says(2, "calm"), rater=rater)
    assert manual_tags.remove(connection, [1], "temper", by="zhao", reason="mistaken", rater="li") == 1
    assert manual_tags.remove(connection, [1, 2], "temper", by="zhao", reason="mistaken") == 3
    assert manual_tags.remove(connection, [1], "temper", by="zhao", reason="mistaken") == 0
    assert not manual_tags.in_use(connection, "temper")
    every = manual_tags.list_acts(connection, standing_only=False)
    assert {(act.undone_by, act.undo_reason) for act in every} == {("zhao", "mistaken")}
    assert manual_tags.add(connection, says(1, "calm"), rater="li") == "accepted"


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_done(connection: Connection, reason: str) -> None:
    with pytest.raises(TierwiseError, match="reason"):
        manual_tags.add(connection, Verdict(1, "temper", None, reason), rater="li")
    with pytest.raises(TierwiseError, match="reason"):
        manual_tags.remove(connection, [1], "temper", by="li", reason=reason)


def test_a_batch_is_given_once_and_takes_no_undoing_back(connection: Connection) -> None:
    manual_tags.add(connection, says(1, "calm"), rater="li")
    manual_tags.add(connection, says(2, "calm"), rater="li")
    batch = [says(1, "calm"), says(2, "angry"), says(3, "calm"), says(3, None, tag="friend")]
    given = manual_tags.add_batch(connection, batch, rater="li", batch="b1")
    assert given == ["unchanged", "replaced", "accepted", "accepted"]
    assert manual_tags.add_batch(connection, batch, rater="li", batch="b1") == ["unchanged"] * 4
    manual_tags.remove(connection, [3], "temper", by="li", reason="mistaken")
    assert manual_tags.add_batch(connection, batch, rater="li", batch="b1") == ["unchanged"] * 4
    assert manual_tags.add_batch(connection, batch, rater="li", batch="b2")[2] == "accepted"
    assert manual_tags.add_batch(connection, batch, rater="wang", batch="b1") == ["accepted"] * 4
    assert manual_tags.add_batch(connection, [], rater="li", batch="b3") == []
    renewed = manual_tags.add_batch(connection, batch, rater="li", batch="b4", renew=["friend"])
    assert renewed == ["unchanged", "unchanged", "unchanged", "replaced"]
    assert manual_tags.add_batch(connection, batch, rater="li", batch="b4", renew=["friend"]) == ["unchanged"] * 4


def test_the_change_number_grows_with_each_change_alone(connection: Connection) -> None:
    seen = [manual_tags.change_number(connection)]

    def changed() -> bool:
        seen.append(manual_tags.change_number(connection))
        return seen[-1] > seen[-2]

    manual_tags.add(connection, says(1, "calm"), rater="li")
    assert changed()
    manual_tags.add(connection, says(1, "calm"), rater="li")
    assert not changed()
    manual_tags.add(connection, says(1, "angry"), rater="li")
    assert changed()
    manual_tags.remove(connection, [1], "temper", by="li", reason="mistaken")
    assert changed()


def test_acts_are_as_the_fact_table_has_them(connection: Connection) -> None:
    at = utc_now().replace(year=2026, month=6, day=30, hour=16, minute=30)
    rows = [
        {"source_key": 7, "tag": "temper", "value": "calm", "rater": "li", "reason": "r", "at": at},
        {"source_key": 8, "tag": "friend", "value": None, "rater": "li", "reason": "r", "at": at}
        | {"undone_at": at, "undone_by": "li", "undo_reason": "r", "expires_on": date(2026, 8, 1)},
    ]
    for row in rows:
        connection.execute(insert(manual_tag).values(**row))
    table = manual_tags.acts(connection, "Asia/Shanghai")
    assert tuple(table.column_names) == STORED["manual_tags"].names
    calm, friend = table.to_pylist()
    july = date(2026, 7, 1)  # half past midnight in Shanghai
    assert (calm["source_key"], calm["value"], calm["given_day"], calm["removed_day"]) == (7, "calm", july, None)
    assert (friend["value"], friend["expires_on"], friend["removed_day"]) == (None, date(2026, 8, 1), july)
    assert manual_tags.acts(connection, "Europe/London").to_pylist()[0]["given_day"] == date(2026, 6, 30)


def test_no_acts_are_an_empty_table(connection: Connection) -> None:
    assert manual_tags.acts(connection, "Asia/Shanghai").num_rows == 0
