"""A home's console in Chromium: served, signed in, waited for, and its pictures kept small."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}

DESK_PX, PHONE_PX, TALL_PX = 1280, 390, 900

COLOURS = 256
"""A picture of a page has hardly more; with so many it is a third as large, and looks the same."""


def tierwise(home: Path, *words: str) -> str:
    """What the command prints on that home, in English. Raises where it fails."""
    return subprocess.run(_command(*words), env=_at(home), capture_output=True, text=True, check=True).stdout


def _command(*words: str) -> list[str]:
    return [str(Path(sys.executable).parent / "tierwise"), *words, "--language", "en"]


def _at(home: Path) -> dict[str, str]:
    """The environment of a home with a database of its own."""
    return {name: value for name, value in os.environ.items() if name != "TIERWISE_DATABASE_URL"} | {
        "TIERWISE_HOME": str(home)
    }


@contextmanager
def served(home: Path) -> Iterator[str]:
    """The server of that home while the block runs; what it yields opens its console, signed in, once."""
    process = subprocess.Popen(_command("serve", "--port", "0"), env=_at(home), stderr=subprocess.PIPE, text=True)
    try:
        said: list[str] = []
        for line in process.stderr or ():
            said.append(line)
            if line.startswith("open "):
                break
        else:
            sys.exit("".join(said))
        yield said[-1].split()[-1]
    finally:
        process.terminate()
        process.wait()


def found_chromium() -> str | None:
    """Where the machine's own is; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises SystemExit where there is none."""
    found = found_chromium()
    if found is None:
        sys.exit("no Chromium: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


def settle(page: Page) -> None:
    """Until the page waits for nothing, and its charts stand still; begun anew where it leads on meanwhile."""
    while True:
        try:
            page.wait_for_selector("main")
            page.wait_for_function(_WAITS_FOR_NOTHING, timeout=60_000)
            page.wait_for_function(_STANDS_STILL, polling=120)
            return
        except Error as error:
            if "context was destroyed" not in error.message:
                raise


_WAITS_FOR_NOTHING = "!document.querySelector('.tw-waiting, .q-spinner, [data-waiting]')"

_STANDS_STILL = """() => {
    const now = [...document.querySelectorAll('.tw-chart')].map(each => each.innerHTML).join();
    const same = now === window.drawnBefore;
    window.drawnBefore = now;
    return same;
}"""


def shoot(page: Page, path: Path, *, tall: bool = False) -> None:
    """The window, in few bytes; or, where tall, the whole page with the menu along it, as it is."""
    if tall:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": page.viewport_size["width"], "height": height})
        page.wait_for_timeout(50)
    page.screenshot(path=path)
    if tall:
        page.set_viewport_size({"width": page.viewport_size["width"], "height": TALL_PX})
    else:
        _with_few_colours(path)


def _with_few_colours(path: Path) -> None:
    """The commonest colours, vivid ones before greys, stay exactly as they are; each other one becomes the nearest."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    numbers = (pixels.astype(np.uint32) * [65536, 256, 1]).sum(axis=2, dtype=np.uint32)
    found, which, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.int32)
    vivid = 1 + colours.max(axis=1) - colours.min(axis=1)
    kept = colours[np.argsort(-counts * vivid)[:COLOURS]]
    nearest = np.array([np.abs(kept - colour).sum(axis=1).argmin() for colour in colours])
    image = Image.fromarray(nearest[which].astype(np.uint8).reshape(numbers.shape))
    image.putpalette(kept.astype(np.uint8).tobytes())
    image.save(path, optimize=True)
