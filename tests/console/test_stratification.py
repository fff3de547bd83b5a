"""Stratification in Chromium: every tab, numbers that open their customers, and settings with what they would do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.api.house import AS_OF
from tests.console.watching import LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import defining, levels, planning, running, showing, tier_definitions, versioning
from tierwise.app.context import Context
from tierwise.definitions.level import Level
from tierwise.definitions.read import parse_definition

pytestmark = [pytest.mark.browser, pytest.mark.soak]  # the suite opens the other pages; these with the long tests

LEVEL = {
    "kind": "level",
    "name": "grade",
    "title": {"zh": "等级", "en": "Grade"},
    "scorecard": {
        "indicators": [
            {"attribute": "frequency_count", "weight": 0.5},
            {"attribute": "monetary_amount", "weight": 0.5},
        ]
    },
    "levels": [{"name": "upper", "share": 0.2}, {"name": "lower"}],
}

MATRIX = {
    "kind": "matrix",
    "name": "often_much",
    "title": {"zh": "频次与金额", "en": "Often and much"},
    "dimensions": [
        {"attribute": "frequency_count", "parts": [{"name": "often", "above": 0.5}, {"name": "seldom"}]},
        {"attribute": "monetary_amount", "parts": [{"name": "much", "above": 0.5}, {"name": "little"}]},
    ],
    "cells": [{"name": "best", "title": {"zh": "最好", "en": "Best"}, "at": [["often", "much"]]}],
    "otherwise": {"name": "rest"},
}


@pytest.fixture(scope="module")
def stratified(furnished: Context) -> Context:
    """With a level and a matrix, and a second run a week later."""
    defining.change_definitions(furnished, [parse_definition(body) for body in (LEVEL, MATRIX)], note="for these tests")
    running.run(furnished, AS_OF + timedelta(days=7))
    return furnished


@pytest.fixture(scope="module")
def watch(browser: Browser, site: Served, stratified: Context) -> Iterator[Watch]:
    with signed_in(browser, site, stratified, "zh-CN") as watch:
        yield watch


@pytest.mark.parametrize("locale", LOCALES)
def test_the_map_has_the_cells_and_opens_their_customers(
    browser: Browser, site: Served, stratified: Context, locale: str
) -> None:
    view = showing.rfm(stratified)
    with signed_in(browser, site, stratified, locale) as watch:
        watch.go("/stratification", '[data-table="cells"]')
        shown = {row[0]: row[1] for row in watch.cells("cells")}
        assert shown == {watch.texts.label(cell.title): watch.texts.count(cell.customers) for cell in view.cells}
        largest = max(view.cells, key=lambda cell: cell.customers)
        tile = watch.page.locator("[data-card=rfm-map] svg text", has_text=watch.texts.label(largest.title)).first
        tile.wait_for()
        watch.picture("stratification-rfm")
        tile.click(force=True)
        watch.page.wait_for_selector(f'[data-found="{largest.customers}"]')
        assert watch.said == []
        assert watch.foreign == []


def test_settings_tell_who_would_move_and_are_stored_with_a_note(watch: Watch, stratified: Context) -> None:
    page, texts = watch.page, watch.texts
    (before,) = tier_definitions.definitions_in_use(stratified).rfm
    edited = parse_definition({"kind": "rfm", "name": before.name, "high_monetary": {"against": "median"}})
    edited = before.model_copy(update={"high_monetary": edited.high_monetary})  # type: ignore[attr-defined]
    moved = sum(move.customers for move in planning.plan_definitions(stratified, [edited]).moves)
    watch.go("/stratification", '[data-card="rfm-settings"]')
    page.locator("[data-setting=high_monetary-against]").click()
    page.locator(".q-menu .q-item", has_text=texts("strat_against_median")).click()
    page.wait_for_selector(f'[data-plan="{moved}"]')
    page.locator("[data-card=rfm-settings]").get_by_label(texts("seg_note")).fill("median is fairer")
    page.locator("[data-card=rfm-settings]").get_by_role("button", name=texts("strat_apply"), exact=True).click()
    page.wait_for_selector('[data-applied="1"]')
    assert tier_definitions.definitions_in_use(stratified).rfm[0] == edited
    history = versioning.history(stratified, "rfm", before.name)
    assert history[0].note == "median is fairer"
    versioning.rollback(stratified, "rfm", before.name, history[1].version)
    assert watch.said == []


def test_deciles_of_any_number(watch: Watch, stratified: Context) -> None:
    view = showing.deciles(stratified)
    watch.go("/stratification?tab=value", '[data-table="deciles"]')
    assert [row[2] for row in watch.cells("deciles")] == [str(row.customers) for row in view.rows]
    link = watch.page.locator('[data-table="deciles"] a').first
    if link.count():
        link.click()
        watch.page.wait_for_selector(f'[data-found="{view.rows[0].customers}"]')
    watch.go("/stratification?tab=value&metric=frequency_count", '[data-table="deciles"]')
    assert watch.texts.label(showing.deciles(stratified, "frequency_count").sentence) in (
        watch.page.locator("[data-card=deciles]").inner_text()
    )
    assert watch.said == []


def test_the_stages_and_who_went_where(watch: Watch, stratified: Context) -> None:
    (view, *_) = showing.ladders(stratified, "lifecycle")
    watch.go("/stratification?tab=life", '[data-table="migration"]')
    assert [row[1] for row in watch.cells(view.name)] == [watch.texts.count(row.customers) for row in view.rows]
    total = [cell for cell in watch.cells("migration")[-1][1:] if cell]
    assert sum(int(cell.replace(",", "")) for cell in total) >= view.customers
    watch.page.wait_for_selector("[data-card=moves] svg path")
    watch.picture("stratification-life")
    watch.page.select_option('select[name="from"]', str(AS_OF))
    watch.page.locator(".tw-days button").click()
    watch.page.wait_for_url(f"**from={AS_OF}**")
    watch.page.wait_for_selector('[data-table="migration"]')
    assert watch.said == []


def test_weights_tell_who_would_go_up_and_down(watch: Watch, stratified: Context) -> None:
    view = levels.level(stratified, "grade")
    watch.go("/stratification?tab=levels", '[data-table="levels"]')
    assert [row[1] for row in watch.cells("levels")] == [watch.texts.count(row.customers) for row in view.rows]
    near = levels.near_miss(stratified, "grade", limit=20)
    watch.page.wait_for_selector('[data-table="near"]')
    assert len(watch.cells("near")) == len(near.rows) > 0
    (definition,) = tier_definitions.definitions_in_use(stratified).of(Level)
    body = LEVEL | {"scorecard": {"indicators": [{"attribute": "frequency_count", "weight": 1},
                                                 {"attribute": "monetary_amount", "weight": 0}]}}  # fmt: skip
    moves = planning.plan_definitions(stratified, [parse_definition(body)]).moves
    watch.page.locator('[data-weight="frequency_count"]').fill("1")
    watch.page.locator('[data-weight="monetary_amount"]').fill("0")
    watch.page.wait_for_selector(f'[data-plan="{sum(move.customers for move in moves)}"]')
    watch.picture("stratification-levels")
    assert definition == tier_definitions.definitions_in_use(stratified).of(Level)[0], "a look stores nothing"
    assert watch.said == []


def test_a_matrix_opens_the_customers_of_a_field(watch: Watch, stratified: Context) -> None:
    watch.go("/stratification?tab=matrices", '[data-table="combinations"]')
    shown = watch.cells("combinations")
    watch.page.locator('[data-table="combinations"] a').first.click()
    watch.page.wait_for_selector(f'[data-found="{shown[0][1].replace(",", "")}"]')
    watch.go("/stratification?tab=others", "[data-card]")
    assert watch.page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert watch.said == []


def test_who_may_not_define_sees_settings_and_cannot_change_them(
    browser: Browser, site: Served, stratified: Context
) -> None:
    with signed_in(browser, site, stratified, "en-GB", person="rita") as watch:
        watch.go("/stratification", '[data-card="rfm-settings"]')
        assert watch.page.get_by_role("button", name=watch.texts("strat_apply"), exact=True).count() == 0
        expect(watch.page.locator("[data-setting=recency-bins]")).to_be_disabled()
