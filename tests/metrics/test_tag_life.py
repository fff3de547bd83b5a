"""What becomes of a tag's value from run to run: since, kept, run out, and never without consent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import rows_of
from tierwise.definitions.tag import Tag
from tierwise.metrics.frame import Frame
from tierwise.metrics.tag_life import living_tags, standing_consents
from tierwise.metrics.tags import TAG_COLUMNS

AS_OF = date(2026, 6, 30)
Row = tuple[int, str, str | None, date | None, date]
"""customer_key, tag, value, since, confirmed_on"""


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def tag(name: str, **body: Any) -> Tag:
    return Tag.model_validate({"name": name, "class": "static", "model": {}, **body})


def kept(name: str, **body: Any) -> Tag:
    rule = {"attribute": "x", "op": "present"}
    return Tag.model_validate({"name": name, "class": "static", "when": rule, "when_empty": "keep_last", **body})


def arrow(*told: Row) -> pa.Table:
    return pa.table(
        {
            "customer_key": pa.array([row[0] for row in told], pa.int64()),
            "tag": pa.array([row[1] for row in told], pa.string()),
            "value": pa.array([row[2] for row in told], pa.string()),
            "since": pa.array([row[3] for row in told], pa.date32()),
            "confirmed_on": pa.array([row[4] for row in told], pa.date32()),
            "source": pa.array(["rule"] * len(told), pa.string()),
        }
    )


def rows(frame: MakeFrame, *told: Row) -> Frame:
    return frame(arrow(*told))


def told(found: Frame) -> list[tuple[Any, ...]]:
    assert tuple(found.collect_schema().names()) == TAG_COLUMNS
    return [
        (r["customer_key"], r["tag"], r["value"], r["since"], r["confirmed_on"])
        for r in rows_of(found, "tag", "customer_key")
    ]


DAYS = st.lists(
    st.tuples(
        st.integers(1, 4),  # days since the run before
        st.dictionaries(
            st.tuples(st.integers(1, 3), st.sampled_from(["clear", "three", "ever"])),
            st.tuples(st.sampled_from([None, "x", "y"]), st.sampled_from([None, 0, 2, 5])),  # value; since, days ago
        ),
    ),
    min_size=1,
    max_size=5,
)
LIVES = {"clear": (False, None), "three": (True, 3), "ever": (True, None)}
Kept = dict[tuple[int, str], tuple[str | None, date, date]]


def naive(before: Kept, found: Kept, today: date) -> Kept:
    """One customer and tag after the other, as the docs say it."""
    now: Kept = {}
    for who in {*before, *found}:
        keeps, ttl = LIVES[who[1]]
        if who in found:
            value, since, confirmed = found[who]
            if who in before and before[who][0] == value:
                since = min(since, before[who][1])
        elif keeps:
            value, since, confirmed = before[who]
        else:
            continue
        if ttl is None or (today - confirmed).days < ttl:
            now[who] = (value, since, confirmed)
    return now


@given(DAYS)
@settings(max_examples=25, deadline=None)
def test_run_after_run_is_as_a_naive_walk_says(
    days: list[tuple[int, dict[tuple[int, str], tuple[str | None, int | None]]]],
) -> None:
    tags = [tag("clear"), kept("three", ttl_days=3), kept("ever")]
    expected: Kept = {}
    previous: Frame | None = None
    today = AS_OF
    with duckdb.connect() as connection:
        for number, (gap, told_today) in enumerate(days):
            today += timedelta(days=gap)
            dated: list[Row] = []
            found: Kept = {}
            for (who, name), (value, since_ago) in told_today.items():
                since = None if since_ago is None else today - timedelta(days=since_ago)
                dated.append((who, name, value, since, since or today))
                found[who, name] = (value, since or today, since or today)
            connection.register(f"found_{number}", arrow(*dated))
            rows_today = nw.from_native(connection.table(f"found_{number}"))
            alive = living_tags(rows_today, tags, as_of=today, previous=previous)
            nw.to_native(alive).create(f"run_{number}")
            previous = nw.from_native(connection.table(f"run_{number}"))
            expected = naive(expected, found, today)
            assert sorted(told(previous), key=str) == sorted(((*w, *row) for w, row in expected.items()), key=str)


def test_the_first_run_begins_today_or_where_the_source_says(frame: MakeFrame) -> None:
    found = rows(frame, (1, "a", None, None, AS_OF), (2, "a", None, ago(5), ago(5)))
    assert told(living_tags(found, [tag("a")], as_of=AS_OF)) == [
        (1, "a", None, AS_OF, AS_OF),
        (2, "a", None, ago(5), ago(5)),
    ]


def test_since_goes_back_while_the_value_is_the_same(frame: MakeFrame) -> None:
    found = rows(
        frame,
        (1, "a", None, None, AS_OF),
        (2, "a", "x", None, AS_OF),
        (3, "a", "x", None, AS_OF),
        (4, "a", "x", ago(1), AS_OF),
        (5, "a", "x", ago(40), AS_OF),
        (6, "a", None, None, AS_OF),
        (7, "a", "x", ago(2), AS_OF),
    )
    before = rows(
        frame,
        (1, "a", None, ago(30), ago(1)),
        (2, "a", "x", ago(30), ago(1)),
        (3, "a", "y", ago(30), ago(1)),  # another value
        (4, "a", "x", ago(30), ago(1)),  # bought again: no break
        (5, "a", "x", ago(30), ago(1)),  # a late fact says that it began before
        (6, "a", "y", ago(30), ago(1)),  # a value, now a yes
        (7, "a", "y", ago(30), ago(1)),
        (8, "a", "x", ago(30), ago(1)),  # cleared
    )
    found_now = told(living_tags(found, [tag("a")], as_of=AS_OF, previous=before))
    assert {row[0]: row[3] for row in found_now} == {
        1: ago(30),
        2: ago(30),
        3: AS_OF,
        4: ago(30),
        5: ago(40),
        6: AS_OF,
        7: ago(2),
    }


def test_keep_last_keeps_until_the_days_are_over(frame: MakeFrame) -> None:
    before = rows(
        frame,
        (1, "ten", "x", ago(30), ago(9)),  # the tenth day
        (2, "ten", "x", ago(30), ago(10)),
        (3, "ten", "x", ago(30), ago(1)),  # found again with another value
        (4, "ever", None, ago(900), ago(800)),
        (5, "clear", None, ago(30), ago(1)),
        (6, "undefined", None, ago(30), ago(1)),
        (7, "ten", "x", ago(30), ago(1)),  # joined to another customer since
    )
    found = rows(frame, (3, "ten", "y", None, AS_OF), (8, "ten", "y", ago(12), ago(12)))
    tags = [kept("ten", ttl_days=10), kept("ever"), tag("clear")]
    people = frame(customer_key=[1, 2, 3, 4, 5, 6, 8])
    alive = living_tags(found, tags, as_of=AS_OF, previous=before, people=people)
    assert told(alive) == [
        (4, "ever", None, ago(900), ago(800)),
        (1, "ten", "x", ago(30), ago(9)),
        (3, "ten", "y", AS_OF, AS_OF),
    ]


def consents(frame: MakeFrame, *said: tuple[int | None, str, int, bool]) -> Frame:
    """who, purpose, minutes before the end of as_of's noon, granted"""
    noon = datetime(2026, 6, 30, 12, tzinfo=UTC)
    at = [noon - timedelta(minutes=minutes) for _, _, minutes, _ in said]
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in said], pa.int64()),
                "purpose": [row[1] for row in said],
                "stated_at": pa.array(at, pa.timestamp("us", "UTC")),
                "stated_day": pa.array([instant.date() for instant in at], pa.date32()),
                "granted": [row[3] for row in said],
            }
        )
    )


def test_a_consent_stands_until_it_is_withdrawn(frame: MakeFrame) -> None:
    day = 24 * 60
    said = consents(
        frame,
        (1, "health", 10, True),
        (2, "health", 10, False), (2, "health", 20, True),
        (3, "health", 10, True), (3, "health", 20, False),   # given again
        (4, "health", 10, True), (4, "health", 10, False),   # at one instant
        (5, "track", 10, True),
        (6, "health", -day, True),                           # tomorrow
        (7, "health", 10, True), (7, "health", -day, False), # withdrawn tomorrow
        (None, "health", 10, True),
        (8, "health", 10, False),
    )  # fmt: skip
    standing = standing_consents(said, ["health"], as_of=AS_OF)
    assert [row["customer_key"] for row in rows_of(standing, "customer_key")] == [1, 3, 7]


def test_a_sensitive_tag_is_only_where_its_own_purpose_was_consented_to(frame: MakeFrame) -> None:
    tags = [tag("open"), tag("ill", sensitivity="health"), kept("child", sensitivity="minors", consent="family")]
    names = ("open", "ill", "child")
    found = rows(frame, *((who, name, None, None, AS_OF) for who in (1, 2) for name in names))
    before = rows(frame, (1, "child", None, ago(3), ago(3)), (3, "child", None, ago(3), ago(3)))
    said = consents(frame, (1, "health", 1, True), (2, "family", 1, True), (3, "minors", 1, True))
    alive = living_tags(found, tags, as_of=AS_OF, previous=before, consents=said)
    assert [row[:2] for row in told(alive)] == [(2, "child"), (1, "ill"), (1, "open"), (2, "open")]
    assert [row[:2] for row in told(living_tags(found, tags, as_of=AS_OF))] == [(1, "open"), (2, "open")]
