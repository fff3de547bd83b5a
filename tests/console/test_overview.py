"""The overview in Chromium: the numbers are the use cases', in both languages, and nothing comes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.api.house import AS_OF, STORES
from tests.console.conftest import Before
from tests.console.watching import LONG_LOCALES, Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import showing
from tierwise.app.context import Context
from tierwise.app.views import OverviewView
from tierwise.console.texts import NONE, Texts, texts_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def view(furnished: Context) -> OverviewView:
    return showing.overview(furnished)


@pytest.fixture(scope="module", params=LONG_LOCALES)
def watch(request: pytest.FixtureRequest, browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    """The overview in one language, by the browser's preference."""
    with signed_in(browser, site, furnished, request.param) as watch:
        watch.page.wait_for_selector(".tw-chart svg text")
        yield watch


@pytest.fixture
def texts(watch: Watch) -> Texts:
    return watch.texts


def test_before_the_first_run_it_says_what_to_do(before: Before) -> None:
    assert "还没有跑批结果" in before.notice
    assert texts_of("zh")["empty_import"] in before.notice
    assert texts_of("zh")["empty_run"] in before.notice
    assert not before.said


def test_the_link_has_left_the_address_and_the_token_is_nowhere(watch: Watch, site: Served) -> None:
    assert watch.page.url == f"{site.url}/console/"
    assert site.token not in watch.page.content()
    assert watch.page.evaluate("document.cookie") == "", "scripts cannot read the session"


def test_headline_numbers(watch: Watch, view: OverviewView, texts: Texts) -> None:
    assert watch.figure("customers") == f"{view.customers:,}"
    assert watch.figure("buyers") == f"{view.buyers:,}"
    assert watch.figure("net_sales") == f"{view.monetary_amount:,}"
    assert watch.figure("identified") == texts.percent(view.identified_amount_rate)
    assert AS_OF.isoformat() in watch.page.locator(".tw-under").first.inner_text()


def test_the_sentence_and_the_deciles(watch: Watch, view: OverviewView, texts: Texts) -> None:
    assert watch.page.locator('[data-card="deciles"] .lead').inner_text() == texts.label(view.deciles.sentence)
    assert [row[2:6] for row in watch.cells("deciles")] == [
        [
            texts.count(row.customers),
            texts.amount(row.total),
            texts.percent(row.share),
            texts.percent(row.cumulative_share),
        ]
        for row in view.deciles.rows
    ]
    drawn = watch.page.locator('[data-card="deciles"] svg text').all_text_contents()
    assert texts.percent(view.deciles.rows[0].share) in [text.strip() for text in drawn]
    assert len(watch.cells("groups")) == len(view.deciles.groups)


def test_the_eight_cells(watch: Watch, view: OverviewView, texts: Texts) -> None:
    assert [row[:4] for row in watch.cells("rfm")] == [
        [
            texts.label(cell.title),
            texts.count(cell.customers),
            texts.percent(cell.share),
            texts.amount(cell.monetary_amount),
        ]
        for cell in view.rfm.cells
    ]
    codes = watch.page.locator('[data-table="rfm"] .badge').all_inner_texts()
    assert codes == ["111", "101", "011", "001", "110", "100", "010", "000"]


def test_the_ladders(watch: Watch, view: OverviewView, texts: Texts) -> None:
    for ladder in (*view.lifecycle, *view.activity):
        assert [row[:2] for row in watch.cells(ladder.name)] == [
            [texts.label(row.title), texts.count(row.customers)] for row in ladder.rows
        ]


def test_the_stores_and_the_runs(watch: Watch, view: OverviewView, texts: Texts, house: Context) -> None:
    *stores, total = watch.cells("stores")
    assert {row[0] for row in stores} == set(STORES), "names are shown as they are, markup too"
    assert total[:3] == [
        texts("total"),
        texts.count(view.stores.total.orders),
        texts.amount(view.stores.total.monetary_amount),
    ]
    assert total[4] == texts.percent(view.stores.total.identified_amount_rate)
    runs = watch.cells("runs")
    assert [row[:3] for row in runs] == [
        [str(one.id), one.as_of.isoformat(), texts(f"state_{one.state}")] for one in showing.runs(house, limit=8)
    ]


def test_nothing_from_elsewhere_and_no_errors(watch: Watch) -> None:
    assert watch.foreign == []
    assert watch.said == []
    files = [url for url in watch.asked if "/_nicegui/" in url]
    assert len(files) > 5
    for url in files[:3]:
        assert "max-age" in watch.page.request.get(url).headers["cache-control"], url


def test_language_title_and_picture(watch: Watch, texts: Texts) -> None:
    assert watch.page.evaluate("document.documentElement.lang") == texts("html_language")
    assert watch.page.title() == f"{texts('title_overview')} · Tierwise"
    watch.picture("overview")


def test_nothing_is_cut_or_pushed_out_at_1280(watch: Watch) -> None:
    wide = watch.page.evaluate(
        """() => [...document.querySelectorAll(".tw-card, .tw-figures, main")]
                 .filter(part => part.scrollWidth > part.clientWidth + 1)
                 .map(part => part.dataset.card || part.className)"""
    )
    assert wide == []
    assert watch.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_other_language_is_one_click_away(watch: Watch, texts: Texts) -> None:
    other = Texts("en" if texts.language == "zh" else "zh")
    watch.page.get_by_role("link", name=texts("other_language")).click()
    watch.page.wait_for_function("lang => document.documentElement.lang === lang", arg=other("html_language"))
    assert watch.page.locator("h1").inner_text() == other("title_overview")
    assert NONE not in watch.figure("net_sales")


def test_every_excel_link_leads_to_a_file(watch: Watch, texts: Texts) -> None:
    watch.page.wait_for_selector("[data-table=alerts]")
    links = watch.page.eval_on_selector_all("a[download]", "nodes => nodes.map(node => node.href)")
    assert len(set(links)) == 8, links
    for link in set(links) if texts.language == "zh" else ():
        answer = watch.page.request.get(link)
        assert (answer.status, answer.body()[:2]) == (200, b"PK"), link
