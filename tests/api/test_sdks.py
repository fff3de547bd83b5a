"""The published SDKs, as the registries have them, against a server: nothing sent twice, nothing lost, none doubled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
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
    """A folder with the Node SDKs."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not there")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}', "utf-8")
    wanted = [f"{name}@{version}" for name, version in NODE]
    _reached(["npm", "install", "--silent", "--no-audit", "--no-fund", *wanted], folder)
    return folder


def _reached(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"the registry is not reached: {done.stderr.strip()[-200:]}")


def _sends_all_once(ctx: Context, tracked: Served, name: str, command: list[str], folder: Path) -> None:
    """Run a program that sends; all its events are there, once, and no request was sent for nothing."""
    secret = write_keys.create(ctx, name[:63]).write_key
    with httpx.Client(base_url=tracked.url, trust_env=False) as http:
        before = figures(http)
        words = [tracked.url, secret, str(TRACKS)]
        plain = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        done = subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True, timeout=120, env=plain)
        assert done.returncode == 0, done.stdout + done.stderr
        after = figures(http)
    (mine,) = (each for each in inbox.status(ctx).sources if each.source == name[:63])
    assert (mine.received, mine.pending) == (TRACKS + OTHERS, TRACKS + OTHERS)
    refused = [
        key for key in after if key.startswith("tierwise_tracking_rejected") and after[key] != before.get(key, 0)
    ]
    assert not refused
    requests = after["tierwise_tracking_requests_total"] - before["tierwise_tracking_requests_total"]
    assert 1 < requests <= TRACKS + OTHERS
    kinds = {each.type: each.volume for each in inbox.catalogue(ctx, source=name[:63])}
    assert kinds == {"track": TRACKS, **dict.fromkeys(("identify", "page", "screen", "group", "alias"), 1)}


@pytest.mark.parametrize(("package", "module"), PYTHON, ids=lambda value: value.replace("==", "-"))
def test_python_sdk_sends_all_once(ctx: Context, tracked: Served, tmp_path: Path, package: str, module: str) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    _reached([uv, "venv", "--quiet", "--python", sys.executable, "sdk"], tmp_path)
    _reached([uv, "pip", "install", "--quiet", "--python", "sdk/bin/python", package], tmp_path)
    command = [str(tmp_path / "sdk/bin/python"), str(PROGRAMS / "python_sdk.py"), module]
    _sends_all_once(ctx, tracked, package, command, tmp_path)


@pytest.mark.parametrize("package", [name for name, _ in NODE])
def test_node_sdk_sends_all_once(ctx: Context, tracked: Served, node_folder: Path, package: str) -> None:
    command = ["node", str(PROGRAMS / "node_sdk.mjs"), package]
    _sends_all_once(ctx, tracked, package, command, node_folder)
