"""Listening, saying where, and stopping."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from tests.api.serving import served
from tierwise.api.serve import _Server, serve
from tierwise.api.serve_token import read_or_make_token
from tierwise.app.context import Context
from tierwise.kernel.errors import TierwiseError

PROGRAM = """
import sys
from pathlib import Path
from sqlalchemy import create_engine
from tierwise.api.serve import _Server, serve
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

home = Path(sys.argv[1])
engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
context = Context(home, Principal("local:test", "reader"), engine, Lake(home / "lake"))
serve(context, "127.0.0.1", 0, on_ready=lambda served: print(served.url, flush=True))
print("closed in order", flush=True)
"""


def test_a_port_in_use_is_told(context: Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(TierwiseError) as refused:
            serve(context, "127.0.0.1", port)
    assert refused.value.code == "port_in_use"
    assert refused.value.place == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "port", "code"), [("no-such-host.invalid", 0, "bad_host"), ("127.0.0.1", 70000, "bad_port")]
)
def test_what_cannot_be_listened_on_is_told(context: Context, host: str, port: int, code: str) -> None:
    with pytest.raises(TierwiseError) as refused:
        serve(context, host, port)
    assert refused.value.code == code


def test_the_token_is_that_of_the_home_and_the_link_without_a_console_is_the_document(context: Context) -> None:
    with served(context, host="localhost") as server:
        assert server.token == read_or_make_token(context.home)
        assert server.link == f"{server.url}/api/v1/openapi.json"
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


def test_both_signals_ask_it_to_stop_and_nobody_else_afterwards() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        server = _Server(uvicorn.Config(FastAPI(), log_config=None))
        with server.capture_signals():
            signal.raise_signal(number)
        assert server.should_exit
    assert {number: signal.getsignal(number) for number in before} == before


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-c", PROGRAM, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        try:
            assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.strip()) == (0, "closed in order")
    assert err == ""
