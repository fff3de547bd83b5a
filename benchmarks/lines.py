"""What is compared with what, and what must come of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.asked_insights import ASKED as INSIGHTS
from benchmarks.asked_insights import GROUP_BY, measured_name, plain_name
from benchmarks.turns import Measured, Once, in_turn, process

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """`measured` may take at most `limit` times `against`, or `limit` of its unit where there is nothing against it."""

    measured: str
    limit: float
    against: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a target: a ratio of medians, or seconds."""

    target: Target
    value: float

    @property
    def passed(self) -> bool:
        return self.value <= self.target.limit


@dataclass(frozen=True, slots=True)
class Business:
    """How much data, and where."""

    folder: Path
    orders: int
    customers: int
    seed: int
    days: int = 365
    insights: tuple[str, ...] = tuple(INSIGHTS)

    def command(self, name: str) -> list[str]:
        size = [str(self.orders), str(self.customers), str(self.seed)]
        return [sys.executable, "-m", "benchmarks.measured", name, str(self.folder), *size]

    def measuring(self, names: tuple[str, ...]) -> dict[str, Callable[[], Once]]:
        return {name: partial(process, self.command(name)) for name in names}


RUN = "run"
HAND_WRITTEN = "hand_written"
PLAIN = "plain_group_by"
IMPORT = "import_lines"
TYPED = "typed_table"
COUNT = "served_count"
NATIVE = "native_count"
RULES = "rules_as_a_run"
BY_HAND = "rules_by_hand"
FULL_STAGE = "stage_one_full"
EVENLY = "stage_one_evenly"
SAME = "stage_one_same"
NEXT_DAY = "stage_one_next_day"
ONE_BY_ONE = "rules_one_by_one"
SERVED = "customer_served"
SERVED_95 = "customer_served_95"
FIRST = "customer_first"
WITHOUT = "customer_without_copies"
COPIES = "customer_copies"
COPIES_SIZE = "customer_copies_size"
COMMAND = "tierwise customer"
START = "tierwise runs"
SIZE = "history_size"
PAST = tuple(f"history_{when}" for when in ("early", "middle", "late"))
ASKED = ("history_write", *PAST, "history_customer", "history_matrix")
TRACKING = ("tracking_batches", "tracking_singles")
MINIMAL = ("minimal_batches", "minimal_singles")
LIVE = "live_longest"
PAGE = "console_page"
EDIT = "console_edit"
WHO = ("identity_all", "identity_batch")
HELP = "tierwise --help"
SHOWS = tuple(f"tierwise show {view}" for view in ("rfm", "deciles", "lifecycle", "activity", "profile"))

TARGETS: dict[str, tuple[Target, ...]] = {
    "run": (Target(RUN, 1.2, HAND_WRITTEN), Target(RUN, 15, PLAIN)),
    "import": (Target(IMPORT, 6, TYPED),),
    "count": (Target(COUNT, 1.5, NATIVE),),
    "rules": (Target(RULES, 1.3, BY_HAND), Target(RULES, 1.3, ONE_BY_ONE)),
    "incremental": (Target(EVENLY, 0.15, FULL_STAGE),),
    "customer": (Target(SERVED, 0.1), Target(FIRST, 0.1)),
    "history": (Target(SIZE, 2.0), *(Target(state, 2.0) for state in PAST)),
    "insights": tuple(Target(measured_name(name), 60.0) for name in INSIGHTS),
    "tracking": tuple(Target(name, 0.25) for name in TRACKING),
    "live": (Target(LIVE, 5.0),),
    "console": (Target(PAGE, 2.0), Target(EDIT, 0.15)),
    "identity": (Target(WHO[0], 60.0), Target(WHO[1], 5.0)),
    "commands": (Target(HELP, 0.3), *(Target(show, 2.0) for show in SHOWS)),
}
"""Line -> its targets."""

MEANING = {
    RUN: "full run: facts to profile and store totals, written as Delta",
    HAND_WRITTEN: "profile.sql: the same columns by hand, written as Parquet",
    PLAIN: "group_by.sql: one GROUP BY customer",
    IMPORT: "tierwise import of order lines from CSV, into an empty home",
    COUNT: "a rule of six clauses, by the use case behind POST /segments/count",
    NATIVE: "count.sql: the same by hand on a native table",
    RULES: "200 behavioural rules to a table of tags, told together",
    BY_HAND: "rules.sql: the same by hand",
    FULL_STAGE: "stage 1 of everybody: metrics of orders and lines, and the 200 rules",
    EVENLY: "… after 1 % new orders, by customers drawn evenly, from a run before them",
    SAME: "… after 1 % new orders, by those who placed the old ones",
    NEXT_DAY: "… a day after the first of these (rules then of everybody)",
    ONE_BY_ONE: "the same by hand, as 200 queries over the same narrowed lines",
    SERVED: "GET /customers/ID from a server that is up, the median of 200 customers",
    SERVED_95: "… the 95th percentile",
    FIRST: "the first question of a process, its start left out",
    WITHOUT: "… where there are no copies by customer",
    COPIES: "making the copies by customer, after a run",
    COPIES_SIZE: "what they take on disk",
    COMMAND: "the whole command, its start included",
    START: "a command that looks at nothing else, for its start",
    TYPED: "typed_table.sql: DuckDB reading the file into a typed table",
    TRACKING[0]: "20,000 events a second in batches of 100: the p99 from due to answered",
    TRACKING[1]: "1,500 track calls a second: the p99 from due to answered",
    MINIMAL[0]: "the same batches, to a minimal Starlette app that only writes the rows",
    MINIMAL[1]: "the same calls, to that",
    LIVE: "from the answer 200 to an order to its customer's entry into a segment: the longest of 12",
    PAGE: "a page of the console in Chromium, from asked for to there: the slowest page's median of seven visits",
    EDIT: "a rule of six clauses is changed in the builder, until the new count is seen: the 95th percentile of 120",
    WHO[0]: "who is who, of as many stored identities as there are orders elsewhere, to a written customer map",
    WHO[1]: "… after a thousand new links alone, as an import or live events bring them",
    SIZE: "the folder of the table, older versions' files included",
    ASKED[0]: "comparing and writing one day (the median of all days)",
    PAST[0]: "everybody's stage on a day near the beginning",
    PAST[1]: "… in the middle",
    PAST[2]: "… near the end",
    ASKED[-2]: "all intervals of one customer",
    ASKED[-1]: "the moves between the first day's stages and the last day's",
}

MEANING |= {plain_name(reads): f"one GROUP BY over {reads}, into a table" for reads in GROUP_BY}

BESIDE = {measured_name(name): plain_name(asked.reads) for name, asked in INSIGHTS.items()}
BESIDE |= dict(zip(TRACKING, MINIMAL, strict=True))
"""What is told as so many times another thing, without a target."""

UNITS = {SIZE: "GB", COPIES_SIZE: "GB"}
"""What is not measured in seconds."""


def measure(line: str, business: Business, times: int, told: Told) -> dict[str, Measured]:
    """All things of a line, in turn."""
    by_line = {
        "run": _measure_run,
        "import": _measure_import,
        "count": _measure_count,
        "rules": _measure_rules,
        "incremental": _measure_incremental,
        "customer": _measure_customer,
        "history": _measure_history,
        "insights": _measure_insights,
        "tracking": _measure_tracking,
        "live": _measure_live,
        "console": _measure_console,
        "identity": _measure_identity,
        "commands": _measure_commands,
    }
    return by_line[line](business, times, told)


def verdicts(line: str, measured: Mapping[str, Measured]) -> list[Verdict]:
    """The targets of what was measured, and what came of them."""
    found = []
    for target in TARGETS[line]:
        if target.measured not in measured:
            continue
        value = measured[target.measured].seconds
        found.append(Verdict(target, value / measured[target.against].seconds if target.against else value))
    return found


def _tell(told: Told) -> Callable[[str, Once], None]:
    return lambda name, once: told(
        f"{name}: {once.seconds:.2f} {UNITS.get(name, 's')}, "
        f"processor {once.cpu_seconds:.2f} s, {once.peak_mib:,.0f} MiB"
    )


def _measure_run(business: Business, times: int, told: Told) -> dict[str, Measured]:
    told(f"making and importing {business.orders:,} orders of {business.customers:,} customers, unless they are there")
    process(business.command("prepare_run"))
    measured = in_turn(business.measuring((RUN, HAND_WRITTEN, PLAIN)), times, _tell(told))
    process(business.command("equal"))
    told("the run and the hand-written SQL give equal tables")
    return measured


def _measure_import(business: Business, times: int, told: Told) -> dict[str, Measured]:
    told(f"making {business.orders:,} order lines, unless they are there")
    process(business.command("prepare_lines"))
    return in_turn(business.measuring((IMPORT, TYPED)), times, _tell(told))


def _measure_count(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """On a profile of as many customers as there are orders elsewhere."""
    told(f"making a profile of {business.orders:,} customers, unless it is there")
    process(business.command("prepare_count"))
    return in_turn(business.measuring((COUNT, NATIVE)), times, _tell(told))


def _measure_rules(business: Business, times: int, told: Told) -> dict[str, Measured]:
    told(f"making {business.orders:,} orders of one line each, unless they are there, and comparing the ways")
    process(business.command("prepare_rules"))
    told((business.folder / "rules.txt").read_text("utf-8"))
    return in_turn(business.measuring((RULES, BY_HAND, ONE_BY_ONE)), times, _tell(told))


def _measure_incremental(business: Business, times: int, told: Told) -> dict[str, Measured]:
    told("making a full run of these, and new orders after it")
    process(business.command("prepare_incremental"))
    return in_turn(business.measuring((FULL_STAGE, EVENLY, SAME, NEXT_DAY)), times, _tell(told))


def _measure_customer(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Of as many customers as there are orders elsewhere, and as many orders."""
    told(f"making {business.orders:,} customers with as many orders, and their run, unless they are there")
    process(business.command("prepare_customer"))
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    home = {"TIERWISE_HOME": str(business.folder / f"customer-home-{business.orders}")}
    asked = f"C{business.orders // 3:09}"

    def command(*words: str) -> Callable[[], Once]:
        return partial(process, [tierwise, *words, "--json"], says_seconds=False, environment=home)

    command("runs")()  # so that PostgreSQL is up
    things = business.measuring((SERVED, SERVED_95, FIRST, WITHOUT, COPIES_SIZE))
    things |= {COMMAND: command("customer", asked), START: command("runs")}
    try:
        # Made last, and once: for a minute after, the machine writes what it has made.
        return in_turn(things, times, _tell(told)) | in_turn(business.measuring((COPIES,)), 1, _tell(told))
    finally:
        process(business.command("stop_customer"))


def _measure_history(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Of states made day by day; a making that was broken off goes on where it was."""
    told(f"making {business.days} days of {business.customers:,} customers, 2 % of each name's changing a day")
    folder = business.folder / f"history-{business.days}-days"
    size = [str(folder), str(business.customers), str(business.days), str(business.seed)]

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.past", name, *size]

    process(command("prepare"))
    things = {name: partial(process, command(name)) for name in (*ASKED, SIZE)}
    return in_turn(things, times, _tell(told))


def _measure_insights(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Over as many lines as there are orders elsewhere; those of the insights that were asked for."""
    told(f"making {business.orders:,} order lines and their run, unless they are there")

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.insights", name, str(business.folder), str(business.orders)]

    process(command("prepare"))
    beside = dict.fromkeys(plain_name(INSIGHTS[name].reads) for name in business.insights)
    things = (*beside, *(measured_name(name) for name in business.insights))
    try:
        return in_turn({name: partial(process, command(name)) for name in things}, times, _tell(told))
    finally:
        process(command("stop"))


def _measure_tracking(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Open loop over loopback, generator and server on the same cores."""

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.tracking", name, str(business.folder)]

    try:
        return in_turn({name: partial(process, command(name)) for name in (*MINIMAL, *TRACKING)}, times, _tell(told))
    finally:
        process(command("stop"))


def _measure_live(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Of a server with its worker, while other events come."""
    told(f"making a home of {business.orders:,} orders of {business.customers:,} customers, unless it is there")
    size = [str(business.folder), str(business.customers), str(business.orders)]

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.live", name, *size]

    process(command("prepare"))
    try:
        return in_turn({LIVE: partial(process, command("longest"))}, times, _tell(told))
    finally:
        process(command("stop"))


def _measure_console(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """In Chromium, on a server that has just begun."""
    told(f"making a home of {business.orders:,} orders of {business.customers:,} customers, unless it is there")
    size = [str(business.folder), str(business.customers), str(business.orders)]

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.console", name, *size]

    process(command("prepare"))
    try:
        things = {name: partial(process, command(what)) for name, what in ((PAGE, "pages"), (EDIT, "edit"))}
        return in_turn(things, times, _tell(told))
    finally:
        process(command("stop"))


def _measure_identity(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Of as many identities as there are orders elsewhere."""
    told(f"making {business.orders:,} identities and their links, unless they are there")

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "benchmarks.identities", name, str(business.folder), str(business.orders)]

    process(command("prepare"))
    return in_turn(
        {name: partial(process, command(name.removeprefix("identity_"))) for name in WHO}, times, _tell(told)
    )


def _measure_commands(business: Business, times: int, told: Told) -> dict[str, Measured]:
    """Of the installed command, on the demo's data, with the home's PostgreSQL up."""
    tierwise = str(Path(sys.executable).with_name("tierwise"))
    root = business.folder / "demo-home"
    told("making the demo")
    demo = {"TIERWISE_HOME": str(root)}
    process([tierwise, "demo"], says_seconds=False, environment=demo)
    home = {"TIERWISE_HOME": str(root / "demo" / "retail")}
    try:
        os.makedirs(home["TIERWISE_HOME"], exist_ok=True)
        process([tierwise, "runs"], says_seconds=False, environment=home)
        things = {
            name: partial(process, [tierwise, *name.split()[1:]], says_seconds=False, environment=home)
            for name in (HELP, *SHOWS)
        }
        return in_turn(things, max(times, 5), _tell(told))
    finally:
        process([tierwise, "stop"], says_seconds=False, environment=home)
