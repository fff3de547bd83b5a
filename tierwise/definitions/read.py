"""Files to definitions: every problem of every file at once, each with file:line and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from tierwise.definitions import mapping as mapping_kind
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition, Part
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.deciles import Deciles
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
}

_P = TypeVar("_P", bound=Part)


@dataclass(frozen=True)
class Placed:
    """A definition and the document that it was read from."""

    definition: Definition
    document: Document


def read_definitions(paths: Iterable[Path]) -> list[Definition]:
    """As `read_placed`, the definitions alone."""
    return [placed.definition for placed in read_placed(paths)]


def read_placed(paths: Iterable[Path]) -> list[Placed]:
    """The definitions in these files, and in the .yaml, .yml and .json files of these folders, in order of path.

    A file holds one or several YAML documents, each one definition with its `kind`. Raises all problems at once;
    two definitions of one kind and name are one.
    """
    problems: list[Problem] = []
    found: list[Placed] = []
    for path in _files(paths, problems):
        try:
            documents = read_documents(path)
        except TierwiseError as error:
            problems.extend(error.problems)
            continue
        for document in documents:
            definition = _definition(document, problems)
            if definition is not None:
                found.append(Placed(definition, document))
    places: dict[tuple[str, str], str] = {}
    for placed in found:
        key, place = (_kind(placed.definition), placed.definition.name), placed.document.place(("name",))
        if key in places:
            problems.append(
                Problem("defined_twice", f'{key[0]} "{key[1]}" is defined twice', place, f"first at {places[key]}")
            )
        places.setdefault(key, place)
    if problems:
        raise TierwiseError.of(problems)
    return found


def read_mapping(path: Path) -> mapping_kind.Mapping:
    """The import mapping in a file. Raises all its problems at once."""
    documents = read_documents(path)
    if len(documents) != 1:
        raise TierwiseError("bad_mapping", f"a mapping file holds one document, not {len(documents)}", place=str(path))
    return _read_part(mapping_kind.Mapping, documents[0])


class _RuleDocument(Part):
    rule: Rule


def read_rule(path: Path) -> AnyRule:
    """The rule in a YAML or JSON file: the rule alone, or a segment's definition. Raises all its problems at once."""
    documents = read_documents(path)
    if len(documents) != 1:
        raise TierwiseError("bad_rule", f"a rule's file holds one document, not {len(documents)}", place=str(path))
    return _rule(documents[0])


def parse_rule(value: Any, file: str = "rule") -> AnyRule:
    """A rule from a posted or stored value. Raises all its problems at once."""
    return _rule(Document(file, value, _NO_LINES))


def _rule(document: Document) -> AnyRule:
    if isinstance(document.value, dict) and document.value.get("kind") == "segment":
        return _read_part(Segment, document).when
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
