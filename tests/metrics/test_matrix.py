"""Matrices: every combination walked, quantiles with ties, who is in no cell and why."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.definitions.test_matrix import CELLS, LEARN, PAY, matrix
from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tests.metrics.test_scorecard import people
from tierwise.definitions.matrix import Matrix
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.matrix import matrix_columns, matrix_problems, matrix_scales, matrix_summary, with_matrix
from tierwise.metrics.rules import rule_schema


def placed(frame: Frame, definition: Matrix) -> dict[Any, dict[str, Any]]:
    return dict(sorted(by_key(with_matrix(frame, definition, matrix_scales(frame, definition))).items()))


def test_willingness_to_pay_by_willingness_to_learn(frame: MakeFrame) -> None:
    given = people(frame, spend_minor=[100, 200, 300, 400], visits=[9, 0, 3, 2])
    found = placed(given, matrix([PAY, LEARN], CELLS))
    assert [row["grid"] for row in found.values()] == ["free", "silent", "core", "next"]
    assert [(row["grid_pay"], row["grid_learn"]) for row in found.values()] == [
        ("low", "high"), ("low", "low"), ("high", "high"), ("high", "low")
    ]  # fmt: skip
    assert {row["grid_reason"] for row in found.values()} == {None}
    assert set(found[0]) == {
        "customer_key",
        "spend_minor",
        "visits",
        *matrix_columns(matrix([PAY, LEARN], CELLS)).values(),
    }


THREE = matrix(
    [
        {"attribute": "a", "parts": [{"name": f"p{i}", "from": 8 - i} for i in range(8)] + [{"name": "p8"}]},
        {"attribute": "b", "parts": [{"name": f"p{i}", "from": 8 - i} for i in range(8)] + [{"name": "p8"}]},
        {"attribute": "c", "parts": [{"name": "x", "values": ["x"]}, {"name": "y", "values": ["y"]}, {"name": "z"}]},
    ],
    [{"name": f"cell_{i}_{j}_{k}", "at": [f"p{i}", f"p{j}", k]} for i, j, k in product(range(9), range(8), "xy")],
    otherwise={"name": "rest"},
)


def test_every_combination_of_three_dimensions_is_walked(frame: MakeFrame) -> None:
    walked = list(product(range(9), range(9), "xyz"))
    a, b, c = ([each[i] for each in walked] for i in range(3))
    found = placed(people(frame, a=a, b=b, c=c), THREE)
    for key, (i, j, letter) in enumerate(walked):
        rest = j == 0 or letter == "z"
        assert found[key]["grid"] == ("rest" if rest else f"cell_{8 - i}_{8 - j}_{letter}")
        assert (found[key]["grid_a"], found[key]["grid_c"]) == (f"p{8 - i}", letter)


QUANTILES = matrix(
    [
        {"attribute": "spend", "parts": [{"name": "a", "above": "0.8"}, {"name": "b", "above": "0.5"}, {"name": "c"}]},
        LEARN,
    ],
    [{"name": "all", "at": ["*", "*"]}],
)


def test_quantiles_are_type_7_and_strict(frame: MakeFrame) -> None:
    money = [int(value) for value in np.random.default_rng(2).integers(0, 50, 300)]
    found = placed(people(frame, spend_minor=money, visits=[0] * 300), QUANTILES)
    high, mid = np.quantile(money, [0.8, 0.5])
    expected = ["a" if value > high else "b" if value > mid else "c" for value in money]
    assert [found[key]["grid_spend"] for key in range(300)] == expected


@pytest.mark.parametrize(
    ("money", "parts"),
    [
        ([], []),
        ([7], ["c"]),
        ([7, 7, 7, 7], ["c"] * 4),
        ([1, 2, 3, 4], ["c", "c", "b", "a"]),
        ([None, 5, 6], [None, "c", "a"]),
        ([None, None], [None, None]),
    ],
)
def test_few_customers_and_ties(frame: MakeFrame, money: list[Any], parts: list[Any]) -> None:
    found = placed(people(frame, spend_minor=money, visits=[1] * len(money)), QUANTILES)
    assert [found[key]["grid_spend"] for key in range(len(money))] == parts
    assert [found[key]["grid"] for key in range(len(money))] == [part and "all" for part in parts]
    assert [found[key]["grid_reason"] for key in range(len(money))] == [
        None if part else "missing_spend" for part in parts
    ]


def test_who_is_in_no_cell_and_why(frame: MakeFrame) -> None:
    given = people(
        frame, spend_minor=[5, None, None, 9], visits=[None, 4, None, 4], monetary_amount_minor=[10, 20, 40, 30]
    )
    definition = matrix([PAY, {**LEARN, "missing": "low"}], CELLS, population={"attribute": "spend", "op": "present"})
    found = placed(given, definition)
    assert [(row["grid"], row["grid_pay"], row["grid_reason"]) for row in found.values()] == [
        ("silent", "low", None),
        (None, None, "not_in_population"),
        (None, None, "not_in_population"),
        ("core", "high", None),
    ]
    strict = matrix([PAY, LEARN], CELLS)
    assert [row["grid_reason"] for row in placed(given, strict).values()] == [
        "missing_learn", "missing_pay", "missing_pay", None
    ]  # fmt: skip
    summary = matrix_summary(with_matrix(given, strict, matrix_scales(given, strict)), strict)
    assert (summary.customers, summary.outside) == (1, {"missing_learn": 1, "missing_pay": 2})
    assert [(row.cell, row.customers, row.monetary_minor, row.share) for row in summary.rows] == [
        ("core", 1, 30, 1.0), ("next", 0, 0, 0.0), ("free", 0, 0, 0.0), ("silent", 0, 0, 0.0)
    ]  # fmt: skip


def test_the_scale_says_the_same_of_one_value(frame: MakeFrame) -> None:
    definition = matrix(
        [QUANTILES.dimensions[0].model_dump(), THREE.dimensions[2].model_dump()], [{"name": "all", "at": ["*", "*"]}]
    )
    given = people(frame, spend_minor=[0, 10, 20, 30, 30, 50], c=["x", "y", "z", None, "w", "x"])
    scales = matrix_scales(given, definition)
    found = by_key(with_matrix(given, definition, scales))
    for row in found.values():
        assert row["grid_spend"] == scales.dimensions[0].part(row["spend_minor"])
        assert row["grid_c"] == scales.dimensions[1].part(row["c"])


def test_all_that_does_not_fit_is_told_at_once(frame: MakeFrame) -> None:
    given = people(frame, spend_minor=[1], visits=["a"])
    definition = matrix([PAY, LEARN], CELLS)
    assert [problem.code for problem in matrix_problems(definition, rule_schema(given))] == ["bad_value"]
    with pytest.raises(TierwiseError) as raised:
        matrix_scales(people(frame, spent_minor=[1], vists=[1]), definition)
    assert [problem.code for problem in raised.value.problems] == ["unknown_attribute", "unknown_attribute"]
    assert 'did you mean "vists"' in str(raised.value)
