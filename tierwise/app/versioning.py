"""Versions of definitions: who changed what and why, what the difference is, back to an older one, and removal."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tierwise.app.context import Context
from tierwise.app.defining import Applied, change_definitions, current_definitions
from tierwise.app.planning import left_out
from tierwise.definitions.base import Definition
from tierwise.definitions.check import by_line, by_name
from tierwise.definitions.graph import label_of, readers_of
from tierwise.definitions.read import KINDS, parse_definition, read_files
from tierwise.definitions.write import body_of, to_yaml
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.state import definitions as stored
from tierwise.state import runs


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of one definition. removed: it took the definition out of use. in_use: it is the one that holds."""

    version: int
    at: datetime
    author: str
    note: str
    removed: bool
    in_use: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs, and the way to it, such as `stages.2.when.value`; null where it is not there."""

    path: str
    from_: Any
    to: Any


@dataclass(frozen=True)
class DefinitionDiff:
    """One definition between two versions; null: it was not in use. text: its YAML as a unified diff."""

    kind: str
    name: str
    from_version: int | None
    to_version: int | None
    changes: tuple[Difference, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, and what still reads it: those must be changed before the next run."""

    removed: str
    readers: tuple[str, ...]


def history(ctx: Context, kind: str, name: str) -> tuple[VersionView, ...]:
    """All versions of one definition, the newest first. Raises `unknown_kind`, `unknown_definition`."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        versions = _versions(connection, kind, name)
    return tuple(
        VersionView(each.version, each.at, each.author, each.note, each.body is None, i == 0 and each.body is not None)
        for i, each in enumerate(versions)
    )


def diff(
    ctx: Context,
    kind: str | None = None,
    name: str | None = None,
    *,
    from_version: int | None = None,
    to_version: int | None = None,
) -> tuple[DefinitionDiff, ...]:
    """How one definition differs between two versions: the newest and the one before it, where none is said.

    Without kind and name: all that was changed since the current run computed, which the next run will see. What is the
    same is left out. Raises `unknown_kind`, `unknown_definition`, `unknown_version`, `missing_name`.
    """
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        if kind is None:
            found = _since_the_run(connection)
        elif name is None:
            raise TierwiseError("missing_name", f"which {kind}?", remedy="give the kind and the name")
        else:
            versions = {each.version: each for each in _versions(connection, kind, name)}
            to = to_version or max(versions)
            since = from_version or max((version for version in versions if version < to), default=None)
            for asked in (version for version in (since, to) if version is not None and version not in versions):
                known = [str(version) for version in versions]
                raise TierwiseError.of([unknown_name("version", str(asked), known, f"{kind} {name}")])
            found = [(versions[since] if since is not None else None, versions[to])]
    return tuple(one for before, after in found if (one := _difference(before, after)) is not None)


def rollback(ctx: Context, kind: str, name: str, to_version: int, *, note: str = "") -> Applied:
    """Make an older version the newest again, as a version of its own. Checked as any change is. Audited.

    Where it says that the definition was removed, it is removed. Raises `unknown_version`, and all of an apply.
    """
    ctx.principal.require("define")
    with ctx.database.connect() as connection:
        versions = {each.version: each for each in _versions(connection, kind, name)}
    if to_version not in versions:
        known = [str(version) for version in versions]
        raise TierwiseError.of([unknown_name("version", str(to_version), known, f"{kind} {name}")])
    body = versions[to_version].body
    said = note or f"back to version {to_version}"
    if body is None:
        remove(ctx, kind, name, note=said)
        return Applied((), (), (), (), (f"{kind} {name}",))
    return change_definitions(ctx, [parse_definition(body, f"{kind} {name}")], note=said, place_of=by_name)


def remove(ctx: Context, kind: str, name: str, *, note: str = "", even_if_read: bool = False) -> Removed:
    """Take a definition out of use; its versions stay. Audited.

    Raises `in_use` with all that reads it. even_if_read: remove it nevertheless; no run will compute until its readers
    are changed.
    """
    ctx.principal.require("define")
    label = f"{kind} {name}"
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
        _versions(connection, kind, name)
    if label not in definitions.versions:
        raise TierwiseError("already_removed", f"{label} is not in use", remedy=f"tierwise definitions history {label}")
    definition = next(each for each in definitions.all if label_of(each) == label)
    readers = tuple(label_of(each) for each in readers_of(definition, definitions.all))
    if readers and not even_if_read:
        remedy = "change those first, or say --even-if-read: then no run computes until they are changed"
        raise TierwiseError("in_use", f"{label} is read by {', '.join(readers)}", place=label, remedy=remedy)
    change_definitions(ctx, [], note=note, removed=[label], even_if_read=bool(readers))
    return Removed(label, readers)


def apply_and_prune(ctx: Context, paths: Sequence[Path], *, note: str = "") -> Applied:
    """Store the definitions of these files, and remove all that they do not name but the project. Audited."""
    ctx.principal.require("define")
    read = read_files(paths)
    with ctx.database.connect() as connection:
        removed = left_out(current_definitions(connection), read)
    place_of = by_line(read.placed)
    return change_definitions(ctx, read.definitions, note=note, place_of=place_of, removed=removed, read=read)


def _versions(connection: Connection, kind: str, name: str) -> list[stored.DefinitionVersion]:
    """The newest first. Raises `unknown_kind`, `unknown_definition`."""
    if kind not in KINDS:
        raise TierwiseError.of([unknown_name("kind", kind, KINDS)])
    found = stored.history(connection, kind, name)
    if not found:
        names = [version.name for version in stored.current(connection, kind)]
        problem = unknown_name("definition", name, names)
        raise TierwiseError.of([Problem(problem.code, f'there is no {kind} "{name}"', None, problem.remedy)])
    return found


Pair = tuple[stored.DefinitionVersion | None, stored.DefinitionVersion | None]


def _since_the_run(connection: Connection) -> list[Pair]:
    run = runs.current(connection)
    used: Mapping[str, int] = run.definitions if run is not None else {}
    now = {f"{each.kind} {each.name}": each for each in stored.current(connection)}
    pairs: list[Pair] = []
    for label in sorted({*used, *now}):
        kind, _, name = label.partition(" ")
        before = stored.get(connection, kind, name, used[label]) if label in used else None
        pairs.append((before, now.get(label)))
    return pairs


def _difference(
    before: stored.DefinitionVersion | None, after: stored.DefinitionVersion | None
) -> DefinitionDiff | None:
    known = after or before
    if known is None:
        return None
    label = f"{known.kind} {known.name}"
    was, now = (_definition(each, label) for each in (before, after))
    old, new = ({} if each is None else body_of(each) for each in (was, now))
    changes = tuple(_changes(old, new, ()))
    if not changes:
        return None
    lines = [[] if each is None else to_yaml([each]).splitlines(keepends=True) for each in (was, now)]
    names = [f"{label} version {each.version}" if each else f"{label} not in use" for each in (before, after)]
    text = "".join(difflib.unified_diff(lines[0], lines[1], names[0], names[1]))
    versions = [each.version if each else None for each in (before, after)]
    return DefinitionDiff(known.kind, known.name, versions[0], versions[1], changes, text)


def _definition(version: stored.DefinitionVersion | None, label: str) -> Definition | None:
    if version is None or version.body is None:
        return None
    return parse_definition(version.body, label)


def _changes(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*old, *new)):
            yield from _changes(old.get(key), new.get(key), (*path, str(key)))
    elif isinstance(old, list) and isinstance(new, list):
        for i in range(max(len(old), len(new))):
            one, other = (each[i] if i < len(each) else None for each in (old, new))
            yield from _changes(one, other, (*path, str(i)))
    elif old != new:
        yield Difference(".".join(path), old, new)
