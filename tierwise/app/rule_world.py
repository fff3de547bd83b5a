"""A run as rules see it, for questions that are asked after it: how many, who, what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, get_args
from weakref import WeakKeyDictionary

import duckdb
import narwhals as nw
from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import AnyRule, Deed, attributes_of, leaves_of
from tierwise.definitions.segment import Segment, lists_in, needed_for, segments_in
from tierwise.definitions.tag import Tag
from tierwise.engine.current import KEY, CurrentProfile
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.edges import money_sql
from tierwise.engine.given import tag_type
from tierwise.engine.lake import Lake
from tierwise.engine.sources import register_facts
from tierwise.facts.contract import TABLES
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.metrics.fact_columns import countable, fact_frames, fact_schemas
from tierwise.metrics.frame import Frame
from tierwise.metrics.rule_sets import World, customers_where, rule_sets
from tierwise.metrics.rules import RuleColumn
from tierwise.state import definitions as stored
from tierwise.state import lists, runs, traits


@dataclass(frozen=True)
class Ground:
    """One run, open for questions. connection: its `profile` has the columns that were asked for.

    schema: every attribute of the profile as rules name it, traits by `trait.NAME` and plain NAME. compared: the
    attributes that the rules compare, those of the segments that they name included, each once. of: customers of the
    run.
    """

    run: runs.Run
    project: Project
    connection: duckdb.DuckDBPyConnection
    schema: Mapping[str, RuleColumn]
    world: World
    compared: tuple[str, ...]
    of: int
    _lake: Lake
    _numbers: Iterator[int]

    @property
    def currency(self) -> str:
        return str((self.run.counts or {}).get("currency", self.project.currency))

    def keep(self, name: str, computed: Frame) -> Frame:
        """Execute a lazy frame once, into a table that goes with the connection."""
        table = f"{name}_{next(self._numbers)}".replace(" ", "_")
        native: duckdb.DuckDBPyRelation = nw.to_native(computed)
        native.create(table)
        return nw.from_native(self.connection.table(table))

    def tags(self) -> Frame | None:
        """The tags that the run found: customer_key, tag, value (null for tags that one just has), and more."""
        version = (self.run.outputs or {}).get("tags")
        if version is None:
            return None
        self._lake.read(self.connection, "tags", version).create_view("tags", replace=True)
        return nw.from_native(self.connection.table("tags"))

    def of_run(self, keys: Any) -> Frame:
        """Customers by the run's own keys: `customer_key`, each once, and the other columns of keys, of several values
        the least. keys: an Arrow table of any time; who was joined with another since is that customer."""
        name = f"keys_{next(self._numbers)}"
        self.connection.register(f"given_{name}", keys)
        customers = self._lake.read(self.connection, "customer_map", self.run.inputs.get("customer_map"))
        customers.create_view(f"map_{name}")
        more = "".join(f", min(g.{quoted(each)}) AS {quoted(each)}" for each in keys.column_names if each != KEY)
        self.connection.execute(
            f"CREATE TABLE {name} AS SELECT COALESCE(m.customer_key, g.customer_key) AS customer_key{more} "
            f"FROM given_{name} g LEFT JOIN map_{name} m ON m.source_key = g.customer_key GROUP BY 1"
        )
        return nw.from_native(self.connection.table(name))

    def members(self, rule: AnyRule) -> Frame:
        """Whom the rule is true of: `customer_key`, each once."""
        return customers_where(rule, self.world, self.keep)

    def members_of_many(self, rules: Mapping[str, AnyRule]) -> dict[str, Frame]:
        """As `members`, of rules by name, planned together."""
        return rule_sets(rules, self.world, self.keep)

    def count(self, rule: AnyRule) -> int:
        return self.rows(self.members(rule))

    def rows(self, frame: Frame) -> int:
        native: duckdb.DuckDBPyRelation = nw.to_native(frame)
        found = native.aggregate("count(*)").fetchone()
        return int(found[0]) if found else 0

    def column(self, name: str) -> RuleColumn:
        """Where an attribute stands. Raises `unknown_attribute`."""
        found = self.schema.get(name)
        if found is None:
            raise TierwiseError.of([unknown_name("attribute", name, self.schema)])
        return found

    def value_sql(self, name: str) -> str:
        """An attribute as the outside sees it."""
        column = self.column(name).column
        return money_sql(column, self.currency) if column.endswith("_minor") else quoted(column)


@contextmanager
def ground_of(
    ctx: Context,
    rules: Sequence[AnyRule],
    columns: Iterable[str] | Callable[[Mapping[str, RuleColumn]], Iterable[str]] = (),
    run_id: int | None = None,
) -> Iterator[Ground]:
    """The current run, or a kept one, with all that these rules and attributes need.

    columns: attributes besides those of the rules, or which of those that the schema has.
    Segments stand for what they are defined as now, lists for who is on them now. Raises `no_run`, `unknown_run`,
    `run_not_kept`, `unknown_attribute`, and what is wrong between segments; what is wrong within the rules is told by
    `members`.
    """
    profile = ctx.current or CurrentProfile(ctx.lake, ctx.scratch / "spill", ctx.memory_limit, budget_bytes=0)
    with ctx.database.connect() as state:
        run = _run(state, run_id)
        standing = _standing(state, profile, run)
        needed = _Needed(state, rules)
        members_of_lists = lists.list_members(state, sorted(needed.lists)) if needed.lists else None
    project, schema = standing.project, standing.schema
    version = (run.outputs or {})["profile"]
    names = {*needed.attributes, *(columns(schema) if callable(columns) else columns)}
    inside = {schema[name].column for name in names if name in schema}
    try:
        with profile.opened(version, inside, load=run.current) as connection:
            people = nw.from_native(connection.table("profile"))
            world = World(people, schema, run.as_of, zone=clock.zone(project.timezone))
            ground = Ground(
                run,
                project,
                connection,
                schema,
                world,
                needed.attributes,
                profile.rows(version),
                profile.lake,
                count(1),
            )
            if needed.deeds:
                register_facts(connection, profile.lake, run.inputs)
                facts = fact_frames({name: nw.from_native(connection.table(name)) for name in _fact_tables()})
                world = replace(world, facts=facts, fact_schemas=fact_schemas(standing.digits))
            if members_of_lists is not None:
                connection.register("members_of_lists", members_of_lists)
                customers = profile.lake.read(connection, "customer_map", run.inputs.get("customer_map"))
                world = replace(world, sets=_list_sets(connection, customers, needed.lists))
            ground = replace(ground, world=world)
            ground = replace(ground, world=_with_tags(ctx, ground, names - schema.keys()))
            yield _with_segments(ground, needed)
    finally:
        if profile is not ctx.current:
            profile.close()


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stays as it is as long as a run is the current one. digits: decimals of its money."""

    run_id: int
    project: Project
    digits: int
    schema: Mapping[str, RuleColumn]


_LAST: WeakKeyDictionary[CurrentProfile, _Standing] = WeakKeyDictionary()
"""Of each profile in memory what was told of the last run asked about: a count need not ask for it again."""


def _standing(state: Connection, profile: CurrentProfile, run: runs.Run) -> _Standing:
    kept = _LAST.get(profile)
    if kept is not None and kept.run_id == run.id:
        return kept
    project = _project(state)
    labels = {trait.column_name: trait.name for trait in traits.list_traits(state)}
    digits = exponent(str((run.counts or {}).get("currency", project.currency)))
    schema = _with_traits(profile.schema((run.outputs or {})["profile"], digits), labels)
    _LAST[profile] = found = _Standing(run.id, project, digits, schema)
    return found


class _Needed:
    """What rules lead to: segments in the order in which they can be told, lists, attributes, facts."""

    def __init__(self, state: Connection, rules: Sequence[AnyRule]) -> None:
        named = [name for rule in rules for name in segments_in(rule)]
        known: set[str] = set()
        if named or any(True for rule in rules for _ in lists_in(rule)):
            known = {each.name for each in lists.all_lists(state)}
        self.segments: dict[str, AnyRule] = {}
        if named:
            defined = {each.name: each for each in segments(state)}
            every = {name: segment.rule(known) for name, segment in defined.items()}
            order = needed_for(every, named)
            self.segments = {name: every[name] for name in order}
        every_rule = [*rules, *self.segments.values()]
        self.lists = {name for rule in every_rule for name in lists_in(rule)}
        unknown = sorted(self.lists - known)
        if unknown:
            raise TierwiseError.of([unknown_name("list", name, known) for name in unknown])
        self.attributes = tuple(dict.fromkeys(name for rule in every_rule for name in attributes_of(rule)))
        deeds = get_args(Deed)
        self.deeds = any(isinstance(leaf, deeds) for rule in every_rule for _, leaf in leaves_of(rule))


def segments(state: Connection) -> list[Segment]:
    """The segments in use, by name."""
    found = (parse_definition(each.body or {}, f"segment {each.name}") for each in stored.current(state, "segment"))
    return [each for each in found if isinstance(each, Segment)]


def _run(state: Connection, run_id: int | None) -> runs.Run:
    run = runs.current(state) if run_id is None else runs.get(state, run_id)
    if run is None:
        raise TierwiseError("no_run", "no run yet", remedy="import a file, then `tierwise run`")
    if run.state != "done" or run.outputs is None:
        raise TierwiseError("run_not_kept", f"run {run.id} is {run.state}: it has no profile")
    return run


def _project(state: Connection) -> Project:
    for each in stored.current(state, "project"):
        found = parse_definition(each.body or {}, "project")
        if isinstance(found, Project):
            return found
    return current_definitions(state).project


def _with_traits(schema: Mapping[str, RuleColumn], labels: Mapping[str, str]) -> dict[str, RuleColumn]:
    """Traits by `trait.LABEL`, and by LABEL where nothing else has that name; keys are no attribute."""
    found = {name: column for name, column in schema.items() if column.column not in labels and name != KEY}
    for column, label in labels.items():
        if column in schema:
            found[f"trait.{label}"] = schema[column]
            found.setdefault(label, schema[column])
    return found


def _fact_tables() -> list[str]:
    return [name for name in TABLES if name in countable() or name == "products"]


def _list_sets(
    connection: duckdb.DuckDBPyConnection, customers: duckdb.DuckDBPyRelation, names: Collection[str]
) -> dict[str, Frame]:
    """Who is on each list, by the run's own keys of customers. customers: the run's map of them."""
    customers.create_view("keys_of_customers")
    connection.execute(
        "CREATE TABLE on_lists AS SELECT DISTINCT l.list, COALESCE(m.customer_key, l.source_key) AS customer_key "
        "FROM members_of_lists l LEFT JOIN keys_of_customers m USING (source_key)"
    )
    everybody: Frame = nw.from_native(connection.table("on_lists"))
    return {f"list {name}": everybody.filter(nw.col("list") == name).select(KEY) for name in sorted(names)}


def _with_tags(ctx: Context, ground: Ground, names: Collection[str]) -> World:
    """The world with the tags among these names, as the run found them."""
    if not names:
        return ground.world
    with ctx.database.connect() as state:
        found = {each.name: each.body for each in stored.current(state, "tag") if each.name in names}
    rows = ground.tags() if found else None
    if rows is None:
        return ground.world
    values = {name: rows.filter(nw.col("tag") == name).select(KEY, "value") for name in found}
    types = {}
    for name, body in found.items():
        tag = parse_definition(body or {}, f"tag {name}")
        if isinstance(tag, Tag):
            types[name] = RuleColumn(name, tag_type(tag))
    return replace(ground.world, values=values, schema={**ground.world.schema, **types})


def _with_segments(ground: Ground, needed: _Needed) -> Ground:
    """Each segment told once, in their order, from those before it."""
    for name, rule in needed.segments.items():
        members = ground.keep(f"segment {name}", ground.members(rule))
        world = replace(ground.world, sets={**ground.world.sets, f"segment {name}": members})
        ground = replace(ground, world=world)
    return ground
