"""What people decide, copied to the lake before a run, so that a run's inputs are versions of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.facts.contract import COPIED
from tierwise.state import lake_tables, lists, manual_tags, releases, settings

if TYPE_CHECKING:  # who only looks need not load Arrow
    import pyarrow as pa

NOBODY = 0
"""No customer's key: so a list on which nobody is stands in the lake nevertheless, and is no unknown one."""


def copy_decided(ctx: Context) -> None:
    """Copy manual tags, members of lists and releases, each where it has changed since it was copied last.

    The caller holds the home's write lock. What a copy that died has left in the lake is taken back first.
    """
    with ctx.database.begin() as connection:
        recorded = lake_tables.versions(connection)
        timezone = current_definitions(connection).project.timezone
        for name in COPIED:
            ctx.lake.heal(name, recorded.get(name))
        for name, number in (
            ("manual_tags", manual_tags.change_number(connection)),
            ("list_members", lists.change_number(connection)),
            ("releases", releases.change_number(connection)),
        ):
            key = f"copied.{name}"
            # The days of acts are those of the time zone.
            change = [number, timezone]
            if number == 0 or settings.get(connection, key) == change:
                continue
            rows = {
                "manual_tags": lambda: manual_tags.acts(connection, timezone),
                "list_members": lambda: members_of_lists(connection),
                "releases": lambda: releases.standing(connection),
            }[name]()
            lake_tables.set_versions(connection, {name: ctx.lake.overwrite(name, rows)})
            settings.put(connection, key, change)


def members_of_lists(connection: Connection) -> pa.Table:
    """The members of all lists, and `NOBODY` for each list without any."""
    import pyarrow as pa

    members = lists.list_members(connection)
    empty = [each.name for each in lists.all_lists(connection) if not each.members]
    if not empty:
        return members
    nobody = pa.table({"list": empty, "source_key": [NOBODY] * len(empty)}, members.schema)
    return pa.concat_tables([members, nobody])
