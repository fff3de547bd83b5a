"""Who comes in: hosts, origins, token, session; over a server without a console."""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

from tierwise.api.guard import Guard, _is_from_here
from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.signing_in import SignIns


@pytest.mark.parametrize(
    "path", ["/api/v1/rfm", "/api/v1/no-such", "/api/v2", "/v1/track", "/no-such", "/openapi.json"]
)
def test_nothing_but_health_answers_without_a_token(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_signed_in"


def test_health_is_open_to_all(stranger: httpx.Client) -> None:
    assert stranger.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer", "Basic {token}", "{token}", "Bearer 密码"])
def test_a_wrong_token_is_refused(stranger: httpx.Client, api_server: Served, value: str) -> None:
    header = value.format(token=api_server.token).encode()
    assert stranger.get("/api/v1/openapi.json", headers={b"authorization": header}).status_code == 401


def test_the_token_lets_in(client: httpx.Client) -> None:
    assert client.get("/api/v1/openapi.json").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1", ""]
)
def test_a_foreign_host_name_is_refused_even_with_the_token(client: httpx.Client, host: str) -> None:
    answer = client.get("/healthz", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["code"] == "foreign_host"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8000", "localhost."])
def test_the_names_of_this_machine_are_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("any_address", "host", "ours"),
    [
        (True, "192.168.1.20:8000", True),
        (True, "[fe80::1]:8000", True),
        (True, "evil.example", False),
        (False, "192.168.1.20", False),
        (False, "tiers.example:8000", True),
        (False, "[broken", False),
    ],
)
def test_on_all_interfaces_addresses_count_but_names_do_not(
    context: Context, any_address: bool, host: str, ours: bool
) -> None:
    async def nothing(*_: object) -> None:
        """Never reached."""

    guard = Guard(nothing, context, "t" * 40, SignIns(context), frozenset({"tiers.example"}), any_address)
    assert guard._is_our_host(host) is ours


@pytest.mark.parametrize(
    ("client", "headers", "open_"),
    [
        (("127.0.0.1", 5), {}, True),
        (("::1", 5), {}, True),
        (("10.0.0.7", 5), {}, False),
        (("127.0.0.1", 5), {"x-forwarded-for": "1.2.3.4"}, False),
        (("127.0.0.1", 5), {"forwarded": "for=1.2.3.4"}, False),
        (("testclient", 5), {}, False),
        (None, {}, False),
    ],
)
def test_figures_are_open_to_this_machine_alone(client: object, headers: dict[str, str], open_: bool) -> None:
    given = Headers({"host": "127.0.0.1", **headers})
    assert _is_from_here({"client": client}, given) is open_


def test_figures_are_told_by_token_to_who_comes_by_a_proxy(stranger: httpx.Client, client: httpx.Client) -> None:
    proxied = {"x-forwarded-for": "1.2.3.4"}
    assert stranger.get("/metrics").status_code == 200
    assert stranger.get("/metrics", headers=proxied).status_code == 401
    assert client.get("/metrics", headers=proxied).status_code == 200


def test_a_page_of_another_origin_cannot_change_anything(client: httpx.Client, api_server: Served) -> None:
    foreign = client.post("/api/v1/runs", headers={"origin": "http://127.0.0.1:1"})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_origin")
    own = client.post("/api/v1/jobs/x/cancel", headers={"origin": api_server.url})
    assert own.status_code == 422, "its own origin comes as far as the arguments"


def test_a_web_socket_needs_the_token_too(api_server: Served) -> None:
    host, port = api_server.url.removeprefix("http://").split(":")
    request = (
        f"GET /console/_nicegui_ws/socket.io/?transport=websocket HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("path", ["/", "/console", "/console/", "/console/anything?x=1"])
def test_a_person_without_a_session_is_led_to_the_door_and_back(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/sign-in?{urlencode({'next': path})}"
    assert "set-cookie" not in answer.headers


def test_every_answer_forbids_framing_sniffing_and_foreign_sources(client: httpx.Client) -> None:
    for path in ("/healthz", "/api/v1/openapi.json", "/no-such"):
        headers = client.get(path).headers
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


class _Gone:
    """Sign-ins whose database went away."""

    def remembered(self, session: str) -> None:
        return None

    def person_of(self, session: str) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/console/customers", "text/html", "使用中与数据库断开了"),
        ("/api/v1/rfm", "application/problem+json", "database_lost"),
    ],
)
def test_while_the_database_is_away_one_is_told_what_to_do(path: str, kind: str, said: str) -> None:
    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    guard = Guard(nothing, None, "token", _Gone())  # type: ignore[arg-type]
    headers = {"host": "127.0.0.1", "cookie": "tierwise=x", "accept-language": "zh-CN"}

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    answer = asyncio.run(asked())
    assert (answer.status_code, answer.headers["content-type"].startswith(kind)) == (503, True)
    assert said in answer.text


class _Passing(BaseHTTPMiddleware):
    """What NiceGUI puts before every page."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        return answer


async def _unanswered(scope: Any, receive: Any, send: Any) -> None:
    """Ends without an answer, as what sends a file does when it hears that nobody takes it."""


async def _broken(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("no such column")


@pytest.mark.parametrize(
    ("app", "left", "quiet"), [(_unanswered, True, True), (_unanswered, False, False), (_broken, True, False)]
)
def test_a_download_that_is_given_up_is_no_defect_and_a_defect_is_one(
    caplog: pytest.LogCaptureFixture, app: Any, left: bool, quiet: bool
) -> None:
    guard = Guard(_Passing(app), None, "t" * 40, None)  # type: ignore[arg-type]
    headers = [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + b"t" * 40)]
    scope = {"type": "http", "method": "GET", "path": "/file", "query_string": b"", "headers": headers}
    sent: list[str] = []
    heard = iter([{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}])

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.sleep(60)
        return next(heard)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(guard(scope, receive, send))
    assert ("defect at GET /file" in caplog.text, bool(sent)) == (not quiet, not quiet)
