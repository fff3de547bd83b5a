"""The console in Chromium over many customers: `python -m benchmarks.console WHAT FOLDER CUSTOMERS ORDERS`.

A home of `live.py`, with all of the retail template, served as `tierwise serve` does. A page counts as there when what
it is for can be seen: from the browser's request to that moment, on a browser that has been there before, as an
operator's has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright

from benchmarks.customers import make_copies, one_of
from benchmarks.live import home_of
from benchmarks.tracking import serving
from tierwise.app.people import link_of_the_first
from tierwise.bootstrap import Settings, open_context, stop_embedded
from tierwise.console.rule_query import in_address, where_is
from tierwise.definitions.read import parse_rule
from tierwise.kernel.clock import monotonic_seconds

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")

TIMES = 7
"""So many visits of each page; its figure is the median, and the line's the slowest page's."""

EDITS = 120
"""So many changes of a rule in the builder; the figure is the 95th percentile. The first, which loads what the rule
reads into memory, and the first seconds of the server, in which it asks itself what everybody asks, are left out."""


RULE = {
    "all": [
        {"attribute": "rfm_cell", "op": "in", "value": ["111", "011", "101"]},
        {
            "any": [
                {"attribute": "recency_days", "op": "<=", "value": 400},
                {"attribute": "monetary_amount_90d", "op": ">", "value": "10.00"},
            ]
        },
        {"not": {"attribute": "lifecycle_stage", "op": "=", "value": "lost"}},
        {"attribute": "frequency_count", "op": ">=", "value": 1},
        {"attribute": "recency_days", "op": "<=", "value": 20},
    ]
}
"""Six clauses; the last one's number is changed."""


def pages(customers: int) -> dict[str, tuple[str, str]]:
    """Name -> path and what must be seen."""
    one = one_of(customers)
    return {
        "overview": ("/", '[data-table="rfm"]'),
        "customers": ("/customers", '[data-table="customers"]'),
        "in a cell": (f"/customers?where={where_is('rfm_cell', '111')}", '[data-table="customers"]'),
        "by phone": ("/customers?q=13800000", "[data-found]"),
        "customer": (f"/customers/{one}", "[data-attribute]"),
        "segments": ("/segments", "main .tw-title"),
        "stratification": ("/stratification", "main .tw-title"),
    }


@contextmanager
def _browser(home: Path) -> Iterator[tuple[Page, str]]:
    """A page that is signed in, and the console's address."""
    context = open_context(Settings(home))
    found = next((path for path in CHROMIUM if Path(path).exists()), None)
    if found is None:
        raise SystemExit("no Chromium: on Debian, apt-get install chromium")
    try:
        with serving(home, console=True) as port, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 900})
            page.set_default_timeout(60_000)
            page.goto(f"http://127.0.0.1:{port}/console/sign-in?link={link_of_the_first(context)}")
            yield page, f"http://127.0.0.1:{port}/console"
            browser.close()
    finally:
        context.database.dispose()


def visit(home: Path, customers: int) -> dict[str, float]:
    """Seconds until each page is there, the median."""
    with _browser(home) as (page, origin):
        found = {}
        for name, (path, seen) in pages(customers).items():
            seconds = []
            for _ in range(TIMES):
                started = monotonic_seconds()
                page.goto(f"{origin}{path}", wait_until="commit")
                page.wait_for_selector(seen)
                seconds.append(monotonic_seconds() - started)
            found[name] = median(seconds)
        return found


def edit(home: Path) -> float:
    """Seconds from a change of a number in a rule to its new count, the 95th percentile."""
    with _browser(home) as (page, origin):
        page.goto(f"{origin}/")
        page.wait_for_selector('[data-card="alerts"]')
        page.goto(f"{origin}/segments/new-segment?where={in_address(parse_rule(RULE))}")
        page.wait_for_selector("[data-count]")
        field = page.locator("[data-leaf=compared] .tw-leaf-number input").last
        seconds = []
        for number in range(EDITS + 1):
            before = page.locator("[data-count]").get_attribute("data-count")
            started = monotonic_seconds()
            field.fill(str(number + 21))
            page.wait_for_function(
                "before => document.querySelector('[data-count]').dataset.count !== before", arg=before, polling=5
            )
            seconds.append(monotonic_seconds() - started)
        return quantiles(seconds[1:], n=20)[18]


def main() -> None:
    """prepare: make the home. pages: each page's median, and the slowest. edit: a rule's change. stop."""
    what, folder, customers, orders = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    home = home_of(folder, customers, orders)
    if what == "prepare":
        make_copies(home, anew=False)
        stop_embedded(Settings(home))
        print(0)
    elif what == "pages":
        found = visit(home, customers)
        print({name: round(seconds, 2) for name, seconds in found.items()})
        print(max(found.values()))
    elif what == "edit":
        print(edit(home))
    elif what == "stop":
        stop_embedded(Settings(home))
        print(0)


if __name__ == "__main__":
    main()
