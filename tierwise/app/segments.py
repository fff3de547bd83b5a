"""Segments while they are edited and after: how many, who, how they overlap, frozen, read.

Every question takes a rule; a stored segment is the rule `InSegment`, a list `InList`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw

from tierwise.app.among import Among, among_address, columns_of_among
from tierwise.app.among_keys import attributes_of_among, keys_among, run_of_among
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.app.exporting import attribute_label
from tierwise.app.headings import Headings, headed, with_unit, worded
from tierwise.app.marking import mark_of
from tierwise.app.memberships import live_difference
from tierwise.app.reading import Reader, label_of, opened_run
from tierwise.app.rule_world import Ground, ground_of, segments
from tierwise.app.searching import CONTACTS, find, ordered_by
from tierwise.app.tier_values import titles_of
from tierwise.app.views import Exported, Label, ProfilePage
from tierwise.definitions.rule import AnyRule, InList, InSegment
from tierwise.definitions.segment import Segment
from tierwise.definitions.sensitivity import TRAIT, sensitive_attributes
from tierwise.engine.current import KEY
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.tabular import write_table
from tierwise.kernel import clock, ids
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.frame import Frame
from tierwise.state import audit, lists
from tierwise.state.lists import CustomerList

ID = "customer_id"
MOST_SETS = 20
"""So many sets are laid over each other at most."""


@dataclass(frozen=True, slots=True)
class Counted:
    """customers: whom the rule is true of, of all `of` of the run. ms: how long it took, milliseconds.

    live: of a stored segment, how many there are as of now, where facts have changed since the run; else null.
    """

    customers: int
    of: int
    ms: float
    run_id: int
    as_of: date
    live: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Some customers by chance, in the order of customer_id: the same seed draws the same from the same run."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    customers: int
    seed: int
    run_id: int
    as_of: date


@dataclass(frozen=True, slots=True)
class Region:
    """Customers who are in all sets of `inside` and in none of the others."""

    inside: tuple[str, ...]
    customers: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sets: customers in both; jaccard: both / either, null where either is empty; shares of each set in both."""

    first: str
    second: str
    both: int
    jaccard: float | None
    of_first: float | None
    of_second: float | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """sets: customers by set. regions: all of them, of two and three sets (every region of the Venn diagram; the last
    is in none), of more only those that somebody is in. pairs: every two sets."""

    sets: dict[str, int]
    regions: tuple[Region, ...]
    pairs: tuple[Pair, ...]
    of: int
    run_id: int
    as_of: date


def all_segments(ctx: Context) -> tuple[Segment, ...]:
    """The segments in use, by name."""
    ctx.principal.require("view")
    with ctx.database.connect() as state:
        return tuple(segments(state))


def count(ctx: Context, rule: AnyRule, run_id: int | None = None) -> Counted:
    """How many customers the rule is true of. Raises all that is wrong with the rule, and `no_run`."""
    ctx.principal.require("view")
    started = clock.monotonic_seconds()
    with ground_of(ctx, [rule], run_id=run_id) as ground:
        customers, of = ground.count(rule), ground.of
        more = live_difference(ctx, rule.segment, ground.run.id) if isinstance(rule, InSegment) else None
        took = (clock.monotonic_seconds() - started) * 1000
        live = None if more is None else customers + more
        return Counted(customers, of, round(took, 1), ground.run.id, ground.run.as_of, live)


def sample(
    ctx: Context,
    rule: AnyRule,
    *,
    limit: int = 20,
    seed: int = 1,
    columns: Sequence[str] | None = None,
    run_id: int | None = None,
) -> Sample:
    """Some of those whom the rule is true of. columns: attributes, else those that the rule compares."""
    ctx.principal.require("view_customer")
    with ground_of(ctx, [rule], [ID, *(columns or ())], run_id) as ground:
        names = _shown(ground, columns)
        _put_members(ground, rule)
        select = ", ".join(ground.value_sql(name) for name in names)
        chosen = f"SELECT {KEY} FROM members ORDER BY hash({KEY}, {int(seed)}), {KEY} LIMIT {int(limit)}"
        rows = ground.connection.execute(
            f"SELECT {select} FROM profile SEMI JOIN ({chosen}) USING ({KEY}) ORDER BY {ID}"
        ).fetchall()
        found = ground.rows(nw.from_native(ground.connection.table("members")))
        return Sample(tuple(names), tuple(rows), found, seed, ground.run.id, ground.run.as_of)


def overlap(ctx: Context, rules: Mapping[str, AnyRule], run_id: int | None = None) -> Overlap:
    """How sets of customers lie over each other; two sets to `MOST_SETS`. Raises `too_few_sets`, `too_many_sets`."""
    ctx.principal.require("view")
    if len(rules) < 2:
        raise TierwiseError("too_few_sets", "an overlap needs two sets", remedy="name two or more")
    if len(rules) > MOST_SETS:
        raise TierwiseError("too_many_sets", f"{len(rules)} sets", remedy=f"at most {MOST_SETS} at once")
    with ground_of(ctx, list(rules.values()), run_id=run_id) as ground:
        names = list(rules)
        masks = _masks(ground, ground.members_of_many(rules), names)
        in_none = ground.of - sum(masks.values())
        sizes = {name: sum(n for mask, n in masks.items() if mask >> i & 1) for i, name in enumerate(names)}
        return Overlap(
            sizes,
            tuple(_regions(masks, names, in_none)),
            tuple(_pairs(masks, names, sizes)),
            ground.of,
            ground.run.id,
            ground.run.as_of,
        )


def snapshot(
    ctx: Context,
    rule: AnyRule,
    name: str | None = None,
    *,
    title: str = "",
    note: str = "",
    replace: bool = False,
    run_id: int | None = None,
) -> CustomerList:
    """Freeze who the rule is true of as of the run into a static list; audited. name: of a stored segment its own.

    A static segment is frozen anew by its rule. Raises `no_name`, `bad_name`, `name_taken`.
    """
    ctx.principal.require("list")
    called = name or (rule.segment if isinstance(rule, InSegment) else None)
    if called is None:
        raise TierwiseError("no_name", "what is the list called?", remedy="--name NAME")
    if not ids.is_name(called):
        raise TierwiseError("bad_name", f'"{called}" cannot be a name', remedy="lower-case letters, digits and _")
    origin = f"segment {rule.segment}" if isinstance(rule, InSegment) else "rule"
    with ground_of(ctx, [_decides(ctx, rule)], run_id=run_id) as ground:
        members = ground.members(_decides(ctx, rule))
        native: duckdb.DuckDBPyRelation = nw.to_native(members)
        with ctx.database.begin() as state:
            made = lists.put(
                state,
                called,
                "static",
                _keys(native),
                author=ctx.principal.name,
                origin=origin,
                run_id=ground.run.id,
                title=title,
                note=note,
                there="replace" if replace else "refuse",
            )
            detail = {"members": made.members, "run": ground.run.id, "origin": origin}
            audit.write(state, ctx.principal.name, "list.freeze", called, detail)
    return made


def members(
    ctx: Context,
    rule: AnyRule,
    *,
    limit: int = 50,
    after: str | None = None,
    columns: Sequence[str] | None = None,
    run_id: int | None = None,
    among: Among | None = None,
) -> ProfilePage:
    """A page of those whom the rule is true of, in the order of customer_id, behind `after`; `of` counts them all.

    among: only of these. columns: attributes and `columns_of_among`, else those that the rule compares.
    """
    ctx.principal.require("view_customer")
    told, chosen = _told_and_chosen(among, columns)
    run_id = run_of_among(ctx, among) if run_id is None else run_id
    with ground_of(ctx, [rule], [ID, *(chosen or ()), *attributes_of_among(among)], run_id) as ground:
        names = _shown(ground, chosen)
        _put_members(ground, rule)
        theirs = f"profile SEMI JOIN members USING ({KEY}){_joined(ctx, ground, among)}"
        select = ", ".join([*(ground.value_sql(name) for name in names), *map(quoted, told)])
        behind = "WHERE customer_id > $after" if after is not None else ""
        rows = ground.connection.execute(
            f"SELECT {select} FROM {theirs} {behind} ORDER BY {ID} LIMIT {int(limit)}",
            {"after": after} if after is not None else {},
        ).fetchall()
        ((of,),) = ground.connection.execute(f"SELECT count(*) FROM {theirs}").fetchall()
        return ProfilePage(ground.run.id, ground.run.as_of, (*names, *told), tuple(rows), int(of))


def _told_and_chosen(among: Among | None, columns: Sequence[str] | None) -> tuple[list[str], list[str] | None]:
    """Of columns those that tell of a move, and the attributes."""
    told = [name for name in columns_of_among(among) if columns is None or name in columns]
    return told, None if columns is None else [name for name in columns if name not in told]


def _joined(ctx: Context, ground: Ground, among: Among | None) -> str:
    """SQL that joins the table `they`, which it makes; nothing where everybody is meant."""
    if among is None:
        return ""
    they: duckdb.DuckDBPyRelation = nw.to_native(keys_among(ctx, ground, among))
    they.create("they")
    return f" JOIN they USING ({KEY})"


def export_members(
    ctx: Context,
    rule: AnyRule,
    path: Path,
    *,
    columns: Sequence[str] | None = None,
    run_id: int | None = None,
    headings: Headings = "names",
    among: Among | None = None,
    order_by: str = ID,
    descending: bool = False,
    text: str = "",
) -> Exported:
    """Write those whom the rule is true of to a .csv, .xlsx or .parquet file; audited. among, text: only of these, and
    of those whom `search` finds by the text.

    columns: attributes and `columns_of_among`, else those that the rule compares. What is sensitive is there only if
    `columns` names it, and the audit names it too. headings: names as programs know the columns, or words in a
    language, of the values of tiers too, and with units. order_by, descending: as `search` orders them.
    """
    ctx.principal.require("export")
    started = clock.monotonic_seconds()
    table = f"segment {rule.segment}" if isinstance(rule, InSegment) else "rule"
    told, chosen = _told_and_chosen(among, columns)
    run_id = run_of_among(ctx, among) if run_id is None else run_id
    ordered = [name for name in (order_by,) if name not in (*CONTACTS, *told)]
    needed = [ID, *(chosen or ()), *ordered, *attributes_of_among(among)]
    with ground_of(ctx, [rule], needed, run_id) as ground:
        every = _shown(ground, chosen)
        sensitive = _sensitive(ctx, every)
        left_out = sensitive if columns is None else ()
        names = [name for name in every if name not in left_out]
        _put_members(ground, rule)
        select = ", ".join(
            [*(f"{ground.value_sql(name)} AS {quoted(name)}" for name in names), *(quoted(name) for name in told)]
        )
        text = text.strip()
        if text:
            find(ctx, ground, text)
        found = f" SEMI JOIN found USING ({KEY})" if text else ""
        theirs = f"profile SEMI JOIN members USING ({KEY}){found}{_joined(ctx, ground, among)}"
        joined, order = ordered_by(ctx, ground, order_by, descending, told)
        relation = ground.connection.sql(f"SELECT {select} FROM {theirs}{joined} ORDER BY {order}")
        if headings != "names":
            reader = opened_run(ctx, ground.run.id).reader(ground.connection)
            moved = {name: getattr(among, "name", name) for name in told}
            relation = worded(
                ground.connection,
                relation,
                headings,
                lambda name: titles_of(reader.definitions.all, moved.get(name, name)),
            )
            relation = headed(ground.connection, relation, headings, partial(_head, reader, ground))
        mark = mark_of(ctx, _called(ctx, rule), headings)
        rows = write_table(ground.connection, relation, path, sheet="members", dated=ground.run.as_of, mark=mark)
        run = ground.run.id
    done = Exported(table, str(path), rows, path.stat().st_size, clock.monotonic_seconds() - started, left_out)
    detail: dict[str, Any] = {"path": path.name, "rows": rows, "run": run}
    if among is not None:
        detail["among"] = among_address(among)
    if text:
        detail["searched"] = True  # for what is often a name or a phone
    if sensitive:
        detail["left_out" if left_out else "sensitive"] = list(sensitive)
    with ctx.database.begin() as state:
        audit.write(state, ctx.principal.name, "export", table, detail)
    return done


def _head(reader: Reader, ground: Ground, name: str) -> Label:
    """The attribute's title, of a number with its unit."""
    label = attribute_label(reader, "profile", name)
    column = ground.schema.get(name)
    return with_unit(label, reader.unit(name)) if column is not None and column.type in ("integer", "number") else label


def _called(ctx: Context, rule: AnyRule) -> Label:
    """Whose customers these are: a segment's or a list's by its title."""
    with ctx.database.connect() as state:
        match rule:
            case InSegment():
                found = next((each.title for each in segments(state) if each.name == rule.segment), None)
                title = Label(rule.segment, rule.segment) if found is None else label_of(found, rule.segment)
                return Label(f"客群“{title.zh}”", f"segment “{title.en}”")
            case InList():
                named = lists.get(state, rule.list).title or rule.list
                return Label(f"名单“{named}”", f"list “{named}”")
    return Label("按条件找到的客户", "customers found by a rule")


def _sensitive(ctx: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Of these attributes the sensitive ones, by today's definitions; a trait by its plain name too."""
    with ctx.database.connect() as state:
        known = sensitive_attributes(current_definitions(state).all)
    return tuple(name for name in names if name in known or f"{TRAIT}{name}" in known)


def _decides(ctx: Context, rule: AnyRule) -> AnyRule:
    """A stored segment's own rule, frozen or not; any other as it is."""
    if not isinstance(rule, InSegment):
        return rule
    defined = {each.name: each for each in all_segments(ctx)}
    if rule.segment not in defined:
        raise TierwiseError.of([unknown_name("segment", rule.segment, defined)])
    return defined[rule.segment].rule(())


def _shown(ground: Ground, columns: Sequence[str] | None) -> list[str]:
    """The customer's id and these attributes, else those of the profile that the rule compares."""
    names = columns if columns is not None else [name for name in ground.compared if name in ground.schema]
    return [ID, *(name for name in dict.fromkeys(names) if name != ID)]


def _put_members(ground: Ground, rule: AnyRule) -> None:
    """The table `members` of the connection: one column, the keys."""
    native: duckdb.DuckDBPyRelation = nw.to_native(ground.members(rule))
    native.create("members")


def _keys(relation: duckdb.DuckDBPyRelation) -> Iterator[int]:
    while rows := relation.fetchmany(100_000):
        for row in rows:
            yield row[0]


def _masks(ground: Ground, sets: Mapping[str, Frame], names: Sequence[str]) -> dict[int, int]:
    """Bits of the sets that a customer is in -> customers; those in none are left out."""
    marked = [sets[name].select(KEY, nw.lit(1 << i).cast(nw.Int64).alias("bit")) for i, name in enumerate(names)]
    each = nw.concat(marked).group_by(KEY).agg(nw.col("bit").sum().cast(nw.Int64).alias("mask"))
    native: duckdb.DuckDBPyRelation = nw.to_native(each.group_by("mask").agg(nw.len().cast(nw.Int64).alias("n")))
    return {int(mask): int(n) for mask, n in native.fetchall()}


def _regions(masks: Mapping[int, int], names: Sequence[str], in_none: int) -> Iterator[Region]:
    every = range(1, 1 << len(names)) if len(names) <= 3 else sorted(masks)
    found = [Region(tuple(name for i, name in enumerate(names) if mask >> i & 1), masks.get(mask, 0)) for mask in every]
    yield from sorted(found, key=lambda region: (len(region.inside), [names.index(name) for name in region.inside]))
    yield Region((), in_none)


def _pairs(masks: Mapping[int, int], names: Sequence[str], sizes: Mapping[str, int]) -> Iterator[Pair]:
    for i, first in enumerate(names):
        for j, second in enumerate(names[i + 1 :], i + 1):
            both = sum(n for mask, n in masks.items() if mask >> i & 1 and mask >> j & 1)
            either = sizes[first] + sizes[second] - both
            yield Pair(
                first,
                second,
                both,
                both / either if either else None,
                both / sizes[first] if sizes[first] else None,
                both / sizes[second] if sizes[second] else None,
            )
