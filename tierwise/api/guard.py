"""Who may come in: the host asked for, the origin, the token or the session; and the headers of every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tierwise.api import problems
from tierwise.api.serve_token import same, session_value
from tierwise.app.context import Context
from tierwise.kernel.errors import Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

OPEN_PATHS = frozenset({"/healthz", "/readyz"})

LOCAL_PATHS = frozenset({"/metrics"})
"""Open to who asks from this machine, and not by way of a proxy: elsewhere sales can be told from them."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    # A page may load and talk to nothing but this server. NiceGUI's templates are compiled in the browser.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),
}

_SIGN_IN_PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>Tierwise</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.7 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1c2527;
max-width:34rem;margin:18vh auto;padding:0 1.5rem}code{background:#eef1f1;padding:.1em .4em;border-radius:3px}
h1{font-size:1.15rem}p{margin:.4rem 0 1.2rem}</style>
<h1>请先登录 · Please sign in</h1>
<p lang="zh">请用 <code>tierwise serve</code> 启动时打印的链接打开本页；链接只在本机有效。</p>
<p lang="en">Open this page by the link that <code>tierwise serve</code> printed when it started; it works on that
machine only.</p></html>"""


@dataclass(frozen=True)
class Guard:
    """ASGI middleware: lets through what carries the token or the session, for the host that is served.

    hosts: names and addresses that the Host header may have. any_address: also any plain IP address (a rebinding
    attack needs a name), for servers that listen on all interfaces. context: is put at `request.state.context`.
    """

    app: Callable[[Scope, Receive, Send], Awaitable[None]]
    context: Context
    token: str
    hosts: frozenset[str] = LOOPBACK
    any_address: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._answer(scope, headers)
        if answer is None:
            scope.setdefault("state", {})["context"] = self.context
            await self._through(scope, receive, _with_headers(send, _caching(scope["path"])))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, _with_headers(send))

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> None:
        """To the application; a defect there becomes a problem where nothing was sent yet."""
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
            answer = problems.defect(scope["method"], scope["path"], error)
            if not started:
                await answer(scope, receive, send)

    def _answer(self, scope: Scope, headers: Headers) -> Response | None:
        """What is said instead of the application; None lets the request through."""
        host = headers.get("host", "")
        if not self._is_our_host(host):
            problem = Problem("foreign_host", "this server does not answer to that host name", None, "use 127.0.0.1")
            return problems.response([problem])
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        origin = headers.get("origin")
        if changes and origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return problems.response([Problem("foreign_origin", "a page of another origin may not do this")])
        path = scope["path"]
        if path in OPEN_PATHS or (path in LOCAL_PATHS and _is_from_here(scope, headers)):
            return None
        port = (scope.get("server") or ("", None))[1]
        if path.rstrip("/") == "/console" and scope["type"] == "http":
            given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            token = dict(given).get("token")
            if token is not None:
                rest = urlencode([(key, value) for key, value in given if key != "token"])
                return self._signed_in(rest, port) if same(token, self.token) else _sign_in_page()
        if self._knows(headers, port):
            return None
        if path == "/" or path == "/console" or path.startswith("/console/"):
            return _sign_in_page()
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

    def _knows(self, headers: Headers, port: int | None) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return same(token.strip(), self.token)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(cookie_name(port))
        except CookieError:
            return False
        return cookie is not None and same(cookie.value, session_value(self.token))

    def _signed_in(self, query: str, port: int | None) -> Response:
        answer = RedirectResponse("/console/" + (f"?{query}" if query else ""), 303)
        answer.set_cookie(
            cookie_name(port), session_value(self.token), path="/", httponly=True, samesite="strict", max_age=None
        )
        return answer


def cookie_name(port: int | None) -> str:
    """The session's cookie. A browser shares cookies between a host's ports; servers must not sign each other out."""
    return f"tierwise_{port}" if port else "tierwise"


def _is_from_here(scope: Scope, headers: Headers) -> bool:
    client = scope.get("client")
    if client is None or "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    try:
        return ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _sign_in_page() -> Response:
    return HTMLResponse(_SIGN_IN_PAGE, 401)


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
