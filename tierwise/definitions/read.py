"""Files to definitions: every problem of every file at once, each with file:line and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tierwise.definitions import mapping as mapping_kind
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition, Part
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.due_rules import DueRules
from tierwise.definitions.identities import Identities
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.project import Project
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import AnyRule, Rule
from tierwise.definitions.segment import Segment
from tierwise.definitions.source import Document, parse_documents, read_documents
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import Problem, TierwiseError, did_you_mean, unknown_name

KINDS: dict[str, type[Definition]] = {
    "project": Project,
    "rfm": Rfm,
    "deciles": Deciles,
    "activity": Activity,
    "lifecycle": Lifecycle,
    "level": Level,
    "matrix": Matrix,
    "price_band": PriceBand,
    "segment": Segment,
    "tag": Tag,
    "cleaning": Cleaning,
    "profiling": Profiling,
    "kpi": Kpi,
    "due_rules": DueRules,
    "identities": Identities,
    "source": ImportSource,
}

_P = TypeVar("_P", bound=Part)


@dataclass(frozen=True)
class Placed:
    """A definition and the document that it was read from."""

    definition: Definition
    document: Document


@dataclass(frozen=True)
class FilesRead:
    """What files hold: the definitions that are well formed, and all that is wrong with the others.

    mended: of the others those in which comparisons alone are wrong; these ask here whether the attribute is there, so
    that such a definition can be looked at too. unread: the rest, of which only the names are known. nameless: whether
    there is more, in files that cannot be read or without a kind and a name, of which nothing is known.
    """

    placed: tuple[Placed, ...]
    problems: tuple[Problem, ...] = ()
    mended: tuple[Placed, ...] = ()
    unread: tuple[Document, ...] = ()
    nameless: bool = False

    @property
    def definitions(self) -> list[Definition]:
        """Those that are well formed."""
        return [each.definition for each in self.placed]

    @property
    def is_whole(self) -> bool:
        """Whether all definitions of the files are known, by their names at least."""
        return not (self.unread or self.nameless)


def read_definitions(paths: Iterable[Path]) -> list[Definition]:
    """As `read_files`, the definitions alone. Raises all problems at once."""
    read = read_files(paths)
    if read.problems:
        raise TierwiseError.of(read.problems)
    return read.definitions


def read_files(paths: Iterable[Path]) -> FilesRead:
    """The definitions in these files, and in the .yaml, .yml and .json files of these folders, in order of path.

    A file holds one or several YAML documents, each one definition with its `kind`; two definitions of one kind and
    name are a problem. Raises nothing: what is well formed can be looked at further, so that all is told at once.
    """
    problems: list[Problem] = []
    found: list[Placed] = []
    mended: list[Placed] = []
    unread: list[Document] = []
    nameless = False
    for path in _files(paths, problems):
        try:
            documents = read_documents(path)
        except TierwiseError as error:
            problems.extend(error.problems)
            nameless = True
            continue
        for document in documents:
            definition = _definition(document, problems)
            if definition is not None:
                found.append(Placed(definition, document))
            elif (other := _mended(document)) is not None:
                mended.append(Placed(other, document))
            elif _is_named(document):
                unread.append(document)
            else:
                nameless = True
    places: dict[tuple[str, str], str] = {}
    for placed in (*found, *mended):
        key, place = (_kind(placed.definition), placed.definition.name), placed.document.place(("name",))
        if key in places:
            problems.append(
                Problem("defined_twice", f'{key[0]} "{key[1]}" is defined twice', place, f"first at {places[key]}")
            )
        places.setdefault(key, place)
    return FilesRead(tuple(found), tuple(problems), tuple(mended), tuple(unread), nameless)


def _mended(document: Document) -> Definition | None:
    """The definition without what is wrong, where that is in comparisons alone; None where it is elsewhere."""
    kind = KINDS.get(str(document.value.get("kind"))) if isinstance(document.value, dict) else None
    if kind is None:
        return None
    value = deepcopy(document.value)
    try:
        kind.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            leaf = _leaf_at(value, found["loc"])
            if leaf is None:
                return None
            _ask_whether_there(leaf)
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None


def _leaf_at(value: Any, path: Iterable[str | int]) -> dict[str, Any] | None:
    """The deepest comparison on the way; steps that name nothing are passed over."""
    found, node = None, value
    for step in path:
        if (isinstance(node, dict) and step in node) or (
            isinstance(node, list) and isinstance(step, int) and step < len(node)
        ):
            node = node[step]  # type: ignore[index]
            if isinstance(node, dict) and ("attribute" in node or "behaviour" in node):
                found = node
    return found


def _ask_whether_there(leaf: dict[str, Any]) -> None:
    what: dict[str, Any] = {key: leaf[key] for key in ("attribute", "behaviour") if key in leaf}
    alone = isinstance(leaf.get("behaviour"), dict) and leaf["behaviour"].get("aggregate") in ("ever", "never")
    leaf.clear()
    leaf.update(what if alone else {**what, "op": "present"})


def _is_named(document: Document) -> bool:
    """Whether a definition that is not well formed has a kind and a name at least."""
    value = document.value
    return isinstance(value, dict) and value.get("kind") in KINDS and isinstance(value.get("name"), str)


def read_mapping(path: Path) -> mapping_kind.Mapping:
    """The import mapping in a file. Raises all its problems at once."""
    return _mapping(read_documents(path), str(path))


def mapping_of_text(text: str, file: str = "mapping.yaml") -> mapping_kind.Mapping:
    """As `read_mapping`, of what stands in such a file."""
    return _mapping(parse_documents(text, file), file)


def parse_mapping(value: Mapping[str, Any], file: str = "mapping") -> mapping_kind.Mapping:
    """The import mapping in a stored or posted value. Raises all its problems at once."""
    return _read_part(mapping_kind.Mapping, Document(file, dict(value), _NO_LINES))


def _mapping(documents: list[Document], file: str) -> mapping_kind.Mapping:
    if len(documents) != 1:
        raise TierwiseError("bad_mapping", f"a mapping file holds one document, not {len(documents)}", place=file)
    return _read_part(mapping_kind.Mapping, documents[0])


class _RuleDocument(Part):
    rule: Rule


THIS_RULE = "this_rule"
"""What the segment is called that a rule's file stands for."""


def read_rule(path: Path) -> AnyRule:
    """The rule in a YAML or JSON file: the rule alone, or a segment's definition. Raises all its problems at once."""
    read = read_rule_file(path)
    if read.problems:
        raise TierwiseError.of(read.problems)
    return rule_of(read)


def rule_of(read: FilesRead) -> AnyRule:
    """The rule of `read_rule_file`, where nothing was wrong."""
    (definition,) = read.definitions
    assert isinstance(definition, Segment)
    return definition.rule(())


def read_rule_file(path: Path) -> FilesRead:
    """As `read_files`, of a file with one rule, or with one segment's definition: as that segment.

    Raises `bad_rule` where the file holds several documents or none, and what `read_documents` raises.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise TierwiseError("bad_rule", f"a rule's file holds one document, not {len(documents)}", place=str(path))
    document = documents[0]
    if not (isinstance(document.value, dict) and document.value.get("kind") == "segment"):
        body = {"kind": "segment", "name": THIS_RULE, "when": document.value}
        document = Document(document.file, body, document.root)
    problems: list[Problem] = []
    definition = _definition(document, problems)
    if definition is not None:
        return FilesRead((Placed(definition, document),))
    mended = _mended(document)
    return FilesRead((), tuple(problems), () if mended is None else (Placed(mended, document),))


def parse_rule(value: Any, file: str = "rule") -> AnyRule:
    """A rule from a posted or stored value. Raises all its problems at once."""
    return _rule(Document(file, value, _NO_LINES))


def _rule(document: Document) -> AnyRule:
    if isinstance(document.value, dict) and document.value.get("kind") == "segment":
        return _read_part(Segment, document).rule(())
    return _read_part(_RuleDocument, Document(document.file, {"rule": document.value}, document.root)).rule


def parse_definition(body: Mapping[str, Any], file: str = "definition") -> Definition:
    """A definition from a stored or posted body. Raises all its problems at once."""
    problems: list[Problem] = []
    document = Document(file, dict(body), _NO_LINES)
    definition = _definition(document, problems)
    if definition is None:
        raise TierwiseError.of(problems)
    return definition


_NO_LINES = parse_documents("{}", "")[0].root


def _files(paths: Iterable[Path], problems: list[Problem]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in {".yaml", ".yml", ".json"} and p.is_file())
            if not inside:
                problems.append(Problem("no_definitions", "no .yaml or .json file in this folder", str(path)))
            files.extend(inside)
        else:
            files.append(path)
    return files


def _definition(document: Document, problems: list[Problem]) -> Definition | None:
    body = document.value
    if not isinstance(body, dict) or "kind" not in body:
        problems.append(
            Problem(
                "no_kind",
                "a definition is a mapping with a kind",
                document.place(()),
                f"start it with `kind:` and one of {', '.join(KINDS)}",
            )
        )
        return None
    kind = KINDS.get(str(body["kind"]))
    if kind is None:
        problems.append(unknown_name("kind", str(body["kind"]), KINDS, document.place(("kind",))))
        return None
    try:
        return _read_part(kind, document)
    except TierwiseError as error:
        problems.extend(error.problems)
        return None


def _read_part(kind: type[_P], document: Document) -> _P:
    try:
        return kind.model_validate(document.value)
    except ValidationError as error:
        problems = sorted(_problems(error, document), key=lambda problem: _line(problem.place))
        raise TierwiseError.of(problems) from error


def _line(place: str | None) -> int:
    return int(place.rpartition(":")[2]) if place else 0


def _problems(error: ValidationError, document: Document) -> Iterable[Problem]:
    errors = error.errors(include_url=False)
    for found in errors:
        path = found["loc"]
        if found["type"] == "too_short" and any(e is not found and e["loc"][: len(path)] == path for e in errors):
            continue
        yield _problem(found, document.place(path))


def _problem(found: Any, place: str) -> Problem:
    last = next((str(step) for step in reversed(found["loc"]) if isinstance(step, str)), "")
    match found["type"]:
        case "extra_forbidden":
            return Problem("unknown_key", f'unknown key "{last}"', place, did_you_mean(last, _all_keys()))
        case "missing":
            return Problem("missing_key", f'"{last}" is missing', place)
        case "literal_error":
            options = re.findall(r"'([^']*)'", found["ctx"]["expected"])
            hint = did_you_mean(str(found["input"]), options) or f"one of {', '.join(options)}"
            return Problem("bad_value", f'{last}: "{found["input"]}" is not possible', place, hint)
        case "string_pattern_mismatch" if last == "name":
            return Problem(
                "bad_name",
                f'"{found["input"]}" cannot be a name',
                place,
                "lower-case letters, digits and _, such as vip",
            )
        case "too_short":
            return Problem("bad_value", f"{last}: needs at least {found['ctx']['min_length']}", place)
        case "greater_than_equal":
            return Problem("bad_value", f"{last}: must be {found['ctx']['ge']} or more", place)
        case "less_than_equal":
            return Problem("bad_value", f"{last}: must be {found['ctx']['le']} or less", place)
        case "int_parsing" | "int_type" | "int_from_float":
            return Problem("bad_value", f"{last}: needs a whole number", place)
    text = str(found["msg"]).removeprefix("Value error, ")
    return Problem("bad_value", f"{last}: {text}" if last else text, place)


def _all_keys() -> set[str]:
    keys: set[str] = set()
    waiting: list[type[Part]] = [Part]
    while waiting:
        part = waiting.pop()
        waiting.extend(part.__subclasses__())
        keys.update(field.alias or name for name, field in part.model_fields.items())
    return keys


def _kind(definition: Definition) -> str:
    return next(kind for kind, model in KINDS.items() if isinstance(definition, model))


def kind_of(definition: Definition) -> str:
    """The kind's name, as files write it."""
    return _kind(definition)
