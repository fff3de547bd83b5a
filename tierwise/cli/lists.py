"""`tierwise list`: customers by name, from files or frozen. What a command does is in app/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from tierwise.app.lists import CustomerList

app = typer.Typer(help="Lists of customers, from files or frozen.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A text file with one column of customers' ids.")],
    name: Annotated[str, typer.Option(help="What the list is called, such as invited.")],
    column: Annotated[str | None, typer.Option(help="The column of the ids; else recognised.")] = None,
    title: Annotated[str, typer.Option(help="For people.")] = "",
    note: Annotated[str, typer.Option(help="Why; kept with the list.")] = "",
    add: Annotated[bool, typer.Option("--add", help="Add to the list of that name.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="In place of the list of that name.")] = False,
    as_json: Json = False,
) -> None:
    """Make a list from a file: each line is known, unknown or repeated."""
    from tierwise.app import lists as cases
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    if add and replace:
        raise typer.BadParameter("--add or --replace, not both")
    there: Literal["add", "replace", "refuse"] = "add" if add else "replace" if replace else "refuse"
    with opened() as ctx:
        done = cases.import_list(ctx, file, name, column=column, title=title, note=note, there=there)

    def people() -> None:
        say(f"{done.file} → list {done.name}: {done.read:,} ids, {done.members:,} customers on the list")
        for what in ("known", "unknown", "repeated"):
            say(f"  {what:<10} {getattr(done, what):>12,}")
        if done.unknown:
            say(f"  the unknown as a file: tierwise quarantine --import {done.import_id} --to FILE")

    tell(done, as_json, people)


@app.command("show")
def show_lists(
    name: Annotated[str | None, typer.Argument(help="One list; else all.")] = None, as_json: Json = False
) -> None:
    """The lists, or one of them."""
    from tierwise.app import lists as cases
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        found = cases.all_lists(ctx) if name is None else (cases.one_list(ctx, name),)
    body = {"lists": plain(list(found))} if name is None else plain(found[0])
    tell(body, as_json, lambda: print_lists(found))


def print_lists(found: tuple[CustomerList, ...]) -> None:
    from tierwise.cli.terminal import say, table

    if not found:
        say("no list yet: tierwise list import FILE --name NAME")
        return
    rows = [(e.name, e.title, e.kind, e.members, e.unknown, e.origin, e.author, f"{e.at:%Y-%m-%d}") for e in found]
    table("", ["list", "", "kind", "customers", "unknown", "from", "by", "on"], rows)


@app.command("remove")
def remove(
    name: str,
    in_use: Annotated[bool, typer.Option("--in-use", help="Also where a definition reads it.")] = False,
    as_json: Json = False,
) -> None:
    """Forget a list and who was on it."""
    from tierwise.app import lists as cases
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        removed = cases.remove_list(ctx, name, in_use=in_use)
    tell(removed, as_json, lambda: say(f"list {removed.name} with {removed.members:,} customers is removed"))
