"""A matrix is total and unambiguous before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tierwise.definitions.matrix import Matrix, attributes_of_matrix, matrix_warnings

PAY = {"attribute": "spend", "name": "pay", "parts": [{"name": "high", "above": "0.5"}, {"name": "low"}]}
LEARN = {"attribute": "visits", "name": "learn", "parts": [{"name": "high", "from": 3}, {"name": "low"}]}
CELLS: list[dict[str, Any]] = [
    {"name": "core", "at": ["high", "high"]},
    {"name": "next", "at": [["high", "low"]]},
    {"name": "free", "at": ["low", "high"]},
    {"name": "silent", "at": ["low", "low"]},
]


def matrix(dimensions: list[Any], cells: list[Any], **more: Any) -> Matrix:
    return Matrix.model_validate({"name": "grid", "dimensions": dimensions, "cells": cells, **more})


def test_every_combination_has_one_cell() -> None:
    grid = matrix([PAY, LEARN], CELLS)
    assert [grid.cell_of(combination).name for combination in grid.combinations()] == ["core", "next", "free", "silent"]
    assert [attribute for _, attribute in attributes_of_matrix(grid)] == ["spend", "visits"]
    third = {"attribute": "member", "parts": [{"name": "yes", "values": [True]}, {"name": "no"}]}
    cells = [{"name": "best", "at": [["high", "*", "yes"], ["low", "high", "yes"]]}]
    cube = matrix([PAY, LEARN, third], cells, otherwise={"name": "rest"})
    found = {combination: cube.cell_of(combination).name for combination in cube.combinations()}
    assert len(found) == 8
    assert [each for each, name in found.items() if name == "best"] == [
        ("high", "high", "yes"),
        ("high", "low", "yes"),
        ("low", "high", "yes"),
    ]


@pytest.mark.parametrize(
    ("dimensions", "cells", "more", "said"),
    [
        ([PAY], CELLS, {}, "at least 2"),
        ([PAY, PAY], CELLS, {}, "dimensions named twice"),
        ([PAY, LEARN], CELLS[:2], {}, "no cell for low × high, low × low"),
        ([PAY, LEARN], CELLS, {"otherwise": {"name": "rest"}}, "could not be reached"),
        ([PAY, LEARN], [*CELLS, {"name": "again", "at": ["low", "*"]}], {}, 'is in two cells, "free" and "again"'),
        ([PAY, LEARN], [*CELLS[:3], {"name": "core", "at": ["low", "low"]}], {}, "cells named twice: core"),
        ([PAY, LEARN], [{"name": "x", "at": ["high"]}], {"otherwise": {"name": "rest"}}, "needs 2 parts"),
        (
            [PAY, LEARN],
            [{"name": "x", "at": ["high", "mid"]}],
            {"otherwise": {"name": "r"}},
            '"learn" has no part "mid"',
        ),
    ],
)
def test_a_matrix_that_cannot_be(dimensions: list[Any], cells: list[Any], more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        matrix(dimensions, cells, **more)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"attribute": "trait.城市", "name": None}, "give the dimension a name"),
        ({"name": "reason"}, "name of another column"),
        ({"missing": "none"}, 'there is no part "none"; parts: high, low'),
        ({"parts": [{"name": "high", "from": 1}, {"name": "high"}]}, "parts named twice"),
        ({"parts": [{"name": "high", "from": 1}, {"name": "low", "from": 0}]}, "must have no bound"),
        ({"parts": [{"name": "high", "from": 1, "above": "0.5"}, {"name": "low"}]}, "has from and above"),
        ({"parts": [{"name": "high"}, {"name": "low"}]}, "every part but the last"),
        (
            {"parts": [{"name": "a", "from": 1}, {"name": "b", "above": "0.2"}, {"name": "c"}]},
            "every part but the last",
        ),
        ({"parts": [{"name": "a", "from": 1}, {"name": "b", "from": 2}, {"name": "c"}]}, "must fall"),
        ({"parts": [{"name": "a", "values": ["x"]}, {"name": "b", "values": ["x"]}, {"name": "c"}]}, "in two parts"),
        ({"parts": [{"name": "a", "values": ["x", True]}, {"name": "c"}]}, "texts or yes/no"),
    ],
)
def test_a_dimension_that_cannot_be(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        matrix([{**PAY, **changed}, LEARN], CELLS)


def test_a_cell_without_a_strategy_or_an_owner_is_flagged() -> None:
    cells = [{"name": "core", "at": ["high", "*"], "strategy": {"zh": "专属"}, "owner": "crm"}]
    flagged = list(matrix_warnings(matrix([PAY, LEARN], cells, otherwise={"name": "rest"})))
    assert [str(problem) for problem in flagged] == ['matrix "grid": cell "rest" has no strategy and no owner']
    assert [
        p.message for p in matrix_warnings(matrix([PAY, LEARN], cells, otherwise={"name": "rest"}, owner="crm"))
    ] == ['cell "rest" has no strategy']
