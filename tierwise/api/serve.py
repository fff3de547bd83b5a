"""The server: listens, says where, and stops in order on SIGINT or SIGTERM."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from tierwise.api import logs
from tierwise.api.app import build_app
from tierwise.api.guard import SIGN_IN_PATH
from tierwise.api.serve_token import read_or_make_token
from tierwise.api.warming import kept_warm
from tierwise.app.context import Context
from tierwise.app.customer_copies import renew_copies_aside
from tierwise.app.people import link_of_the_first
from tierwise.kernel.errors import TierwiseError

STOP_SECONDS = 5
"""How long open answers may take to end once the server was asked to stop."""

KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest. SDKs flush every some seconds: one that is closed meanwhile costs them a retry."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where the server listens. link: opens the console and signs in as an administrator, once: show it to no one else.

    stop: asks the server to end, from any thread; `serve` returns when open answers have ended.
    """

    url: str
    link: str
    token: str
    stop: Callable[[], None]


def serve(
    ctx: Context,
    host: str = "127.0.0.1",
    port: int = 8000,
    console: Callable[[FastAPI], None] | None = None,
    on_ready: Callable[[Served], None] = lambda served: None,
) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. `on_ready` is called once requests are answered.

    console: mounts one under /console. Raises `port_in_use`, `bad_host`, `bad_port`, `bad_token_file`.
    """
    token = read_or_make_token(ctx.home)
    listener = _listen(host, port)
    with closing(listener), logs.written(), ctx.holding_the_profile() as holding:
        renew_copies_aside(holding)
        found = listener.getsockname()[1]
        wildcard = _is_wildcard(host)
        app = build_app(
            holding, token, mount_console=console, hosts=() if wildcard else (host.strip("[]"),), any_address=wildcard
        )
        shown = "127.0.0.1" if wildcard else f"[{host.strip('[]')}]" if ":" in host else host
        url = f"http://{shown}:{found}"
        link = f"{url}/api/v1/openapi.json"
        if console:
            link = f"{url}{SIGN_IN_PATH}?link={link_of_the_first(ctx)}"
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # it would write tokens and customers' ids
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            lifespan="on",
        )
        server = _Server(config)
        server.call_when_up(lambda: on_ready(Served(url, link, token, server.stop)))
        with kept_warm(holding) if console else nullcontext():
            server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Calls back when it is up, and returns on a signal so that the caller can close what it opened."""

    _on_ready: Callable[[], None] | None = None

    def call_when_up(self, on_ready: Callable[[], None]) -> None:
        self._on_ready = on_ready

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._on_ready is not None:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise TierwiseError("bad_port", f"{port} is not a port", remedy="0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise TierwiseError("bad_host", f'"{host}" is no name or address of this machine') from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise TierwiseError(
                "port_in_use",
                f"something listens on port {port} already",
                place=f"{host}:{port}",
                remedy="choose another by --port, or 0 for a free one",
            ) from error
        raise TierwiseError("bad_host", f"cannot listen: {error.strerror}", place=f"{host}:{port}") from error
    return listener


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
