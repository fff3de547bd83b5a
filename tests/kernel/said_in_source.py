"""Every sentence that the source says to people, as the catalogue of another language has to have it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tierwise

ROOT = Path(tierwise.__file__).parent

PROBLEMS = {"TierwiseError", "Problem"}

NO_WORDS = {"testing", "plots", "stats"}
"""What only a program calls, in Python: its errors are a programmer's, in English."""

EXAMPLES = {"reading", "there is no run 7", "it held on 4 of 4 days", "GET /api/v1/runs"}
"""In the API's documentation."""


@dataclass(frozen=True)
class Said:
    """One sentence with its places, and where the source says it."""

    text: str
    where: str


def sentence(node: ast.expr) -> str | None:
    """A literal, or an f-string with its places named after what they show; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        names: dict[str, int] = {}
        parts = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(str(value.value))
            elif isinstance(value, ast.FormattedValue):
                parts.append("{" + _unique(_name(value.value), names) + "}")
        return "".join(parts)
    return None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.strip("_") or "it"
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        inner = node.slice
        return inner.value if isinstance(inner, ast.Constant) and str(inner.value).isidentifier() else _name(node.value)
    if isinstance(node, ast.Call):
        return _name(node.args[0]) if node.args and not isinstance(node.args[0], ast.Constant) else _name(node.func)
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.IfExp | ast.GeneratorExp | ast.Await):
        named = [each for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute)]
        return _name(named[0]) if named else "it"
    return "it"


def _unique(name: str, names: dict[str, int]) -> str:
    name = re.sub(r"\W", "", str(name)) or "it"
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name}_{names[name]}"


def texts(node: ast.expr | None, scope: ast.AST, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The sentences that an expression may be: literals, either side of a choice, what a name was given before.

    With what is filled into them where that is several words of ours. seen: names that are being looked up.
    """
    if node is None:
        return
    if (said := sentence(node)) is not None:
        yield said
        for value in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(value, ast.FormattedValue):
                yield from (inner for inner in texts(value.value, scope, seen) if " " in inner.strip())
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        first, then = (list(texts(side, scope, seen)) for side in (node.left, node.right))
        yield from (f"{one}{other}" for one in first for other in then)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        for value in getattr(node.args[0], "elts", ()):
            yield from texts(value, scope, seen)
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body, scope, seen)
        yield from texts(node.orelse, scope, seen)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts(value, scope, seen)
    elif isinstance(node, ast.Name) and node.id not in seen:
        for each in _given(scope, node.id):
            yield from texts(each, scope, seen | {node.id})


def _given(scope: ast.AST, name: str) -> list[ast.expr]:
    return _assignments(scope).get(name, [])


@cache
def _assignments(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name is given in a function or module."""
    found: dict[str, list[ast.expr]] = {}
    for each in ast.walk(scope):
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
        value = getattr(each, "value", None)
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(value, ast.expr):
                found.setdefault(target.id, []).append(value)
    return found


class Source:
    """All modules of the package, and what their functions are called and give back."""

    def __init__(self, root: Path = ROOT) -> None:
        self.trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(root.rglob("*.py"))}
        self.functions: dict[str, list[ast.FunctionDef]] = {}
        self.own: dict[Path, dict[str, ast.FunctionDef]] = {path: {} for path in self.trees}
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    self.functions.setdefault(node.name, []).append(node)
                    self.own[path][node.name] = node

    def errors(self) -> list[Said]:
        """Messages and remedies of errors and problems, wherever they are made, and notes of what is odd."""
        found: dict[str, Said] = {}
        for path, tree in self.trees.items():
            if path.relative_to(ROOT).parts[0] in NO_WORDS:
                continue
            for scope, call in _calls(tree):
                for node in self._said_by(call, path):
                    for text in self._all(node, scope):
                        for line in text.strip().split("\n"):
                            if _has_words(line) and line.strip() not in EXAMPLES:
                                found.setdefault(
                                    line.strip(), Said(line.strip(), f"{path.relative_to(ROOT)}:{call.lineno}")
                                )
        return list(found.values())

    def clauses(self) -> list[Said]:
        """Why a customer has a value: the lines of an explanation, and what they say of rules."""
        found: dict[str, Said] = {}
        for path, tree in self.trees.items():
            nodes = [(scope, call.args[1]) for scope, call in _calls(tree) if _is_clause(call)]
            if path.relative_to(ROOT).as_posix() == "definitions/words.py":
                for function in self.own[path].values():
                    given = (each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value)
                    nodes += [(function, value) for value in given]
            for scope, node in nodes:
                for text in self._all(node, scope):
                    if _has_words(text):
                        found.setdefault(text.strip(), Said(text.strip(), str(path.relative_to(ROOT))))
        return list(found.values())

    def headings(self) -> list[Said]:
        """What stands above the columns of tables of the command line."""
        found: dict[str, Said] = {}
        for path, tree in self.trees.items():
            for scope, call in _calls(tree) if path.relative_to(ROOT).parts[0] == "cli" else ():
                if getattr(call.func, "id", "") == "table" and len(call.args) > 1:
                    for each in _literals(call.args[1], scope):
                        if _has_words(each):
                            found.setdefault(each, Said(each, f"{path.relative_to(ROOT)}:{call.lineno}"))
        return list(found.values())

    def _said_by(self, call: ast.Call, path: Path) -> Iterator[ast.expr]:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if name == "go":  # the values of an address
            return
        if name in PROBLEMS:
            yield from (*call.args[1:2], *call.args[3:4])
        elif name in ("refuse", "BadRecord"):  # why a row is refused
            yield from call.args[2:3]
        elif name == "_NoRowError":
            yield from call.args[1:2]
        elif name == "HealthCheck":
            yield from call.args[2:4]
        elif name in ("append", "extend") and _is_notes(call.func):
            yield from call.args
        elif name in ("note", "say") or (name == "table" and path.relative_to(ROOT).parts[0] == "cli"):
            yield from call.args[:1]
        else:
            function = self.own[path].get(name)
            if function is not None:
                wanted = [arg.arg for arg in function.args.args if arg.arg not in ("self", "cls")]
                yield from (arg for arg, to in zip(call.args, wanted, strict=False) if to in _TOLD)
        yield from (value for to, value in given.items() if to in _TOLD)

    def _all(self, node: ast.expr, scope: ast.AST) -> Iterator[str]:
        yield from texts(node, scope)
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                for function in self.functions.get(call.func.id, ())[:1]:
                    for each in ast.walk(function):
                        if isinstance(each, ast.Return):
                            yield from texts(each.value, function)


_TOLD = {"message", "remedy", "said", "hint", "notes"}


def _is_notes(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and _name(function.value) in ("notes", "warnings")


def _calls(tree: ast.AST, scope: ast.AST | None = None) -> Iterator[tuple[ast.AST, ast.Call]]:
    """Every call, with the function (else the module) that it stands in."""
    scope = scope or tree
    for child in ast.iter_child_nodes(tree):
        inner = child if isinstance(child, ast.FunctionDef) else scope
        if isinstance(child, ast.Call):
            yield inner, child
        yield from _calls(child, inner)


def _is_clause(call: ast.Call) -> bool:
    return getattr(call.func, "id", "") == "Clause" and len(call.args) > 1


def _has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in re.sub(r"\{\w+\}", "", text))


def _literals(node: ast.expr, scope: ast.AST) -> Iterator[str]:
    """The texts in a list, or in what a name was given before."""
    if isinstance(node, ast.Name):
        for each in _given(scope, node.id):
            yield from _literals(each, scope)
    else:
        yield from (
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )
