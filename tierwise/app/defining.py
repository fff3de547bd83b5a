"""Definitions: made from a template, applied as versions, exported, checked against what the profile has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from tierwise.app.context import Context
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.check import (
    SILENCE_ATTRIBUTES,
    Place,
    by_line,
    by_name,
    check,
    left_open,
)
from tierwise.definitions.classified import with_consent
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.due_rules import DueRules
from tierwise.definitions.graph import OWN_SILENCE, rules_in
from tierwise.definitions.identities import Identities
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.ladders import ladder_problems, ladder_warnings
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.project import Project
from tierwise.definitions.read import KINDS, FilesRead, kind_of, parse_definition, read_definitions, read_files
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import Comparison, InList, InSegment, leaves_of
from tierwise.definitions.sensitivity import sensitivity_warnings
from tierwise.definitions.tag import Tag, line_rules_of_tag, without_claim
from tierwise.definitions.write import body_of, to_yaml
from tierwise.engine.given import columns_given, profile_schema
from tierwise.engine.plan import windows_of_profile
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.kernel.wording import Language, known_language
from tierwise.metrics.cleaning import cleaning_schema
from tierwise.metrics.fact_columns import countable, fact_schemas
from tierwise.metrics.kpi import kpi_problems
from tierwise.metrics.rule_set_problems import rule_set_problems
from tierwise.metrics.rules import RuleColumn, rule_problems
from tierwise.state import audit, lists, traits
from tierwise.state import definitions as stored

DEFAULT_TEMPLATE = "retail"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply changed, by `kind name`; warnings: what was left open (a stage without a strategy)."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    warnings: tuple[Problem, ...]
    removed: tuple[str, ...] = ()


_D = TypeVar("_D", bound=Definition)


@dataclass(frozen=True)
class Definitions:
    """The definitions in use, one project and any number of each other kind, and their versions by `kind name`."""

    project: Project
    others: tuple[Definition, ...]
    versions: dict[str, int]

    def of(self, kind: type[_D]) -> tuple[_D, ...]:
        """Those of one kind."""
        return tuple(d for d in self.others if isinstance(d, kind))

    @property
    def rfm(self) -> tuple[Rfm, ...]:
        return self.of(Rfm)

    @property
    def deciles(self) -> tuple[Deciles, ...]:
        return self.of(Deciles)

    @property
    def activity(self) -> tuple[Activity, ...]:
        return self.of(Activity)

    @property
    def lifecycle(self) -> tuple[Lifecycle, ...]:
        return self.of(Lifecycle)

    @property
    def of_profile(self) -> tuple[Definition, ...]:
        """Those that a run computes, as it does: with the defaults of kinds that none was given for, and sensitive
        tiers of those alone whose consent stands. KPIs and due rules are read when they are asked
        for."""
        defaults = (
            *(() if self.rfm else (Rfm(),)),
            *(() if self.deciles else (Deciles(),)),
            *(() if self.activity else (Activity(),)),
        )
        counted = (each for each in self.others if not isinstance(each, Kpi | DueRules | Identities | ImportSource))
        return (*defaults, *(without_claim(with_consent(each)) for each in counted))

    @property
    def all(self) -> tuple[Definition, ...]:
        return (self.project, *self.others)


def templates() -> list[str]:
    """The names of the templates that come with the package."""
    folder = resources.files("tierwise") / "templates"
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("_"))


def initialise(ctx: Context, template: str) -> Applied:
    """Apply a template's definitions to a home that has none. Raises `already_initialised`, `unknown_template`."""
    ctx.principal.require("define")
    with ctx.database.connect() as connection:
        if stored.current(connection):
            raise TierwiseError(
                "already_initialised",
                "this home has definitions already",
                place=str(ctx.home),
                remedy="change them by `tierwise definitions apply -f FILE`, or set TIERWISE_HOME to another folder",
            )
    return change_definitions(ctx, template_definitions(template), note=f"template {template}")


def template_definitions(template: str) -> list[Definition]:
    """What a template defines. Raises `unknown_template`."""
    if template not in templates():
        raise TierwiseError.of([unknown_name("template", template, templates())])
    return list(_read_template(template))


@cache
def _read_template(template: str) -> tuple[Definition, ...]:
    with resources.as_file(resources.files("tierwise") / "templates" / template) as folder:
        return tuple(read_definitions([folder]))


def ensure_initialised(ctx: Context) -> None:
    """Give a home without any definition the default template, and say so."""
    with ctx.database.connect() as connection:
        if stored.current(connection):
            return
    initialise(ctx, DEFAULT_TEMPLATE)
    ctx.note(f'a new home with the template "{DEFAULT_TEMPLATE}" in {ctx.home} (tierwise init --template chooses)')


def apply_definitions(ctx: Context, paths: Sequence[Path], *, note: str = "") -> Applied:
    """Store the definitions of these files as new versions; those not named stay. All or none. Audited."""
    ctx.principal.require("define")
    read = read_files(paths)
    return change_definitions(ctx, read.definitions, note=note, place_of=by_line(read.placed), read=read)


def check_definitions(ctx: Context, paths: Sequence[Path]) -> Applied:
    """What an apply would do, with all its problems; nothing is stored."""
    ctx.principal.require("view")
    read = read_files(paths)
    new, place_of = read.definitions, by_line(read.placed)
    with ctx.database.connect() as connection:
        before = current_definitions(connection)
        raise_problems(connection, before, new, place_of, read=read)
        current = {(kind_of(d), d.name): d for d in before.all if f"{kind_of(d)} {d.name}" in before.versions}
    stored_as = {key: body_of(d) for key, d in current.items()}
    labels = {f"{kind_of(d)} {d.name}": stored_as.get((kind_of(d), d.name)) == body_of(d) for d in new}
    known = {f"{kind} {name}" for kind, name in current}
    return Applied(
        added=tuple(label for label in labels if label not in known),
        changed=tuple(label for label, same in labels.items() if label in known and not same),
        unchanged=tuple(label for label, same in labels.items() if same),
        warnings=tuple(warnings_of(before, new, place_of)),
    )


def raise_problems(
    connection: Connection,
    before: Definitions,
    new: Sequence[Definition],
    place_of: Place,
    *,
    removed: Collection[str] = (),
    read: FilesRead | None = None,
) -> None:
    """Raises all that would be wrong with the definitions in use, were these put and those (`kind name`) removed.

    read: the files that the new ones are from, with what is wrong in them already: so that all is told at once.
    """
    read = read or FilesRead(())
    mended = [each.definition for each in read.mended]
    place_of = by_line((*read.placed, *read.mended)) if read.mended else place_of
    looked_at = [*new, *mended]
    merged = {(kind_of(d), d.name): d for d in (*before.all, *looked_at) if f"{kind_of(d)} {d.name}" not in removed}
    every = list(merged.values())
    known = {each.name for each in lists.all_lists(connection)}
    problems = [
        *read.problems,
        *_one_of_each(before, looked_at, place_of),
        *check(every, _of_the_house(connection, every), place_of, lists=known, facts=countable(), unread=read.unread),
        *_unfit_rules(looked_at, _schema(connection, every), place_of),
        *ladder_problems(new, place_of, whole=whole_attributes([*before.all, *new], before.project.windows_days)),
    ]
    if read.nameless:  # nobody knows what those would give
        problems = [each for each in problems if each in read.problems or not each.code.startswith("unknown_")]
    if problems:
        raise TierwiseError.of(sorted(dict.fromkeys(problems), key=_by_place))


def raise_rule_problems(ctx: Context, read: FilesRead) -> None:
    """Raises all that is wrong with the rule of a file (`read_rule_file`), with file:line; nothing where it is well."""
    ctx.principal.require("view")
    new, place_of = read.definitions, by_line(read.placed)
    try:
        with ctx.database.connect() as connection:
            raise_problems(connection, current_definitions(connection), new, place_of, read=read)
    except TierwiseError as error:
        files = {each.document.file for each in (*read.placed, *read.mended)}
        here = [each for each in error.problems if (each.place or "").rpartition(":")[0] in files]
        if here or read.problems:
            raise TierwiseError.of(here or read.problems) from None


def _by_place(problem: Problem) -> tuple[str, int]:
    """By file and line; what stands in no file comes first."""
    file, _, line = (problem.place or "").rpartition(":")
    return (file, int(line)) if line.isdigit() else ("", 0)


def warnings_of(before: Definitions, new: Sequence[Definition], place_of: Place) -> list[Problem]:
    """What is left open in these definitions, ladders of them that overlap or have gaps, and readers of what is
    sensitive."""
    every = [*before.all, *new]
    whole = whole_attributes(every, before.project.windows_days)
    return [*left_open(new), *ladder_warnings(new, place_of, whole=whole), *sensitivity_warnings(new, every)]


def whole_attributes(definitions: Sequence[Definition], windows_days: Sequence[int]) -> set[str]:
    """The attributes that have whole numbers only: counts, days, parts."""
    of_facts = profile_schema(windows_of_profile(definitions, windows_days), digits=2)
    found = {name for name, where in of_facts.items() if where.type == "integer" and not where.digits}
    given = [columns_given(each) for each in definitions]
    return {*found, *OWN_SILENCE, *(n for columns in given for n, where in columns.items() if where.type == "integer")}


def _unfit_rules(new: Sequence[Definition], schema: Mapping[str, RuleColumn], place_of: Place) -> list[Problem]:
    """Operators and values that do not fit the attribute's type, and columns that facts do not have."""
    own: dict[str, RuleColumn] = {name: RuleColumn(name, "integer") for name in SILENCE_ATTRIBUTES}
    facts = fact_schemas()
    problems = []
    for definition in new:
        readable = {**schema, **own} if isinstance(definition, Lifecycle) else schema
        readable = cleaning_schema(readable) if isinstance(definition, Cleaning) else readable
        for path, rule in rules_in(definition):
            for at, leaf in leaves_of(rule, path):
                if isinstance(leaf, Comparison) and leaf.attribute in readable:
                    problems += rule_problems(leaf, readable, place_of(definition, at))
                elif not isinstance(leaf, Comparison | InSegment | InList):
                    found = rule_set_problems(leaf, readable, facts, (), place_of(definition, at))
                    problems += [each for each in found if each.code != "unknown_fact"]  # `check` tells these
        if isinstance(definition, Kpi) and definition.of.metric in schema:
            problems += kpi_problems(definition, schema, place_of(definition, ("of", "metric")))
        if isinstance(definition, Tag):
            for path, rule in line_rules_of_tag(definition):
                for at, leaf in leaves_of(rule, path):
                    problems += rule_problems(leaf, facts["order_lines"], place_of(definition, at))
    return problems


def export_definitions(ctx: Context) -> str:
    """All current definitions as YAML documents; applying them again changes nothing."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        return to_yaml(current_definitions(connection).all)


def current_definitions(connection: Connection) -> Definitions:
    """The definitions in use; a kind that none was given for has its default."""
    found: list[Definition] = []
    versions: dict[str, int] = {}
    for version in stored.current(connection):
        if version.body is None:
            continue
        label = f"{version.kind} {version.name}"
        found.append(parse_definition(version.body, label))
        versions[label] = version.version
    return gather(found, versions)


def project_of(ctx: Context) -> Project:
    """The project's settings."""
    with ctx.database.connect() as connection:
        return current_definitions(connection).project


def language_of_project(database: Engine) -> Language | None:
    """As its definition says, of a home of whatever version; None where it has none or cannot be asked."""
    with suppress(SQLAlchemyError), database.connect() as connection:
        for each in stored.current(connection, "project"):
            return known_language(str((each.body or {}).get("language", Project().language)))
    return None


def gather(definitions: Iterable[Definition], versions: dict[str, int]) -> Definitions:
    """Definitions sorted by kind; the project's default where there is none."""
    given = tuple(definitions)
    places = list(KINDS)
    others = sorted((d for d in given if not isinstance(d, Project)), key=lambda d: (places.index(kind_of(d)), d.name))
    return Definitions(
        project=next((d for d in given if isinstance(d, Project)), Project()), others=tuple(others), versions=versions
    )


def change_definitions(
    ctx: Context,
    new: Sequence[Definition],
    *,
    note: str,
    place_of: Place = by_name,
    removed: Sequence[str] = (),
    even_if_read: bool = False,
    read: FilesRead | None = None,
) -> Applied:
    """Put these definitions as new versions and remove those (`kind name`), all or none. Audited. A source that
    points elsewhere than before needs an administrator.

    even_if_read: remove also what others read; nothing is then checked. read: as in `raise_problems`.
    """
    ctx.principal.require("define")
    with ctx.database.begin() as connection:
        before = current_definitions(connection)
        _require_to_point(ctx, before, new)
        if not even_if_read:
            raise_problems(connection, before, new, place_of, removed=removed, read=read)
        added: list[str] = []
        changed: list[str] = []
        unchanged: list[str] = []
        for definition in new:
            kind = kind_of(definition)
            label = f"{kind} {definition.name}"
            version = stored.put(
                connection, kind, definition.name, body_of(definition), author=ctx.principal.name, note=note
            )
            (unchanged if version is None else changed if label in before.versions else added).append(label)
        for label in removed:
            kind, _, name = label.partition(" ")
            stored.put(connection, kind, name, None, author=ctx.principal.name, note=note)
        if added or changed or removed:
            detail = {"added": added, "changed": changed, "removed": list(removed), "note": note}
            audit.write(connection, ctx.principal.name, "definitions.apply", "definitions", detail)
        warnings = tuple(warnings_of(before, new, place_of))
    return Applied(tuple(added), tuple(changed), tuple(unchanged), warnings, tuple(removed))


def _require_to_point(ctx: Context, before: Definitions, new: Sequence[Definition]) -> None:
    """Only an administrator says which path of this machine, or which host, a source reads: whoever defines could
    otherwise read by it what the server may read and they may not. Raises `not_allowed`."""
    known = {each.name: each.origin for each in before.of(ImportSource)}
    if any(isinstance(each, ImportSource) and known.get(each.name) != each.origin for each in new):
        ctx.principal.require("administer")


def _one_of_each(before: Definitions, new: Sequence[Definition], place_of: Place) -> list[Problem]:
    """A project, an RFM and the identities are alone of their kind: there is one set of scores, and of people."""
    taken = {kind: name for kind, _, name in (label.partition(" ") for label in before.versions)}
    problems = []
    for definition in new:
        kind = kind_of(definition)
        if kind in ("project", "rfm", "identities") and taken.setdefault(kind, definition.name) != definition.name:
            said = f'there can be one {kind}, "{taken[kind]}", and not "{definition.name}" too'
            place = place_of(definition, ("name",))
            problems.append(Problem("only_one", said, place, f'to change it, name it "{taken[kind]}"'))
    return problems


def _schema(connection: Connection, definitions: Sequence[Definition]) -> dict[str, RuleColumn]:
    """Every attribute that a rule may read, with its type: facts' and traits', and what the definitions give."""
    found = _of_the_house(connection, definitions)
    for definition in definitions:
        found |= columns_given(definition)
    return found


def _of_the_house(connection: Connection, definitions: Sequence[Definition]) -> dict[str, RuleColumn]:
    """The attributes that no definition gives: of facts, and traits by `trait.NAME` and plain NAME."""
    project = next((d for d in definitions if isinstance(d, Project)), Project())
    windows = windows_of_profile(definitions, project.windows_days)
    found = profile_schema(windows, exponent(project.currency))
    for trait in traits.list_traits(connection):
        found[f"trait.{trait.name}"] = RuleColumn(trait.column_name, trait.type)
        found.setdefault(trait.name, found[f"trait.{trait.name}"])
    return found
