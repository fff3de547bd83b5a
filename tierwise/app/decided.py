"""What people decide, copied to the lake before a run, so that a run's inputs are versions of tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from tierwise.app.answer_fields import precedences
from tierwise.app.context import Context
from tierwise.app.defining import current_definitions
from tierwise.definitions.profiling import Profiling
from tierwise.facts.contract import COPIED
from tierwise.state import answers, lake_tables, lists, manual_tags, releases, settings

if TYPE_CHECKING:  # who only looks need not load Arrow
    import pyarrow as pa

NOBODY = 0
"""No customer's key: so a list on which nobody is stands in the lake nevertheless, and is no unknown one."""


def copy_decided(ctx: Context) -> None:
    """Copy manual tags, members of lists, releases and answers, each where it has changed since it was copied last.

    The caller holds the home's write lock. What a copy that died has left in the lake is taken back first.
    """
    with ctx.database.begin() as connection:
        recorded = lake_tables.versions(connection)
        timezone = current_definitions(connection).project.timezone
        for name in COPIED:
            ctx.lake.heal(name, recorded.get(name))
        for name, number, rows in (
            ("manual_tags", manual_tags.change_number(connection), lambda: manual_tags.acts(connection, timezone)),
            ("list_members", lists.change_number(connection), lambda: members_of_lists(connection)),
            ("releases", releases.change_number(connection), lambda: releases.standing(connection)),
        ):
            if number != 0:
                # The days of acts are those of the time zone.
                _copy(ctx, connection, name, [number, timezone], rows)
        _copy_answers(ctx, connection)


def copy_answers(ctx: Context) -> bool:
    """Copy answers where any came or was taken back since they were copied last; whether there were any.

    The caller holds the home's write lock.
    """
    with ctx.database.begin() as connection:
        ctx.lake.heal("answers", lake_tables.versions(connection).get("answers"))
        return _copy_answers(ctx, connection)


def answers_wait(connection: Connection) -> bool:
    """Whether an answer, or the taking back of one, is not copied yet. It is asked all the time, and takes little."""
    number = answers.change_number(connection)
    if number == (0, 0):
        return False
    copied = settings.get(connection, "copied.answers")
    return not isinstance(copied, list) or copied[0] != list(number)


def _copy_answers(ctx: Context, connection: Connection) -> bool:
    number = answers.change_number(connection)
    if number == (0, 0):
        return False
    definitions = current_definitions(connection)
    timezone = definitions.project.timezone
    precedence = precedences(definitions.of(Profiling))
    change = [list(number), timezone, precedence]
    return _copy(ctx, connection, "answers", change, lambda: answers.facts(connection, timezone, precedence))


def _copy(ctx: Context, connection: Connection, name: str, change: Any, rows: Callable[[], pa.Table]) -> bool:
    """Copy the rows unless they were copied as they are. change: what is another where the rows are."""
    if settings.get(connection, f"copied.{name}") == change:
        return False
    lake_tables.set_versions(connection, {name: ctx.lake.overwrite(name, rows())})
    settings.put(connection, f"copied.{name}", change)
    return True


def members_of_lists(connection: Connection) -> pa.Table:
    """The members of all lists, and `NOBODY` for each list without any."""
    import pyarrow as pa

    members = lists.list_members(connection)
    empty = [each.name for each in lists.all_lists(connection) if not each.members]
    if not empty:
        return members
    nobody = pa.table({"list": empty, "source_key": [NOBODY] * len(empty)}, members.schema)
    return pa.concat_tables([members, nobody])
