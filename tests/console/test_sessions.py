"""Many at once, and many one after another: 50 browsers that are signed in, 200 pages opened and closed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tierwise.kernel.clock import monotonic_seconds

pytestmark = [pytest.mark.browser, pytest.mark.soak]

AT_ONCE = 50
OPENED = 200
FORGOTTEN_MS = 80_000
"""So long after a page was closed the server has forgotten it: until then its visitor may come back."""


@contextmanager
def serving(home: Path) -> Iterator[tuple[int, str]]:
    """`tierwise serve` in a process of its own: its number, and the link that it prints."""
    environment = {**os.environ, "TIERWISE_HOME": str(home), "TIERWISE_LANGUAGE": "en"}
    command = [str(Path(sys.executable).with_name("tierwise")), "serve", "--port", "0", "--no-worker"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = ""
            while (found := re.search(r"open (http\S+)", said)) is None:
                line = process.stderr.readline()
                assert line, said
                said += line
            yield process.pid, found.group(1)
        finally:
            process.terminate()
            process.wait(timeout=60)
            subprocess.run([command[0], "stop"], env=environment, check=True, capture_output=True)


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's dealers."""
    root = Path(tmp_path_factory.mktemp("sessions"))
    environment = {**os.environ, "TIERWISE_HOME": str(root)}
    command = [str(Path(sys.executable).with_name("tierwise")), "demo"]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=True, capture_output=True)
    return root / "demo" / "dealer"


def test_fifty_at_once_and_two_hundred_one_after_another(browser: Browser, home: Path) -> None:
    with serving(home) as (pid, link):
        origin = link.split("/console")[0]
        first = browser.new_context()
        page = first.new_page()
        page.set_default_timeout(60_000)
        page.goto(link)
        page.wait_for_selector('[data-table="rfm"]')
        cookies = first.cookies()
        contexts = []
        for _ in range(AT_ONCE):
            context = browser.new_context()
            context.add_cookies(cookies)  # type: ignore[arg-type]
            each = context.new_page()
            each.set_default_timeout(60_000)
            each.goto(f"{origin}/console/customers", wait_until="commit")
            contexts.append((context, each))
        for _, each in contexts:
            each.wait_for_selector('[data-table="customers"]')
        started = monotonic_seconds()
        page.goto(f"{origin}/console/customers")
        page.wait_for_selector('[data-table="customers"]')
        assert monotonic_seconds() - started < 10, "one more is served while fifty are connected"
        for context, _ in contexts:
            context.close()
        after = []
        for _ in range(3):
            for number in range(OPENED):
                path = ("/", "/customers", "/account")[number % 3]
                each = first.new_page()
                each.goto(f"{origin}/console{path}", wait_until="commit")
                each.wait_for_selector(".tw-side")
                each.close()
            page.wait_for_timeout(FORGOTTEN_MS)
            after.append(round(resident_mb(pid)))
        print(f"resident MiB after each {OPENED} pages: {after}")
        # The first pages fill what the process keeps for all. DuckDB's list of buffers to evict grows by some 15 kB for
        # each look at customers, up to 40 MB; a page that stayed would take 250 kB.
        assert after[2] < after[1] * 1.05
