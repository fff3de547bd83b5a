"""By the keyboard alone: a rule of two clauses is built, and stored; the long tests."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.watching import signed_in
from tierwise.api.serve import Served
from tierwise.app import segment_catalogue
from tierwise.app.context import Context
from tierwise.definitions.read import parse_rule

pytestmark = [pytest.mark.browser, pytest.mark.soak]

MOST_STEPS = 60

CLAUSES = (("订单数", "frequency_count", "2"), ("净消费额", "monetary_amount", "10"))
"""What is typed to find an attribute, the attribute, and the number that it must reach."""


def tab_to(page: Page, css: str) -> None:
    """Press Tab until it has the focus, and see that this can be seen."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("css => document.activeElement?.matches(css) ?? false", css):
            page.wait_for_function(SEEN, timeout=3_000)  # Quasar fades the mark in
            return
    raise AssertionError(f"{css} is not reached by {MOST_STEPS} steps")


SEEN = """() => {
    const each = document.activeElement, field = each.closest('.q-field__control, .q-btn') ?? each;
    const styles = [getComputedStyle(each), getComputedStyle(field), getComputedStyle(field, '::after')];
    const helper = field.querySelector('.q-focus-helper');
    return each.matches(':focus-visible') && (
        styles.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
        || parseFloat(styles[2].borderWidth) > 0 || (helper && parseFloat(getComputedStyle(helper).opacity) > 0)
    );
}"""


def test_a_rule_of_two_clauses_is_built_and_stored(browser: Browser, site: Served, furnished: Context) -> None:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        page, texts = watch.page, watch.texts
        watch.go("/segments/new-segment", '[data-unfinished="0"]')
        for place, (attribute, name, number) in enumerate(CLAUSES):
            tab_to(page, "[data-add=attribute]")
            page.keyboard.press("Enter")
            expect(page.locator("[data-leaf=compared]")).to_have_count(place + 1)
            page.wait_for_function("document.activeElement.closest('[data-leaf]') !== null")
            page.keyboard.type(attribute)
            page.wait_for_selector(".q-menu .q-item")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            expect(page.locator(".q-menu")).to_have_count(0)
            tab_to(page, ".tw-leaf-number input")
            page.keyboard.type(number)
            page.wait_for_function("name => decodeURIComponent(location.search).includes(name)", arg=name)
            page.wait_for_selector("[data-count]")
        told = page.locator("[data-count]")
        expect(told).to_have_count(1)
        assert told.evaluate("each => each.closest('[aria-live], [role=status]') !== null"), "the count is announced"
        for label, text in ((texts("seg_name"), "by_keys"), (texts("seg_title"), "键盘")):
            tab_to(page, f'input[aria-label^="{label}"]')
            page.keyboard.type(text)
        tab_to(page, "[data-save]")
        page.keyboard.press("Enter")
        page.wait_for_url("**/segments/by_keys")
        both = [
            {"attribute": "frequency_count", "op": ">=", "value": 2},
            {"attribute": "monetary_amount", "op": ">=", "value": 10},
        ]
        assert segment_catalogue.one(furnished, "by_keys").segment.when == parse_rule({"all": both}, "test")
        assert watch.said == []
