"""The other sections of Data in Chromium: who is who decided and undone, definitions planned, applied and gone back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.watching import LONG_LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import definition_texts, identity, identity_reading, importing, quality, showing, versioning
from tierwise.app.context import Context
from tierwise.app.defining import change_definitions
from tierwise.definitions.identities import Identities
from tierwise.state import jobs

pytestmark = [pytest.mark.browser, pytest.mark.soak]  # the suite opens the other pages; these with the long tests

TWINS = "customer_id,phone\nZ901,13700009901\nZ902,+86 13700009901\n"

SEGMENT = """kind: segment
name: seldom
title: {{zh: 少来, en: Seldom here}}
when: {{attribute: frequency_count, op: "<=", value: {most}}}
"""


@pytest.fixture(scope="module", params=LONG_LOCALES)
def watch(request: pytest.FixtureRequest, browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, request.param) as watch:
        yield watch


@pytest.fixture(scope="module")
def zh(browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        yield watch


@pytest.fixture(scope="module")
def twins(furnished: Context) -> Context:
    """Two known people share a phone: somebody must say whether they are one."""
    path = furnished.home / "twins.csv"
    path.write_text(TWINS, "utf-8")
    importing.import_file(furnished, path, "customers", None)
    change_definitions(furnished, [Identities()], note="")
    identity.resolve(furnished)
    return furnished


def test_quality_has_the_stores_the_gaps_and_what_to_do_about_junk(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    watch.go("/data/quality", '[data-table="filled"]')
    stores = showing.stores(furnished)
    assert watch.cells("stores")[-1][3] == texts.percent(stores.total.identified_amount_rate)
    least = quality.filled(furnished).rows[0]
    shown = watch.cells("filled")[0]
    assert (shown[0].startswith(texts.label(least.title)), shown[1]) == (True, texts.percent(least.share))
    assert watch.page.locator('[data-card="junk"]').inner_text().find(texts("data_no_cleaning")) >= 0
    link = watch.page.locator('[data-table="filled"] a').first
    count = link.inner_text().replace(",", "")
    link.click()
    watch.page.wait_for_selector("[data-found]")
    assert watch.page.locator("[data-found]").get_attribute("data-found") == count
    assert watch.said == []


def test_before_the_first_event_it_says_how_to_send_one(watch: Watch) -> None:
    watch.go("/data/live", '[data-notice="empty"]')
    watch.page.locator('[data-notice="empty"] a').click()
    watch.page.wait_for_selector('[data-card="keys"]')


def test_work_that_failed_while_nobody_looked_is_told_to_who_comes_back(zh: Watch, twins: Context) -> None:
    database = twins.database
    with jobs.running(database, "identity", principal="person:admin", title="who is who", unit="identities") as job_id:
        zh.go("/data/identity", '[data-card="under-way"] [data-progress]')
        with database.begin() as connection:
            jobs.fail(connection, job_id, code="out_of_memory", message="there is not enough memory for this file")
    expect(zh.page.locator('[data-card="ended"]')).to_contain_text(zh.texts("data_after_failed"))
    assert zh.page.locator('[data-card="under-way"]').count() == 0
    again = jobs.running(database, "identity", principal="person:admin", title="who is who", unit="identities")
    with again as job_id, database.begin() as connection:
        jobs.finish(connection, job_id, {})
    zh.go("/data/identity", '[data-card="review"]')
    assert zh.page.locator('[data-card="ended"]').count() == 0


def test_two_who_may_be_one_are_decided_and_undone(zh: Watch, twins: Context) -> None:
    texts = zh.texts
    assert [(pair.left, pair.right) for pair in identity_reading.review(twins).pairs] == [("Z901", "Z902")]
    zh.go("/data/identity", "[data-pair]")
    assert texts("data_verdict_refused") in zh.page.locator('[data-table="evidence"]').inner_text()
    zh.picture("data-identity")
    zh.page.get_by_role("button", name=texts("data_same"), exact=True).click()
    dialog = zh.page.locator(".q-dialog")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    zh.page.wait_for_selector('.q-dialog [data-notice="refused"]')
    dialog.get_by_label(texts("reason")).fill("同一个人，前台确认")
    dialog.get_by_role("button", name=texts("take"), exact=True).click()
    zh.page.wait_for_selector('[data-table="decisions"]')
    made = identity.decisions(twins)[0]
    assert (made.same, made.reason, made.author) == (True, "同一个人，前台确认", "person:admin")
    assert identity_reading.review(twins).pairs == ()
    zh.page.get_by_role("button", name=texts("data_undo", left=made.left, right=made.right)).click()
    zh.page.wait_for_selector("[data-pair]")
    assert identity.decisions(twins) == ()
    assert zh.said == []


def test_a_definition_is_planned_applied_compared_and_gone_back(zh: Watch, furnished: Context) -> None:
    texts = zh.texts
    zh.go("/data/definitions/change", "textarea")
    zh.page.fill("textarea", SEGMENT.format(most=1).replace("frequency_count", "frequency_cuont"))
    zh.page.get_by_role("button", name=texts("data_plan")).click()
    zh.page.wait_for_selector('[data-notice="refused"]')
    assert "definitions.yaml:4" in zh.page.locator('[data-notice="refused"]').inner_text()
    zh.page.fill("textarea", SEGMENT.format(most=1))
    zh.page.get_by_role("button", name=texts("data_plan")).click()
    zh.page.wait_for_selector("[data-plan]")
    assert "segment seldom" in zh.page.locator("[data-touched]").inner_text()
    zh.picture("data-plan")
    zh.page.get_by_label(texts("data_note")).fill("先试一次")
    zh.page.get_by_role("button", name=texts("data_apply"), exact=True).click()
    zh.page.wait_for_selector('[data-table="definitions"]')
    assert versioning.history(furnished, "segment", "seldom")[0].note == "先试一次"
    definition_texts.apply_text(furnished, SEGMENT.format(most=2), note="放宽")
    zh.go("/data/definitions/segment/seldom?diff=1", "[data-diff]")
    assert zh.page.locator("[data-diff] .plus").last.inner_text().strip().endswith("2")
    zh.page.locator('[data-table="versions"] a', has_text="1").last.click()
    zh.go("/data/definitions/segment/seldom?version=1", "[data-text]")
    zh.page.get_by_role("button", name=texts("data_back_to", number=1)).click()
    zh.page.locator(".q-dialog").get_by_role("button", name=texts("take"), exact=True).click()
    expect(zh.page.locator('[data-table="versions"] tbody tr')).to_have_count(3)
    assert "value: 1" in definition_texts.text_of(furnished, "segment", "seldom")
    assert zh.said == []
