"""Tests of tags: all stay on record, the newest one of each tag speaks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from tierwise.state import tag_validations


def test_the_newest_speaks_and_all_stay(connection: Connection) -> None:
    def add(tag: str, verdict: str | None, reason: str | None = None) -> int:
        return tag_validations.add(
            connection, tag, meaning="m", verdict=verdict, reason=reason, as_of=date(2026, 6, 30), author="ann",
            body={"days": [{"p_value": 0.01}]},
        ).id  # fmt: skip

    assert tag_validations.newest(connection) == {}
    first, other, last = add("often", "keep"), add("rich", "revise"), add("often", None, "too_few_dates")
    found = tag_validations.newest(connection)
    assert {tag: (each.id, each.verdict) for tag, each in found.items()} == {
        "often": (last, None), "rich": (other, "revise"),
    }  # fmt: skip
    assert [each.id for each in tag_validations.history(connection, "often")] == [last, first]
    assert [each.id for each in tag_validations.history(connection, limit=2)] == [last, other]
    assert found["often"].body == {"days": [{"p_value": 0.01}]}
