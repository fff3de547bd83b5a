"""`tierwise backup`, `restore`, `upgrade`: a home kept, put back, brought to this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.door import as_the_home_speaks, note, plain, tell
from tierwise.cli.terminal import number, say

if TYPE_CHECKING:
    from tierwise.app.backing_up import BackedUp
    from tierwise.app.restoring import Checked, Restored

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """The three commands."""
    app.command()(backup)
    app.command()(restore)
    app.command()(upgrade)


def backup(
    to: Annotated[Path, typer.Argument(help="A file that is not there yet, or a folder.")],
    as_json: Json = False,
) -> None:
    """Back up this home, all of it as it is now, to one file; others may go on working."""
    from tierwise.bootstrap import back_up
    from tierwise.cli.manage import Progress

    progress = Progress()
    try:
        with as_the_home_speaks():
            done = back_up(to, note=note, progress=progress)
    finally:
        progress.close()
    tell(done, as_json, lambda: print_backup(done))


def print_backup(done: BackedUp) -> None:
    say(f"{done.path}: {number(done.rows)} rows of the database, {number(done.files)} files of {done.tables} tables")
    say(f"  {number(done.bytes)} bytes; it holds customers' data, so keep it where nobody else reads it")
    if done.lost:
        say(f"  {number(done.lost)} versions that older runs name had been let go before, and are not in it")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup's file.")],
    check: Annotated[bool, typer.Option("--check", help="Read all of it and its checksums; restore nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Put a backup into a home that is not there yet, or empty."""
    from tierwise.app import restoring
    from tierwise.bootstrap import restore as put_back
    from tierwise.cli.manage import Progress

    if check:
        found = restoring.check(file)
        tell(found, as_json, lambda: print_checked(file, found))
        return
    progress = Progress()
    try:
        with as_the_home_speaks():
            done = put_back(file, note=note, progress=progress)
    finally:
        progress.close()
    tell(done, as_json, lambda: print_restored(done))


def print_checked(file: Path, found: Checked) -> None:
    say(f"{file} is whole: every checksum is right")
    say(f"  of {found.at}, made by Tierwise {found.software}")
    say(f"  {number(found.rows)} rows of the database, {number(found.files)} files of {found.tables} tables")


def print_restored(done: Restored) -> None:
    say(f"restored: all is as of {done.at}")
    say(f"  {number(done.rows)} rows of the database, {number(done.files)} files of {done.tables} tables")
    if done.queue_left_out:
        say("  jobs that waited in the queue are not put back; schedules queue anew what is due")
    if done.standing == "older":
        say("Next: tierwise upgrade, since an earlier version made the backup")


def upgrade(
    keep: Annotated[Path | None, typer.Option("--backup", help="A file or a folder: back up there before.")] = None,
    as_json: Json = False,
) -> None:
    """Bring a home that an earlier version has written to this one, all or nothing."""
    from tierwise.bootstrap import upgrade as bring_up

    with as_the_home_speaks():
        done, kept = bring_up(keep=keep, note=note)

    def people() -> None:
        if kept is not None:
            print_backup(kept)
        if not done.changed:
            say("nothing to do: this home is of this version")
            return
        say(f"database: migration {done.database_before} → {done.database}")
        say(f"lake: format {done.lake_before} → {done.lake}")
        for step in done.steps:
            say(f"  {step}")

    tell({**plain(done), "backup": plain(kept)}, as_json, people)
