"""A run: the plan's steps over the facts of recorded versions, to new versions of the snapshot tables.

Nothing that anyone reads changes here: the caller records the versions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import reads
from tierwise.definitions.project import Project
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine import bought_lines
from tierwise.engine.bought_lines import BOUGHT, LINES, Bought
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.given import columns_given, profile_schema, remembered
from tierwise.engine.history import Kind, Written, changes, states
from tierwise.engine.incremental import (
    BY_CUSTOMER,
    LOOKING,
    Base,
    Borrowed,
    borrow,
    joined_to_touched,
    of_own_facts,
    only_touched,
    with_the_untouched,
)
from tierwise.engine.lake import Lake
from tierwise.engine.plan import HISTORY, KEY, AnyStep, CleaningStep, RuleStep, Step, plan, windows_of_profile
from tierwise.engine.profile_rows import ALL, ProfileRows, columns_read
from tierwise.engine.rules_of_run import Rules
from tierwise.engine.sources import TraitType, create_view, frame, keep, register_facts, register_people
from tierwise.engine.tier_days import date_tiers
from tierwise.facts.contract import TABLES
from tierwise.kernel.clock import monotonic_seconds
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent
from tierwise.metrics.customer import CATEGORY_DAYS, Keep, completed
from tierwise.metrics.frame import Frame, columns_of
from tierwise.metrics.rule_sets import VERDICT
from tierwise.metrics.rules import RuleColumn, RuleType, Schema

Watch = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Inputs:
    """What a run depends on, and nothing else does: equal inputs give equal snapshots, whatever the base.

    versions: fact table -> Delta version. traits: column -> type, and trait_labels: column -> name. previous_tags: the
    version of the tags of the newest run of an earlier day, and history: the recorded one; None where there is none.
    remember: whether history takes the day in; it would take in no other before a day that is yet to come. base: an
    earlier run whose rows serve for customers of whom nothing has changed; None to compute everybody.
    """

    as_of: date
    definitions: tuple[Definition, ...]
    project: Project
    versions: Mapping[str, int]
    traits: Mapping[str, TraitType] = field(default_factory=dict)
    trait_labels: Mapping[str, str] = field(default_factory=dict)
    previous_tags: int | None = None
    history: int | None = None
    remember: bool = True
    base: Base | None = None


@dataclass(frozen=True)
class Built:
    """outputs: table -> Delta version. counts: what the run found. timings: step -> seconds. notes: what is odd.

    borrowed: what was taken over from an earlier run; None where everybody was computed from facts.
    """

    outputs: dict[str, int]
    counts: dict[str, Any]
    timings: dict[str, float]
    notes: tuple[str, ...] = ()
    borrowed: Borrowed | None = None


@dataclass(frozen=True)
class Executed:
    """What the steps left in the connection, before anything is written. steps: how many; timings: step -> seconds.

    bought: the joined lines; None where there are no lines.
    """

    currency: str
    steps: int
    timings: dict[str, float]
    borrowed: Borrowed | None = None
    bought: Bought | None = None


JOINING = "lines of orders"
"""What timings call joining lines with their orders."""


def execute(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    inputs: Inputs,
    watch: Watch,
    *,
    registered: Callable[[duckdb.DuckDBPyConnection], None] = lambda connection: None,
    leave_out: Container[str] = (),
    to_write: bool = False,
) -> Executed:
    """Execute the plan: the view `profile_rows` and what other steps write are then there, and nothing is stored.

    `watch` is told before each step, and may raise to stop. `registered` is called when the facts are there and before
    any step. leave_out: what is not wanted, by what the step writes. to_write: whether `build` is to store it then.
    """
    register_facts(connection, lake, inputs.versions)
    register_people(connection, inputs.project.timezone, inputs.traits)
    registered(connection)
    if inputs.previous_tags is not None:
        lake.read(connection, "tags", inputs.previous_tags).create_view("previous_tags")
    currency = _currency(connection, inputs.project)
    timings: dict[str, float] = {}
    started = monotonic_seconds()
    borrowed = _borrowed(connection, lake, inputs)
    if inputs.base is not None:
        timings[LOOKING] = round(monotonic_seconds() - started, 3)
    started = monotonic_seconds()
    of_rules = bought_lines.columns_of_rules(connection, inputs.definitions, inputs.as_of)
    bought = _bought(connection, lake, inputs, borrowed, of_rules, to_write)
    if bought is not None:
        timings[JOINING] = round(monotonic_seconds() - started, 3)
    profile = ProfileRows(connection)
    rules = _rules(profile, inputs, exponent(currency))
    if borrowed is not None and borrowed.rows_too:
        rules.borrowed = _borrowed_rules(connection, lake, inputs, borrowed.base)
    rules.begin()
    planned = plan(
        inputs.definitions,
        inputs.as_of,
        inputs.project.windows_days,
        digits=exponent(currency),
        traits=_trait_schema(inputs),
    )
    steps = [step for step in planned if step.writes not in leave_out]
    read = {read.name for each in inputs.definitions for read in reads(each) if read.what == "attribute"}
    for done, step in enumerate(steps):
        watch(done, len(steps) + 1, step.name)
        started = monotonic_seconds()
        if step.writes == "customer_metrics" and isinstance(step, Step):
            base = _metrics(connection, lake, step, inputs, borrowed, of_rules if rules.borrowed else {})
            profile.begin(base)
        else:
            _execute(connection, step, rules)
            if isinstance(step, Step) and step.definition is not None:
                date_tiers(profile, lake, step.definition, inputs.history, inputs.as_of, read)
        timings[step.name] = round(monotonic_seconds() - started, 3)
    return Executed(currency, len(steps), timings, borrowed, bought)


def _bought(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    inputs: Inputs,
    borrowed: Borrowed | None,
    of_rules: Mapping[str, set[str]],
    to_write: bool,
) -> Bought | None:
    """The view `bought_lines`, which is empty where there are no lines."""
    columns = bought_lines.wanted_columns(inputs.definitions, of_rules)
    found = None
    if borrowed is not None and BOUGHT in borrowed.base.outputs:
        version = borrowed.base.outputs[BOUGHT]
        found = bought_lines.take_over(
            connection, lake, version, columns, appended=borrowed.appended, rewritten=borrowed.rewritten
        )
    found = found or bought_lines.join_all(connection, columns, to_write=to_write)
    return found if LINES in inputs.versions else None


def _borrowed(connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs) -> Borrowed | None:
    if inputs.base is None:
        return None
    return borrow(
        connection,
        lake,
        inputs.base,
        as_of=inputs.as_of,
        versions=inputs.versions,
        windows=windows_of_profile(inputs.definitions, inputs.project.windows_days),
        traits=inputs.traits,
    )


def build(connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs, watch: Watch) -> Built:
    """Execute the plan and write the snapshots. `watch` is told before each step, and may raise to stop."""
    executed = execute(connection, lake, inputs, watch, to_write=True)
    timings = dict(executed.timings)
    watch(executed.steps, executed.steps + 1, "write")
    connection.execute(
        "CREATE VIEW named_totals AS SELECT s.store_name, t.* "
        "FROM totals_of_stores t LEFT JOIN stores s USING (store_id)"
    )
    started = monotonic_seconds()
    outputs = {
        # In no order: who wants one sorts the columns that are read; sorting them all would take a tenth of the run.
        "profile": lake.overwrite("profile", connection.sql("SELECT * FROM profile_rows")),
        "store_totals": lake.overwrite("store_totals", connection.sql("SELECT * FROM named_totals ORDER BY store_id")),
        "tags": lake.overwrite("tags", connection.sql(_by_name("tag_rows", "tag"))),
        "segments": lake.overwrite("segments", connection.sql(_by_name("segment_rows", "segment"))),
        "junk": lake.overwrite("junk", connection.sql("SELECT * FROM junk_rows ORDER BY customer_key, rule")),
    }
    if connection.execute(f"SELECT 1 FROM information_schema.tables WHERE table_name = '{CATEGORY_DAYS}'").fetchone():
        outputs[CATEGORY_DAYS] = lake.overwrite(CATEGORY_DAYS, connection.sql(f"SELECT * FROM {CATEGORY_DAYS}"))
    if executed.bought is not None:
        outputs[BOUGHT] = bought_lines.write(connection, lake, executed.bought)
    timings["write"] = round(monotonic_seconds() - started, 3)
    watch(executed.steps, executed.steps + 1, "history")
    started = monotonic_seconds()
    lake.read(connection, "profile", outputs["profile"]).create_view("profile_written")
    written = _remember(connection, lake, inputs)
    timings["history"] = round(monotonic_seconds() - started, 3)
    if written.version is not None:
        outputs[HISTORY] = written.version
    counts = {**_counts(connection), "currency": executed.currency}
    if written.touched:
        counts["history"] = {"entries": written.entries, "exits": written.exits}
    notes = () if written.note is None else (written.note,)
    return Built(outputs, counts, timings, notes, executed.borrowed)


def _by_name(table: str, column: str) -> str:
    """Rows in the order of name and customer; by one whole number, in half the time of comparing names."""
    return (
        f"SELECT r.* FROM {table} r JOIN (SELECT {column}, row_number() OVER (ORDER BY {column}) AS place "
        f"FROM (SELECT DISTINCT {column} FROM {table})) USING ({column}) ORDER BY (place << 39) + {KEY}"
    )


def _remember(connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs) -> Written:
    """Add to history what this run has changed, from the profile as it was written."""
    if not inputs.remember:
        return Written(inputs.history, touched=False)
    ladders: dict[str, Kind] = {}
    for definition in inputs.definitions:
        ladders |= remembered(definition)
    tags = [each.name for each in inputs.definitions if isinstance(each, Tag) and each.history]
    current = states(
        connection,
        ladders,
        tags,
        profile="profile_written",
        tag_rows="tag_rows",
        segment_rows="segment_rows",
        segments=[each.name for each in inputs.definitions if isinstance(each, Segment) and each.history],
    )
    return changes(connection, lake, inputs.history, current, inputs.as_of)


def _currency(connection: duckdb.DuckDBPyConnection, project: Project) -> str:
    """The one currency of the facts, the project's where there is no money yet. Raises `mixed_currencies`."""
    found = connection.execute(
        "SELECT DISTINCT currency FROM (SELECT currency FROM orders UNION ALL SELECT currency FROM refunds) ORDER BY 1"
    ).fetchall()
    if len(found) > 1:
        raise TierwiseError(
            "mixed_currencies",
            f"orders and refunds are in {' and '.join(row[0] for row in found)}: their sum would mean nothing",
            remedy="convert the amounts, say the same `currency` in the mappings, and import with --replace-orders",
        )
    return str(found[0][0]) if found else project.currency


def _borrowed_rules(connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs, base: Base) -> frozenset[str]:
    for name in ("tags", "segments"):
        lake.read(connection, name, base.outputs[name]).create_view(f"base_{name}")
    windows = windows_of_profile(inputs.definitions, inputs.project.windows_days)
    return of_own_facts(inputs.definitions, windows, _trait_schema(inputs))


KNOWN = "known_rows"
"""The metrics of everybody, before any step."""


def _metrics(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    step: Step,
    inputs: Inputs,
    borrowed: Borrowed | None,
    of_rules: Mapping[str, set[str]],
) -> str:
    """The view of the metrics with the customer's own id, gender and traits, joined once for all steps to come.

    Of those who are touched where the others' rows are borrowed, else of everybody. of_rules: fact -> columns that
    rules are to read of the touched as well.
    """
    kept: list[str] = []

    def keep_for_now(name: str, computed: Frame) -> Frame:
        kept.append(name)
        return keep(connection, name, computed)

    lacking = TABLES.keys() - inputs.versions.keys() - {"orders"}
    names = {name: name for name in step.reads if name not in lacking}
    lines = BOUGHT
    if borrowed is not None:
        for name in names.keys() & set(BY_CUSTOMER):
            names[name] = only_touched(connection, name, of_rules.get(name, ()))
        if LINES in names:
            lines = bought_lines.of_touched(connection, of_rules.get(LINES, ()))
    if LINES in names:
        connection.execute(f"CREATE VIEW seen_lines AS SELECT * FROM {lines} WHERE {bought_lines.until(inputs.as_of)}")
        names[LINES] = "seen_lines"
    computed = step.compute({name: frame(connection, view) for name, view in names.items()}, keep_for_now)
    create_view("customer_metrics", computed)
    people = set(connection.view("people").columns)
    traits = [f"p.{quoted(column)}" for column in inputs.traits if column in people]
    # The ids of the touched first: beside a million of them the wide rows would be what is hashed.
    whose = "" if borrowed is None else joined_to_touched("source_key")
    connection.execute(f"CREATE TABLE named AS SELECT source_key, id FROM identities {whose}")
    connection.execute(
        f"CREATE TABLE named_metrics AS SELECT i.id AS customer_id, m.*, {', '.join(['p.gender', *traits])} "
        f"FROM customer_metrics m JOIN named i ON i.source_key = m.{KEY} LEFT JOIN people p USING ({KEY})"
    )
    connection.execute("DROP TABLE named")
    if borrowed is None:
        connection.execute(f"CREATE VIEW {KNOWN} AS SELECT * FROM named_metrics")
    else:
        windows = windows_of_profile(inputs.definitions, inputs.project.windows_days)
        of_touched = completed(frame(connection, "named_metrics"), windows)
        with_the_untouched(connection, lake, borrowed, inputs.as_of, of_touched, KNOWN)
    for name in kept:
        if name != CATEGORY_DAYS:
            connection.execute(f"DROP TABLE {quoted(name)}")
    return KNOWN


def _trait_schema(inputs: Inputs) -> Schema:
    """Traits as rules name them: `trait.LABEL`, and plain LABEL."""
    found: dict[str, RuleColumn] = {}
    for column, kind in inputs.traits.items():
        label = inputs.trait_labels[column]
        found[f"trait.{label}"] = RuleColumn(column, kind)
        found.setdefault(label, RuleColumn(column, kind))
    return found


def _rules(profile: ProfileRows, inputs: Inputs, digits: int) -> Rules:
    project = inputs.project
    schema: dict[str, RuleColumn | RuleType] = {}
    schema |= profile_schema(windows_of_profile(inputs.definitions, project.windows_days), digits)
    schema |= _trait_schema(inputs)
    for definition in inputs.definitions:
        schema |= columns_given(definition)
    return Rules(
        connection=profile.connection,
        profile=profile,
        as_of=inputs.as_of,
        timezone=project.timezone,
        language=project.language,
        digits=digits,
        versions=inputs.versions,
        definitions=inputs.definitions,
        schema=schema,
        has_previous=inputs.previous_tags is not None,
    )


def _execute(connection: duckdb.DuckDBPyConnection, step: AnyStep, rules: Rules) -> None:
    """Keep what the step computes, and let go of its intermediates."""
    if isinstance(step, CleaningStep):
        rules.clean(step.cleaning)
        return
    if isinstance(step, RuleStep):
        rules.look(step.tags, step.segments)
        return
    intermediate: list[str] = []

    def keep_for_now(name: str, computed: Frame) -> Frame:
        intermediate.append(name)
        return keep(connection, name, computed)

    if step.widens:
        _widen(step, keep_for_now, rules)
    else:
        there = [name for name in step.reads if name not in TABLES or name in rules.versions or name == "orders"]
        keep(connection, step.writes, step.compute({name: frame(connection, name) for name in there}, keep_for_now))
    for name in intermediate:
        connection.execute(f"DROP TABLE {quoted(name)}")


def _widen(step: Step, keep_for_now: Keep, rules: Rules) -> None:
    """Widen the profile by what the step adds.

    Columns that come of a customer's own row stay expressions, computed where they are read; ranks are kept.
    """
    connection, profile = rules.connection, rules.profile
    if step.definition is None:
        create_view(step.writes, step.compute({ALL: frame(connection, profile.base)}, keep_for_now))
        profile.begin(step.writes)
        return
    narrow = f"read_by_{step.writes}"
    read = people = profile.narrow(narrow, columns_read([step.definition], rules.schema))
    compute = step.compute
    if step.again is not None and (leaves := rules.leaves_to_tell(step.definition)):
        people, told = rules.told(people, step.definition, leaves)
        compute = step.again(told)
    computed = compute(
        {ALL: people, **{name: frame(connection, name) for name in step.reads if name != ALL}}, keep_for_now
    )
    there = columns_of(read)
    added = [name for name in columns_of(computed) if name not in there and not name.startswith(VERDICT)]
    wider = computed.select(nw.col(KEY), *added)
    if step.widens == "by row":
        create_view(step.writes, wider)
    else:
        keep(connection, step.writes, wider)
        connection.execute(f"DROP TABLE {quoted(narrow)}")
    profile.add(step.writes)


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    customers, buyers, unscored = connection.execute(
        "SELECT count(*), count(*) FILTER (frequency_count > 0), count(*) FILTER (rfm_cell IS NULL) "
        "FROM profile_written"
    ).fetchall()[0]
    orders, gross, identified_orders, identified = connection.execute(
        "SELECT COALESCE(sum(orders), 0)::BIGINT, COALESCE(sum(monetary_amount_gross_minor), 0)::BIGINT, "
        "COALESCE(sum(identified_orders), 0)::BIGINT, COALESCE(sum(identified_gross_minor), 0)::BIGINT "
        "FROM totals_of_stores"
    ).fetchall()[0]
    return {
        "customers": customers,
        "buyers": buyers,
        "unscored": unscored,
        "orders": orders,
        "identified_orders": identified_orders,
        "identified_amount_rate": identified / gross if gross > 0 else None,
    }
