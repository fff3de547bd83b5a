"""Junk accounts: how many, why, what money they carry; and a person's word that one of them is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import duckdb

from tierwise.app.context import Context
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.views import Label
from tierwise.definitions.cleaning import Cleaning, CleaningRule
from tierwise.engine import junk_figures, snapshots
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import from_minor
from tierwise.state import audit, lake_tables, releases

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class JunkRuleRow:
    """What one rule finds. customers: all of them; counted: those that no rule before it finds, which add up to all.

    past_retention: accounts that need not be kept any more. examples: some of them by id, empty for who may not see
    customers.
    """

    rule: str
    title: Label
    reason: Label
    customers: int
    counted: int
    orders: int
    monetary_amount: Decimal
    monetary_amount_gross: Decimal
    retention_days: int
    past_retention: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JunkView:
    """The accounts that a run left out of every number, with their orders and money; nothing is deleted.

    of: customers with them. share: 0-1, null where there is nobody. releases: how many stand; waiting: those of them
    that the run did not know yet, and the next one heeds.
    """

    run_id: int
    as_of: date
    currency: str
    customers: int
    of: int
    share: float | None
    orders: int
    monetary_amount: Decimal
    monetary_amount_gross: Decimal
    past_retention: int
    releases: int
    waiting: int
    rules: tuple[JunkRuleRow, ...]


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """One release. rule: null where it is from all rules. It stands while undone_at is null."""

    customer_id: str
    rule: str | None
    author: str
    reason: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None


def junk(ctx: Context, *, run_id: int | None = None, examples: int = EXAMPLES) -> JunkView:
    """How many accounts were flagged, by which rule, and what they carry. Raises what `reading` raises."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        standing = releases.list_releases(connection, limit=1_000_000)
    with reading(ctx, run_id) as reader:
        _open_junk(reader)
        return _junk_of(reader, standing, examples if ctx.principal.may("view_customer") else 0)


def release(ctx: Context, customer_id: str, *, reason: str, rule: str | None = None) -> ReleaseView:
    """Say that a flagged account is no junk: from the next run on it is counted again. Audited.

    rule: from that rule alone; None from all of them. Raises `not_junk`, `unknown_rule`, `already_released`,
    `missing_reason` and what `reading` raises.
    """
    ctx.principal.require("release")
    with reading(ctx) as reader:
        _open_junk(reader)
        found = junk_figures.flagged(reader.connection, customer_id)
        if found is None:
            raise TierwiseError(
                "not_junk",
                f'no rule finds the customer "{customer_id}" as of {reader.run.as_of}',
                remedy="`tierwise junk` has examples; ids are as the business writes them",
            )
        key, rules = found
        if rule is not None and rule not in rules:
            raise TierwiseError.of([unknown_name("rule", rule, rules, customer_id)])
    with ctx.database.begin() as connection:
        made = releases.add(connection, key, rule, author=ctx.principal.name, reason=reason)
        # The audit names the customer by key: the id may be a phone number.
        detail = {"customer_key": key, "rule": rule, "release": made.id}
        audit.write(connection, ctx.principal.name, "junk.release", "cleaning", detail)
    return _view(made, customer_id)


def undo_release(ctx: Context, customer_id: str, *, rule: str | None = None) -> ReleaseView:
    """Take a release back; the next run flags the account again if a rule finds it. Audited.

    Raises `not_released`, `unknown_customer`.
    """
    ctx.principal.require("release")
    with _identities(ctx) as connection:
        keys = junk_figures.keys_of(connection, customer_id)
    if not keys:
        raise TierwiseError("unknown_customer", f'no customer "{customer_id}" is known')
    with ctx.database.begin() as state:
        mine = [each for each in releases.list_releases(state, limit=1_000_000) if each.source_key in keys]
        key = next((each.source_key for each in mine if each.rule == rule), keys[0])
        undone = releases.undo(state, key, rule, by=ctx.principal.name)
        detail = {"customer_key": key, "rule": rule, "release": undone.id}
        audit.write(state, ctx.principal.name, "junk.undo", "cleaning", detail)
    return _view(undone, customer_id)


def list_releases(ctx: Context, *, standing_only: bool = True, limit: int = 100) -> tuple[ReleaseView, ...]:
    """The releases, the newest first."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as state:
        found = releases.list_releases(state, standing_only=standing_only, limit=limit)
    if not found:
        return ()
    with _identities(ctx) as connection:
        ids = junk_figures.ids_of(connection, [each.source_key for each in found])
    return tuple(_view(each, ids.get(each.source_key, "")) for each in found)


def _open_junk(reader: Reader) -> None:
    """Make the view `junk` of what the run found. Raises `no_cleaning`."""
    version = (reader.run.outputs or {}).get("junk")
    if version is None or not reader.definitions.of(Cleaning):
        raise TierwiseError(
            "no_cleaning",
            f"run {reader.run.id} looked for no junk",
            remedy="apply a definition of kind cleaning (docs/cleaning.md), then `tierwise run`",
        )
    reader.ctx.lake.read(reader.connection, "junk", version).create_view("junk", replace=True)


def _junk_of(reader: Reader, standing: list[releases.Release], examples: int) -> JunkView:
    connection, as_of = reader.connection, reader.run.as_of
    rules = [rule for definition in reader.definitions.of(Cleaning) for rule in definition.rules]
    customers, orders, net, gross, past = junk_figures.totals(connection, as_of)
    found = junk_figures.by_rule(connection, as_of)
    counted = junk_figures.first_found(connection, [rule.name for rule in rules])
    of = customers + snapshots.count(connection, "profile")
    return JunkView(
        run_id=reader.run.id,
        as_of=as_of,
        currency=reader.currency,
        customers=customers,
        of=of,
        share=customers / of if of else None,
        orders=orders,
        monetary_amount=from_minor(net, reader.currency),
        monetary_amount_gross=from_minor(gross, reader.currency),
        past_retention=past,
        releases=len(standing),
        waiting=junk_figures.still_flagged(connection, [(each.source_key, each.rule) for each in standing]),
        rules=tuple(
            _row(reader, rule, found.get(rule.name, (0, 0, 0, 0, 0)), counted.get(rule.name, 0), examples)
            for rule in rules
        ),
    )


def _row(reader: Reader, rule: CleaningRule, figures: junk_figures.Figures, counted: int, examples: int) -> JunkRuleRow:
    customers, orders, net, gross, past = figures
    return JunkRuleRow(
        rule=rule.name,
        title=label_of(rule.title, rule.name),
        reason=Label(rule.reason_in("zh"), rule.reason_in("en")),
        customers=customers,
        counted=counted,
        orders=orders,
        monetary_amount=from_minor(net, reader.currency),
        monetary_amount_gross=from_minor(gross, reader.currency),
        retention_days=rule.retention_days,
        past_retention=past,
        examples=junk_figures.examples(reader.connection, rule.name, examples) if examples else (),
    )


@contextmanager
def _identities(ctx: Context) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views `identities` and `customer_map` as they are now."""
    with ctx.database.connect() as state:
        versions = lake_tables.versions(state)
    connection = ctx.duckdb()
    try:
        for name in ("identities", "customer_map"):
            ctx.lake.read(connection, name, versions.get(name)).create_view(name)
        yield connection
    finally:
        connection.close()


def _view(each: releases.Release, customer_id: str) -> ReleaseView:
    return ReleaseView(customer_id, each.rule, each.author, each.reason, each.at, each.undone_at, each.undone_by)
