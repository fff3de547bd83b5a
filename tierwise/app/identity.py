"""Who is who: worked out anew, decided by people, taken back. What comes of it reaches the next run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions, ensure_initialised
from tierwise.app.identity_views import DecisionView, ResolvedView
from tierwise.definitions.identities import OWN, Identities
from tierwise.engine import who_is_who
from tierwise.facts import identity_text
from tierwise.facts.text_sql import sql_text
from tierwise.ingest.identity_links import WhoIsWho, open_people, see_stored, work_out
from tierwise.ingest.live_identities import copy_pairs, take_pairs
from tierwise.ingest.private_folder import private_folder
from tierwise.ingest.writer import Writer, scalar
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, identity_decisions, identity_reading, jobs, lake_tables, traits
from tierwise.state.identity_decisions import Decided
from tierwise.state.locks import HOME_WRITE, held


def resolve(ctx: Context) -> ResolvedView:
    """Work out the whole customer map from all links and decisions, those of stored customers too. Audited.

    What imports and decisions keep up one by one is the same; this is for a definition that is new, or was changed.
    Raises `no_identities`.
    """
    ctx.principal.require("identity")
    ensure_initialised(ctx)
    started = clock.monotonic_seconds()
    with (
        held(ctx.database, HOME_WRITE),
        jobs.running(
            ctx.database, "identity", principal=ctx.principal.name, title="who is who", unit="identities"
        ) as job_id,
    ):
        try:
            with _writing(ctx) as (writer, identities):
                with ctx.database.connect() as connection:
                    who = WhoIsWho(identities, identity_decisions.standing(connection))
                    columns = {each.name: each.column_name for each in traits.list_traits(connection)}
                before = _count(writer, "identity_links")
                see_stored(writer, who, columns, clock.utc_now())
                work_out(writer, who, None)
                told = _told(writer, identities, before, clock.monotonic_seconds() - started)
                with ctx.database.begin() as connection:
                    lake_tables.set_versions(connection, writer.after, job_id=job_id)
                    counts = {"identities": told.identities, "links": told.links, "joined": told.joined}
                    audit.write(connection, ctx.principal.name, "identity.resolve", "identities", counts)
                    jobs.finish(connection, job_id, counts)
        except BaseException as error:
            problem = (
                error if isinstance(error, TierwiseError) else TierwiseError("identity_failed", type(error).__name__)
            )
            with ctx.database.begin() as connection:
                jobs.fail(connection, job_id, code=problem.code, message=problem.message, place=problem.place)
            raise
    return told


def decide(ctx: Context, left: str, right: str, *, same: bool, reason: str) -> DecisionView:
    """Say that two identities are one person's, or two people's; the customer map is brought up to date. Audited.

    left, right: a customer's number, or `SCOPE:ID`. Raises `unknown_identity`, `missing_reason`, `same_identity`,
    `no_identities`.
    """
    ctx.principal.require("identity")
    ensure_initialised(ctx)
    with held(ctx.database, HOME_WRITE), _writing(ctx) as (writer, identities):
        open_people(writer, identities)
        keys = [key_of(writer, identities, text) for text in (left, right)]
        with ctx.database.begin() as connection:
            made = identity_decisions.add(connection, *keys, same=same, author=ctx.principal.name, reason=reason)
            return _heed(ctx, connection, writer, identities, made, "identity.decide")


def undo(ctx: Context, decision_id: int) -> DecisionView:
    """Take a decision back: who was joined by it alone is two again. No fact and no history is rewritten. Audited.

    Raises `unknown_decision`, `already_undone`, `no_identities`.
    """
    ctx.principal.require("identity")
    ensure_initialised(ctx)
    with held(ctx.database, HOME_WRITE), _writing(ctx) as (writer, identities), ctx.database.begin() as connection:
        undone = identity_decisions.undo(connection, decision_id, by=ctx.principal.name)
        return _heed(ctx, connection, writer, identities, undone, "identity.undo")


def decisions(ctx: Context, *, standing_only: bool = True, limit: int = 100) -> tuple[DecisionView, ...]:
    """What people decided, the newest first."""
    ctx.principal.require("view_customer")
    with ctx.database.connect() as connection:
        found = identity_decisions.list_decisions(connection, standing_only=standing_only, limit=limit)
    with people(ctx) as opened:
        return _views(opened.writer, found)


def take_live_identities(ctx: Context, identities: Identities, until: int) -> int:
    """Link the ids that live events have used together, up to that event, each once; how many links are new.

    The mark moves in the transaction that records the links, so that whatever dies in between repeats nothing.
    """
    with ctx.database.connect() as connection:
        after = identity_reading.mark(connection)
    if after >= until:
        return 0
    with private_folder(ctx.scratch) as folder:
        count = copy_pairs(ctx.database, identities, after, until, folder / "pairs")
        if not count:
            with ctx.database.begin() as connection:
                identity_reading.set_mark(connection, until)
            return 0
        with held(ctx.database, HOME_WRITE), _writing(ctx) as (writer, _):
            with ctx.database.connect() as connection:
                who = WhoIsWho(identities, identity_decisions.standing(connection))
            new = take_pairs(writer, who, folder / "pairs")
            with ctx.database.begin() as connection:
                lake_tables.set_versions(connection, writer.after)
                identity_reading.set_mark(connection, until)
            return new


@dataclass(frozen=True)
class People:
    """Who is who as it is now, to be asked. writer: writes nothing."""

    writer: Writer
    identities: Identities
    scopes: list[who_is_who.KnownScope]
    decided: list[Decided]


@contextmanager
def people(ctx: Context) -> Iterator[People]:
    """Open what is known of people, by the definition in use or, where there is none, by the defaults."""
    with ctx.database.connect() as connection:
        versions = lake_tables.versions(connection)
        found = current_definitions(connection).of(Identities)
        decided = identity_decisions.list_decisions(connection)
    identities = found[0] if found else Identities()
    connection_ = ctx.duckdb()
    try:
        writer = Writer(connection_, ctx.lake, versions, dry=True)
        yield People(writer, identities, open_people(writer, identities), decided)
    finally:
        connection_.close()


def key_of(writer: Writer, identities: Identities, text: str) -> int:
    """The source key of an identity as people write it. `open_people` comes before. Raises `unknown_identity`."""
    prefix, colon, rest = text.strip().partition(":")
    scope = identities.scope(prefix) if colon and prefix != OWN else None
    scope, written = (identities.scope(OWN), text) if scope is None else (scope, rest)
    assert scope is not None
    spelt = identity_text.identity("given", scope, identities.country_code)
    row = writer.con.execute(
        f"SELECT i.source_key FROM (SELECT {spelt} AS id FROM (SELECT {sql_text(written)} AS given)) "
        "JOIN who_identities i USING (id)"
    ).fetchone()
    if row is None:
        raise TierwiseError(
            "unknown_identity",
            "no source has told of that identity",
            remedy="a customer's number as the business writes it, or SCOPE:ID such as phone:13800000001",
        )
    return int(row[0])


def ids_of(writer: Writer, keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Source key -> (scope, identity)."""
    rows = writer.con.execute(
        "SELECT source_key, scope, id FROM who_identities WHERE source_key IN (SELECT unnest($keys::BIGINT[]))",
        {"keys": list(keys)},
    ).fetchall()
    return {int(key): (scope, id_) for key, scope, id_ in rows}


@contextmanager
def _writing(ctx: Context) -> Iterator[tuple[Writer, Identities]]:
    """A writer over what is recorded, taken back where it fails. Raises `no_identities`. Hold the home's write lock."""
    with ctx.database.connect() as connection:
        versions = lake_tables.versions(connection)
        found = current_definitions(connection).of(Identities)
    if not found:
        raise TierwiseError(
            "no_identities",
            "no definition says by which ids a person is known",
            remedy="apply one of kind identities (docs/identity.md)",
        )
    duckdb = ctx.duckdb()
    writer = Writer(duckdb, ctx.lake, versions, dry=False)
    try:
        writer.heal()
        yield writer, found[0]
    except BaseException:
        writer.take_back()
        raise
    finally:
        duckdb.close()


def _heed(
    ctx: Context, connection: Connection, writer: Writer, identities: Identities, each: Decided, action: str
) -> DecisionView:
    """In the transaction of a decision: the map that follows from it, and the audit."""
    who = WhoIsWho(identities, identity_decisions.standing(connection))
    work_out(writer, who, [each.left_key, each.right_key])
    lake_tables.set_versions(connection, writer.after)
    # The audit names identities by key: an identity may be a phone number.
    detail = {"decision": each.id, "left_key": each.left_key, "right_key": each.right_key, "same": each.same}
    audit.write(connection, ctx.principal.name, action, "identities", detail)
    return _views(writer, [each])[0]


def _views(writer: Writer, found: Sequence[Decided]) -> tuple[DecisionView, ...]:
    ids = ids_of(writer, [key for each in found for key in (each.left_key, each.right_key)])
    unknown = ("", "")
    return tuple(
        DecisionView(
            each.id,
            ids.get(each.left_key, unknown)[1],
            ids.get(each.right_key, unknown)[1],
            each.same,
            each.author,
            each.reason,
            each.at,
            each.undone_at,
            each.undone_by,
        )
        for each in found
    )


def _count(writer: Writer, table: str) -> int:
    writer.current(table)
    return int(scalar(writer.con, f"SELECT count(*) FROM now_{table}"))


def _told(writer: Writer, identities: Identities, links_before: int, seconds: float) -> ResolvedView:
    open_people(writer, identities)
    con = writer.con
    who_is_who.judge_all(con)
    links = _count(writer, "identity_links")
    joined = _count(writer, "customer_map")
    return ResolvedView(
        identities=_count(writer, "identities"),
        links=links,
        new_links=links - links_before,
        people=int(scalar(con, "SELECT count(DISTINCT customer_key) FROM now_customer_map")),
        joined=joined,
        shared=int(scalar(con, "SELECT count(*) FROM judged WHERE shared")),
        to_review=_count(writer, "identity_conflicts"),
        seconds=round(seconds, 3),
    )
