"""Keyboard and screen reader: what axe-core finds on each page, the way past the menu, and windows over the page."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.console.watching import Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app.context import Context

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}

PAGES = (
    "/",
    "/customers",
    "/customers/C001",
    "/stratification",
    "/stratification?tab=value",
    "/stratification?tab=life",
    "/stratification?tab=levels",
    "/stratification?tab=matrices",
    "/stratification?tab=others",
    "/segments",
    "/segments/new-segment",
    "/segments/often",
    "/segments/often?tab=read",
    "/segments/often?tab=overlap",
    "/segments/often?tab=versions",
    "/insight",
    "/insight/pairs",
    "/tags",
    "/tags/mood",
    "/data",
    "/data/imports/1",
    "/data/quarantine",
    "/data/runs",
    "/data/runs/1",
    "/data/identity",
    "/data/live",
    "/data/quality",
    "/data/definitions",
    "/data/definitions/segment/often",
    "/data/definitions/change",
    "/settings",
    "/account",
    "/tasks",
    "/tasks/new",
    "/m/tasks",
    "/m/customers",
    "/m/customer?id=C001",
    "/m/customer/why?id=C001&of=rfm_cell",
    "/m/customer/tag?id=C001",
)

NOT_OPENED = {"/data/upload/{upload}", "/data/jobs/{job}"}
"""Of a file or a job that is there for a while; their parts stand on other pages, too."""


def wrong(watch: Watch, path: str) -> list[str]:
    """What is grave on a page: the rule, where, and what it is."""
    watch.page.goto(f"{watch.origin}/console{path}")
    watch.page.wait_for_selector("main")
    expect(watch.page.locator(".tw-waiting")).to_have_count(0, timeout=30_000)
    # axe takes what is sticky for standing on the page's ground, and measures its contrast against that.
    watch.page.evaluate("document.querySelectorAll('.tw-beside').forEach(each => each.style.position = 'static')")
    watch.page.wait_for_timeout(300)
    found = Axe().run(watch.page).response["violations"]
    return [
        f"{path}: {each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def test_list_and_frame(browser: Browser, site: Served, furnished: Context) -> None:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        page, texts = watch.page, watch.texts
        assert wrong(watch, "/customers") == []
        assert page.locator("main").count() == 1
        page.keyboard.press("Tab")
        skip = page.locator(".tw-skip")
        expect(skip).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#tw-main")).to_be_focused()
        opener = page.get_by_role("button", name=texts("choose_columns"))
        opener.focus()
        page.keyboard.press("Enter")
        window = page.get_by_role("dialog", name=texts("choose_columns"))
        expect(window).to_be_visible()
        page.wait_for_function("document.querySelector('.q-dialog').contains(document.activeElement)")
        page.keyboard.press("Escape")
        expect(window).to_have_count(0)
        expect(opener).to_be_focused()
        watch.go("/customers/C001", '[data-card="tags"]')
        opener = page.get_by_role("button", name=texts("give_tag"))
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name=texts("give_tag"))).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".q-dialog")).to_have_count(0)
        expect(opener).to_be_focused()


@pytest.mark.soak
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_every_page(browser: Browser, site: Served, furnished: Context, locale: str) -> None:
    with signed_in(browser, site, furnished, locale) as watch:
        assert [each for path in PAGES for each in wrong(watch, path)] == []


def test_every_page_is_looked_at(site: Served) -> None:
    from nicegui import Client

    opened = [path.partition("?")[0] for path in PAGES]
    routes = set(Client.page_routes.values()) - NOT_OPENED
    left = {
        route for route in routes if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path) for path in opened)
    }
    assert left == set()
