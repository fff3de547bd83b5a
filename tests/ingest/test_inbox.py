"""Events made durable: once each, whole groups, past what hinders; and forgotten when they are old."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from tierwise.ingest import inbox as writing
from tierwise.ingest.inbox import InboxWriter, forget_old
from tierwise.ingest.tracking import CALLS, parse, read
from tierwise.kernel.errors import TierwiseError
from tierwise.state import event_catalogue, inbox, write_keys
from tierwise.state.inbox import Arrived, Counts, Wanted
from tierwise.state.locks import lock_key

NOW = datetime(2026, 11, 22, 10, 0, 0, 123, tzinfo=UTC)


@pytest.fixture
def key(database: Engine, request: pytest.FixtureRequest) -> write_keys.WriteKey:
    with database.begin() as connection:
        return write_keys.create(connection, request.node.name[:60], author="ann")[0]


@pytest.fixture
def writer(database: Engine) -> Iterator[InboxWriter]:
    writer = InboxWriter(database)
    yield writer
    writer.close()


def calls(key: write_keys.WriteKey, *items: Any, at: datetime = NOW) -> Arrived:
    return read(parse(json.dumps({"batch": list(items)}).encode()), "batch", key, at)


def track(message: str, **further: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Order Completed", "userId": "u", "messageId": message, **further}


def counts(database: Engine, key: write_keys.WriteKey) -> Counts:
    with database.connect() as connection:
        return inbox.standing(connection).by_source[key.id]


def rows(database: Engine, key: write_keys.WriteKey) -> list[inbox.TakenEvent]:
    with database.connect() as connection:
        return inbox.latest(connection, write_key_ids=[key.id], limit=1000)[::-1]


def test_events_stand_in_the_order_in_which_they_came_with_all_that_they_say(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    awkward = "tab\t, line\n, back\\slash, \\N, 引号\"'"
    group = [
        calls(key, track("m1", properties={"note": awkward, "n": None}), track("m2", event=awkward, userId=awkward)),
        calls(key, {"type": "page", "anonymousId": "a", "messageId": "m3", "timestamp": "0001-01-02T00:00:00Z"}),
    ]
    assert writer.take(group) == Counts(received=3)
    first, second, third = rows(database, key)
    assert [each.message_id for each in (first, second, third)] == ["m1", "m2", "m3"]
    assert first.body["properties"] == {"note": awkward, "n": None}
    assert (second.event, second.user_id, second.anonymous_id) == (awkward, awkward, None)
    assert (third.event, third.user_id, third.anonymous_id) == (None, None, "a")
    assert first.received_at == first.occurred_at == NOW
    assert third.occurred_at == datetime(1, 1, 2, tzinfo=UTC)
    assert {each.state for each in (first, second, third)} == {"pending"}


def test_what_is_sent_again_counts_once_within_a_group_and_later_but_not_for_another_source(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    with database.begin() as connection:
        other, _ = write_keys.create(connection, "another source", author="ann")
    bad = {"type": "track", "userId": "u", "messageId": "bad"}
    writer.take([calls(key, track("m1"), track("m2"), bad), calls(key, track("m2"), bad)])
    assert counts(database, key) == Counts(received=5, duplicate=2, quarantined=1)
    writer.take([calls(key, track("m1"), track("m3"), bad, at=NOW + timedelta(days=30)), calls(other, track("m1"))])
    assert counts(database, key) == Counts(received=8, duplicate=4, quarantined=1)
    assert counts(database, other) == Counts(received=1)
    assert [each.message_id for each in rows(database, key)] == ["m1", "m2", "m3"]
    with database.connect() as connection:
        (refused,) = inbox.quarantined(connection, write_key_ids=[key.id])
    assert (refused.code, refused.place, json.loads(refused.body)) == ("missing_event_name", "event", bad)
    assert writer.take([calls(key, track("bad"))]) == Counts(received=1), "mended, it is taken"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)

ITEM = ANYTHING | st.fixed_dictionaries(
    {"type": st.sampled_from(CALLS) | ANYTHING},
    optional=dict.fromkeys(
        ("userId", "anonymousId", "event", "properties", "traits", "context", "timestamp", "sentAt", "messageId"),
        ANYTHING | st.text(st.characters(), max_size=5),
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEM, max_size=6), envelope=st.dictionaries(st.sampled_from(["context", "sentAt"]), ANYTHING))
def test_whatever_is_sent_is_kept_or_quarantined(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey, items: list[Any], envelope: dict[str, Any]
) -> None:
    found = read(parse(json.dumps({**envelope, "batch": items}).encode()), "batch", key, NOW)
    assert found.count == len(items)
    before = len(rows(database, key))
    done = writer.take([found])
    assert done.received == len(items)
    assert len(rows(database, key)) - before == done.pending
    assert done.quarantined <= len(found.refused), "the database refuses nothing that was read"


def test_two_processes_that_are_sent_the_same_at_once_keep_it_once(database: Engine, key: write_keys.WriteKey) -> None:
    def send(backwards: bool) -> Counts:
        writer = InboxWriter(database)
        total = Counts()
        for first in range(0, 200, 20):
            items = [track(f"m{first + n}") for n in range(20)]
            total = inbox.added([total, writer.take([calls(key, *(items[::-1] if backwards else items))])])
        writer.close()
        return total

    with ThreadPoolExecutor(2) as pool:
        both = inbox.added(pool.map(send, (False, True)))
    assert both == counts(database, key) == Counts(received=400, duplicate=200)
    assert len(rows(database, key)) == 200


def test_an_event_that_the_database_refuses_is_quarantined_and_keeps_no_other_out(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    group = [calls(key, *(track(f"m{n}{part}") for n in range(5))) for part in "abc"]
    spoilt = group[1].events[3]._replace(body='{"type": ')
    group[1] = replace(group[1], events=[*group[1].events[:3], spoilt, *group[1].events[4:]])
    assert writer.take(group) == Counts(received=15, quarantined=1)
    assert {each.message_id for each in rows(database, key)} == {f"m{n}{part}" for n in range(5) for part in "abc"} - {
        "m3b"
    }


def test_a_connection_that_is_lost_is_opened_anew_and_a_database_that_is_gone_is_told(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    writer.take([calls(key, track("m1"))])
    with database.begin() as connection:
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        connection.execute(text(f"{ended} and pid <> pg_backend_pid()"))
    assert writer.take([calls(key, track("m2"))]) == Counts(received=1)
    assert [each.message_id for each in rows(database, key)] == ["m1", "m2"]
    nowhere = InboxWriter(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    with pytest.raises(TierwiseError) as refused:
        nowhere.take([calls(key, track("m3"))])
    assert refused.value.code == "not_durable"


def test_a_group_is_taken_whole_or_not_at_all(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: Any, **__: Any) -> None:
        raise RuntimeError("torn")

    with monkeypatch.context() as m:
        m.setattr(event_catalogue.Catalogue, "note", torn)
        with pytest.raises(RuntimeError):
            writer.take([calls(key, track("m1"))])
    assert rows(database, key) == []
    assert writer.take([calls(key, track("m1"))]) == Counts(received=1), "what was rolled back is not known again"


def test_the_catalogue_counts_names_and_tells_properties_with_their_types(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    writer.take([calls(key, track("m1", properties={"revenue": 5}), track("m1"), track("m2", properties={"x": None}))])
    later = NOW + timedelta(hours=1)
    page = {"type": "page", "name": "Home", "userId": "u", "properties": {"tags": [], "at": {}, "ok": True}}
    writer.take([calls(key, track("m3", properties={"revenue": "5"}), page, at=later)])
    with database.connect() as connection:
        order, home = event_catalogue.list_events(connection, write_key_ids=[key.id])
    assert (order.type, order.event, order.volume) == ("track", "Order Completed", 3)
    assert (order.first_seen_at, order.last_seen_at) == (NOW, later)
    assert {each.property: each.value_types for each in order.properties} == {
        "revenue": ("number", "text"),
        "x": ("null",),
    }
    assert (home.event, home.volume) == ("", 1)
    assert {each.property: each.value_types for each in home.properties} == {
        "tags": ("list",),
        "at": ("object",),
        "ok": ("boolean",),
    }


def test_ever_new_names_and_properties_do_not_fill_the_catalogue(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_catalogue, "MOST_NAMES", 3)
    monkeypatch.setattr(event_catalogue, "MOST_PROPERTIES", 2)
    for part in range(3):
        items = (track(f"{part}-{n}", event=f"e{n}", properties={f"p{part}{n}": 1}) for n in range(5))
        writer.take([calls(key, *items)])
    with database.connect() as connection:
        found = {each.event: each for each in event_catalogue.list_events(connection, write_key_ids=[key.id])}
    assert {name: each.volume for name, each in found.items()} == {"e0": 3, "e1": 3, "e2": 3, "": 6}
    assert {name: len(each.properties) for name, each in found.items()} == {"e0": 2, "e1": 2, "e2": 2, "": 2}
    assert len(rows(database, key)) == 15, "the events themselves are all kept"


def test_a_source_has_so_many_properties_and_no_more_in_this_process_and_the_next(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_catalogue, "MOST_OF_SOURCE", 7)
    for part in range(3):
        items = (track(f"{part}-{n}", event=f"e{n}", properties={f"p{part}": 1, "q": part}) for n in range(4))
        (writer if part < 2 else InboxWriter(database)).take([calls(key, *items)])
    with database.connect() as connection:
        found = event_catalogue.list_events(connection, write_key_ids=[key.id])
    assert sum(len(each.properties) for each in found) == 7
    assert [each.volume for each in found] == [3] * 4


def test_what_waits_is_given_in_order_and_counted_once_it_is_applied(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    writer.take([calls(key, track("m1"), track("m2")), calls(key, track("m3"), at=NOW + timedelta(days=1))])
    first, second, _ = rows(database, key)
    mine = Wanted(("track",), write_key_ids=[key.id])
    with database.begin() as connection:
        until = inbox.settled(connection)
        waiting = list(inbox.between(connection, first.id, until, mine))
        assert [each.message_id for each in waiting] == ["m2", "m3"]
        assert not inbox.any_between(connection, first.id, until, replace(mine, calls=("page",)))
        assert not inbox.any_between(connection, 0, until, replace(mine, events=["other"]))
        assert inbox.apply_until(connection, second.id, second.id) >= 2
        assert inbox.apply_until(connection, second.id, until) == 0, "once"
    applied = ("applied", second.id)
    assert [(each.state, each.batch) for each in rows(database, key)] == [applied, applied, ("pending", None)]
    assert counts(database, key) == Counts(received=3, applied=2)
    assert counts(database, key).pending == 1


def test_what_is_settled_waits_for_a_group_that_is_under_way(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey
) -> None:
    """Else an event of a lower id could come to be seen after its time."""
    writer.take([calls(key, track("m0"))])
    with ThreadPoolExecutor(1) as pool, database.connect() as under_way:
        under_way.execute(text("select pg_advisory_xact_lock_shared(:key)"), {"key": lock_key("events under way")})
        with database.begin() as connection:
            connection.execute(text("set local lock_timeout = '100ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                inbox.settled(connection)

        def settled() -> int:
            with database.begin() as connection:
                return inbox.settled(connection)

        later = pool.submit(settled)
        under_way.rollback()
        assert later.result(timeout=20) >= rows(database, key)[0].id


def test_what_is_old_is_forgotten_and_what_waits_never(
    database: Engine, writer: InboxWriter, key: write_keys.WriteKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin() as connection:
        for table in ("inbox", "event_seen", "event_quarantine"):
            connection.execute(text(f"delete from {table}"))
    writer.take([calls(key, track("m1"), track("m2"), {"type": "x"})])
    with database.begin() as connection:
        connection.execute(text("update inbox set state = 'applied', batch = 1 where message_id = 'm1'"))
    assert forget_old(database, NOW + timedelta(days=30)) == 0
    assert forget_old(database, NOW + timedelta(days=31)) == 2, "the event that is applied, the refused one"
    assert writer.take([calls(key, track("m1"), at=NOW + timedelta(days=31))]) == Counts(received=1, duplicate=1)
    monkeypatch.setattr(inbox.forget, "__kwdefaults__", {"limit": 2})
    assert forget_old(database, NOW + timedelta(days=33)) == 3, "the digests, by several pieces"
    assert [each.message_id for each in rows(database, key)] == ["m2"]
    assert writing.KEEP_APPLIED_DAYS <= inbox.KEEP_SEEN_DAYS
