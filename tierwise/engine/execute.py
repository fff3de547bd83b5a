"""The steps of a run, executed: what is computed lies in a workshop then, and nothing is stored.

Written once for DuckDB and Spark (`engine/workshop.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb
import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import reads
from tierwise.definitions.project import Project
from tierwise.engine import bought_lines
from tierwise.engine.bought_lines import BOUGHT, LINES, Bought
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.given import columns_given, profile_schema
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
from tierwise.engine.plan import KEY, AnyStep, CleaningStep, RuleStep, Step, plan, windows_of_profile
from tierwise.engine.profile_rows import ALL, ProfileRows, columns_read
from tierwise.engine.rules_of_run import Rules
from tierwise.engine.sources import TraitType, register_facts, register_people
from tierwise.engine.tier_days import date_tiers
from tierwise.engine.workshop import DuckdbWorkshop, Workshop
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
    shop: Workshop | None = None,
    otherwise: Callable[[AnyStep, Rules], AnyStep | None] = lambda step, rules: step,
    currency: str | None = None,
) -> Executed:
    """Execute the plan: the view `profile_rows` and what other steps write are then there, and nothing is stored.

    `watch` is told before each step, and may raise to stop. `registered` is called when the facts are there and before
    any step. leave_out: what is not wanted, by what the step writes. to_write: whether `build` is to store it then.
    shop: where the steps are executed and their tables lie, of this connection; the connection itself where None.
    Elsewhere there must be no base in `inputs`. otherwise: asked before each step but the first, it gives the step to
    be executed in its place; None where it has done that itself. currency: of all facts, where it is known already.
    """
    timings: dict[str, float] = {}
    register_facts(connection, lake, inputs.versions)
    register_people(connection, inputs.project.timezone, inputs.traits, inputs.as_of)
    registered(connection)
    shop = shop or DuckdbWorkshop(connection)
    shop.open(lake, inputs.versions, {} if inputs.previous_tags is None else {"previous_tags": inputs.previous_tags})
    currency = currency or _currency(shop, inputs.project)
    started = monotonic_seconds()
    borrowed = _borrowed(connection, lake, inputs)
    if inputs.base is not None:
        timings[LOOKING] = round(monotonic_seconds() - started, 3)
    started = monotonic_seconds()
    of_rules = bought_lines.columns_of_rules(connection, inputs.definitions, inputs.as_of)
    bought = _bought(shop, lake, inputs, borrowed, of_rules, to_write)
    if bought is not None:
        timings[JOINING] = round(monotonic_seconds() - started, 3)
    profile = ProfileRows(shop)
    rules = _rules(profile, inputs, exponent(currency))
    if borrowed is not None and borrowed.rows_too:
        rules.borrowed = _borrowed_rules(connection, lake, inputs, borrowed.base)
    rules.begin()
    planned = plan(
        inputs.definitions,
        inputs.as_of,
        inputs.project.windows_days,
        digits=exponent(currency),
        traits=trait_schema(inputs),
    )
    steps = [step for step in planned if step.writes not in leave_out]
    read = {read.name for each in inputs.definitions for read in reads(each) if read.what == "attribute"}
    for done, step in enumerate(steps):
        watch(done, len(steps) + 1, step.name)
        started = monotonic_seconds()
        if step.writes == "customer_metrics" and isinstance(step, Step):
            base = _metrics(shop, lake, step, inputs, borrowed, of_rules if rules.borrowed else {})
            profile.begin(base)
        else:
            instead = otherwise(step, rules)
            if instead is not None:
                _execute(instead, rules)
            if isinstance(step, Step) and step.definition is not None:
                date_tiers(profile, lake, step.definition, inputs.history, inputs.as_of, read)
        timings[step.name] = round(monotonic_seconds() - started, 3)
    return Executed(currency, len(steps), timings, borrowed, bought)


def _bought(
    shop: Workshop,
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
            shop.connection,
            lake,
            version,
            columns,
            appended=borrowed.appended,
            rewritten=borrowed.rewritten,
            moved=borrowed.moved,
        )
    found = found or bought_lines.join_all(shop, columns, to_write=to_write)
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


def _currency(shop: Workshop, project: Project) -> str:
    """The one currency of the facts, the project's where there is no money yet. Raises `mixed_currencies`."""
    found = shop.ask(
        "SELECT DISTINCT currency FROM (SELECT currency FROM orders UNION ALL SELECT currency FROM refunds) ORDER BY 1"
    )
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
    return of_own_facts(inputs.definitions, windows, trait_schema(inputs))


KNOWN = "known_rows"
"""The metrics of everybody, before any step."""


def _metrics(
    shop: Workshop,
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
        return shop.keep(name, computed)

    connection = shop.connection
    lacking = TABLES.keys() - inputs.versions.keys() - {"orders"}
    names = {name: name for name in step.reads if name not in lacking}
    lines = BOUGHT
    if borrowed is not None:
        for name in names.keys() & set(BY_CUSTOMER):
            names[name] = only_touched(connection, name, of_rules.get(name, ()))
        if LINES in names:
            lines = bought_lines.of_touched(connection, of_rules.get(LINES, ()))
    if LINES in names:
        shop.view("seen_lines", f"SELECT * FROM {lines} WHERE {bought_lines.until(inputs.as_of)}")
        names[LINES] = "seen_lines"
    computed = step.compute({name: shop.frame(view) for name, view in names.items()}, keep_for_now)
    shop.create_view("customer_metrics", computed)
    people = set(connection.view("people").columns)
    traits = [f"p.{quoted(column)}" for column in inputs.traits if column in people]
    # The ids of the touched first: beside a million of them the wide rows would be what is hashed.
    whose = "" if borrowed is None else joined_to_touched("source_key")
    shop.table("named", f"SELECT source_key, id FROM identities {whose}")
    shop.table(
        "named_metrics",
        f"SELECT i.id AS customer_id, m.*, {', '.join(['p.gender', *traits])} "
        f"FROM customer_metrics m JOIN named i ON i.source_key = m.{KEY} LEFT JOIN people p ON p.{KEY} = m.{KEY}",
    )
    shop.drop("named")
    if borrowed is None:
        shop.view(KNOWN, "SELECT * FROM named_metrics")
    else:
        windows = windows_of_profile(inputs.definitions, inputs.project.windows_days)
        of_touched = completed(shop.frame("named_metrics"), windows)
        with_the_untouched(connection, lake, borrowed, inputs.as_of, of_touched, KNOWN)
    for name in kept:
        if name != CATEGORY_DAYS:
            shop.drop(name)
    return KNOWN


def trait_schema(inputs: Inputs) -> Schema:
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
    schema |= trait_schema(inputs)
    for definition in inputs.definitions:
        schema |= columns_given(definition)
    return Rules(
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


def _execute(step: AnyStep, rules: Rules) -> None:
    """Keep what the step computes, and let go of its intermediates."""
    if isinstance(step, CleaningStep):
        rules.clean(step.cleaning)
        return
    if isinstance(step, RuleStep):
        rules.look(step.tags, step.segments)
        return
    intermediate: list[str] = []
    shop = rules.shop

    def keep_for_now(name: str, computed: Frame) -> Frame:
        intermediate.append(name)
        return shop.keep(name, computed)

    if step.widens:
        _widen(step, keep_for_now, rules)
    else:
        there = [name for name in step.reads if name not in TABLES or name in rules.versions or name == "orders"]
        shop.keep(step.writes, step.compute({name: shop.frame(name) for name in there}, keep_for_now))
    for name in intermediate:
        shop.drop(name)


def _widen(step: Step, keep_for_now: Keep, rules: Rules) -> None:
    """Widen the profile by what the step adds.

    Columns that come of a customer's own row stay expressions, computed where they are read; ranks are kept.
    """
    shop, profile = rules.shop, rules.profile
    if step.definition is None:
        shop.create_view(step.writes, step.compute({ALL: shop.frame(profile.base)}, keep_for_now))
        profile.begin(step.writes)
        return
    narrow = f"read_by_{step.writes}"
    read = people = profile.narrow(narrow, columns_read([step.definition], rules.schema))
    compute = step.compute
    if step.again is not None and (leaves := rules.leaves_to_tell(step.definition)):
        people, told = rules.told(people, step.definition, leaves)
        compute = step.again(told)
    computed = compute({ALL: people, **{name: shop.frame(name) for name in step.reads if name != ALL}}, keep_for_now)
    there = columns_of(read)
    added = [name for name in columns_of(computed) if name not in there and not name.startswith(VERDICT)]
    wider = computed.select(nw.col(KEY), *added)
    if step.widens == "by row":
        shop.create_view(step.writes, wider)
    else:
        shop.keep(step.writes, wider)
        shop.drop(narrow)
    profile.add(step.writes)
