"""Bring a home that an earlier version has written to this one: the database's tables, the job queue's, the lake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.opening import FORMAT_KEY, home_standing, lake_format, newer, require_whole
from tierwise.engine.lake_format import LAKE_FORMAT, STEPS, LakeStep
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, lake_tables, presence, settings
from tierwise.state.locks import HOME_WRITE, held
from tierwise.state.schema import HEAD
from tierwise.state.upgrade import upgrading


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Migrations of the database and formats of the lake, before and after; changed: whether anything was to do.

    steps: what was done to the lake, for people.
    """

    changed: bool
    database_before: str | None
    database: str
    lake_before: int
    lake: int
    steps: tuple[str, ...]


def upgrade(ctx: Context, steps: Sequence[LakeStep] = STEPS) -> Upgraded:
    """Bring the home to this version, all or nothing: what fails leaves it as it was. Audited.

    Waits for a run or an import that is under way. Raises `half_restored`, `home_newer`, `home_in_use` while workers
    or servers live by it, and what a step raises.
    """
    ctx.principal.require("administer")
    require_whole(ctx.home)
    if home_standing(ctx.database, max((step.to for step in steps), default=LAKE_FORMAT)) == "newer":
        raise newer(ctx.home)
    with ctx.database.connect() as connection:
        there = presence.alive(connection)
    if there:
        raise TierwiseError(
            "home_in_use",
            f"{len(there)} workers or servers of this home are running",
            place=", ".join(f"{one.kind} {one.pid}" for one in there),
            remedy="tierwise stop, then tierwise upgrade",
        )
    with held(ctx.database, HOME_WRITE), upgrading(ctx.database) as (connection, before, applied):
        lake_before = lake_format(connection)
        missing = [step for step in steps if step.to > lake_before]
        for step in missing:
            _take(ctx, connection, step)
        done = Upgraded(
            changed=applied or bool(missing),
            database_before=before,
            database=HEAD,
            lake_before=lake_before,
            lake=missing[-1].to if missing else lake_before,
            steps=tuple(step.what for step in missing),
        )
        if done.changed:
            detail = {"database": [before, HEAD], "lake": [lake_before, done.lake]}
            audit.write(connection, ctx.principal.name, "upgrade", "home", detail)
    return done


def _take(ctx: Context, connection: Connection, step: LakeStep) -> None:
    """New versions of tables, which count if this transaction does; what an attempt that died has left goes first."""
    recorded = lake_tables.versions(connection)
    for name, number in recorded.items():
        ctx.lake.heal(name, number)
    lake_tables.set_versions(connection, step.apply(ctx.lake, recorded))
    settings.put(connection, FORMAT_KEY, step.to)
