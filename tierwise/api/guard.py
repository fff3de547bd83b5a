"""Who may come in: the host asked for, the origin, the token or the session; and the headers of every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from tierwise.api import problems
from tierwise.api.lost_page import lost_page
from tierwise.api.serve_token import same
from tierwise.app.context import Context
from tierwise.app.database_lost import LOST, lost
from tierwise.app.signing_in import SignIns, acting
from tierwise.kernel.errors import Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/console/sign-in"})

LOCAL_PATHS = frozenset({"/metrics"})
"""Open to who asks from this machine, and not by way of a proxy: elsewhere sales can be told from them."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # A page may load and talk to nothing but this server. NiceGUI's templates are compiled in the browser.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),
}

SIGN_IN_PATH = "/console/sign-in"

_LEFT_SECONDS = 0.05
"""So long it takes at most to hear that somebody has closed the connection before."""


@dataclass(frozen=True)
class Guard:
    """ASGI middleware: lets through what carries the token or the session, for the host that is served.

    hosts: names and addresses that the Host header may have. any_address: also any plain IP address (a rebinding
    attack needs a name), for servers that listen on all interfaces. At `request.state` are put `sign_ins`; `context`,
    acting as whoever asks, on open paths as the house itself; of a browser that is signed in `session`, its secret, and
    `person`, else None.
    """

    app: Callable[[Scope, Receive, Send], Awaitable[None]]
    context: Context
    token: str
    sign_ins: SignIns
    hosts: frozenset[str] = LOOPBACK
    any_address: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})["sign_ins"] = self.sign_ins
        answer = self._refused(scope, headers)
        if answer is None and _is_open(scope, headers):
            scope["state"] |= {"context": self.context, "session": None, "person": None}
        elif answer is None:
            answer = await self._identified(scope, headers)
        if answer is None:
            await self._through(scope, receive, _with_headers(send, _caching(scope["path"])))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, _with_headers(send))

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the application; a defect there becomes a problem where nothing was sent yet.

        Who went away before the answer is told nothing, and nothing of it is a defect.
        """
        started = False

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            if _is_unanswered(error) and await _has_left(receive):
                return
            answer = problems.defect(scope["method"], scope["path"], error)
            if not started:
                await answer(scope, receive, send)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """What is said to whom nothing is answered here, whoever it is."""
        host = headers.get("host", "")
        if not self._is_our_host(host):
            problem = Problem("foreign_host", "this server does not answer to that host name", None, "use 127.0.0.1")
            return problems.response([problem])
        origin = headers.get("origin")
        if _changes(scope) and origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return problems.response([Problem("foreign_origin", "a page of another origin may not do this")])
        return None

    async def _identified(self, scope: Scope, headers: Headers) -> Response | None:
        """What is said to strangers; None for who is known, whom the application then finds at `request.state`."""
        state = scope["state"]
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if same(token.strip(), self.token):
                state.update(context=self.context, session=None, person=None)
                return None
        else:
            session = session_of(headers, (scope.get("server") or ("", None))[1])
            person = None if session is None else self.sign_ins.remembered(session)
            if person is None and session is not None:
                try:
                    person = await asyncio.to_thread(self.sign_ins.person_of, session)
                except LOST:
                    return _database_lost(scope, headers)
            if person is not None:
                # Cookies come by themselves: whoever changes something shows that a page of ours asks. Browsers say so.
                if _changes(scope) and not ("origin" in headers or headers.get("sec-fetch-site") == "same-origin"):
                    return problems.response([Problem("foreign_origin", "a page of another origin may not do this")])
                state.update(context=acting(self.context, person), session=session, person=person)
                return None
        path = scope["path"]
        if scope["type"] == "http" and scope["method"] == "GET" and _is_a_page(path):
            query = scope["query_string"].decode("latin-1")
            wanted = path + (f"?{query}" if query else "")
            return RedirectResponse(f"{SIGN_IN_PATH}?{urlencode({'next': wanted})}", 303)
        if scope["type"] == "http" and scope["method"] == "POST" and _is_a_page(path):
            # A form that was sent after the session had ended: what it said is lost, where it stood is not.
            wanted = "/console/m/" if path.startswith("/console/m/") else "/console/"
            return RedirectResponse(f"{SIGN_IN_PATH}?{urlencode({'next': wanted})}", 303)
        return problems.response(
            [Problem("not_signed_in", "no token, or not the right one", None, "send Authorization: Bearer TOKEN")],
            headers={"www-authenticate": 'Bearer realm="tierwise"'},
        )

    def _is_our_host(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self.hosts:
            return True
        if not self.any_address:
            return False
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def _is_unanswered(error: Exception) -> bool:
    """Whether it says no more than that no answer was made."""
    return isinstance(error, ClientDisconnect) or (
        isinstance(error, RuntimeError) and str(error) == "No response returned."  # Starlette's BaseHTTPMiddleware
    )


async def _has_left(receive: Receive) -> bool:
    """Whether who asked has closed the connection."""
    try:
        async with asyncio.timeout(_LEFT_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def _database_lost(scope: Scope, headers: Headers) -> Response:
    if scope["type"] == "http" and scope["method"] == "GET" and _is_a_page(scope["path"]):
        return lost_page(headers.get("accept-language"))
    return problems.response(lost().problems)


def cookie_name(port: int | None) -> str:
    """The session's cookie. A browser shares cookies between a host's ports; servers must not sign each other out."""
    return f"tierwise_{port}" if port else "tierwise"


def session_of(headers: Headers, port: int | None) -> str | None:
    """The secret of the session that a browser sends; None where it sends none."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(cookie_name(port))
    except CookieError:
        return None
    return None if cookie is None else cookie.value


def _is_a_page(path: str) -> bool:
    return path in ("/", "/console") or (path.startswith("/console/") and not path.startswith("/console/_"))


def _changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS


def _is_open(scope: Scope, headers: Headers) -> bool:
    path = scope["path"]
    return path in OPEN_PATHS or (path in LOCAL_PATHS and _is_from_here(scope, headers))


def _is_from_here(scope: Scope, headers: Headers) -> bool:
    client = scope.get("client")
    if client is None or "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _caching(path: str) -> str:
    """The console's own files have their version in the path; all else is somebody's data."""
    return "private, max-age=31536000, immutable" if path.startswith("/console/_nicegui/") else "no-store"


def _with_headers(send: Send, caching: str = "no-store") -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, "cache-control": caching}.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
