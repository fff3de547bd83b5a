"""Insight and tags in Chromium: asked by a form whose answer has an address, rows to customers, rows to Excel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from tests.api.house import AS_OF
from tests.console.watching import LONG_LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import searching, tag_catalogue
from tierwise.app.context import Context
from tierwise.app.insights import asking, catalogue
from tierwise.app.tag_validation_views import ValidationDay
from tierwise.console.pages.insight import CHOICES, QUESTIONS
from tierwise.console.pages.tags import bars_of_tests
from tierwise.console.texts import Texts
from tierwise.definitions.rule import Comparison

pytestmark = [pytest.mark.browser, pytest.mark.soak]  # the suite opens the other pages; these with the long tests


@pytest.fixture(scope="module", params=LONG_LOCALES)
def watch(request: pytest.FixtureRequest, browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, request.param) as watch:
        yield watch


def test_every_insight_has_its_question_and_every_choice_its_word() -> None:
    placed = [name for names in QUESTIONS.values() for name in names]
    assert sorted(placed) == sorted(catalogue.names())
    offered = {
        choice for name in catalogue.names() for each in catalogue.member(name).parameters for choice in each.choices
    }
    assert offered - CHOICES == {"bg_nbd", "mbg_nbd", "pareto_nbd"}, "names of models are the same everywhere"
    assert offered >= CHOICES


def test_no_parameter_has_the_name_of_something_else_in_the_address() -> None:
    names = {each.name for name in catalogue.names() for each in catalogue.member(name).parameters}
    assert not names & {"lang", "rows", "wide", "name"}


def test_the_questions_lead_to_answers(watch: Watch) -> None:
    texts = watch.texts
    watch.go("/insight", '[data-card="group-due"]')
    watch.picture("insight")
    watch.page.locator('a[href*="/insight/ladder"]').click()
    watch.page.wait_for_selector('[data-table="answer"]')
    assert watch.page.locator('[data-card="answer"] svg').count() == 1
    watch.page.fill('input[name="max_steps"]', "3")
    watch.page.get_by_role("button", name=texts("ins_ask")).click()
    watch.page.wait_for_url("**max_steps=3**")
    watch.page.wait_for_selector('[data-table="answer"]')
    assert len(watch.cells("answer")) == 3
    watch.picture("insight-ladder")
    watch.page.go_back()
    watch.page.wait_for_selector('[data-table="answer"]')
    assert len(watch.cells("answer")) > 3
    assert watch.said == []
    assert watch.foreign == []


def test_what_is_set_wrongly_is_said(watch: Watch) -> None:
    watch.go("/insight/ladder?max_steps=many", '[data-notice="refused"]')
    watch.go("/insight/lader", '[data-notice="refused"]')


def test_numbers_lead_to_their_customers(watch: Watch, furnished: Context) -> None:
    watch.go("/insight/panorama?by=rfm_cell&show=values&metric=monetary_amount", '[data-table="answer"]')
    link = watch.page.locator('[data-table="answer"] a').first
    count = link.inner_text()
    link.click()
    watch.page.wait_for_selector("[data-found]")
    assert f"{int(watch.page.locator('[data-found]').get_attribute('data-found') or 0):,}" == count


def test_the_customers_of_a_step_are_those_who_came_so_far(furnished: Context) -> None:
    view = asking.insight(furnished, "ladder", {"max_steps": 4})
    for row in view.rows:
        rule = Comparison(attribute="frequency_count", op=">=", value=row[0])
        assert searching.search(furnished, rule=rule, limit=1).of == row[1], row


def test_rows_of_customers_lead_to_them_and_to_a_workbook(watch: Watch, furnished: Context) -> None:
    watch.go("/insight/promotion?per_customer=yes&rows=5", '[data-table="answer"]')
    view = asking.insight(furnished, "promotion", {"per_customer": "yes"}, limit=5)
    assert [row[0] for row in watch.cells("answer")] == [row[0] for row in view.rows]
    file = watch.page.locator('[data-card="rows"] a[download]').get_attribute("href") or ""
    answer = watch.page.request.get(watch.origin + file)
    assert (answer.status, answer.body()[:2]) == (200, b"PK")
    watch.page.locator('[data-table="answer"] a').first.click()
    watch.page.wait_for_selector(".tw-person")


def test_where_facts_lack_it_says_what_to_import(watch: Watch) -> None:
    watch.go("/insight/interactions", '[data-card="answer"]')
    answer = watch.page.locator('[data-card="answer"]')
    assert "tierwise" not in answer.inner_text(), "a command is no remedy in a page"
    assert str(answer.locator("[data-notice] a").get_attribute("href")).startswith("/console/data")


def test_tags_and_one_of_them(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    watch.go("/tags", '[data-table="tags-static"]')
    mood = next(each for each in tag_catalogue.catalogue(furnished).tags if each.name == "mood")
    assert texts.label(mood.title) in [row[0] for row in watch.cells("tags-static")]
    watch.page.get_by_role("link", name=texts.label(mood.title), exact=True).click()
    watch.page.wait_for_selector('[data-card="tests"]')
    assert [row[1] for row in watch.cells("values")] == [f"{each.customers:,}" for each in mood.values]
    watch.picture("tag")
    watch.go("/tags/no_such", '[data-notice="refused"]')
    assert searching.search(furnished).of
    assert watch.said == []


def test_a_test_on_past_days_is_drawn_and_days_that_tell_nothing_are_left_out() -> None:
    day = ValidationDay(
        AS_OF, AS_OF, 100, 20, 30, 12, 0.3, 0.6, 0.4, 2.0, 1.5, 2.6, 0.001, 0.002, None, ()
    )  # fmt: skip
    untold = replace(day, precision=None, reason="nobody had it")
    drawn = bars_of_tests([day, untold], Texts("en"))
    assert drawn is not None
    assert (drawn.labels, [each.values for each in drawn.series]) == ((AS_OF.isoformat(),), [(0.6,), (0.3,)])
    assert bars_of_tests([untold], Texts("en")) is None
