"""A run after new facts takes over what an earlier one told, says so, and finds what a full run finds."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tierwise.app import importing, running
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions, initialise
from tierwise.app.reading import reading
from tierwise.engine import software

DAY = date(2026, 6, 30)

DEFINITIONS = """\
kind: tag
name: often
class: behaviour
when: {behaviour: {fact: orders, aggregate: count, window: {last_days: 30}}, op: ">=", value: 2}
---
kind: segment
name: regulars
when: {attribute: often, op: "=", value: true}
"""

COLUMNS = "customer_id,order_id,ordered_at,gross\n"


@pytest.fixture(scope="module")
def shop(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    initialise(empty, "general")
    folder = tmp_path_factory.mktemp("definitions")
    (folder / "d.yaml").write_text(DEFINITIONS, "utf-8")
    apply_definitions(empty, [folder / "d.yaml"])
    take_in(empty, folder, "a,1,2026-05-03,10\na,2,2026-06-29,20\nb,3,2026-06-02,5.50\nc,4,2026-06-30,7\n")
    return empty


def take_in(ctx: Context, folder: Path, rows: str) -> None:
    file = folder / "orders.csv"
    file.write_text(COLUMNS + rows, "utf-8")
    importing.import_path(ctx, file, "orders", None)


def found(ctx: Context) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the current run, sorted."""
    with reading(ctx) as reader:
        outputs = reader.run.outputs or {}
        return {
            name: sorted(ctx.lake.read(reader.connection, name, outputs[name]).fetchall(), key=repr)
            for name in ("profile", "tags", "segments", "store_totals")
        }


def test_takes_over_what_has_not_changed(shop: Context, tmp_path: Path) -> None:
    first = running.run(shop, DAY)
    assert first.base_run_id is None
    take_in(shop, tmp_path, "b,5,2026-06-30,4\nd,6,2026-06-11,3\n")
    second = running.run(shop, DAY)
    assert (second.base_run_id, second.counts["touched"]) == (first.id, 2)
    assert second.timings.keys() - first.timings.keys() == {"what has changed"}
    taken_over = found(shop)
    full = running.run(shop, DAY, full=True)
    assert full.base_run_id is None
    assert found(shop) == taken_over
    assert full.counts["customers"] == 4


def test_so_does_the_next_day(shop: Context) -> None:
    before = running.run(shop, DAY)
    next_day = running.run(shop, date(2026, 7, 2))
    assert (next_day.base_run_id, next_day.counts["touched"]) == (before.id, 1)  # b's order of 06-02 leaves 30 days
    taken_over = found(shop)
    running.run(shop, date(2026, 7, 2), full=True)
    assert found(shop) == taken_over


def test_other_software_may_mean_something_else(shop: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    running.run(shop, DAY)
    monkeypatch.setattr(software, "mark", lambda: "0.1.0+another")
    assert running.run(shop, DAY).base_run_id is None


def test_so_may_another_project(shop: Context, tmp_path: Path) -> None:
    running.run(shop, DAY)
    (tmp_path / "p.yaml").write_text("kind: project\nwindows_days: [30]\n", "utf-8")
    apply_definitions(shop, [tmp_path / "p.yaml"])
    assert running.run(shop, DAY).base_run_id is None
