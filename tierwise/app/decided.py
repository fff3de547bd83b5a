"""What people decide, copied to the lake before a run, so that a run's inputs are versions of tables."""

from __future__ import annotations

from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.facts.contract import COPIED
from tierwise.state import lake_tables, lists, manual_tags, releases, settings


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
                "list_members": lambda: lists.list_members(connection),
                "releases": lambda: releases.standing(connection),
            }[name]()
            lake_tables.set_versions(connection, {name: ctx.lake.overwrite(name, rows)})
            settings.put(connection, key, change)
