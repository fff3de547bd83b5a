"""Calls of the tracking API as SDKs make them, read into events: times, ids, choice, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.ingest.event_time import instant, occurred_at
from tierwise.ingest.tracking import MOST_EVENTS, not_storable, parse, read
from tierwise.kernel.errors import TierwiseError
from tierwise.state.inbox import Arrived, Event
from tierwise.state.write_keys import SCOPES, WriteKey

RECEIVED = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def key(scopes: tuple[str, ...] = SCOPES, choice: str | None = None) -> WriteKey:
    return WriteKey(7, "web", "abcd", None, scopes, (), choice, None, "ann", RECEIVED, None, None)


def arrived(body: Any, route: str = "batch", of: WriteKey | None = None) -> Arrived:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read(parse(data), route, of or key(), RECEIVED)


def one(body: dict[str, Any], route: str = "track", of: WriteKey | None = None) -> Event:
    found = arrived(body, route, of)
    assert not found.refused
    (event,) = found.events
    return event


def test_a_call_alone_is_of_the_kind_that_its_path_says() -> None:
    event = one({"type": "identify", "userId": "u1", "event": "Order Completed", "messageId": "m1", "writeKey": "s"})
    assert (event.type, event.event, event.user_id, event.anonymous_id) == ("track", "Order Completed", "u1", None)
    assert event.message_id == "m1"
    assert json.loads(event.body) == {
        "type": "track",
        "userId": "u1",
        "event": "Order Completed",
        "messageId": "m1",
    }, "the secret is not kept"


def test_what_a_batch_says_of_all_its_events_is_theirs_unless_they_say_otherwise() -> None:
    found = arrived(
        {
            "context": {"ip": "1.2.3.4", "locale": "zh"},
            "integrations": {"All": True},
            "sentAt": "2026-11-22T09:59:59Z",
            "batch": [
                {"type": "track", "event": "a", "userId": 5, "context": {"locale": "en"}, "integrations": None},
                {"type": "page", "anonymousId": "x", "userId": None},
            ],
        }
    )
    first, second = (json.loads(event.body) for event in found.events)
    assert first["context"] == {"ip": "1.2.3.4", "locale": "en"}
    assert first["integrations"] == {"All": True}
    assert second["context"] == {"ip": "1.2.3.4", "locale": "zh"}
    assert first["sentAt"] == second["sentAt"] == "2026-11-22T09:59:59Z"
    assert [event.user_id for event in found.events] == ["5", None]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, "10:00:00"),
        ({"timestamp": "2026-11-22T09:00:00Z"}, "09:00:00"),
        ({"timestamp": "2026-11-22T17:00:00+08:00"}, "09:00:00"),
        ({"timestamp": "2026-11-22T09:00:00.123456789Z"}, "09:00:00.123456"),
        ({"timestamp": 1795338000}, "09:00:00"),
        ({"timestamp": 1795338000000}, "09:00:00"),
        # The sender's clock is an hour slow, and a day fast.
        ({"timestamp": "2026-11-22T08:30:00Z", "sentAt": "2026-11-22T09:00:00Z"}, "09:30:00"),
        ({"originalTimestamp": "2026-11-23T09:58:00Z", "sentAt": "2026-11-23T10:00:00Z"}, "09:58:00"),
        ({"originalTimestamp": "2026-11-22T09:00:00Z", "timestamp": "2020-01-01T00:00:00Z"}, "09:00:00"),
        # Later than it was sent, and a time of sending that says nothing.
        ({"timestamp": "2026-11-22T09:10:00Z", "sentAt": "2026-11-22T09:00:00Z"}, "10:00:00"),
        ({"timestamp": "2026-11-22T09:00:00Z", "sentAt": "just now"}, "09:00:00"),
        ({"timestamp": "2099-01-01T00:00:00Z"}, "10:00:00"),
    ],
)
def test_the_time_is_the_senders_with_its_clock_put_right(times: dict[str, Any], expected: str) -> None:
    event = one({"userId": "u", "event": "e", **times})
    assert event.occurred_at == datetime.fromisoformat(f"2026-11-22T{expected}+00:00")


@settings(max_examples=60, deadline=None)
@given(skew=st.timedeltas(timedelta(days=-3000), timedelta(days=3000)), before=st.integers(0, 10**6))
def test_however_wrong_the_senders_clock_the_time_is_told_alike(skew: timedelta, before: int) -> None:
    true = RECEIVED - timedelta(seconds=before)
    said = occurred_at(instant((true + skew).isoformat()), instant((RECEIVED + skew).isoformat()), RECEIVED)
    assert said == true


@pytest.mark.parametrize(
    ("item", "code", "place"),
    [
        (7, "not_an_event", None),
        ({"userId": "u"}, "unknown_call", "type"),
        ({"type": {"a": 1}, "userId": "u"}, "unknown_call", "type"),
        ({"type": "track", "userId": "u"}, "missing_event_name", "event"),
        ({"type": "track", "userId": "u", "event": 5}, "bad_event_name", "event"),
        ({"type": "identify", "userId": "", "anonymousId": None}, "missing_user", "userId"),
        ({"type": "page", "userId": {"id": 1}}, "bad_id", "userId"),
        ({"type": "page", "userId": True}, "bad_id", "userId"),
        ({"type": "page", "userId": 12345678901234567890123}, "bad_id", "userId"),
        ({"type": "page", "anonymousId": "x" * 501}, "bad_id", "anonymousId"),
        ({"type": "group", "userId": "u"}, "missing_group", "groupId"),
        ({"type": "alias", "userId": "u"}, "missing_previous_id", "previousId"),
        ({"type": "page", "userId": "u", "messageId": "x" * 256}, "bad_message_id", "messageId"),
        ({"type": "page", "userId": "u", "properties": [1]}, "bad_properties", "properties"),
        ({"type": "identify", "userId": "u", "traits": "x"}, "bad_properties", "traits"),
        ({"type": "page", "userId": "u", "context": 1}, "bad_properties", "context"),
        ({"type": "page", "userId": "u", "timestamp": "yesterday"}, "bad_time", "timestamp"),
        ({"type": "page", "userId": "u", "timestamp": 1e300}, "bad_time", "timestamp"),
        ({"type": "page", "userId": "u", "timestamp": [1]}, "bad_time", "timestamp"),
        ({"type": "page", "userId": "u", "properties": {"x": "y" * 2**20}}, "event_too_large", None),
    ],
)
def test_one_bad_event_is_refused_with_its_reason_and_the_others_are_taken(item: Any, code: str, place: str) -> None:
    good = {"type": "page", "userId": "u", "messageId": "good"}
    found = arrived({"batch": [good, item, {**good, "messageId": "better"}]})
    assert [event.message_id for event in found.events] == ["good", "better"]
    (refused,) = found.refused
    assert (refused.code, refused.place) == (code, place)
    assert refused.message
    assert len(refused.body) <= 32 * 1024
    assert found.count == 3


def test_what_is_nested_too_deep_to_be_written_is_refused_alone() -> None:
    deep = b'{"type":"page","userId":"u","properties":{"x":' + b"[" * 300 + b"]" * 300 + b"}}"
    found = arrived(b'{"batch":[' + deep + b',{"type":"page","userId":"u"}]}')
    assert [each.code for each in found.refused] == ["too_deep"]
    assert len(found.events) == 1


def test_a_refused_event_is_known_again_by_itself_and_not_for_the_one_that_mends_it() -> None:
    found = arrived({"batch": [{"type": "page", "userId": "u", "messageId": "m"}, {"type": "x", "messageId": "m"}]})
    again = arrived({"batch": [{"type": "y", "messageId": "m"}]})
    instead = not_storable(found)
    assert instead.events == ()
    assert instead.refused[0].digest == found.refused[0].digest == again.refused[0].digest != found.events[0].digest


def test_half_an_emoji_nan_and_bytes_that_are_no_text_lose_nothing_else() -> None:
    for raw in (rb'"\ud83d"', b"NaN", b'"\xff"', b'"a\\u0000b"', b'"a\nb\0"', b"1" * 400):
        found = arrived(b'{"batch":[{"type":"page","userId":"u","properties":{"x":' + raw + b"}}]}")
        (event,) = found.events
        assert "\\u0000" not in event.body
        assert "\\ud83d" not in event.body
        json.loads(event.body)


@pytest.mark.parametrize(
    ("body", "route", "code"),
    [
        (b"", "track", "not_json"),
        (b"{", "track", "not_json"),
        (b"[" * 5000, "track", "not_json"),
        (b'{"x":"\\u0000","y":' + b"[" * 990 + b"]" * 990 + b"}", "track", "not_json"),
        (b"[]", "track", "not_an_object"),
        (b"{}", "batch", "batch_missing"),
        (b'{"batch":{}}', "import", "batch_missing"),
        (b'{"batch":[' + b"1," * MOST_EVENTS + b"1]}", "batch", "batch_too_large"),
    ],
    ids=["empty", "open", "deep", "deep and nul", "list", "none", "object", "many"],
)
def test_a_body_that_is_no_call_is_refused_whole(body: bytes, route: str, code: str) -> None:
    with pytest.raises(TierwiseError) as refused:
        arrived(body, route)
    assert refused.value.code == code


def test_scopes_say_what_a_key_may_send() -> None:
    item = {"type": "track", "event": "e", "userId": "u"}
    narrow = key(("track", "page"))
    assert len(arrived({"batch": [item]}, of=narrow).events) == 1
    other = arrived({"batch": [{"type": "identify", "userId": "u"}]}, of=narrow)
    assert [each.code for each in other.refused] == ["out_of_scope"]
    assert [each.code for each in arrived({"batch": [item]}, "import", narrow).refused] == ["out_of_scope"]
    assert len(arrived({"batch": [item]}, "import").events) == 1


@pytest.mark.parametrize(
    ("who", "consent", "kept"),
    [
        ({"anonymousId": "a"}, None, False),
        ({"anonymousId": "a"}, {"categoryPreferences": {"analytics": False}}, False),
        ({"anonymousId": "a"}, {"categoryPreferences": {"other": True}}, False),
        ({"anonymousId": "a"}, {"categoryPreferences": {"analytics": "true"}}, False),
        ({"anonymousId": "a"}, {"categoryPreferences": {"analytics": True}}, True),
        ({"userId": "u"}, None, True),
        ({"userId": "u"}, {"categoryPreferences": {"analytics": False}}, False),
    ],
)
def test_a_visitor_is_followed_only_after_choosing_so(who: dict[str, str], consent: Any, kept: bool) -> None:
    item = {"type": "page", **who, "context": {"consent": consent}}
    found = arrived({"batch": [item]}, of=key(choice="analytics"))
    assert (len(found.events), found.declined, len(found.refused)) == ((1, 0, 0) if kept else (0, 1, 0))
    assert len(arrived({"batch": [item]}).events) == 1, "a key that does not ask takes all"


def test_ids_tell_sources_apart_and_a_call_without_one_is_given_one() -> None:
    item = {"type": "page", "userId": "u", "messageId": "m"}
    first, again = arrived({"batch": [item]}).events[0], arrived({"batch": [item]}).events[0]
    assert first.digest == again.digest
    other = WriteKey(**{**{name: getattr(key(), name) for name in WriteKey.__slots__}, "id": 8})
    assert arrived({"batch": [item]}, of=other).events[0].digest != first.digest
    one_, two = arrived({"batch": [{"type": "page", "userId": "u"}] * 2}).events
    assert one_.message_id != two.message_id
    assert json.loads(one_.body)["messageId"] == one_.message_id


def test_traits_are_known_also_where_rudderstack_has_them() -> None:
    found = arrived({"batch": [{"type": "identify", "userId": "u", "context": {"traits": {"plan": "a", "age": 3}}}]})
    assert set(found.shapes) == {("identify", "", ("plan", "age"), (str, int))}
