"""The browser's own ways: back, forward, and an address that is copied or opened again; each table as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.console.watching import Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import people
from tierwise.app.context import Context
from tierwise.console.rule_query import where_in

pytestmark = [pytest.mark.browser, pytest.mark.soak]

FOUND = "[data-found]"

PAGES = (
    "/", "/stratification", "/stratification?tab=value", "/stratification?tab=life", "/stratification?tab=others",
    "/segments", "/segments/often?tab=read", "/segments/often?tab=versions", "/tags", "/tags/mood", "/insight/ladder",
    "/data", "/data/runs", "/data/runs/1", "/data/quality", "/data/definitions", "/settings",
    "/customers",
)  # fmt: skip
"""Pages whose tables may all be taken away."""


@pytest.fixture(scope="module")
def watch(browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        yield watch


def test_filters_and_orders_are_gone_back_through(watch: Watch) -> None:
    watch.go("/customers", FOUND)
    everybody = watch.page.locator(FOUND).get_attribute("data-found")
    watch.go(f"/customers?where={where_in('often')}", FOUND)
    few = watch.page.locator(FOUND).get_attribute("data-found")
    assert few != everybody
    watch.page.locator('[data-table="customers"] th a').last.click()
    watch.page.wait_for_url("**order=**")
    ordered = watch.page.url
    watch.page.go_back()
    expect(watch.page).not_to_have_url(ordered)
    expect(watch.page.locator(FOUND)).to_have_attribute("data-found", str(few))
    watch.page.go_back()
    expect(watch.page.locator(FOUND)).to_have_attribute("data-found", str(everybody))
    watch.page.go_forward()
    watch.page.go_forward()
    expect(watch.page).to_have_url(ordered)
    assert watch.said == []


def test_the_address_is_copied(browser: Browser, site: Served, furnished: Context, watch: Watch) -> None:
    watch.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    watch.go(f"/customers?where={where_in('often')}&cols=name", FOUND)
    watch.page.locator("[data-copy-address]").click()
    expect(watch.page.get_by_text(watch.texts("address_copied"))).to_be_visible()
    assert watch.page.evaluate("navigator.clipboard.readText()") == watch.page.url


def test_tabs_are_pages_to_go_back_to(watch: Watch) -> None:
    watch.go("/segments/often", '[data-card="rule"]')
    watch.page.locator('[data-tab="versions"]').click()
    watch.page.wait_for_selector('[data-table="versions"]')
    watch.page.go_back()
    watch.page.wait_for_selector('[data-card="rule"]')
    watch.page.go_forward()
    watch.page.wait_for_selector('[data-table="versions"]')


def test_an_open_page_says_that_its_person_was_let_go(browser: Browser, site: Served, furnished: Context) -> None:
    people.add(furnished, "gus", role="analyst")
    with signed_in(browser, site, furnished, "zh-CN", person="gus") as gus:
        gus.go("/data/definitions/change", "textarea")
        people.let_go(furnished, "gus")
        gus.page.fill("textarea", "kind: segment")
        again = gus.page.locator('[data-notice="refused"]').get_by_role("link", name=gus.texts("open_again"))
        for _ in range(20):  # a session is looked up anew within seconds
            gus.page.get_by_role("button", name=gus.texts("data_plan")).click()
            gus.page.wait_for_timeout(500)
            if again.count():
                break
        expect(again).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_every_table_can_be_taken_away(watch: Watch, path: str) -> None:
    watch.go(path, "table[data-table]")
    expect(watch.page.locator(".tw-waiting")).to_have_count(0)
    without = watch.page.evaluate(
        """() => [...document.querySelectorAll('table[data-table]')].filter(table => {
             const card = table.closest('[data-card]') || document.querySelector('main');
             return !card.querySelector('a[download]');
           }).map(table => table.dataset.table)"""
    )
    assert without == []
    for link in set(watch.page.eval_on_selector_all("a[download]", "nodes => nodes.map(node => node.href)")):
        answer = watch.page.request.get(link)
        assert answer.status == 200, link
        if urlsplit(link).path.endswith(".xlsx"):
            assert answer.body()[:2] == b"PK"
