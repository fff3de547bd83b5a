"""The published SDKs, as the registries have them, against a server: nothing sent twice, nothing lost, none doubled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine

from tests.api.serving import served
from tests.api.test_tracking import figures
from tierwise.api.serve import Served
from tierwise.app import inbox, write_keys
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

pytestmark = pytest.mark.soak

PROGRAMS = Path(__file__).parent / "sdks"

TRACKS = 250
"""More than fits one request of any of them."""

OTHERS = 5
"""One call of every other kind."""

PYTHON = (
    ("analytics-python==1.4.post1", "analytics"),
    ("segment-analytics-python==2.2.3", "segment.analytics"),
    ("segment-analytics-python==2.3.4", "segment.analytics"),
    ("segment-analytics-python==2.4.0", "segment.analytics"),
    ("rudder-sdk-python==2.1.9", "rudderstack.analytics"),
)

BROWSER = "@segment/analytics-next@1.84.3"

NODE = (("@segment/analytics-node", "3.1.0"), ("analytics-node", "6.2.0"), ("@rudderstack/rudder-sdk-node", "3.0.13"))


@pytest.fixture(scope="module")
def ctx(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Context:
    home = tmp_path_factory.mktemp("sdks")
    return Context(home, Principal("local:test", "administrator"), database, Lake(home / "lake"))


@pytest.fixture(scope="module")
def tracked(ctx: Context) -> Iterator[Served]:
    with served(ctx) as tracked:
        yield tracked


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Node SDKs, and the browser's."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not there")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}', "utf-8")
    wanted = [BROWSER, *(f"{name}@{version}" for name, version in NODE)]
    _reached(["npm", "install", "--silent", "--no-audit", "--no-fund", *wanted], folder)
    return folder


@pytest.fixture(scope="module")
def site(node_folder: Path) -> Iterator[str]:
    """A page with the browser SDK in it; its address."""
    bundle = node_folder / "node_modules/@segment/analytics-next/dist/umd"
    shutil.copy(PROGRAMS / "page.html", bundle)
    handler = partial(SimpleHTTPRequestHandler, directory=str(bundle))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()
        thread.join()


def _reached(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"the registry is not reached: {done.stderr.strip()[-200:]}")


@contextmanager
def _all_arrive_once(ctx: Context, tracked: Served, source: str) -> Iterator[str]:
    """The secret of a new key; when the block has sent by it, all is there, once, and nothing was sent for nothing."""
    secret = write_keys.create(ctx, source).write_key
    with httpx.Client(base_url=tracked.url, trust_env=False) as http:
        before = figures(http)
        yield secret
        after = figures(http)
    (mine,) = (each for each in inbox.status(ctx).sources if each.source == source)
    assert (mine.received, mine.pending) == (TRACKS + OTHERS, TRACKS + OTHERS)
    refused = [
        key for key in after if key.startswith("tierwise_tracking_rejected") and after[key] != before.get(key, 0)
    ]
    assert not refused
    requests = after["tierwise_tracking_requests_total"] - before["tierwise_tracking_requests_total"]
    assert 1 < requests <= TRACKS + OTHERS
    kinds = {each.type: each.volume for each in inbox.catalogue(ctx, source=source)}
    assert kinds == {"track": TRACKS, **dict.fromkeys(("identify", "page", "screen", "group", "alias"), 1)}


def _run(command: list[str], folder: Path) -> None:
    plain = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=plain)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("package", "module"), PYTHON, ids=lambda value: value.replace("==", "-"))
def test_python_sdk_sends_all_once(ctx: Context, tracked: Served, tmp_path: Path, package: str, module: str) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    _reached([uv, "venv", "--quiet", "--python", sys.executable, "sdk"], tmp_path)
    _reached([uv, "pip", "install", "--quiet", "--python", "sdk/bin/python", package], tmp_path)
    with _all_arrive_once(ctx, tracked, package) as secret:
        program = [str(tmp_path / "sdk/bin/python"), str(PROGRAMS / "python_sdk.py"), module]
        _run([*program, tracked.url, secret, str(TRACKS)], tmp_path)


@pytest.mark.parametrize("package", [name for name, _ in NODE])
def test_node_sdk_sends_all_once(ctx: Context, tracked: Served, node_folder: Path, package: str) -> None:
    with _all_arrive_once(ctx, tracked, package.replace("/", " ")) as secret:
        program = ["node", str(PROGRAMS / "node_sdk.mjs"), package]
        _run([*program, tracked.url, secret, str(TRACKS)], node_folder)


@pytest.mark.browser
@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_browser_sdk_sends_all_once(ctx: Context, tracked: Served, site: str, strategy: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium: on Debian, apt-get install chromium")
    with _all_arrive_once(ctx, tracked, f"browser {strategy}") as secret, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(site)
        page.evaluate("given => window.run(...given)", [tracked.url, secret, TRACKS, strategy])
        browser.close()
