"""YAML and JSON files as plain values that remember on which line each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tierwise.kernel.collect import Problems
from tierwise.kernel.errors import TierwiseError

_LARGEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Document:
    """One YAML document: its value, and the lines of its parts by path."""

    file: str
    value: Any
    root: yaml.Node

    def place(self, path: tuple[str | int, ...]) -> str:
        """`file:line` of the deepest part of `path` that is there; steps that name nothing are passed over."""
        node, line = self.root, self.root.start_mark.line
        for step in path:
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == step:
                        node, line = value, key.start_mark.line
                        break
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return f"{self.file}:{line + 1}"


def read_documents(path: Path) -> list[Document]:
    """The documents of a file; empty ones are left out. Raises all syntax errors and doubled keys at once."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise TierwiseError("too_large", f"larger than {_LARGEST_BYTES} bytes", place=str(path))
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise TierwiseError("no_such_file", f'there is no file "{path}"', place=str(path)) from error
    except UnicodeDecodeError as error:
        raise TierwiseError("not_utf8", "not UTF-8 text", place=str(path), remedy="save it as UTF-8") from error
    except OSError as error:
        raise TierwiseError("unreadable", f"cannot be read: {error.strerror}", place=str(path)) from error
    return parse_documents(text, str(path))


def parse_documents(text: str, file: str) -> list[Document]:
    """As `read_documents`, of a text."""
    problems = Problems()
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise TierwiseError(
            "bad_yaml",
            f"a character that no text has: {error.character:#06x}",
            place=f"{file}:{line}",
            remedy="save it as UTF-8",
        ) from error
    documents = []
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and node.value == ""):
                continue
            for key in _doubled_keys(node):
                problems.add("doubled_key", f'key "{key.value}" twice', place=f"{file}:{key.start_mark.line + 1}")
            documents.append(Document(file, loader.construct_document(node), node))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}" if mark else file
        problems.add(
            "bad_yaml", error.problem or "not YAML", place=place, remedy="check indentation, quotes and colons"
        )
    except (ValueError, RecursionError) as error:
        problems.add("bad_yaml", f"not YAML: {error}", place=file)
    finally:
        loader.dispose()
    problems.raise_if_any()
    return documents


def _doubled_keys(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _doubled_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _doubled_keys(value)
