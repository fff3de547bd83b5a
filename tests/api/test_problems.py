"""Errors as RFC 9457 has them, and the status of every code that the house can raise."""

from __future__ import annotations

import ast
from http import HTTPStatus
from pathlib import Path

import pytest

import tierwise
from tierwise.api.problems import error_body, known_status, status_of
from tierwise.kernel.errors import Problem

ROOT = Path(tierwise.__file__).parent


def codes() -> dict[str, str]:
    """Every code in the sources, with a place where it is made."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0].value
            if isinstance(first, str) and name in ("TierwiseError", "Problem"):
                found[first] = f"{path.relative_to(ROOT)}:{node.lineno}"
            if isinstance(first, str) and name == "unknown_name":
                found["unknown_" + first.replace(" ", "_")] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_every_code_has_a_status() -> None:
    made = codes()
    assert len(made) > 30, "the walk found hardly any code: is it looking in the right place?"
    missing = {code: place for code, place in made.items() if known_status(code) is None}
    assert not missing, f"say in api/problems.py which status these have: {missing}"
    assert all(HTTPStatus(status_of(code)) >= 400 for code in made)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unknown_run", 404),
        ("unknown_table", 404),
        ("unknown_key", 422),
        ("not_allowed", 403),
        ("not_signed_in", 401),
        ("busy", 409),
        ("bad_value", 422),
        ("no_run", 404),
        ("disk_full", 507),
        ("too_large", 413),
        ("something_new", 422),
    ],
)
def test_status_by_code(code: str, status: int) -> None:
    assert status_of(code) == status


def test_a_body_has_the_first_problem_and_all_of_them() -> None:
    problems = [Problem("bad_value", "bins: 12 is too much", "rfm.yaml:4", "2 to 9"), Problem("missing_key", "no name")]
    body = error_body(problems)
    assert (body.type, body.title, body.status) == ("urn:tierwise:problem:bad_value", "Unprocessable Entity", 422)
    assert body.detail == "rfm.yaml:4: bins: 12 is too much (2 to 9)"
    assert (body.code, body.place, body.remedy) == ("bad_value", "rfm.yaml:4", "2 to 9")
    assert [problem.code for problem in body.problems] == ["bad_value", "missing_key"]
