"""A page in Chromium and what it did; how a test comes in, and where its pictures go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request

from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.people import link, link_of_the_first
from tierwise.console.texts import Texts

ARTIFACTS = Path(__file__).parents[2] / "artifacts"

LOCALES = ("zh-CN", "en-GB")

LONG_LOCALES = ("zh-CN", pytest.param("en-GB", marks=pytest.mark.soak))
"""For pages whose words other tests hold: in English with the long tests."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """A page and what it did that it should not: messages of the console, errors, requests to others."""

    page: Page
    origin: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _failed(self, request: Request) -> None:
        """What was given up on the way to another page is no failure."""
        if request.failure != "net::ERR_ABORTED":
            self.said.append(f"failed: {request.url}")

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.asked if not url.startswith((self.origin, "data:", "blob:"))]

    def cells(self, table: str) -> list[list[str]]:
        """The texts of a table's body, row by row, without what stands small under them."""
        return self.page.evaluate(
            """name => [...document.querySelectorAll(`[data-table="${name}"] tbody tr`)].map(row =>
               [...row.cells].map(cell => {
                 const copy = cell.cloneNode(true);
                 copy.querySelectorAll("small, em").forEach(part => part.remove());
                 return copy.textContent.trim();
               }))""",
            table,
        )

    def figure(self, key: str) -> str:
        return self.page.locator(f'[data-figure="{key}"] .value').evaluate("node => node.firstChild.textContent")

    @property
    def texts(self) -> Texts:
        return Texts("zh" if self.page.evaluate("navigator.language") == "zh-CN" else "en")

    def go(self, path: str, wait_for: str) -> None:
        """Open a page of the console, as far as the selector is there."""
        self.page.goto(f"{self.origin}/console{path}")
        self.page.wait_for_selector(wait_for)

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}-{self.texts.language}.png", full_page=True)


@contextmanager
def signed_in(
    browser: Browser, site: Served, house: Context, locale: str, *, person: str | None = None, wide: int = 1280
) -> Iterator[Watch]:
    """A browser of its own, signed in by a link: as an administrator, or as a person."""
    context = browser.new_context(locale=locale, viewport={"width": wide, "height": 900})
    try:
        watch = Watch(context.new_page(), site.url)
        watch.page.set_default_timeout(15_000)
        watch.listen()
        secret = link_of_the_first(house) if person is None else link(house, person)
        watch.page.goto(f"{site.url}/console/sign-in?link={secret}")
        yield watch
    finally:
        context.close()


def stranger(browser: Browser, locale: str) -> BrowserContext:
    """A browser that nobody has signed in."""
    return browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
