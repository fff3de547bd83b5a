"""`tierwise definitions`: plan, apply, look back, go back. What a command does is in app/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tierwise.kernel.wording import problem_in_language

if TYPE_CHECKING:
    from tierwise.app.defining import Applied
    from tierwise.app.planning import PlanView
    from tierwise.app.versioning import DefinitionDiff, VersionView

app = typer.Typer(help="Plan, apply and export definitions.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Files = Annotated[list[Path], typer.Option("-f", "--file", help="A file or a folder; repeat for more.")]
Note = Annotated[str, typer.Option(help="Why; kept with the version.")]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what the files do not name, the project apart.")]
Kind = Annotated[str, typer.Argument(help="Such as lifecycle.")]
Name = Annotated[str, typer.Argument(help="Such as lifecycle_stage.")]


@app.command("plan")
def plan(
    files: Files,
    prune: Prune = False,
    sample: Annotated[float | None, typer.Option(help="Look at this share of the customers only, such as 0.1.")] = None,
    as_json: Json = False,
) -> None:
    """What applying these files would do: who would move from where to where. Stores nothing."""
    from tierwise.app import planning
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = planning.plan(ctx, files, prune=prune, sample=sample)
    tell(_with_from(view), as_json, lambda: print_plan(view))


def _with_from(view: Any) -> dict[str, Any]:
    """As JSON, with `from` where Python must say `from_`."""
    from tierwise.cli.door import plain

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {"from" if key == "from_" else key: renamed(item) for key, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    body: dict[str, Any] = renamed(plain(view))
    return body


def print_plan(view: PlanView) -> None:
    from tierwise.cli.door import note
    from tierwise.cli.language import language
    from tierwise.cli.terminal import number, say, table

    for what in ("added", "changed", "removed"):
        for name in getattr(view, what):
            readers = view.readers.get(name, ())
            say(f"{what:<8} {name}" + (f"   read by {', '.join(readers)}" if readers else ""))
    if not (view.added or view.changed or view.removed):
        say(f"nothing changes: {len(view.unchanged)} definitions as they are")
    if view.moves:
        rows = [(move.name, move.from_ or "–", move.to or "–", move.customers) for move in view.moves]
        say()
        table(f"moves since run {view.run_id}, as of {view.as_of}", ["", "from", "to", "customers"], rows)
    for name, staying in view.stay.items():
        moved = sum(move.customers for move in view.moves if move.name == name)
        say(f"{name}: {number(moved)} move, {number(staying)} stay")
    if view.run_seconds is not None:
        say(f"the next run: about {view.run_seconds.expected:.2f} s (the last one: {view.run_seconds.last:.2f} s)")
    spoken = language()
    for warning in view.warnings:
        note(f"note: {problem_in_language(warning, spoken)}")


@app.command("apply")
def apply(files: Files, note: Note = "", prune: Prune = False, as_json: Json = False) -> None:
    """Check definition files, and store what is new in them as versions."""
    from tierwise.app import defining, versioning
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        if prune:
            applied = versioning.apply_and_prune(ctx, files, note=note)
        else:
            applied = defining.apply_definitions(ctx, files, note=note)
    tell(applied, as_json, lambda: print_applied(applied))


@app.command("check")
def check(files: Files, as_json: Json = False) -> None:
    """Check definition files; store nothing."""
    from tierwise.app import defining
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        applied = defining.check_definitions(ctx, files)
    tell(applied, as_json, lambda: print_applied(applied))


def print_applied(applied: Applied) -> None:
    from tierwise.cli.door import note
    from tierwise.cli.language import language
    from tierwise.cli.terminal import say

    for what in ("added", "changed", "removed", "unchanged"):
        for name in getattr(applied, what):
            say(f"{what:<10} {name}")
    spoken = language()
    for warning in applied.warnings:
        note(f"note: {problem_in_language(warning, spoken)}")


@app.command("export")
def export(
    to: Annotated[Path | None, typer.Option(help="A file; else stdout.")] = None,
    as_json: Json = False,
) -> None:
    """All definitions in use, as YAML that can be applied again."""
    from tierwise.app import defining
    from tierwise.cli.door import opened, tell, write
    from tierwise.cli.terminal import say

    with opened() as ctx:
        text = defining.export_definitions(ctx)
    if to is not None:
        write(to, text)
        tell({"to": to}, as_json, lambda: say(f"written to {to}"))
    else:
        tell({"yaml": text}, as_json, lambda: print(text, end=""))


@app.command("history")
def history(kind: Kind, name: Name, as_json: Json = False) -> None:
    """Who changed a definition, when and why."""
    from tierwise.app import versioning
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        found = versioning.history(ctx, kind, name)
    body = {"kind": kind, "name": name, "versions": plain(list(found))}
    tell(body, as_json, lambda: print_history(found))


def print_history(found: tuple[VersionView, ...]) -> None:
    from tierwise.cli.terminal import table

    rows = [
        (
            f"{'*' if each.in_use else ' '} {each.version}",
            f"{each.at:%Y-%m-%d %H:%M:%S}",
            each.author,
            "removed" if each.removed else "",
            each.note,
        )
        for each in found
    ]
    table("", ["version", "at (UTC)", "author", "", "note"], rows)


@app.command("diff")
def diff(
    kind: Annotated[str | None, typer.Argument(help="Such as lifecycle; else all since the current run.")] = None,
    name: Annotated[str | None, typer.Argument(help="Such as lifecycle_stage.")] = None,
    from_: Annotated[int | None, typer.Option("--from", help="A version; else the one before.")] = None,
    to: Annotated[int | None, typer.Option("--to", help="A version; else the newest.")] = None,
    as_json: Json = False,
) -> None:
    """How a definition differs between two versions; without a name, what the next run will compute otherwise."""
    from tierwise.app import versioning
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        found = versioning.diff(ctx, kind, name, from_version=from_, to_version=to)
    body = {"definitions": [_with_from(each) for each in found]}
    tell(body, as_json, lambda: print_diff(found))


def print_diff(found: tuple[DefinitionDiff, ...]) -> None:
    from tierwise.cli.terminal import say

    for each in found:
        say(each.text.rstrip("\n"))
    if not found:
        say("no difference")


@app.command("rollback")
def rollback(
    kind: Kind,
    name: Name,
    to: Annotated[int, typer.Option(help="The version to go back to.")],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Make an older version the newest again."""
    from tierwise.app import versioning
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        applied = versioning.rollback(ctx, kind, name, to, note=note)
    tell(applied, as_json, lambda: print_applied(applied))


@app.command("remove")
def remove(
    kind: Kind,
    name: Name,
    note: Note = "",
    even_if_read: Annotated[bool, typer.Option("--even-if-read", help="Although others read it.")] = False,
    as_json: Json = False,
) -> None:
    """Take a definition out of use; its versions stay."""
    from tierwise.app import versioning
    from tierwise.cli.door import note as say_aside
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        removed = versioning.remove(ctx, kind, name, note=note, even_if_read=even_if_read)

    def people() -> None:
        say(f"removed    {removed.removed}")
        if removed.readers:
            say_aside(f"note: no run computes until these are changed: {', '.join(removed.readers)}")

    tell(removed, as_json, people)
