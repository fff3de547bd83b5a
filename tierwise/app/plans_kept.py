"""Who would move by a plan, kept for a while so that each of its numbers leads to its customers before anything is
stored."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import ipc

from tierwise.app.context import Context
from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError

KEPT_HOURS = 24
"""Plans that were made longer ago are gone."""

_ID = re.compile(r"[0-9a-f]{32}")

_RUN = b"run_id"


def keep(ctx: Context, movers: pa.Table, run_id: int) -> str:
    """Keep who would move: columns name, customer_key, before, after, by the keys of that run. The same movers have the
    same id. Asks for no permission: whoever plans sees to that."""
    folder = ctx.scratch / "plans"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest = clock.utc_now().timestamp() - KEPT_HOURS * 3600
    for each in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may be cleaning too
            if each.stat().st_mtime < oldest:
                each.unlink()
    sink = pa.BufferOutputStream()
    table = movers.replace_schema_metadata({_RUN: str(run_id).encode()})
    with ipc.new_file(sink, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    written = sink.getvalue()
    plan = hashlib.sha256(written).hexdigest()[:32]
    part = folder / f"{plan}.{clock.monotonic_seconds()}.part"
    part.write_bytes(written)
    part.replace(folder / plan)
    return plan


@dataclass(frozen=True, slots=True)
class KeptMove:
    """So many customers, who can be listed, would go from `from_` to `to`; null: not there."""

    name: str
    from_: str | None
    to: str | None
    customers: int


def moves(ctx: Context, plan: str) -> tuple[KeptMove, ...]:
    """The moves of a plan, by name, most customers first. Raises `unknown_plan`."""
    ctx.principal.require("define")
    movers, _ = find(ctx, plan)
    rows = movers.group_by(["name", "before", "after"]).aggregate([([], "count_all")]).to_pylist()
    found = [KeptMove(row["name"], row["before"], row["after"], row["count_all"]) for row in rows]
    return tuple(sorted(found, key=lambda row: (row.name, -row.customers, row.from_ or "", row.to or "")))


def find(ctx: Context, plan: str) -> tuple[pa.Table, int]:
    """Who would move by a plan, and the run that it was made on. Raises `unknown_plan`."""
    if _ID.fullmatch(plan):
        with suppress(FileNotFoundError), pa.OSFile(str(ctx.scratch / "plans" / plan)) as file:
            table = ipc.open_file(file).read_all()
            return table, int((table.schema.metadata or {})[_RUN])
    raise TierwiseError("unknown_plan", "this plan is not here any more", remedy="plan the change again")
