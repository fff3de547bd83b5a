"""The overview in Chromium: the numbers are the use cases', in both languages, and nothing comes from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine

from tests.api.house import AS_OF, STORES, empty_house, furnish
from tests.api.serving import served
from tierwise.api.serve import Served
from tierwise.app import showing
from tierwise.app.context import Context
from tierwise.app.views import OverviewView
from tierwise.console.mount import mount_console
from tierwise.console.texts import NONE, Texts

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parents[2] / "artifacts"

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watch:
    """A page and what it did that it should not: messages of the console, errors, requests to others."""

    page: Page
    origin: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("requestfailed", lambda request: self.said.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self.asked.append(request.url))

    @property
    def foreign(self) -> list[str]:
        return [url for url in self.asked if not url.startswith((self.origin, "data:", "blob:"))]

    def cells(self, table: str) -> list[list[str]]:
        """The texts of a table's body, row by row, without what stands small under them."""
        return self.page.evaluate(
            """name => [...document.querySelectorAll(`[data-table="${name}"] tbody tr`)].map(row =>
               [...row.cells].map(cell => {
                 const copy = cell.cloneNode(true);
                 copy.querySelectorAll("small, em").forEach(part => part.remove());
                 return copy.textContent.trim();
               }))""",
            table,
        )

    def figure(self, key: str) -> str:
        return self.page.locator(f'[data-figure="{key}"] .value').evaluate("node => node.firstChild.textContent")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, database: Engine) -> Context:
    return empty_house(Path(tmp_path_factory.mktemp("console")), database)


@pytest.fixture(scope="module")
def site(house: Context) -> Iterator[Served]:
    with served(house, mount_console) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        pytest.skip("no Chromium: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def empty(browser: Browser, site: Served) -> Iterator[Watch]:
    """The console before the first run. Comes first in this module."""
    yield from _opened(browser, site, "zh-CN", '[data-notice="empty"]')


@pytest.fixture(scope="module")
def view(house: Context, empty: Watch) -> OverviewView:
    furnish(house)
    return showing.overview(house)


@pytest.fixture(scope="module", params=["zh-CN", "en-GB"])
def watch(request: pytest.FixtureRequest, browser: Browser, site: Served, view: OverviewView) -> Iterator[Watch]:
    """The overview in one language, by the browser's preference."""
    yield from _opened(browser, site, request.param, ".tw-chart svg text")


def _opened(browser: Browser, site: Served, locale: str, wait_for: str) -> Iterator[Watch]:
    context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
    watch = Watch(context.new_page(), site.url)
    watch.listen()
    watch.page.goto(site.link)
    watch.page.wait_for_selector(wait_for)
    yield watch
    context.close()


@pytest.fixture
def texts(watch: Watch) -> Texts:
    return Texts("zh" if watch.page.evaluate("navigator.language") == "zh-CN" else "en")


def test_before_the_first_run_it_says_what_to_do(empty: Watch) -> None:
    notice = empty.page.locator('[data-notice="empty"]').inner_text()
    assert "还没有跑批结果" in notice
    assert "tierwise import orders.csv --as order_lines" in notice
    assert "tierwise run" in notice
    assert not empty.said


def test_the_link_has_left_the_address_and_the_token_is_nowhere(watch: Watch, site: Served) -> None:
    assert watch.page.url == f"{site.url}/console/"
    assert site.token not in watch.page.content()
    assert watch.page.evaluate("document.cookie") == "", "scripts cannot read the session"


def test_headline_numbers(watch: Watch, view: OverviewView, texts: Texts) -> None:
    assert watch.figure("customers") == f"{view.customers:,}"
    assert watch.figure("buyers") == f"{view.buyers:,}"
    assert watch.figure("net_sales") == f"{view.monetary_amount:,}"
    assert watch.figure("identified") == texts.percent(view.identified_amount_rate)
    assert AS_OF.isoformat() in watch.page.locator(".tw-head").inner_text()


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
    assert watch.page.title() == f"{texts('title')} · Tierwise"
    ARTIFACTS.mkdir(exist_ok=True)
    watch.page.screenshot(path=ARTIFACTS / f"overview-{texts.language}.png", full_page=True)


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
    assert watch.page.locator(".tw-head h1").inner_text().endswith(other("title"))
    assert NONE not in watch.figure("net_sales")


def test_every_excel_link_leads_to_a_file(watch: Watch, texts: Texts) -> None:
    links = watch.page.eval_on_selector_all("a[download]", "nodes => nodes.map(node => node.href)")
    assert len(set(links)) == 6
    for link in set(links) if texts.language == "zh" else ():
        answer = watch.page.request.get(link)
        assert (answer.status, answer.body()[:2]) == (200, b"PK"), link


def test_a_stranger_sees_how_to_sign_in(browser: Browser, site: Served) -> None:
    page = browser.new_page()
    answer = page.goto(f"{site.url}/console/")
    assert answer is not None
    assert answer.status == 401
    assert "tierwise serve" in page.content()
    page.close()
