"""Models that learn who will: gradient boosting and logistic regression of scikit-learn, their scores as probabilities.

scikit-learn comes with the extra `learn` and is loaded when something is learnt. The same inputs give the same scores:
seeds are fixed, rows come in the caller's order, nothing is stopped early by a random part of the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.stats.discrimination import Floats, Outcomes, auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

ModelKind = Literal["boosting", "logistic"]

KINDS: tuple[ModelKind, ...] = ("boosting", "logistic")

LEAST = 20
"""So many with the outcome, and as many without, are needed to learn from."""

MANY_ROWS = 100_000
"""From so many customers on, a model is learnt by all cores."""

FOLDS = 3
"""In so many parts the customers are laid to learn how scores become probabilities."""


@dataclass(frozen=True)
class Learnt:
    """A model. names: its features, in the order of the columns; medians: of those it was learnt from, NaN where a
    feature had no value at all."""

    kind: ModelKind
    names: tuple[str, ...]
    medians: Floats
    estimator: Any

    def scores(self, values: Floats) -> Floats:
        """The probability of the outcome, per row; missing is NaN."""
        if not len(values):
            return np.zeros(0)
        with _few_threads(len(values)):
            found: Floats = self.estimator.predict_proba(values)[:, 1]
        return np.asarray(found, np.float64)


def learn(names: Sequence[str], values: Floats, outcomes: Outcomes, *, kind: ModelKind, seed: int = 0) -> Learnt:
    """Learn a model. values: customers by features, each of them `usable`; missing is NaN.

    boosting: 100 trees of at most 15 leaves with 20 customers each, histograms (Ke et al., LightGBM, NeurIPS 2017).
    logistic: of the logarithms (with the sign kept), standardised, what is missing at the median with a column that
    says so, ridge penalty 10. Both are calibrated by Platt's sigmoid on scores of customers that the model had not seen
    (J. Platt, 1999), in three parts.

    Raises `unknown_model`, `too_few_outcomes`, `no_features`, `extra_missing`.
    """
    if kind not in KINDS:
        raise TierwiseError.of([unknown_name("model", kind, KINDS)])
    many = int(outcomes.sum())
    if min(many, len(outcomes) - many) < LEAST:
        raise TierwiseError(
            "too_few_outcomes",
            f"{many} of {len(outcomes)} customers have the outcome: at least {LEAST} with it and {LEAST} without "
            "are needed to learn from",
            remedy="a longer horizon, an earlier cut, or an outcome that happens more often",
        )
    if not names:
        raise TierwiseError("no_features", "no feature is left to learn from")
    learners = _learners()
    medians = _medians(values)
    folds = learners.StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    made = _boosting(learners, seed) if kind == "boosting" else _logistic(learners)
    calibrated = learners.CalibratedClassifierCV(made, method="sigmoid", cv=folds, ensemble=False)
    with _few_threads(len(values)):
        calibrated.fit(values, outcomes)
    return Learnt(kind, tuple(names), medians, calibrated)


def usable(values: Floats) -> list[bool]:
    """Per column whether it can be learnt from: known of at least `LEAST` customers, and not the same of everybody."""
    found = []
    for place in range(values.shape[1]):
        column = values[:, place]
        there = column[~np.isnan(column)]
        same = len(there) == len(column) and not bool((there != there[:1]).any())
        found.append(len(there) >= LEAST and not same)
    return found


@dataclass(frozen=True, slots=True)
class Importance:
    """What a model loses when a feature's values are dealt out at random: the mean fall of the AUC, and its spread."""

    feature: str
    fall: float
    deviation: float


def importances(
    model: Learnt, values: Floats, outcomes: Outcomes, *, repeats: int = 5, seed: int = 0
) -> list[Importance]:
    """Permutation importance (L. Breiman, Random forests, 2001) on customers the model has not seen; largest first.

    Features that tell the same share what they tell, so that each may seem to matter little. Empty where the AUC cannot
    be told.
    """
    whole = auc(model.scores(values), outcomes).value
    if whole is None:
        return []
    random = np.random.default_rng(seed)
    found = []
    dealt = values.copy()
    for place, name in enumerate(model.names):
        falls = []
        for _ in range(repeats):
            dealt[:, place] = values[random.permutation(len(values)), place]
            told = auc(model.scores(dealt), outcomes).value
            falls.append(whole - (told if told is not None else whole))
        dealt[:, place] = values[:, place]
        found.append(Importance(name, float(np.mean(falls)), float(np.std(falls, ddof=1)) if repeats > 1 else 0.0))
    return sorted(found, key=lambda each: (-each.fall, each.feature))


def contributions(model: Learnt, values: Floats) -> Floats:
    """Rows by features: by how much the log odds fall when the feature alone is put to its median.

    What makes a customer's score high is positive. A feature without a median contributes nothing.
    """
    whole = _log_odds(model.scores(values))
    found = np.zeros(values.shape)
    changed = values.copy()
    for place, median in enumerate(model.medians):
        if np.isnan(median):
            continue
        changed[:, place] = median
        found[:, place] = whole - _log_odds(model.scores(changed))
        changed[:, place] = values[:, place]
    return found


def _log_odds(shares: Floats) -> Floats:
    held = np.clip(shares, 1e-9, 1 - 1e-9)
    odds: Floats = np.log(held / (1 - held))
    return odds


def _medians(values: Floats) -> Floats:
    medians = np.full(values.shape[1], np.nan)
    for place in range(values.shape[1]):
        there: NDArray[np.float64] = values[:, place][~np.isnan(values[:, place])]
        if len(there):
            medians[place] = float(np.median(there))
    return medians


def _signed_log(values: Floats) -> Floats:
    found: Floats = np.sign(values) * np.log1p(np.abs(values))
    return found


def _boosting(learners: Any, seed: int) -> Any:
    return learners.HistGradientBoostingClassifier(
        max_iter=100,
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )


def _logistic(learners: Any) -> Any:
    return learners.make_pipeline(
        learners.FunctionTransformer(_signed_log),
        learners.SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        learners.StandardScaler(),
        learners.LogisticRegression(C=0.1, max_iter=2000),
    )


@contextmanager
def _few_threads(rows: int) -> Iterator[None]:
    """One thread where there is little to do: several would wait for each other for longer than they work."""
    if rows >= MANY_ROWS:
        yield
        return
    with _threads().limit(limits=1):
        yield


@cache
def _threads() -> Any:
    """The thread pools of this process: looked up once, which takes longer than a small prediction."""
    from threadpoolctl import ThreadpoolController  # comes with scikit-learn

    return ThreadpoolController()


def _learners() -> Any:
    """The parts of scikit-learn that are used, under one roof. Raises `extra_missing`."""
    try:
        from sklearn import calibration, ensemble, impute, linear_model, model_selection, pipeline, preprocessing
    except ImportError as error:
        raise TierwiseError(
            "extra_missing",
            "models are learnt with scikit-learn, which is not installed",
            remedy='pip install "tierwise[learn]"',
        ) from error

    class Learners:
        CalibratedClassifierCV = calibration.CalibratedClassifierCV
        HistGradientBoostingClassifier = ensemble.HistGradientBoostingClassifier
        SimpleImputer = impute.SimpleImputer
        LogisticRegression = linear_model.LogisticRegression
        StratifiedKFold = model_selection.StratifiedKFold
        make_pipeline = staticmethod(pipeline.make_pipeline)
        FunctionTransformer = preprocessing.FunctionTransformer
        StandardScaler = preprocessing.StandardScaler

    return Learners
