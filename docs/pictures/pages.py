"""Open every page of the console in Chromium, in both languages, and leave its picture: `make pictures`.

    python -m docs.pictures.pages FOLDER INTO [NAME …]   # a folder with the homes that `tierwise demo` makes

What a browser says is wrong (errors, requests that fail) is printed, and the exit code is then 1.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState
from playwright.sync_api import TimeoutError as TooLong

from docs.pictures.browsing import DESK_PX, LANGUAGES, PHONE_PX, TALL_PX, chromium, served, settle, shoot, tierwise

BUSINESSES = ("dealer", "retail")

PAGES: dict[str, tuple[str, ...]] = {
    "overview": ("/",),
    "customers": ("/customers",),
    "customer": ("/customers", '[data-table="customers"] tbody a'),
    "stratification-rfm": ("/stratification",),
    "stratification-value": ("/stratification?tab=value",),
    "stratification-life": ("/stratification?tab=life",),
    "stratification-levels": ("/stratification?tab=levels",),
    "stratification-matrices": ("/stratification?tab=matrices",),
    "stratification-others": ("/stratification?tab=others",),
    "tasks": ("/tasks",),
    "tasks-advisors": ("/tasks?tab=advisors",),
    "tasks-new": ("/tasks/new",),
    "segments": ("/segments",),
    "segment": ("/segments", '[data-table="segments"] tbody a[href*="/segments/"]'),
    "segment-read": ("/segments", '[data-table="segments"] tbody a[href*="/segments/"]', 'a[href*="tab=read"]'),
    "segment-overlap": ("/segments", '[data-table="segments"] tbody a[href*="/segments/"]', 'a[href*="tab=overlap"]'),
    "segment-versions": ("/segments", '[data-table="segments"] tbody a[href*="/segments/"]', 'a[href*="tab=versions"]'),
    "segment-new": ("/segments/new-segment",),
    "insight": ("/insight",),
    "tags": ("/tags",),
    "tag": ("/tags", '[data-table] tbody a[href*="/tags/"]'),
    "data": ("/data",),
    "data-import": ("/data", '[data-table="imports"] tbody a'),
    "data-quarantine": ("/data/quarantine",),
    "data-runs": ("/data/runs",),
    "data-run": ("/data/runs", '[data-table="runs"] tbody a'),
    "data-identity": ("/data/identity",),
    "data-live": ("/data/live",),
    "data-quality": ("/data/quality",),
    "data-definitions": ("/data/definitions",),
    "data-definition": ("/data/definitions", '[data-table] tbody a[href*="/definitions/"]'),
    "data-definitions-change": ("/data/definitions/change",),
    "settings": ("/settings",),
    "account": ("/account",),
}
"""Picture -> where to begin, and what to click from there on."""

PHONE_PAGES: dict[str, tuple[str, ...]] = {
    "phone-customers": ("/m/customers",),
    "phone-customer": ("/m/customers", 'main a[href*="/m/customer?"]'),
    "phone-why": ("/m/customers", 'main a[href*="/m/customer?"]', 'main a[href*="/customer/why"]'),
    "phone-tasks": ("/m/tasks",),
    "phone-task": ("/m/tasks", 'main a[href*="/m/task?"]'),
}
"""The same of pages for phones."""


def take(page: Page, origin: str, way: tuple[str, ...], path: Path) -> list[str]:
    """Go there and take the whole page; what is wrong. Where there is nothing to click, the page before is taken."""
    page.goto(f"{origin}/console{way[0]}")
    try:
        settle(page)
        for selector in way[1:]:
            link = page.locator(selector).first
            if not link.count():
                return []
            page.goto(origin + str(link.get_attribute("href")))
            settle(page)
    except TooLong:
        return [f"{page.url}: not there after a minute"]
    finally:
        shoot(page, path, tall=True)
    return []


def insights(page: Page, origin: str) -> dict[str, tuple[str, ...]]:
    """One page for each question that the business can ask."""
    page.goto(f"{origin}/console/insight")
    settle(page)
    links = page.locator('main a[href*="/insight/"]').evaluate_all("all => all.map(a => a.getAttribute('href'))")
    names = dict.fromkeys(re.sub(r".*/insight/([a-z_]+).*", r"\1", link) for link in links)
    return {f"insight-{name}": (f"/insight/{name}",) for name in names}


def pictures(browser: Browser, home: Path, link: str, into: Path, wanted: list[str]) -> list[str]:
    """Every page of one business; what the browser complained about."""
    origin = link.split("/console")[0]
    desk = _signed_in(browser, link)
    phone = _signed_in(browser, origin + way) if (way := _way_of_advisor(home)) else desk
    said: list[str] = []
    for language, locale in LANGUAGES.items():
        for wide, state in ((DESK_PX, desk), (PHONE_PX, phone)):
            context = browser.new_context(
                storage_state=state, locale=locale, viewport={"width": wide, "height": TALL_PX}
            )
            page = context.new_page()
            page.set_default_timeout(60_000)
            _listen(page, said)
            for name, way in ({**PAGES, **insights(page, origin)} if wide == DESK_PX else PHONE_PAGES).items():
                if not wanted or name in wanted:
                    said.extend(take(page, origin, way, into / f"{home.name}-{name}-{language}.png"))
            context.close()
    return said


def _signed_in(browser: Browser, link: str) -> StorageState:
    context = browser.new_context()
    context.new_page().goto(link)
    state = context.storage_state()
    context.close()
    return state


def _way_of_advisor(home: Path) -> str | None:
    """The path that signs an advisor of the demo in; None where it has none."""
    people = json.loads(tierwise(home, "people", "list", "--json"))["people"]
    name = next((each["name"] for each in people if each["role"] == "advisor"), None)
    return None if name is None else str(json.loads(tierwise(home, "people", "link", name, "--json"))["path"])


def _listen(page: Page, said: list[str]) -> None:
    page.on("console", lambda message: said.append(f"{page.url}: {message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))


def main(homes: Path, into: Path, wanted: list[str]) -> int:
    """Take them; 1 where a browser complained."""
    into.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    with chromium() as browser:
        for business in BUSINESSES:
            with served(homes / business) as link:
                said += pictures(browser, homes / business, link, into, wanted)
    print(f"{len(list(into.glob('*.png')))} pictures of pages in {into}")
    if said:
        print("\n".join(said), file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
