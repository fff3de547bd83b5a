"""Data in Chromium: a file is looked at, taken in, its refused rows mended and taken in again; a run is started."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from tests.api.house import AS_OF
from tests.console.watching import Watch, signed_in
from tierwise.api.serve import Served
from tierwise.app import imports, showing
from tierwise.app.context import Context
from tierwise.definitions.read import mapping_of_text
from tierwise.definitions.rule import Comparison
from tierwise.state import jobs

pytestmark = pytest.mark.browser

PRODUCTS = "货号,品名,分类,价格\nX901,灯 <b>泡</b>,家居/灯,9.90\nX902,台灯,家居/灯,很贵\n"


@pytest.fixture(scope="module")
def watch(browser: Browser, site: Served, furnished: Context) -> Iterator[Watch]:
    with signed_in(browser, site, furnished, "zh-CN") as watch:
        yield watch


def choose(watch: Watch, name: str, content: bytes) -> None:
    watch.go("/data", ".tw-upload")
    watch.page.set_input_files(
        ".tw-upload input[type=file]", {"name": name, "mimeType": "text/plain", "buffer": content}
    )
    watch.page.wait_for_selector('[data-table="mapping"]')


def means(watch: Watch, header: str) -> str:
    return watch.page.locator(f'[data-table="mapping"] [aria-label="{header}"]').first.input_value()


def take_in(watch: Watch) -> dict[str, str]:
    """Import what is chosen; the counts that the page then shows."""
    watch.page.get_by_role("button", name=watch.texts("data_import_now")).click()
    watch.page.wait_for_url("**/data/imports/*")
    watch.page.wait_for_selector('[data-figure="quarantined"]')
    return {key: watch.figure(key) for key in ("read", "accepted", "unchanged", "quarantined")}


def test_a_file_is_looked_at_tried_and_taken_in(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    choose(watch, "商品.csv", PRODUCTS.encode("gb18030"))
    assert "GB18030" in watch.page.locator('[data-card="recognised"]').inner_text()
    assert watch.page.locator('[data-card="recognised"] .q-select').first.inner_text().find("商品") >= 0
    assert "灯 <b>泡</b>" in watch.page.locator('[data-table="mapping"]').inner_text(), "data are no markup"
    watch.picture("data-upload")
    before = len(imports.list_imports(furnished, limit=1000))
    watch.page.get_by_role("button", name=texts("data_try")).click()
    watch.page.wait_for_selector("[data-tried]")
    assert texts("data_reason_bad_number") in watch.page.locator("[data-tried]").inner_text()
    assert len(imports.list_imports(furnished, limit=1000)) == before, "trying stores nothing"
    assert take_in(watch) == {"read": "2", "accepted": "1", "unchanged": "0", "quarantined": "1"}
    watch.picture("data-import")
    newest = imports.list_imports(furnished, limit=1)[0]
    assert (newest.table, newest.file, newest.accepted, newest.who) == ("products", "商品.csv", 1, "person:admin")
    assert watch.said == []


def test_refused_rows_are_taken_away_mended_and_taken_in(watch: Watch, furnished: Context) -> None:
    newest = imports.list_imports(furnished, limit=1)[0]
    watch.go(f"/data/quarantine?import={newest.id}", '[data-table="refused"]')
    row = watch.cells("refused")[0]
    assert row[:3] == ["商品.csv", "3", "价格"]
    assert "很贵" in row[4]
    watch.picture("data-quarantine")
    link = watch.page.locator('[data-card="refused"] a[download]').get_attribute("href") or ""
    book = openpyxl.load_workbook(BytesIO(watch.page.request.get(watch.origin + link).body()))
    sheet = book.worksheets[0]
    for cells in sheet.iter_rows():
        for cell in cells:
            if cell.value == "很贵":
                cell.value = "99.00"
    mended = BytesIO()
    book.save(mended)
    choose(watch, "mended.xlsx", mended.getvalue())
    assert take_in(watch)["accepted"] == "1"
    assert imports.one_import(furnished, newest.id).open == 0
    watch.go("/data", '[data-table="imports"]')
    assert watch.cells("imports")[0][0] == "mended.xlsx"
    assert watch.cells("imports")[1][-1] == "1"
    assert watch.said == []


def test_a_column_is_given_another_meaning(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    choose(watch, "people.csv", "客户编号,别的\nZ900,甲\n".encode())
    select = watch.page.locator('[data-table="mapping"] .q-select').nth(1)
    select.click()
    watch.page.locator(".q-menu .q-item", has_text=texts("column_name")).first.click()
    watch.page.get_by_role("button", name=texts("data_try")).click()
    watch.page.wait_for_selector("[data-tried]")
    assert texts("data_sum", read=1, accepted=1, replaced=0, unchanged=0, ignored=0, quarantined=0) in (
        watch.page.locator("[data-tried]").inner_text()
    )


LINES = """单号,商品编码,数量,下单时间,单价,客户编号
880001,X901,2,2026-07-01 10:00,9.90,C000
T880002,X901,-1,2026-07-02 10:00,9.90,C000
880003,X902,1,2026-07-03 10:00,0,C000
"""


def test_returns_are_offered_as_refunds_and_remembered(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    choose(watch, "明细.csv", LINES.encode())
    expect(watch.page.locator("[data-less]")).to_have_text(texts("data_less", less=1, rows=3))
    for by in ("prefix", "price"):
        watch.page.locator(f"[data-suggestion={by}] button").click()
    expect(watch.page.locator("[data-rule=refunds] [data-leaf]")).to_have_count(1)
    expect(watch.page.locator("[data-rule=ignore] [data-leaf]")).to_have_count(1)
    watch.picture("data-returns")
    assert take_in(watch) == {"read": "3", "accepted": "2", "unchanged": "0", "quarantined": "0"}
    assert watch.page.locator("[data-refunds]").inner_text() == texts("data_refunds_of", rows=1)
    newest = imports.list_imports(furnished, limit=1)[0]
    assert (newest.refunds, newest.ignored) == (1, 1)
    mapping = watch.page.request.get(f"{watch.origin}/api/v1/imports/{newest.id}/mapping.yaml").text()
    assert mapping_of_text(mapping).refunds == Comparison(attribute="单号", op="starts_with", value="T")
    choose(watch, "明细2.csv", LINES.replace("8800", "8801").encode())
    expect(watch.page.locator("[data-as-before]")).to_have_count(1)
    expect(watch.page.locator("[data-rule=refunds] [data-leaf]")).to_have_count(1)
    assert watch.said == []


def test_a_file_that_is_none_says_why_and_an_old_address_too(watch: Watch) -> None:
    watch.go("/data", ".tw-upload")
    watch.page.set_input_files(
        ".tw-upload input[type=file]", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 x"}
    )
    watch.page.wait_for_selector('[data-notice="refused"]')
    watch.go("/data/upload/000000000000000000000000", '[data-notice="refused"]')
    watch.go("/data/imports/999999", '[data-notice="refused"]')


def test_a_run_is_started_left_and_found_again(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    before = showing.runs(furnished, limit=1)[0]
    watch.go("/data/runs", '[data-table="runs"]')
    watch.page.get_by_label(texts("data_as_of")).fill(AS_OF.isoformat())
    watch.page.get_by_role("button", name=texts("data_start")).click()
    watch.page.wait_for_url("**/data/jobs/*")
    address = watch.page.url
    watch.go("/customers", "[data-found]")
    watch.page.goto(address)
    watch.page.wait_for_url("**/data/runs/*", timeout=60_000)
    watch.page.wait_for_selector('[data-table="steps"]')
    now = showing.runs(furnished, limit=1)[0]
    assert (now.id, now.current, now.as_of) == (before.id + 1, True, AS_OF)
    assert watch.cells("steps")[-1][0] == texts("total")
    watch.picture("data-run")
    watch.go("/data/runs", '[data-table="runs"]')
    expect(watch.page.locator('[data-table="runs"] .badge')).to_have_text(texts("current"))
    assert watch.said == []


def test_a_job_is_asked_to_stop_and_says_that_it_did(watch: Watch, furnished: Context) -> None:
    texts = watch.texts
    database = furnished.database
    with jobs.running(database, "run", principal="person:admin", title=f"run as of {AS_OF}", unit="steps") as job_id:
        with database.begin() as connection:
            jobs.progress(connection, job_id, done=3, total=12, message="store totals")
        watch.go(f"/data/jobs/{job_id}", "[data-progress]")
        expect(watch.page.locator("[data-progress]")).to_contain_text(f"3 / 12 {texts('data_unit_steps')}")
        expect(watch.page.locator("[data-progress]")).to_contain_text(texts("step_stores"))
        watch.picture("data-progress")
        watch.page.get_by_role("button", name=texts("data_stop"), exact=True).click()
        expect(watch.page.get_by_role("button", name=texts("data_stopping"))).to_be_disabled()
        with database.begin() as connection:
            assert jobs.is_cancel_requested(connection, job_id)
            jobs.cancelled(connection, job_id)
    expect(watch.page.locator('[data-card="job"]')).to_contain_text(texts("data_after_cancelled"))
    assert watch.said == []


def test_who_may_not_import_sees_what_came_in_and_no_button(browser: Browser, site: Served, furnished: Context) -> None:
    with signed_in(browser, site, furnished, "en-GB", person="rita") as watch:
        watch.go("/data", '[data-table="imports"]')
        assert watch.page.locator(".tw-upload").count() == 0
        watch.go("/data/runs", '[data-table="runs"]')
        assert watch.page.get_by_role("button", name=watch.texts("data_start")).count() == 0
        assert watch.said == []
