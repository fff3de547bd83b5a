"""Models of scikit-learn behind our door: deterministic, calibrated, and telling why."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.stats import learning
from tierwise.stats.discrimination import auc, brier
from tierwise.stats.leakage import leak_checks

pytest.importorskip("sklearn", reason='pip install "tierwise[learn]"')

NAMES = ["drives", "noise", "sparse"]


def made(many: int = 900, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = random.normal(size=(many, 3))
    values[random.random(many) < 0.3, 2] = np.nan
    return values, (random.random(many) < 1 / (1 + np.exp(1.5 - 2 * values[:, 0]))).astype(np.int64)


@pytest.mark.parametrize("kind", learning.KINDS)
def test_it_learns_what_drives_the_outcome_and_says_the_same_twice(kind: learning.ModelKind) -> None:
    values, told = made()
    first, second = (learning.learn(NAMES, values, told, kind=kind) for _ in range(2))
    later, came = made(seed=3)
    scores = first.scores(later)
    assert np.array_equal(scores, second.scores(later))
    value = auc(scores, came).value
    assert value is not None
    assert value > 0.8
    measured, base = brier(scores, came), came.mean()
    assert measured is not None
    assert measured < base * (1 - base) * 0.8  # as probabilities they beat the base rate
    assert abs(scores.mean() - base) < 0.05
    most = learning.importances(first, later, came, repeats=2)
    assert most[0].feature == "drives"
    assert most[0].fall > 0.2 > 0.05 > abs(most[1].fall)
    far = later[np.abs(later[:, 0]) > 1][:50]  # of whom it is not the middle value that decides
    moved = learning.contributions(first, far)
    weight = np.abs(moved).mean(axis=0)
    assert weight[0] > 3 * weight[1:].max()
    assert (np.sign(moved[:, 0]) == np.sign(far[:, 0])).all()
    assert len(first.scores(later[:0])) == 0


def test_boosting_finds_a_conjunction_that_logistic_misses() -> None:
    """Either alone, not both: no weight on either tells it."""

    def either(seed: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(seed)
        values = random.normal(size=(900, 3))
        told = (values[:, 0] > 0) ^ (values[:, 1] > 0) ^ (random.random(900) < 0.05)
        return values, told.astype(np.int64)

    values, told = either(6)
    later, came = either(7)
    boosting, other, logistic = (
        learning.learn(NAMES, values, told, kind=kind, seed=seed).scores(later)
        for kind, seed in (("boosting", 0), ("boosting", 5), ("logistic", 0))
    )
    assert not np.array_equal(boosting, other)  # other parts to calibrate on
    assert np.array_equal(np.argsort(boosting), np.argsort(other))  # and the same trees
    found, missed = auc(boosting, came).value, auc(logistic, came).value
    assert found is not None
    assert missed is not None
    assert found > 0.9
    assert abs(missed - 0.5) < 0.06


@pytest.mark.parametrize("kind", learning.KINDS)
def test_more_of_what_drives_gives_more_and_missing_tells_too(kind: learning.ModelKind) -> None:
    random = np.random.default_rng(8)
    values = random.normal(size=(900, 2))
    unknown = random.random(900) < 0.3
    values[unknown, 1] = np.nan
    told = (random.random(900) < 1 / (1 + np.exp(2 - 1.5 * values[:, 0] - 2 * unknown))).astype(np.int64)
    model = learning.learn(NAMES[:2], values, told, kind=kind)
    grid = np.linspace(-2, 2, 9)
    known, missing = (model.scores(np.column_stack([grid, np.full(9, second)])) for second in (0.0, np.nan))
    assert (np.diff(known) > -0.03).all()  # trees have steps; a small one may go down
    assert known[-1] > known[0] + 0.3
    assert (missing[3:6] > known[3:6] + 0.15).all()
    nothing = model.scores(np.full((1, 2), np.nan))
    assert 0 < nothing[0] < 1


def test_what_can_be_learnt_from() -> None:
    rare = np.r_[np.ones(19), np.full(81, np.nan)]
    known = np.r_[np.ones(20), np.full(80, np.nan)]
    values = np.column_stack([np.full(100, np.nan), np.ones(100), rare, known, np.arange(100.0)])
    assert learning.usable(values) == [False, False, False, True, True]


def test_too_few_and_unknown_are_refused() -> None:
    values, told = made()
    for kind, few, names, code in (
        ("boosting", np.zeros(900, np.int64), NAMES, "too_few_outcomes"),
        ("forest", told, NAMES, "unknown_model"),
        ("logistic", told, [], "no_features"),
    ):
        with pytest.raises(TierwiseError) as raised:
            learning.learn(names, values, few, kind=kind)  # type: ignore[arg-type]
        assert raised.value.code == code


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(TierwiseError) as raised:
        learning.learn(NAMES, *made(), kind="boosting")
    assert (raised.value.code, raised.value.remedy) == ("extra_missing", 'pip install "tierwise[learn]"')


def test_leaks_are_told_from_what_only_changes_or_is_only_good() -> None:
    random = np.random.default_rng(4)
    told = (random.random(500) < 0.2).astype(np.int64)
    steady, gift = random.normal(size=500), told * 5.0 + random.random(500)
    written = np.where(told == 1, 1.0, 0.0)
    values = np.column_stack([steady, gift, written, steady, gift])
    names = ["counted", "unknown_age", "written_after", "kept", "the_outcome"]
    sources = {
        "counted": "facts", "unknown_age": "recorded_now", "written_after": "recorded_then", "kept": "recorded_then",
        "the_outcome": "facts",
    }  # fmt: skip
    checks = leak_checks(names, sources, values, told, {"written_after": np.zeros(500), "kept": steady})  # type: ignore[arg-type]
    assert [check.verdict for check in checks] == ["clean", "leak", "leak", "clean", "suspect"]
    assert checks[2].differing == told.sum()
    assert "day of the cut" in checks[1].said
    (harmless,) = leak_checks(["city"], {"city": "recorded_now"}, values[:, :1], told, {})
    assert harmless.verdict == "unproven"
