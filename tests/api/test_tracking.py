"""The tracking API over HTTP, with a database: who may send, what is answered, what is durable then."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.serving import served
from tierwise.api.serve import Served
from tierwise.api.tracking import body, group_commit, known_keys
from tierwise.api.tracking.rate import Rates
from tierwise.app import inbox, write_keys
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.app.tracking import Arrived, Counts, Intake
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import HOME_WRITE, held

SUCCESS = {"success": True}
EVENT = {"userId": "u", "event": "Order Completed"}


@pytest.fixture(scope="module")
def ctx(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("tracked")
    return Context(home, Principal("local:test", "administrator"), database, Lake(home / "lake"))


@pytest.fixture(scope="module")
def tracked(ctx: Context) -> Iterator[Served]:
    with served(ctx) as tracked:
        yield tracked


@pytest.fixture(scope="module")
def http(tracked: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=tracked.url, trust_env=False) as client:
        yield client


def named(request: pytest.FixtureRequest) -> str:
    """What the test's own source is called."""
    name: str = request.node.name
    return name.replace("/", " ")[:60]


@pytest.fixture
def source(ctx: Context, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Makes a write key named after the test; its secret."""
    return lambda **limits: write_keys.create(ctx, named(request), **limits).write_key


@pytest.fixture
def counted(ctx: Context, request: pytest.FixtureRequest) -> Callable[[], dict[str, int]]:
    """What came of the test's own source, without what is none."""

    def count() -> dict[str, int]:
        (mine,) = (each for each in inbox.status(ctx).sources if each.source == named(request))
        names = ("received", "applied", "duplicate", "quarantined", "declined", "pending")
        return {name: getattr(mine, name) for name in names if getattr(mine, name)}

    return count


def asking(server: Served) -> httpx.Client:
    return httpx.Client(base_url=server.url, trust_env=False, timeout=30, verify=False)


def basic(secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{secret}:".encode()).decode()}


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/v1/track", {"event": "e"}),
        ("/v1/t", {"event": "e"}),
        ("/v1/identify", {"traits": {}}),
        ("/v1/i", {}),
        ("/v1/page", {"name": "Home"}),
        ("/v1/p/", {}),
        ("/v1/screen", {}),
        ("/v1/s", {}),
        ("/v1/group", {"groupId": "g"}),
        ("/v1/g", {"groupId": "g"}),
        ("/v1/alias", {"previousId": "p"}),
        ("/v1/a", {"previousId": "p"}),
        ("/v1/merge", {}),
        ("/v1/batch", {"batch": [{"type": "track", "event": "e", "userId": "u"}]}),
        ("/v1/b", {"batch": [{"type": "track", "event": "e", "userId": "u"}]}),
        ("/v1/batch/", {"batch": [{"type": "track", "event": "e", "userId": "u"}]}),
        ("/v1/import", {"batch": [{"type": "track", "event": "e", "userId": "u"}]}),
        ("/beacon/v1/batch", {"batch": [{"type": "track", "event": "e", "userId": "u"}]}),
    ],
)
def test_every_path_takes_its_call(
    http: httpx.Client, source: Callable[..., str], counted: Callable[[], Any], path: str, call: dict[str, Any]
) -> None:
    answer = http.post(path, json={"userId": "u", **call}, headers=basic(source()))
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert answer.headers["content-type"] == "application/json"
    assert counted() == {"received": 1, "pending": 1}


def test_the_secret_is_found_wherever_senders_put_it(http: httpx.Client, source: Callable[..., str]) -> None:
    secret = source()
    bare = {"authorization": "Basic " + b64encode(secret.encode()).decode()}
    ways: list[tuple[dict[str, Any], dict[str, str], dict[str, str]]] = [
        ({}, basic(secret), {}),
        ({}, bare, {}),
        ({"writeKey": secret}, {}, {}),
        ({"writeKey": secret}, {"authorization": "Bearer something"}, {}),
        ({"writeKey": secret}, basic("not the key"), {}),
        ({}, {"authorization": f"Bearer {secret}"}, {}),
        ({}, {}, {"writeKey": secret}),
    ]
    for further, headers, query in ways:
        answer = http.post("/v1/track", json={**EVENT, **further}, headers=headers, params=query)
        assert answer.status_code == 200, (further, headers, query)
    for wrong in ({}, basic("wrong"), {"authorization": "Basic %%%"}, {"authorization": "Basic /w=="}):
        answer = http.post("/v1/track", json=EVENT, headers=wrong)
        assert answer.status_code == 401
        assert answer.json()["code"] == "wrong_write_key"
        assert answer.json()["message"]


def test_a_pages_text_is_read_and_answered_for_the_page(http: httpx.Client, source: Callable[..., str]) -> None:
    secret = source(origins=["https://Shop.example"])
    page = {"origin": "https://shop.example", "content-type": "text/plain"}
    asked = http.options(
        "/v1/t",
        headers={"origin": page["origin"], "access-control-request-method": "POST"},
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == page["origin"]
    assert "authorization" in asked.headers["access-control-allow-headers"]
    answer = http.post("/v1/t", content=json.dumps({**EVENT, "writeKey": secret}), headers=page)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == page["origin"]
    other = http.post("/v1/t", json={**EVENT, "writeKey": secret}, headers={"origin": "https://other.example"})
    assert (other.status_code, other.json()["code"]) == (403, "page_not_allowed")
    assert http.post("/v1/t", json={**EVENT, "writeKey": secret}).status_code == 200, "no page at all"
    settings = http.get(f"/v1/projects/{secret}/settings", headers={"origin": page["origin"]})
    assert settings.json()["integrations"]["Segment.io"]["apiKey"] == secret
    assert http.get("/v1/projects/nothing/settings").status_code == 401


def test_packed_bodies_are_unpacked(http: httpx.Client, source: Callable[..., str], counted: Callable[[], Any]) -> None:
    headers, data = basic(source()), json.dumps(EVENT).encode()
    for encoding, packed in (("gzip", gzip.compress(data)), ("deflate", zlib.compress(data)), ("identity", data)):
        answer = http.post("/v1/track", content=packed, headers={**headers, "content-encoding": encoding})
        assert answer.status_code == 200, encoding
    for encoding, spoilt in (("gzip", data), ("gzip", gzip.compress(data)[:-9]), ("br", data)):
        answer = http.post("/v1/track", content=spoilt, headers={**headers, "content-encoding": encoding})
        assert answer.status_code == 400
        assert set(answer.json()) == {"success", "code", "message", "detail"}
    assert counted() == {"received": 3, "pending": 3}


def test_what_is_too_large_is_refused_packed_or_not(http: httpx.Client, source: Callable[..., str]) -> None:
    headers = basic(source())
    bomb = gzip.compress(b" " * (2 * body.LARGEST_BYTES))
    assert len(bomb) < 20_000
    answer = http.post("/v1/track", content=bomb, headers={**headers, "content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    pieces = (b" " * 1_000_000 for _ in range(6))
    assert http.post("/v1/track", content=pieces, headers=headers).status_code == 413
    many = {"batch": [0] * 5_001}
    assert http.post("/v1/batch", json=many, headers=headers).json()["code"] == "batch_too_large"
    large = {"batch": [{"type": "page", "userId": "u", "properties": {"x": "y" * 1000}}] * 2000}
    assert http.post("/v1/batch", json=large, headers=headers).status_code == 200, "read in a thread"


def test_one_bad_event_fails_no_batch_and_can_be_looked_at(
    http: httpx.Client, tracked: Served, source: Callable[..., str], counted: Callable[[], Any], ctx: Context
) -> None:
    batch = [{"type": "track", **EVENT, "messageId": "good"}, {"type": "track"}, "nonsense"]
    answer = http.post("/v1/batch", json={"batch": batch}, headers=basic(source()))
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert counted() == {"received": 3, "quarantined": 2, "pending": 1}
    token = {"authorization": f"Bearer {tracked.token}"}
    name = {"source": "test_one_bad_event_fails_no_batch_and_can_be_looked_at"}
    refused = http.get("/api/v1/inbox/quarantined", params=name, headers=token).json()["quarantined"]
    assert [each["code"] for each in refused] == ["not_an_event", "missing_event_name"]
    (event,) = http.get("/api/v1/inbox/events", params=name, headers=token).json()["events"]
    assert (event["message_id"], event["state"], event["body"]["event"]) == ("good", "pending", "Order Completed")
    (seen,) = http.get("/api/v1/inbox/catalogue", params=name, headers=token).json()["events"]
    assert (seen["event"], seen["volume"]) == ("Order Completed", 1)
    assert http.get("/api/v1/inbox/events", params={"source": "nobody"}, headers=token).status_code == 404
    with pytest.raises(TierwiseError):
        inbox.latest(ctx.acting_as(Principal("reader", "reader")))


def test_keys_are_made_changed_and_revoked_over_the_api_and_the_audit_has_each_but_no_secret(
    http: httpx.Client, tracked: Served, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_keys, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(known_keys, "STALE_SECONDS", 0.0)
    token = {"authorization": f"Bearer {tracked.token}"}
    made = http.post("/api/v1/keys", json={"source": "api key", "scopes": ["track"]}, headers=token)
    assert made.status_code == 201
    first = made.json()["write_key"]
    second = http.post("/api/v1/keys/api key/rotate", json={"grace_hours": 1}, headers=token).json()["write_key"]
    third = http.post("/api/v1/keys/api key/rotate", json={"grace_hours": 0}, headers=token).json()["write_key"]
    tried = [http.post("/v1/track", json=EVENT, headers=basic(each)).status_code for each in (first, second, third)]
    assert tried == [401, 401, 200]
    listed = [each["source"] for each in http.get("/api/v1/keys", headers=token).json()["keys"]]
    assert "api key" in listed
    assert http.delete("/api/v1/keys/api key", headers=token).json()["revoked_by"] == "token:local"
    assert http.post("/v1/track", json=EVENT, headers=basic(third)).status_code == 401
    with ctx.database.connect() as connection:
        told = "select action, detail from audit where object = 'api key' order by id"
        rows = [(row.action, json.dumps(row.detail)) for row in connection.execute(text(told))]
    assert [action for action, _ in rows] == [f"write_key.{each}" for each in ("create", "rotate", "rotate", "revoke")]
    assert not any(secret in detail for secret in (first, second, third) for _, detail in rows)
    wrong = {"source": " ", "scopes": ["trak"], "origins": ["shop"], "events_per_second": 0, "choice": " "}
    problems = http.post("/api/v1/keys", json=wrong, headers=token).json()["problems"]
    codes = ["bad_name", "unknown_scope", "bad_origin", "bad_category", "bad_limit"]
    assert [each["code"] for each in problems] == codes


def test_a_key_that_sends_too_much_is_asked_to_wait(
    http: httpx.Client, source: Callable[..., str], counted: Callable[[], Any]
) -> None:
    headers = basic(source(events_per_second=10))
    batch = {"batch": [{"type": "page", "userId": "u"}] * 200}
    assert http.post("/v1/batch", json=batch, headers=headers).status_code == 200, "what is left lets one through"
    answer = http.post("/v1/batch", json=batch, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_events")
    assert 10 <= int(answer.headers["retry-after"]) <= 19
    assert counted() == {"received": 200, "pending": 200}


def test_buckets_fill_at_their_rate_and_hold_a_seconds_worth() -> None:
    rates = Rates()
    assert rates.wait_seconds(1, 100, 100, now=0.0) == 0
    assert rates.wait_seconds(1, 100, 1, now=0.0) == 1
    assert rates.wait_seconds(2, 100, 1, now=0.0) == 0, "another key"
    assert rates.wait_seconds(1, 100, 450, now=0.5) == 0
    assert rates.wait_seconds(1, 100, 1, now=0.5) == 4
    assert rates.wait_seconds(1, 100, 1, now=4.51) == 0
    assert rates.wait_seconds(1, 100, 100, now=1e6) == 0
    assert rates.wait_seconds(1, 1, 10**9, now=1e6) == 1
    assert rates.wait_seconds(3, 1, 10**9, now=0.0) == 0
    assert rates.wait_seconds(3, 1, 1, now=0.0) == 300


def test_requests_that_come_together_are_committed_together_and_each_is_answered(
    http: httpx.Client, source: Callable[..., str], counted: Callable[[], Any]
) -> None:
    headers = basic(source())
    before = figures(http)

    def send(number: int) -> int:
        call = {**EVENT, "messageId": f"m{number % 30}"}
        return http.post("/v1/track", json=call, headers=headers).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(send, range(60))) == {200}
    assert counted() == {"received": 60, "duplicate": 30, "pending": 30}
    after = figures(http)
    assert after["tierwise_tracking_requests_total"] - before["tierwise_tracking_requests_total"] == 60
    assert 0 < after["tierwise_inbox_commits_total"] - before["tierwise_inbox_commits_total"] < 60


def figures(http: httpx.Client) -> dict[str, float]:
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_figures_tell_what_came_by_source_and_what_was_not_taken(
    http: httpx.Client, source: Callable[..., str]
) -> None:
    secret = source()
    http.post("/v1/track", json=EVENT, headers=basic(secret))
    http.post("/v1/track", content="{", headers=basic(secret))
    found = figures(http)
    mine = 'source="test_figures_tell_what_came_by_source_and_what_was_not_taken"'
    assert found[f"tierwise_inbox_received_total{{{mine}}}"] == 1
    assert found['tierwise_tracking_rejected_total{code="not_json"}'] >= 1
    assert found["tierwise_database_up"] == 1
    assert found["tierwise_inbox_pending"] >= 1
    assert found["tierwise_inbox_lag_seconds"] >= 0
    assert found["tierwise_inbox_queue_events"] == 0
    assert http.get("/readyz").json() == {"status": "ready"}


class Stuck:
    """In place of the writer: takes in what it is given once it is let go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go = threading.Event()
        self.error = error
        self.groups: list[int] = []

    def __call__(self, group: Sequence[Arrived]) -> Counts:
        self.go.wait(20)
        self.groups.append(sum(each.count for each in group))
        if self.error is not None:
            raise self.error
        return Counts()


def test_more_than_can_be_taken_in_is_sent_away_and_none_is_lost(
    ctx: Context, source: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, secret = Stuck(), source()
    monkeypatch.setattr(Intake, "take", lambda _, group: stuck(group))
    monkeypatch.setattr(group_commit, "MOST_WAITING", 8)
    monkeypatch.setattr(group_commit, "MOST_EVENTS", 3)
    with served(ctx) as server, asking(server) as client, ThreadPoolExecutor(12) as pool:

        def send(_: int) -> httpx.Response:
            return client.post("/v1/track", json=EVENT, headers=basic(secret))

        asked = [pool.submit(send, number) for number in range(12)]
        while sum(each.done() for each in asked) < 4:
            threading.Event().wait(0.01)
        stuck.go.set()
        answers = [each.result() for each in asked]
    assert sorted(each.status_code for each in answers) == [200] * 8 + [429] * 4
    assert all(each.headers["retry-after"] == "1" for each in answers if each.status_code == 429)
    assert sum(stuck.groups) == 8
    assert max(stuck.groups) <= 3


def test_a_run_that_holds_the_home_keeps_no_event_waiting(
    http: httpx.Client, ctx: Context, source: Callable[..., str]
) -> None:
    with held(ctx.database, HOME_WRITE):
        assert http.post("/v1/track", json=EVENT, headers=basic(source())).status_code == 200


def test_what_is_not_durable_is_not_answered_by_200(
    ctx: Context, source: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, secret = Stuck(TierwiseError("not_durable", "gone")), source()
    stuck.go.set()
    monkeypatch.setattr(Intake, "take", lambda _, group: stuck(group))
    with served(ctx) as server, asking(server) as client:
        answer = client.post("/v1/track", json=EVENT, headers=basic(secret))
        assert (answer.status_code, answer.json()["code"]) == (503, "not_durable")
        assert answer.headers["retry-after"] == "1"
        assert client.get("/readyz").status_code == 503
        stuck.error = RuntimeError("张三 13800000000")
        answer = client.post("/v1/track", json=EVENT, headers=basic(secret))
        assert (answer.status_code, answer.json()["code"]) == (500, "defect")


def test_a_database_that_is_away_means_503_and_not_ready(
    api_server: Served, stranger: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = stranger.post("/v1/track", json=EVENT, headers=basic("tw_x"))
    assert (answer.status_code, answer.json()["code"]) == (503, "not_durable")
    assert stranger.get("/readyz").status_code == 503
    assert figures(stranger)["tierwise_database_up"] == 0


def test_the_log_is_json_without_a_word_about_anybody(
    ctx: Context, source: Callable[..., str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = source()
    monkeypatch.setattr("tierwise.api.tracking.door.TELL_SECONDS", 0.0)
    with served(ctx) as server, asking(server) as client:
        call = {"userId": "张三", "event": "e", "traits": {"phone": "13800000000"}}
        client.post("/v1/track", json=call, headers=basic(secret))
    said = capfd.readouterr().err
    (line,) = (told for told in map(json.loads, said.splitlines()) if told["message"] == "taken in")
    assert (line["received"], line["requests"], line["level"]) == (1, 1, "info")
    assert not any(word in said for word in ("张三", "13800000000", secret))


def test_calls_of_each_sdk_as_they_were_seen_are_taken(
    http: httpx.Client, source: Callable[..., str], counted: Callable[[], Any]
) -> None:
    """`sdk_calls.json` has a request of each SDK as it came, the browser's as its source has it; values are made up."""
    secret = source()
    told = (Path(__file__).parent / "sdk_calls.json").read_text("utf-8").replace("WRITE_KEY", secret)
    calls = json.loads(told.replace("BASIC", basic(secret)["authorization"]))
    for each in calls:
        data = json.dumps(each["body"]).encode()
        if each["headers"].get("content-encoding") == "gzip":
            data = gzip.compress(data)
        answer = http.post(each["path"], content=data, headers=each["headers"])
        assert (answer.status_code, answer.json()) == (200, SUCCESS), each["sdk"]
    events = sum(len(each["body"].get("batch", [0])) for each in calls)
    assert events > 20
    assert counted() == {"received": events, "pending": events}
