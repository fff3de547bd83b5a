"""Customers and one of them in Chromium: found, narrowed, ordered, explained, tagged; nothing from data is markup."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.watching import LONG_LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import answering, answers, searching, tags
from tierwise.app.context import Context
from tierwise.app.views import Label
from tierwise.console.rule_query import where_in, where_is

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=LONG_LOCALES)
def watch(request: pytest.FixtureRequest, browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, request.param) as watch:
        yield watch


@pytest.mark.parametrize(
    ("text", "who", "by"),
    [
        ("c002", "C002", "customer_id"),
        ("0002", "C002", "phone"),
        ("137 0000 0002", "C002", "phone"),
        ("小明", "C000", "name"),
        ("<b>雷", "C001", "name"),
        ("沪a12345", "C002", "plate"),
        ("lsvab2br0fn000001", "C002", "vin"),
    ],
)
def test_a_customer_is_found_by_what_is_at_hand(furnished: Context, text: str, who: str, by: str) -> None:
    found = searching.search(furnished, text)
    assert (found.rows, found.by) == (((who,),), (by,))


def test_nobody_is_found_by_what_nobody_has(furnished: Context) -> None:
    found = searching.search(furnished, "no such one")
    assert (found.rows, found.of, found.by) == ((), 0, ())


def test_pages_go_through_everybody_once_in_any_order(furnished: Context) -> None:
    of = searching.search(furnished).of
    for order, descending in (("monetary_amount", True), ("name", False), ("rfm_cell", True), ("customer_id", True)):
        rows = [
            row
            for start in range(0, of, 37)
            for row in searching.search(
                furnished, columns=[order], order_by=order, descending=descending, offset=start, limit=37
            ).rows
        ]
        assert len({row[0] for row in rows}) == of == len(rows)
        values = [row[-1] for row in rows]
        there = [value for value in values if value is not None]
        assert values == [*sorted(there, reverse=descending), *[None] * (of - len(there))], order


def test_a_search_in_the_page(watch: Watch) -> None:
    texts = watch.texts
    watch.go("/customers", '[data-table="customers"]')
    watch.page.fill('input[name="q"]', "小明")
    watch.page.press('input[name="q"]', "Enter")
    watch.page.wait_for_selector('[data-found="1"]')
    assert texts("found_by_name") in watch.page.locator("[data-found]").inner_text()
    watch.page.get_by_role("link", name="C000").click()
    watch.page.wait_for_selector('[data-chips="tiers"]')
    watch.page.go_back()
    watch.page.wait_for_selector('[data-found="1"]')
    assert watch.said == []
    assert watch.foreign == []


def test_a_rule_in_the_address_is_told_and_left_out_by_a_click(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    often = searching.search(furnished, rule=None).of
    watch.go(f"/customers?where={where_in('often')}", "[data-found]")
    inside = int(watch.page.locator("[data-found]").get_attribute("data-found") or 0)
    assert 0 < inside < often
    chip = watch.page.locator(".tw-chips li").inner_text()
    assert texts("rule_segment", name={"zh": "常客", "en": "Often here"}[texts.language]) in chip
    watch.page.locator(".tw-chips a").click()
    watch.page.wait_for_selector(f'[data-found="{often}"]')


def test_a_head_orders_and_the_address_keeps_it(watch: Watch, furnished: Context) -> None:
    watch.go(f"/customers?where={where_is('rfm_cell', '111')}&cols=monetary_amount", '[data-table="customers"]')
    watch.page.locator('[data-table="customers"] th a').nth(1).click()
    watch.page.wait_for_selector('th[aria-sort="descending"]')
    shown = [float(row[1].replace(",", "")) for row in watch.cells("customers")]
    assert shown == sorted(shown, reverse=True)
    assert "order=monetary_amount" in watch.page.url


def test_columns_are_chosen(watch: Watch) -> None:
    texts = watch.texts
    watch.go("/customers?cols=name", '[data-table="customers"]')
    watch.page.get_by_role("button", name=texts("choose_columns")).click()
    watch.page.locator(".q-dialog input").fill(texts("column_phone"))
    watch.page.locator(".q-menu .q-item", has_text=texts("column_phone")).first.click()
    watch.page.keyboard.press("Escape")
    watch.page.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_url("**cols=name%2Cphone**")
    expect(watch.page.locator('[data-table="customers"] th')).to_have_count(3)


def test_the_workbook_has_what_the_page_has_and_no_contacts(watch: Watch) -> None:
    watch.go(f"/customers?where={where_in('often')}", "[data-found]")
    link = watch.page.locator("a[download]").get_attribute("href") or ""
    answer = watch.page.request.get(watch.origin + link)
    assert (answer.status, answer.body()[:2]) == (200, b"PK")
    assert answer.headers["x-tierwise-rows"] == watch.page.locator("[data-found]").get_attribute("data-found")


def test_a_customer_from_six_angles_with_why(watch: Watch) -> None:
    texts = watch.texts
    watch.go("/customers/C001", '[data-card="timeline"]')
    assert "李 <b>雷</b>" in watch.page.locator(".tw-person h2").inner_text(), "a name is shown as it is"
    cards = watch.page.eval_on_selector_all("[data-card]", "nodes => nodes.map(node => node.dataset.card)")
    assert {"angle-state", "angle-value", "angle-orders", "angle-base", "tags", "timeline", "orders"} <= set(cards)
    watch.page.locator('[data-attribute="rfm_cell"]').click()
    watch.page.wait_for_selector('[data-why="rfm_cell"]')
    assert watch.page.locator(".tw-clauses li").count() > 3
    watch.picture("customer-why")
    watch.page.keyboard.press("Escape")
    for chip in ("rfm_cell", "segment often"):
        watch.page.locator(f'.tw-chip[data-why-of="{chip}"]').click()
        watch.page.wait_for_selector(f'.tw-why [data-why="{chip}"]')
        watch.page.keyboard.press("Escape")
        expect(watch.page.locator(".tw-why")).to_be_hidden()
    assert texts("order") in watch.page.locator(".tw-timeline").inner_text()
    watch.picture("customer")
    assert watch.said == []
    assert watch.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_tag_is_given_and_taken_back_with_a_reason(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    watch.go("/customers/C002", '[data-card="tags"]')
    watch.page.get_by_role("button", name=texts("give_tag")).click()
    dialog = watch.page.locator(".q-dialog")
    dialog.locator(".q-select").first.click()
    watch.page.locator(".q-menu .q-item").first.click()
    dialog.locator(".q-select").nth(1).click()
    watch.page.locator(".q-menu .q-item").first.click()
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('.q-dialog [data-notice="refused"]')
    dialog.get_by_label(texts("reason")).fill("told us at the desk")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('[data-table="acts"]')
    given = [act for act in tags.customer_tags(furnished, "C002").acts if act.undone_at is None]
    assert [(act.tag, act.value, act.reason, act.rater) for act in given] == [
        ("mood", "good", "told us at the desk", "person:admin")
    ]
    watch.page.get_by_role("button", name=texts("take_back", tag=texts.label(given[0].title))).click()
    watch.page.locator(".q-dialog").get_by_label(texts("reason")).fill("was a mistake")
    watch.page.locator(".q-dialog").get_by_role("button", name=texts("take"), exact=True).click()
    expect(watch.page.locator('[data-table="acts"]')).to_have_count(0)
    assert all(act.undone_at is not None for act in tags.customer_tags(furnished, "C002").acts)


def test_on_a_phone_nothing_is_pushed_out(browser: Browser, site: Served, furnished: Context) -> None:
    with signed_in(browser, site, furnished, "zh-CN", wide=390) as watch:
        watch.go("/customers/C001", '[data-card="timeline"]')
        assert watch.page.evaluate("document.documentElement.scrollWidth") <= 390
        watch.picture("customer-phone")


def test_an_answer_is_tapped_seen_and_taken_back(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    watch.go("/customers/C003", '[data-question="mattress"]')
    assert "20" in watch.page.locator('[data-card="question"]').inner_text(), "what may be promised"
    watch.page.locator('[data-answer="firm"]').click()
    watch.page.wait_for_selector('[data-question="moved_in"]')
    assert watch.cells("answers")[0][:2] == [texts.label(MATTRESS), {"zh": "硬 <b>", "en": "Firm <b>"}[texts.language]]
    assert {"zh": "硬 <b>", "en": "Firm <b>"}[texts.language] in watch.page.locator(
        '[data-card="angle-base"]'
    ).inner_text()
    watch.page.locator('[data-card="question"] input[type="date"]').fill("2026-01-31")
    watch.page.locator('[data-card="question"]').get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('[data-take-back="moved_in"]')
    watch.picture("customer-asked")
    watch.page.locator('[data-take-back="mattress"]').click()
    dialog = watch.page.locator(".q-dialog")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('.q-dialog [data-notice="refused"]')
    dialog.get_by_label(texts("reason")).fill("misheard")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('[data-question="mattress"]')
    watch.page.locator("[data-answer-declined]").click()
    watch.page.wait_for_selector('[data-take-back="mattress"]')
    said = [(each.question, each.value, each.standing) for each in answers.customer_words(furnished, "C003").words]
    assert said[:3] == [
        ("mattress", None, "declined"),
        ("moved_in", "2026-01-31", "counts"),
        ("mattress", "firm", "undone"),
    ]
    watch.page.locator('[data-take-back="moved_in"]').click()
    dialog.get_by_label(texts("reason")).fill("for the next test")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    watch.page.wait_for_selector('[data-take-back="moved_in"]', state="detached")
    answering.take_back(furnished, "C003", "mattress", reason="for the next test")
    watch.go("/tasks?tab=advisors", '[data-table="asked-question"]')
    watch.picture("asked")
    watch.page.locator('[data-table="asked-question"] td a').last.click()
    watch.page.wait_for_selector("[data-found]")
    assert int(watch.page.locator("[data-found]").get_attribute("data-found") or 0) >= 1
    assert watch.said == []


MATTRESS = Label("软一点还是硬一点？", "Soft or firm?")
