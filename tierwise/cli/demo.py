"""`tierwise demo`: a made-up dealer group and a made-up retailer, from files to tiers, in homes of their own."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

from tierwise.app import cleaning, importing, levels, running, segments, showing, tag_catalogue
from tierwise.app.defining import current_definitions, initialise
from tierwise.app.reading import label_of
from tierwise.bootstrap import Settings, open_context, serve, stop_embedded
from tierwise.cli import look
from tierwise.cli.cleaning import print_junk
from tierwise.cli.door import note
from tierwise.cli.levels import print_level
from tierwise.cli.manage import Progress
from tierwise.cli.tags import print_catalogue
from tierwise.cli.terminal import console, number, percent, say, table
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.level import Level
from tierwise.definitions.rule import InSegment
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.kernel import clock
from tierwise.testing import AS_OF, make_dealer, make_retail

if TYPE_CHECKING:
    from tierwise.app.context import Context
    from tierwise.testing import MadeData

HALF_A_YEAR = timedelta(days=183)

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
        say(f"  {quote(sys.argv[0])} customer {_somebody(made['dealer'])}")
        say(f"  {quote(sys.argv[0])} stop")
        if sys.stdout.isatty() and sys.stdin.isatty():
            _serve(of_demo["dealer"])
    finally:
        for own in of_demo.values():
            stop_embedded(own)


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
        _show(ctx, earlier.as_of, now.as_of, template)
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


def _show(ctx: Context, earlier: date, now: date, template: str) -> None:
    view = showing.overview(ctx)
    say(
        f"{number(view.customers)} customers, {number(view.buyers)} with an order, net {number(view.monetary_amount)} "
        f"{view.currency}; {percent(view.identified_amount_rate)} of sales identified; as of {view.run.as_of}; "
        f"the run took {view.run.seconds or 0:.2f} s.\n"
    )
    look.print_rfm(view.rfm)
    say()
    look.print_deciles(view.deciles)
    say()
    for ladder in (*view.lifecycle, *view.activity):
        look.print_ladder(ladder)
        say()
    moves = showing.transitions(ctx, None, earlier, now)
    went = sorted(
        (row for row in moves.rows if row.from_ and row.to and row.from_ != row.to), key=lambda row: -row.customers
    )
    table(
        f"Largest moves on the lifecycle, {moves.from_as_of} → {moves.to_as_of}",
        ["from", "to", "customers"],
        [(row.from_, row.to, row.customers) for row in went[:5]],
    )
    say()
    if template == "retail":
        look.print_stores(view.stores)
        say()
    _show_groups(ctx)


def _show_groups(ctx: Context) -> None:
    """What the template's levels, segments, tags and cleaning rules came to."""
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    for each in definitions.of(Level):
        print_level(levels.level(ctx, each.name))
        say()
    groups = definitions.of(Segment)
    if groups:
        sizes = {each.name: segments.count(ctx, InSegment(segment=each.name)).customers for each in groups}
        ordered = sorted(groups, key=lambda each: (-sizes[each.name], each.name))
        table(
            "Segments",
            ["segment", "", "customers", "what is done"],
            [
                (
                    s.name,
                    look.both(label_of(s.title, s.name)),
                    sizes[s.name],
                    s.strategy.in_language("zh") if s.strategy else "",
                )
                for s in ordered
            ],
        )
        say()
    if definitions.of(Tag):
        print_catalogue(tag_catalogue.catalogue(ctx))
        say()
    if definitions.of(Cleaning):
        print_junk(cleaning.junk(ctx, examples=0))
        say()


def _somebody(made: MadeData) -> str:
    return str(made.tables["orders"].column("customer_id").drop_null()[0].as_py())


def _serve(settings: Settings) -> None:
    note("\nServing the dealer group; Ctrl-C ends it.")
    serve("127.0.0.1", 0, console=True, note=note, settings=settings)
