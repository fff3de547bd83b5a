"""`tierwise demo`: a made-up dealer group and a made-up retailer, from files to tiers, in homes of their own."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from tierwise.app import importing, running
from tierwise.app.defining import initialise
from tierwise.bootstrap import Settings, open_context, serve, stop_embedded
from tierwise.cli.demo_summary import summary
from tierwise.cli.demo_tasks import ADVISOR, make_demo_tasks
from tierwise.cli.door import note
from tierwise.cli.manage import Progress
from tierwise.cli.terminal import console, number, say, table
from tierwise.kernel import clock
from tierwise.testing import AS_OF, make_dealer, make_retail

if TYPE_CHECKING:
    from tierwise.app.context import Context
    from tierwise.testing import MadeData

HALF_A_YEAR = timedelta(days=183)

EXPLAINED = {"dealer": "second_service_gap", "retail": "coffee_without_filters"}
"""Template -> the segment of which one customer is explained."""

ORDER_OF_IMPORT = (
    "stores", "staff", "products", "customers", "vehicles", "order_lines", "orders", "refunds", "visits",
    "interactions", "leads", "calls", "surveys",
)  # fmt: skip


def demo(dealers: int, retail: int, seed: int) -> None:
    """Make the data, import the files, run as of two days, show what came out; on a terminal, serve the dealer's."""
    started = clock.monotonic_seconds()
    settings = Settings.from_environment()
    apart = "TIERWISE_HOME" not in os.environ
    root = settings.home.with_name(".tierwise-demo") if apart else settings.home / "demo"
    _fresh(settings, root)
    homes = {"dealer": root / "dealer", "retail": root / "retail"}
    made = {"dealer": make_dealer(customers=dealers, seed=seed), "retail": make_retail(customers=retail, seed=seed)}
    of_demo = {name: replace(settings, home=home, database_url=None) for name, home in homes.items()}
    try:
        for template in ("dealer", "retail"):
            _one(template, of_demo[template], made[template])
        seconds = clock.monotonic_seconds() - started
        say(f"\nAll of it, files to tiers, in {seconds:.1f} s. The files, and what was planted in them, are in")
        say(f"  {root}/files")
        say("Look further (a command starts this demo's PostgreSQL, stop ends it):")
        say(f"  export TIERWISE_HOME={quote(str(homes['dealer']))}")
        for words in (
            "segment read at_risk",
            "levels near-miss customer_level",
            f"customer {_somebody(made['dealer'])}",
            "task advisors",
            f"people link {ADVISOR}",
        ):
            say(f"  {quote(sys.argv[0])} {words}")
        say(f"  {quote(sys.argv[0])} stop")
        shown = sys.stdout.isatty() and sys.stdin.isatty()
        if shown:
            _serve(of_demo["dealer"])
    finally:
        for own in of_demo.values():
            stop_embedded(own)
    if shown:
        note("ended; nothing is left running")


def _fresh(settings: Settings, root: Path) -> None:
    """An empty demo: what an earlier one left is stopped and removed; nobody's real data is ever in here."""
    for name in ("dealer", "retail"):
        if (root / name / "postgres").exists():
            stop_embedded(replace(settings, home=root / name))
    shutil.rmtree(root, ignore_errors=True)


def _one(template: Literal["dealer", "retail"], settings: Settings, made: MadeData) -> None:
    title = {"dealer": "A dealer group 汽车经销商集团", "retail": "A retailer 零售品牌"}[template]
    console().rule(title, align="left", characters="─")
    encoding: Literal["utf-8", "gb18030"] = "utf-8" if template == "dealer" else "gb18030"
    files = made.write(settings.home.parent / "files" / template, headers="zh", encoding=encoding)
    ctx = open_context(settings)
    try:
        initialise(ctx, template)
        _import(ctx, files, encoding)
        earlier = running.run(ctx, AS_OF - HALF_A_YEAR)
        now = running.run(ctx, AS_OF)
        summary(ctx, earlier.as_of, now.as_of, stores=template == "retail", explained=EXPLAINED[template])
        if template == "dealer":
            say(f"Made {number(make_demo_tasks(ctx))} tasks for two service advisors.")
    finally:
        ctx.database.dispose()


def _import(ctx: Context, files: dict[str, Path], encoding: str) -> None:
    rows = []
    for name in ORDER_OF_IMPORT:
        if name not in files:
            continue
        progress = Progress()
        report = importing.import_path(ctx, files[name], name, None, progress=progress)
        progress.close()
        rows.append(
            (files[name].name, name, report.read, report.accepted, report.quarantined, f"{report.seconds:.2f} s")
        )
    table(
        f"Imported ({encoding}, Chinese headers recognised)",
        ["file", "table", "rows", "accepted", "quarantined", ""],
        rows,
    )
    say()


def _somebody(made: MadeData) -> str:
    return str(made.tables["orders"].column("customer_id").drop_null()[0].as_py())


def _serve(settings: Settings) -> None:
    note("\nThe console of the dealer group: the link below signs you in, once. Ctrl-C ends it.")
    serve("127.0.0.1", 0, console=True, note=note, settings=settings)
