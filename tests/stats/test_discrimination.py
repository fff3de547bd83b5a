"""AUC with its interval, gain and the Brier score, against hand-worked tables and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats.discrimination import auc, brier, gain


def drawn(seed: int = 1, many: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = np.round(random.normal(size=many), 1)  # with ties
    return scores, (random.random(many) < 1 / (1 + np.exp(1.5 - scores))).astype(np.int64)


def test_the_auc_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, told = drawn()
    assert auc(scores, told).value == pytest.approx(metrics.roc_auc_score(told, scores), abs=1e-12)


def test_the_variance_of_delong_by_hand() -> None:
    """Placements of the two with the outcome: 1/2 and 1; of the two without: 1 and 1/2; variance 1/16 + 1/16."""
    told = auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    half = 1.959963984540054 * np.sqrt(1 / 8) / (0.75 * 0.25)
    assert told.interval is not None
    assert told.interval[1] == pytest.approx(1 / (1 + np.exp(-half - np.log(3))), rel=1e-12)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Two normal populations one deviation apart: the AUC is Phi(1 / sqrt 2) = 0.7602."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        scores = np.concatenate([random.normal(1, 1, 60), random.normal(0, 1, 120)])
        interval = auc(scores, np.repeat([1, 0], [60, 120])).interval
        assert interval is not None
        held += interval[0] <= 0.76025 <= interval[1]
    assert 180 <= held <= 199


def test_what_cannot_be_told_is_null() -> None:
    told = auc(np.array([1.0, 2.0]), np.array([1, 1]))
    assert (told.value, told.interval, told.reason) == (None, None, "one_sided")
    one = auc(np.array([1.0, 2.0, 0.0]), np.array([1, 0, 0]))
    assert (one.value, one.interval, one.reason) == (0.5, None, "too_few")
    right = auc(np.array([4.0, 3.0, 1.0, 0.0]), np.array([1, 1, 0, 0]))
    assert (right.value, right.interval, right.reason) == (1.0, None, "no_spread")
    assert (gain(np.zeros(3), np.zeros(3, np.int64)), brier(np.zeros(0), np.zeros(0, np.int64))) == ([], None)
    with pytest.raises(TierwiseError):
        auc(np.zeros(2), np.array([0, 2]))


def test_missing_scores_are_one_tie_below_all() -> None:
    assert auc(np.array([np.nan, np.nan, -9.0]), np.array([0, 0, 1])).value == 1.0
    assert auc(np.array([np.nan, np.nan]), np.array([0, 1])).value == 0.5


def test_gain_counts_everybody_once_and_ties_evenly() -> None:
    scores, told = drawn()
    rows = gain(scores, told)
    assert (sum(row.customers for row in rows), len(rows)) == (400, 10)
    assert sum(row.outcomes for row in rows) == pytest.approx(told.sum())
    assert rows[-1].cumulative_share == pytest.approx(1.0)
    assert rows[0].lift is not None
    assert rows[0].lift > 1.5 > rows[-1].rate / told.mean()
    even = gain(np.zeros(100), np.repeat([1, 0], [20, 80]))
    assert {round(row.rate, 9) for row in even} == {0.2}
