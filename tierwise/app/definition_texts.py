"""Definitions as a page has them: listed by kind, one as text, and a text put to the plan or applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tierwise.app import defining, planning
from tierwise.app.context import Context
from tierwise.app.defining import Applied
from tierwise.app.planning import PlanView
from tierwise.app.reading import label_of
from tierwise.app.views import Label
from tierwise.definitions.read import KINDS, parse_definition
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.state import definitions as stored
from tierwise.state import runs

LARGEST = 4 * 1024 * 1024
"""Letters of a text that is taken for definitions."""


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """One definition in use. waits: it was changed since the current run computed."""

    kind: str
    name: str
    title: Label
    version: int
    author: str
    note: str
    at: datetime
    waits: bool


def list_definitions(ctx: Context) -> tuple[DefinitionRow, ...]:
    """All in use, in the order of kinds and then by name."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        found = stored.current(connection)
        run = runs.current(connection)
    used = run.definitions if run is not None else {}
    order = list(KINDS)
    rows = []
    for each in sorted(found, key=lambda each: (order.index(each.kind), each.name)):
        definition = parse_definition(each.body or {}, f"{each.kind} {each.name}")
        waits = run is not None and used.get(f"{each.kind} {each.name}") != each.version
        title = label_of(definition.title, each.name)
        rows.append(DefinitionRow(each.kind, each.name, title, each.version, each.author, each.note, each.at, waits))
    return tuple(rows)


def text_of(ctx: Context, kind: str, name: str, version: int | None = None) -> str:
    """One definition as YAML, the newest version where none is named; empty where that one removed it.

    Raises `unknown_kind`, `unknown_definition`, `unknown_version`.
    """
    ctx.principal.require("view")
    if kind not in KINDS:
        raise TierwiseError.of([unknown_name("kind", kind, KINDS)])
    with ctx.database.connect() as connection:
        found = stored.get(connection, kind, name, version)
        if found is None and version is not None and stored.get(connection, kind, name) is not None:
            known = [str(each.version) for each in stored.history(connection, kind, name)]
            raise TierwiseError.of([unknown_name("version", str(version), known, f"{kind} {name}")])
        if found is None:
            names = [each.name for each in stored.current(connection, kind)]
            raise TierwiseError.of([unknown_name("definition", name, names)])
    return "" if found.body is None else to_yaml([parse_definition(found.body, f"{kind} {name}")])


def plan_text(ctx: Context, text: str) -> PlanView:
    """What applying these YAML documents would do; nothing is stored. Raises all that is wrong, with its line."""
    ctx.principal.require("define")
    with _as_file(ctx, text) as path:
        return planning.plan(ctx, [path])


def apply_text(ctx: Context, text: str, *, note: str = "") -> Applied:
    """Store what these YAML documents define as new versions. Audited. Raises all that is wrong, with its line."""
    ctx.principal.require("define")
    with _as_file(ctx, text) as path:
        return defining.apply_definitions(ctx, [path], note=note)


@contextmanager
def _as_file(ctx: Context, text: str) -> Iterator[Path]:
    """The text where files are read from; problems name its lines alone."""
    if len(text) > LARGEST:
        raise TierwiseError("too_large", f"definitions of more than {LARGEST} letters")
    ctx.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="definitions-", dir=ctx.scratch) as folder:
        path = Path(folder) / "definitions.yaml"
        path.write_text(text, "utf-8")
        try:
            yield path
        except TierwiseError as error:
            told = (
                replace(
                    each,
                    place=(each.place or "").replace(f"{folder}/", "") or None,
                    message=each.message.replace(f"{folder}/", ""),
                )
                for each in error.problems
            )
            raise TierwiseError.of(list(told)) from None
