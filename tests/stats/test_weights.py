"""Weights against published figures, an independent computation, and the cases where nothing can be told."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.weights import RANDOM_INDEX, ahp_weights, as_parts, entropy_weights

F = Fraction


def columns(matrix: list[list[float]]) -> list[list[tuple[float, int]]]:
    return [[(value, 1) for value in column] for column in zip(*matrix, strict=True)]


@pytest.mark.parametrize(
    ("matrix", "published"),
    [
        # X. Xu, A note on the subjective and objective integrated approach to determine attribute weights, European
        # Journal of Operational Research 156 (2004), 530-532.
        (
            [[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]],
            [0.4630, 0.3992, 0.1378, 0.0000],
        ),
        # E. K. Zavadskas and V. Podvezko, Integrated determination of objective criteria weights in MCDM,
        # International Journal of Information Technology & Decision Making 15 (2016), 267-283.
        (
            [[3.0, 100, 10, 7], [2.5, 80, 8, 5], [1.8, 50, 20, 11], [2.2, 70, 12, 9]],
            [0.1146, 0.1981, 0.4185, 0.2689],
        ),
    ],
    ids=["Xu 2004", "Zavadskas and Podvezko 2016"],
)
def test_entropy_weights_are_the_published_ones(matrix: list[list[float]], published: list[float]) -> None:
    assert [round(weight, 4) for weight in entropy_weights(columns(matrix)).weights] == published


def test_a_column_that_is_alike_everywhere_weighs_nothing() -> None:
    found = entropy_weights([[(7.0, 3)], [(1.0, 2), (2.0, 1)], [(0.0, 3)]])
    assert found.weights == (0.0, 1.0, 0.0)
    assert found.entropies[0] == found.entropies[2] == 1.0


@pytest.mark.parametrize("alike", [[], [(5.0, 1)], [(5.0, 9)], [(0.0, 9)]])
def test_where_nothing_differs_all_weigh_the_same(alike: list[tuple[float, int]]) -> None:
    assert entropy_weights([alike, alike, alike, alike]).weights == (0.25,) * 4


def test_counted_rows_are_rows() -> None:
    counted = entropy_weights([[(1.0, 3), (4.0, 2)], [(2.0, 1), (3.0, 4)]])
    spread = entropy_weights([[(1.0, 1)] * 3 + [(4.0, 1)] * 2, [(3.0, 1)] * 4 + [(2.0, 1)]])
    assert counted.weights == pytest.approx(spread.weights, rel=1e-14)


def test_entropy_refuses_what_has_no_share() -> None:
    for value in (-1.0, float("nan"), float("inf")):
        with pytest.raises(TierwiseError, match="at least 0"):
            entropy_weights([[(value, 1), (2.0, 1)]])
    with pytest.raises(TierwiseError, match="nothing to weigh"):
        entropy_weights([])


DRINKS = [
    [1, 9, 5, 2, 1, 1, F(1, 2)],
    [F(1, 9), 1, F(1, 3), F(1, 9), F(1, 9), F(1, 9), F(1, 9)],
    [F(1, 5), 3, 1, F(1, 3), F(1, 4), F(1, 3), F(1, 9)],
    [F(1, 2), 9, 3, 1, F(1, 2), 1, F(1, 3)],
    [1, 9, 4, 2, 1, 2, F(1, 2)],
    [1, 9, 3, 1, F(1, 2), 1, F(1, 3)],
    [2, 9, 9, 3, 2, 3, 1],
]
"""How much more is one drink drunk in the USA than another: coffee, wine, tea, beer, sodas, milk, water. T. L. Saaty,
Decision making with the analytic hierarchy process, International Journal of Services Sciences 1 (2008), 83-98."""

HOUSE = [
    [1, 5, 3, 7, 6, 6, F(1, 3), F(1, 4)],
    [F(1, 5), 1, F(1, 3), 5, 3, 3, F(1, 5), F(1, 7)],
    [F(1, 3), 3, 1, 6, 3, 4, 6, F(1, 5)],
    [F(1, 7), F(1, 5), F(1, 6), 1, F(1, 3), F(1, 4), F(1, 7), F(1, 8)],
    [F(1, 6), F(1, 3), F(1, 3), 3, 1, F(1, 2), F(1, 5), F(1, 6)],
    [F(1, 6), F(1, 3), F(1, 4), 4, 2, 1, F(1, 5), F(1, 6)],
    [3, 5, F(1, 6), 7, 5, 5, 1, F(1, 2)],
    [4, 7, 5, 8, 6, 6, 2, 1],
]
"""Choosing a house by eight criteria. T. L. Saaty, How to make a decision: the analytic hierarchy process, European
Journal of Operational Research 48 (1990), 9-26."""


def test_saatys_drinks() -> None:
    found = ahp_weights(DRINKS)
    assert [round(weight, 3) for weight in found.weights] == [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert round(found.consistency_ratio, 3) == 0.022


def test_saatys_house_is_refused_and_gives_his_figures_when_accepted() -> None:
    with pytest.raises(TierwiseError, match=r"consistency ratio 0\.169, above 0\.1") as raised:
        ahp_weights(HOUSE)
    assert raised.value.code == "not_consistent"
    assert "row 3, column 7: it says 6, and the other judgements together say 1.13" in (raised.value.remedy or "")
    found = ahp_weights(HOUSE, accept_inconsistent=True)
    assert [round(weight, 3) for weight in found.weights] == [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
    assert (round(found.largest_eigenvalue, 3), round(found.consistency_index, 3)) == (9.669, 0.238)
    assert ahp_weights(HOUSE, largest_ratio=0.2).consistency_ratio == found.consistency_ratio


@given(st.integers(3, 9).flatmap(lambda n: st.lists(st.integers(-8, 8), min_size=n * n, max_size=n * n)))
def test_the_eigenvector_is_the_one_of_lapack(drawn: list[int]) -> None:
    size = int(len(drawn) ** 0.5)
    matrix = np.ones((size, size))
    for i in range(size):
        for j in range(i + 1, size):
            step = drawn[i * size + j]
            matrix[i, j] = step + 1 if step >= 0 else 1 / (1 - step)
            matrix[j, i] = 1 / matrix[i, j]
    found = ahp_weights(matrix.tolist(), accept_inconsistent=True)
    values, vectors = np.linalg.eig(matrix)
    largest = int(values.real.argmax())
    vector = np.abs(vectors[:, largest].real)
    assert found.largest_eigenvalue == pytest.approx(values[largest].real, rel=1e-9)
    assert found.weights == pytest.approx((vector / vector.sum()).tolist(), rel=1e-8)


def test_consistent_judgements_give_their_weights_back() -> None:
    weights = [F(4, 10), F(3, 10), F(2, 10), F(1, 10)]
    found = ahp_weights([[a / b for b in weights] for a in weights])
    assert found.weights == pytest.approx([0.4, 0.3, 0.2, 0.1], rel=1e-12)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-12)
    assert ahp_weights([[1]]).weights == (1.0,)


def test_what_is_not_reciprocal_is_told_all_at_once() -> None:
    with pytest.raises(TierwiseError) as raised:
        ahp_weights([[1, 3, 2], [3, 1, -1], [F(1, 2), 1, 2]])
    assert [problem.message for problem in raised.value.problems] == [
        "row 1, column 2 says 3 and row 2, column 1 says 3",
        "row 2, column 3 says -1 and row 3, column 2 says 1",
        "row 3, column 3 says 2 and row 3, column 3 says 2",
    ]
    with pytest.raises(TierwiseError, match="not 2 rows of 2"):
        ahp_weights([[1, 2], [1]])
    with pytest.raises(TierwiseError, match="known up to 15"):
        ahp_weights([[1.0] * 16] * 16)
    assert len(RANDOM_INDEX) == 15


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12).filter(any))
def test_parts_sum_to_the_whole_and_keep_the_order(drawn: list[int]) -> None:
    weights = [value / sum(drawn) for value in drawn]
    parts = as_parts(weights)
    assert sum(parts) == 1_000_000
    assert all(abs(part - weight * 1_000_000) <= 1 for part, weight in zip(parts, weights, strict=True))
