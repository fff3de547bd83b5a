"""Segments in Chromium: a rule is built with a live count, planned, stored, changed and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.console.watching import LONG_LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import defining, lists, segment_catalogue, segments, versioning
from tierwise.app.context import Context
from tierwise.console.rule_query import in_address
from tierwise.definitions.read import parse_definition, parse_rule
from tierwise.definitions.rule import AnyRule

pytestmark = pytest.mark.browser

TWICE = {"attribute": "frequency_count", "op": ">=", "value": 2}


def rule(data: object) -> AnyRule:
    return parse_rule(data, "test")


@pytest.fixture(scope="module")
def watch(browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        yield watch


def choose(watch: Watch, box: Locator, text: str) -> None:
    """From a list that opens, by typing where it can be searched."""
    box.click()
    if box.locator("input:not([readonly])").count():
        box.locator("input").first.fill(text)
    watch.page.locator(".q-menu .q-item", has_text=text).first.click()


def counted(watch: Watch, customers: int) -> None:
    watch.page.wait_for_selector(f'[data-count="{customers}"]')


@pytest.mark.parametrize("locale", LONG_LOCALES)
def test_all_segments_with_their_customers(browser: Browser, site: Served, furnished: Context, locale: str) -> None:
    row = segment_catalogue.one(furnished, "often")
    with signed_in(browser, site, furnished, locale) as watch:
        watch.go("/segments", '[data-table="segments"]')
        shown = next(each for each in watch.cells("segments") if each[0] in ("常客", "Often here"))
        assert shown[1] == watch.texts.count(row.customers)
        assert watch.page.get_by_role("link", name=watch.texts("seg_new")).is_visible()
        watch.picture("segments")
        watch.page.locator('[data-table="segments"] a', has_text=shown[1]).first.click()
        watch.page.wait_for_selector(f'[data-found="{row.customers}"]')
        assert watch.said == []
        assert watch.foreign == []


def test_a_rule_is_built_counted_planned_and_stored(watch: Watch, furnished: Context) -> None:
    texts, page = watch.texts, watch.page
    watch.go("/segments/new-segment", '[data-unfinished="0"]')
    page.locator("[data-add=attribute]").click()
    page.wait_for_selector('[data-unfinished="1"]')
    leaf = page.locator("[data-leaf=compared]").first
    choose(watch, leaf.locator(".tw-leaf-what"), "订单数")
    leaf.locator(".tw-leaf-number input").fill("2")
    twice = segments.count(furnished, rule(TWICE)).customers
    counted(watch, twice)

    page.locator("[data-add=behaviour]").first.click()
    done = page.locator("[data-leaf=done]")
    choose(watch, done.locator(".tw-leaf-fact").nth(1), texts("rule_window_last"))
    expect(done.locator(".tw-leaf-number input")).to_have_count(2)
    done.locator(".tw-leaf-number input").last.fill("1")
    both = {"all": [TWICE, _orders(90)]}
    counted(watch, segments.count(furnished, rule(both)).customers)
    choose(watch, page.locator(".tw-how").first, texts("rule_how_not_all"))
    other = segments.count(furnished, rule({"not": both})).customers
    counted(watch, other)
    assert page.url.count("where=") == 1, "the address holds the rule"
    page.reload()
    counted(watch, other)

    choose(watch, page.locator(".tw-how").first, texts("rule_how_all"))
    page.get_by_label(texts("seg_name")).fill("lately_again")
    page.get_by_label(texts("seg_title"), exact=True).fill("近期复购")
    page.get_by_role("button", name=texts("seg_plan"), exact=True).click()
    inside = segments.count(furnished, rule(both)).customers
    page.wait_for_selector(f'[data-plan="{inside}"]')
    watch.picture("segment-new")
    page.get_by_role("button", name=texts("seg_save"), exact=True).click()
    page.wait_for_url("**/segments/lately_again")
    counted(watch, inside)
    assert segment_catalogue.one(furnished, "lately_again").segment.when == rule(both)
    assert watch.said == []


def _orders(days: int) -> dict[str, object]:
    said = {"fact": "orders", "aggregate": "count", "window": {"last_days": days}}
    return {"behaviour": said, "op": ">=", "value": 1}


def test_a_rule_nested_in_the_address_is_drawn_and_a_part_is_taken_out(watch: Watch, furnished: Context) -> None:
    page = watch.page
    cell = {"attribute": "rfm_cell", "op": "in", "value": ["111", "011"]}
    kept = {"stopped": {"fact": "orders", "quiet_days": 30, "before_days": 365}}
    inner = {"any": [{"not": {"any": [cell, {"segment": "often"}]}}, kept]}
    whole = rule({"all": [inner, TWICE]})
    watch.go(f"/segments/new-segment?where={in_address(whole)}", "[data-count]")
    counted(watch, segments.count(furnished, whole).customers)
    assert page.locator("fieldset").count() == 3
    assert page.locator("[data-leaf=kept]").count() == 1
    assert "重要价值客户" in page.locator("[data-leaf=compared]").first.inner_text()
    page.locator("fieldset fieldset fieldset").get_by_label(watch.texts("rule_remove_group")).click()
    counted(watch, segments.count(furnished, rule({"all": [kept, TWICE]})).customers)
    assert watch.said == []


def test_what_is_wrong_is_told_and_nothing_is_stored(watch: Watch, furnished: Context) -> None:
    texts, page = watch.texts, watch.page
    before = len(segments.all_segments(furnished))
    watch.go(f"/segments/new-segment?where={in_address(rule(TWICE))}", "[data-count]")
    page.get_by_label(texts("seg_name")).fill("often")
    page.get_by_role("button", name=texts("seg_save"), exact=True).click()
    page.wait_for_selector('[data-notice="refused"]')
    page.get_by_label(texts("seg_name")).fill("Not A Name")
    page.get_by_role("button", name=texts("seg_save"), exact=True).click()
    expect(page.locator('[data-notice="refused"]')).to_contain_text("Not A Name")
    assert len(segments.all_segments(furnished)) == before


def test_some_customers_and_a_list_of_them(watch: Watch, furnished: Context) -> None:
    texts, page = watch.texts, watch.page
    watch.go("/segments/often", "[data-count]")
    page.get_by_role("button", name=texts("seg_sample")).click()
    page.wait_for_selector('[data-table="sample"]')
    assert 0 < len(watch.cells("sample")) <= 10
    page.get_by_role("button", name=texts("seg_freeze")).click()
    page.get_by_label(texts("seg_list_name")).fill("often_in_june")
    page.locator(".q-dialog").get_by_role("button", name=texts("take"), exact=True).click()
    page.wait_for_selector('[data-frozen="often_in_june"]')
    made = lists.one_list(furnished, "often_in_june")
    assert made.members == segment_catalogue.one(furnished, "often").customers
    answer = page.request.get(watch.origin + (page.locator("a[download]").get_attribute("href") or ""))
    assert answer.headers["x-tierwise-rows"] == str(made.members)


def test_what_marks_them_and_what_they_overlap(watch: Watch, furnished: Context) -> None:
    page = watch.page
    seldom = parse_definition({"kind": "segment", "name": "seldom", "when": {"not": {"segment": "often"}}}, "seldom")
    defining.change_definitions(furnished, [seldom], note="for this test")
    watch.go("/segments/often?tab=read", '[data-table="read"]')
    index = [row[5] for row in watch.cells("read")]
    assert all(re.fullmatch(r"\d+", each) for each in index)
    watch.picture("segment-read")
    watch.go("/segments/often?tab=overlap", '[data-table="pairs"]')
    pairs = watch.page.locator('[data-table="pairs"] tbody tr').count()
    assert pairs == min(len(segments.all_segments(furnished)), segments.MOST_SETS) - 1
    (seldom_row,) = (row for row in watch.cells("pairs") if row[0] == "seldom")
    assert seldom_row[2] == "0"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert watch.said == []


def test_versions_show_what_changed_and_lead_back(watch: Watch, furnished: Context) -> None:
    texts, page = watch.texts, watch.page
    watch.go("/segments/often", "[data-count]")
    page.locator("[data-leaf=compared] .tw-leaf-number input").fill("9")
    nine = segments.count(furnished, rule({"attribute": "frequency_count", "op": ">=", "value": 9})).customers
    counted(watch, nine)
    page.get_by_label(texts("seg_note")).fill("nine is often")
    page.get_by_role("button", name=texts("seg_save"), exact=True).click()
    page.wait_for_function("!location.search.includes('where')")
    page.wait_for_selector(f".tw-chips >> text={texts('seg_version', version=2)}")
    watch.go("/segments/often?tab=versions", '[data-table="versions"]')
    assert watch.cells("versions")[0][3] == "nine is often"
    assert "+  value: 9" in page.locator(".tw-diff").inner_text()
    watch.picture("segment-versions")
    watch.go("/segments/often?tab=versions&version=1", '[data-card="diff"]')
    page.get_by_role("button", name=texts("seg_roll_back", version=1)).click()
    page.locator(".q-dialog").get_by_role("button", name=texts("take"), exact=True).click()
    expect(page.locator('[data-table="versions"] tbody tr')).to_have_count(3)
    assert versioning.history(furnished, "segment", "often")[0].note
    assert segment_catalogue.one(furnished, "often").segment.when == rule(
        {"attribute": "frequency_count", "op": ">=", "value": 8}
    )
    assert watch.said == []


def test_what_somebody_else_stored_meanwhile_is_not_overwritten(watch: Watch, furnished: Context) -> None:
    texts, page = watch.texts, watch.page
    watch.go("/segments/often", "[data-count]")
    other = segment_catalogue.one(furnished, "often").segment.model_copy(update={"purpose": "to greet them"})
    defining.change_definitions(furnished, [other], note="by another")
    page.get_by_label(texts("seg_owner")).fill("crm")
    page.get_by_role("button", name=texts("seg_save"), exact=True).click()
    page.wait_for_selector('[data-notice="refused"]')
    assert segment_catalogue.one(furnished, "often").segment == other


def test_who_may_not_define_sees_no_way_to_store(browser: Browser, site: Served, furnished: Context) -> None:
    with signed_in(browser, site, furnished, "en-GB", person="rita") as watch:
        watch.go("/segments/often", "[data-count]")
        assert watch.page.locator('[data-card="store"]').count() == 0
        assert watch.page.get_by_role("button", name=watch.texts("seg_sample")).count() == 0
