"""One small retailer behind one console for all of these tests: a process has one NiceGUI."""

from __future__ import annotations

import gc
import shutil
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine

from tests.api.house import empty_house, furnish
from tests.api.serving import served
from tests.conftest import fresh_database
from tests.console.watching import ARGUMENTS, signed_in
from tierwise.api.serve import Served
from tierwise.app import defining, importing
from tierwise.app.context import Context
from tierwise.app.people import add
from tierwise.console.mount import mount_console
from tierwise.definitions.read import parse_definition
from tierwise.state.embedded import EmbeddedServer

CUSTOMERS = """客户编号,姓名,手机号,store_id,advisor_id
C000,王小明,13800000000,S001,E01
C001,李 <b>雷</b>,13900000001,S001,E02
C002,韩梅梅,+86 137-0000-0002,S002,E01
C003,欧阳锋,,S002,E03
"""

VEHICLES = """vin,customer_id,plate,model
LSVAB2BR0FN000001,C002,沪A·12345,远山 D7
"""

DEFINITIONS = (
    {
        "kind": "tag",
        "name": "mood",
        "title": {"zh": "心情", "en": "Mood"},
        "class": "static",
        "manual": {"values": [{"value": "good", "title": {"zh": "好", "en": "good"}}, {"value": "bad"}]},
    },
    {
        "kind": "profiling",
        "name": "profiling",
        "targets": [{"attribute": "lifecycle_stage"}],
        "questions": [
            {
                "name": "mattress",
                "attribute": "trait.mattress",
                "ask": {"zh": "软一点还是硬一点？", "en": "Soft or firm?"},
                "answers": [
                    {"value": "soft", "text": {"zh": "软", "en": "Soft"}},
                    {"value": "firm", "text": {"zh": "硬 <b>", "en": "Firm <b>"}},
                ],
                "assumed_bits": 0.5,
                "reward": {"points": 20},
            },
            {
                "name": "moved_in",
                "attribute": "trait.moved_in",
                "ask": {"zh": "哪天搬进来的？", "en": "When did you move in?"},
                "type": "date",
                "assumed_bits": 0.3,
            },
        ],
    },
    {
        "kind": "segment",
        "name": "often",
        "title": {"zh": "常客", "en": "Often here"},
        "when": {"attribute": "frequency_count", "op": ">=", "value": 8},
    },
)


@dataclass(frozen=True)
class Before:
    """What the overview said before the first run."""

    notice: str
    said: list[str]


@pytest.fixture(scope="package")
def console_database(server: EmbeddedServer) -> Iterator[Engine]:
    yield from fresh_database(server)


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory, console_database: Engine) -> Context:
    """Empty at first; `furnished` fills it."""
    return empty_house(Path(tmp_path_factory.mktemp("console")) / "home", console_database)


@pytest.fixture(scope="package")
def site(house: Context) -> Iterator[Served]:
    """Nobody may go through all objects while it starts: threads are at work, whose half-made tuples break by it."""
    looks: list[str] = []
    everything = gc.get_objects

    def watched(generation: int | None = None) -> list[object]:
        looks.append("".join(traceback.format_stack(limit=3)))
        return everything(generation)

    with pytest.MonkeyPatch.context() as starting:
        starting.setattr(gc, "get_objects", watched)
        with served(house, mount_console) as site:
            starting.undo()
            assert not looks, looks[0]
            yield site


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def before(browser: Browser, site: Served, house: Context) -> Before:
    """The console before the first run."""
    with signed_in(browser, site, house, "zh-CN") as watch:
        watch.page.wait_for_selector('[data-notice="empty"]')
        return Before(watch.page.locator('[data-notice="empty"]').inner_text(), list(watch.said))


@pytest.fixture(scope="package")
def furnished(house: Context, before: Before) -> Context:
    """With customers, a vehicle, a tag to give by hand, a segment, people, and a run."""
    for name, content, table in (("customers.csv", CUSTOMERS, "customers"), ("vehicles.csv", VEHICLES, "vehicles")):
        path = house.home / name
        path.write_text(content, "utf-8")
        importing.import_file(house, path, table, None)
    defining.change_definitions(house, [parse_definition(body) for body in DEFINITIONS], note="for these tests")
    furnish(house)
    add(house, "ann", role="advisor", staff_id="E01", title="安")
    add(house, "olga", role="operator", stores=("S001",))
    add(house, "rita", role="reader")
    return house
