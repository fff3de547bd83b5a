"""Calls of the Segment tracking API, as the published SDKs make them, read into events for the inbox.

Pure: bytes in, events and refused events out. One bad event never fails its batch. `read` runs once per request and
what it does per event is the dearest part of taking events in: it is written for that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import uuid4

import orjson

from tierwise.ingest.event_time import instant, occurred_at
from tierwise.kernel.errors import TierwiseError
from tierwise.state.inbox import Arrived, Event, Refused
from tierwise.state.write_keys import WriteKey

CALLS = ("track", "identify", "page", "screen", "group", "alias", "merge")

MOST_EVENTS = 5_000
"""Events of one request: twice what Segment takes."""

LARGEST_EVENT_BYTES = 1024 * 1024

_LONGEST_ID = 500
_LONGEST_NAME = 500
_LONGEST_MESSAGE_ID = 255
_WHOLE = 2.0**53
_KEPT_OF_REFUSED = 32 * 1024

_SAID = {
    "not_an_event": "an event is an object",
    "unknown_call": "type is none of track, identify, page, screen, group, alias, merge",
    "out_of_scope": "the write key may not send this type of call",
    "missing_event_name": "a track call needs the name of its event",
    "missing_user": "a call needs userId or anonymousId",
    "missing_group": "a group call needs groupId",
    "missing_previous_id": "an alias call needs previousId",
    "bad_id": "an id is text or a number, of at most 500 characters",
    "bad_event_name": "the name of an event is text of at most 500 characters",
    "bad_message_id": "messageId is text or a number, of at most 255 characters",
    "bad_properties": "properties, traits and context are objects",
    "bad_time": "the time cannot be read: ISO 8601, or seconds or milliseconds since 1970",
    "event_too_large": "an event of more than 1 MiB",
    "too_deep": "nested too deep to be kept",
}
"""Why an event is refused, for people."""


class _Bad(Exception):  # noqa: N818  it never leaves this file
    """Why one event is refused."""

    def __init__(self, code: str, place: str | None = None) -> None:
        self.code = code
        self.place = place


@dataclass(frozen=True, slots=True)
class Call:
    """The body of one request, parsed. write_key: the secret that it names itself, if any."""

    body: dict[str, Any]
    write_key: str | None


def parse(body: bytes) -> Call:
    """Read JSON as senders write it; text that has no Unicode is mended. Raises `not_json`, `not_an_object`."""
    try:
        found = orjson.loads(body)
        if b"\\u0000" in body:
            found = _mended(found)
    except orjson.JSONDecodeError:
        found = _parse_leniently(body)
    except RecursionError as error:
        raise TierwiseError("not_json", "the body is no JSON") from error
    if type(found) is not dict:
        raise TierwiseError("not_an_object", "the body is no JSON object")
    key = found.pop("writeKey", None)
    return Call(found, key if type(key) is str else None)


def read(call: Call, route: str, key: WriteKey, received_at: datetime) -> Arrived:
    """The events of a call. route: one of `CALLS`, or `batch`, or `import` for events of the past.

    Raises `batch_missing` where a batch has none, `batch_too_large`.
    """
    body = call.body
    if route in ("batch", "import"):
        items = body.get("batch")
        if type(items) is not list:
            raise TierwiseError("batch_missing", "a batch is an object with a list named batch")
        if len(items) > MOST_EVENTS:
            raise TierwiseError("batch_too_large", f"a batch of more than {MOST_EVENTS} events")
        return _Reader(key, received_at, body, route).read_all(items)
    body["type"] = route
    return _Reader(key, received_at, {}, route).read_all([body])


class _Reader:
    """Reads the events of one request."""

    def __init__(self, key: WriteKey, received_at: datetime, envelope: Mapping[str, Any], route: str) -> None:
        self._key = key
        self._received = received_at
        self._calls = frozenset(CALLS).intersection(key.scopes if route != "import" or "import" in key.scopes else ())
        self._shared = {name: envelope[name] for name in ("context", "integrations") if envelope.get(name)}
        if type(self._shared.get("context", {})) is not dict:
            del self._shared["context"]
        self._sent_text = envelope.get("sentAt")
        self._sent = _sent(self._sent_text)
        self._salt = f"{key.id} ".encode()
        self._shapes: set[Any] = set()

    def read_all(self, items: list[Any]) -> Arrived:
        events: list[Event] = []
        refused: list[Refused] = []
        declined = 0
        for item in items:
            try:
                event = self._read(item)
            except _Bad as bad:
                refused.append(self._refused(item, bad))
                continue
            if event is None:
                declined += 1
            else:
                events.append(event)
        return Arrived(self._key.id, self._received, events, refused, declined, self._shapes)

    def _read(self, item: Any) -> Event | None:
        """One event; None where it may not be kept. What is as it should be is seen to be so without a call."""
        if type(item) is not dict:
            raise _Bad("not_an_event")
        get = item.get
        call = get("type")
        if type(call) is not str or call not in self._calls:
            raise _Bad("unknown_call" if call not in CALLS else "out_of_scope", "type")
        if self._shared:
            self._share(item)
        context = get("context")
        if context is not None and type(context) is not dict:
            raise _Bad("bad_properties", "context")
        user, anonymous, name, message = get("userId"), get("anonymousId"), None, get("messageId")
        if type(user) is not str or not 0 < len(user) <= _LONGEST_ID:
            user = _id(user, "userId")
        if type(anonymous) is not str or not 0 < len(anonymous) <= _LONGEST_ID:
            anonymous = _id(anonymous, "anonymousId")
        if self._key.choice is not None and not _may_keep(context, self._key.choice, user):
            return None
        if call == "track":
            name = get("event")
            if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME:
                raise _Bad("bad_event_name" if name else "missing_event_name", "event")
        elif call == "group" and _id(get("groupId"), "groupId") is None:
            raise _Bad("missing_group", "groupId")
        elif call == "alias" and _id(get("previousId"), "previousId") is None:
            raise _Bad("missing_previous_id", "previousId")
        if user is None and anonymous is None:
            raise _Bad("missing_user", "userId")
        if type(message) is not str or not 0 < len(message) <= _LONGEST_MESSAGE_ID:
            message = _message_id(message)
            if message is None:
                item["messageId"] = message = str(uuid4())
        at = self._occurred_at(item)
        self._note_shape(call, name, item, context)
        try:
            body = orjson.dumps(item)
        except TypeError as error:
            raise _Bad("too_deep") from error
        if len(body) > LARGEST_EVENT_BYTES:
            raise _Bad("event_too_large")
        return Event(self._digest(message), message, call, name, user, anonymous, at, body.decode())

    def _share(self, item: dict[str, Any]) -> None:
        """What the batch says of all its events, where the event does not say it itself."""
        for name, shared in self._shared.items():
            own = item.get(name)
            if own is None:
                item[name] = shared
            elif type(own) is dict and type(shared) is dict:
                item[name] = {**shared, **own}

    def _occurred_at(self, item: dict[str, Any]) -> datetime:
        original = item.get("originalTimestamp") or item.get("timestamp")
        own = item.get("sentAt")
        if own is None and self._sent_text is not None:
            item["sentAt"] = self._sent_text
        try:
            return occurred_at(instant(original), _sent(own) if own is not None else self._sent, self._received)
        except ValueError as error:
            raise _Bad("bad_time", "timestamp") from error

    def _note_shape(self, call: str, name: str | None, item: dict[str, Any], context: dict[str, Any] | None) -> None:
        told = item.get("traits" if call in ("identify", "group") else "properties")
        if told is None and call == "identify" and context is not None:
            told = context.get("traits")  # as RudderStack's SDKs have it
        if told is None:
            return
        if type(told) is not dict:
            raise _Bad("bad_properties", "traits" if call in ("identify", "group") else "properties")
        self._shapes.add((call, name or "", tuple(told), tuple(map(type, told.values()))))

    def _digest(self, message: str) -> str:
        return blake2b(self._salt + message.encode(), digest_size=16).hexdigest()

    def _refused(self, item: Any, bad: _Bad) -> Refused:
        try:
            text = orjson.dumps(item).decode()
        except TypeError:
            text = ""
        message: str | None = None
        if type(item) is dict:
            try:
                message = _message_id(item.get("messageId"))
            except _Bad:
                message = None
        digest = _digest_of_refused(self._digest(message or f"{uuid4()}"))
        return Refused(digest, bad.code, _SAID[bad.code], bad.place, text[:_KEPT_OF_REFUSED])


def not_storable(arrived: Arrived) -> Arrived:
    """The one event of a request that the database has refused, as a refused one."""
    event = arrived.events[0]
    digest = _digest_of_refused(event.digest)
    refused = Refused(digest, "too_deep", _SAID["too_deep"], None, event.body[:_KEPT_OF_REFUSED])
    return Arrived(arrived.write_key_id, arrived.received_at, (), (refused,))


def _digest_of_refused(digest: str) -> str:
    """Another than the event's own: sent again it is quarantined once, and mended under the same id it is taken."""
    return blake2b(b"refused " + digest.encode(), digest_size=16).hexdigest()


def _sent(value: Any) -> datetime | None:
    """When it was sent; None where that is not told or cannot be read: the event's own time is then taken as it is."""
    try:
        return instant(value)
    except ValueError:
        return None


def _id(value: Any, place: str) -> str | None:
    if value is None or value == "":
        return None
    if type(value) is int or (type(value) is float and value.is_integer() and abs(value) < _WHOLE):
        value = str(int(value))  # a larger one has lost digits
    if type(value) is not str or len(value) > _LONGEST_ID:
        raise _Bad("bad_id", place)
    return value


def _message_id(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if type(value) is int or type(value) is float:
        value = str(value)
    if type(value) is not str or len(value) > _LONGEST_MESSAGE_ID:
        raise _Bad("bad_message_id", "messageId")
    return value


def _may_keep(context: dict[str, Any] | None, category: str, user: str | None) -> bool:
    """Whether the visitor has chosen to be followed: Segment's `context.consent.categoryPreferences`.

    Without a word, somebody known may be kept (that consent is asked of in another place), an anonymous visitor not.
    """
    consent = (context or {}).get("consent")
    preferences = consent.get("categoryPreferences") if type(consent) is dict else None
    chosen = preferences.get(category) if type(preferences) is dict else None
    return user is not None if chosen is None else chosen is True


def _parse_leniently(body: bytes) -> Any:
    """As `json` reads: half of an emoji, NaN, a raw end of line and bytes that are no UTF-8 lose no batch."""
    try:
        text = body.decode("utf-8", "replace")
        return _mended(json.loads(text, strict=False, parse_constant=lambda _: None, parse_int=_number))
    except (ValueError, RecursionError) as error:
        raise TierwiseError("not_json", "the body is no JSON") from error


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= 18 else float(digits)


def _mended(value: Any) -> Any:
    """Without NUL, which PostgreSQL has no room for, and without halves of characters."""
    if type(value) is str:
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", "\ufffd")
    if type(value) is dict:
        return {_mended(key): _mended(each) for key, each in value.items()}
    if type(value) is list:
        return [_mended(each) for each in value]
    if type(value) is float and value in (float("inf"), float("-inf")):
        return None
    return value
