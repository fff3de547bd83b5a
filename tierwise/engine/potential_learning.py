"""Learning who has potential, from matrices: fitted on what one cut told, judged by what came after a later one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tierwise.engine.potential_reasons import Reason
from tierwise.kernel.errors import TierwiseError
from tierwise.stats.discrimination import Auc, Floats, GainRow, Outcomes, auc, brier, gain
from tierwise.stats.leakage import LeakCheck, Source, leak_checks
from tierwise.stats.learning import Importance, Learnt, ModelKind, contributions, importances, learn, usable

Outcome = Literal["top_tenth", "buys"]

REASONS = 3
"""So many reasons a customer's score is given."""

LOOKED_AT = 20_000
"""On at most so many customers, evenly chosen, importance is measured; the AUC is that of all."""


@dataclass(frozen=True)
class Features:
    """Customers as of a day, in the order of their keys. values: customers by names; missing is NaN.

    sources: name -> where its values come from; then: of `recorded_then`, what was recorded on that day.
    """

    keys: tuple[Any, ...]
    names: tuple[str, ...]
    values: Floats
    sources: Mapping[str, Source]
    then: Mapping[str, Floats]


@dataclass(frozen=True)
class Spent:
    """What came after a cut, in the order of the features' keys. orders: how many; net_minor: worth what."""

    orders: NDArray[np.int64]
    net_minor: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Judged:
    """How the model told who would, out of time. base_rate: of the outcome. gain: by tenths of the score.

    brier: mean squared error of the score as a probability, beside that of saying the base rate to everybody.
    """

    cut: date
    until: date
    customers: int
    outcomes: int
    base_rate: float | None
    auc: Auc
    gain: tuple[GainRow, ...]
    brier: float | None
    brier_of_base_rate: float | None
    importances: tuple[Importance, ...]


@dataclass(frozen=True)
class Trained:
    """A model with all that is told of it. model_id: equal for equal inputs, features, outcomes and kind."""

    model: Learnt
    model_id: str
    cut: date
    within_days: int
    customers: int
    outcomes: int
    judged: Judged
    leaks: tuple[LeakCheck, ...]
    problems: tuple[str, ...]


def outcomes_of(spent: Spent, outcome: Outcome) -> Outcomes:
    """1 or 0 per customer. buys: any order. top_tenth: among the tenth (rounded up) of all customers who spend most;
    who spends as much as the last of them is in, who spends nothing never is."""
    if outcome == "buys":
        return (spent.orders > 0).astype(np.int64)
    many = -(-len(spent.net_minor) // 10)
    if not many:
        return np.zeros(0, np.int64)
    limit = np.sort(spent.net_minor)[::-1][many - 1]
    return ((spent.net_minor >= max(int(limit), 1)) & (spent.orders > 0)).astype(np.int64)


def train(
    features_at: Callable[[date], Features],
    spent_after: Callable[[date, date, Sequence[Any]], Spent],
    *,
    cut: date,
    judged_at: date,
    within_days: int,
    last_day: date | None,
    outcome: Outcome,
    kind: ModelKind,
    seed: int,
    importance_repeats: int = 3,
) -> Trained:
    """Learn on features as of cut and what came within the days after it; judge as of judged_at likewise.

    Raises `bad_window` where the model could not have been learnt by judged_at (its own outcomes were not known yet),
    or where facts end before the outcomes that judge it are; and what `learn` raises.
    """
    until, judged_until = cut + timedelta(days=within_days), judged_at + timedelta(days=within_days)
    _check_days(cut, judged_at, until, judged_until, last_day)
    learnt_from = features_at(cut)
    told = outcomes_of(spent_after(cut, until, learnt_from.keys), outcome)
    checks = leak_checks(learnt_from.names, learnt_from.sources, learnt_from.values, told, learnt_from.then)
    names = _can_be_learnt(learnt_from, checks)
    model = learn(names, columns_of_features(learnt_from, names), told, kind=kind, seed=seed)
    judging = features_at(judged_at)
    came = outcomes_of(spent_after(judged_at, judged_until, judging.keys), outcome)
    judged = _judge(model, columns_of_features(judging, names), came, judged_at, judged_until, seed, importance_repeats)
    problems = [f"{check.feature} is left out: {check.said}" for check in checks if check.verdict == "leak"]
    problems += [f"{check.feature}: {check.said}" for check in checks if check.verdict == "suspect"]
    if judged.auc.value is None:
        problems.append("it cannot be judged: nobody, or everybody, had the outcome after the later cut")
    elif judged.auc.interval is not None and judged.auc.interval[0] <= 0.5:
        problems.append("it tells no better than chance: the interval of the AUC holds 0.5")
    return Trained(
        model, _model_id(model, learnt_from, told, seed), cut, within_days, len(told), int(told.sum()), judged,
        tuple(checks), tuple(problems),
    )  # fmt: skip


def columns_of_features(found: Features, names: Sequence[str]) -> Floats:
    """The values of these features, in this order. Raises KeyError where one is not there."""
    at = {name: place for place, name in enumerate(found.names)}
    picked: Floats = found.values[:, [at[name] for name in names]]
    return picked


def ranks_from_top(scores: Floats) -> Floats:
    """Per customer the share of all whose score is at least as high: 0.1 and less is the top tenth. Ties together.

    >>> ranks_from_top(np.array([0.9, 0.1, 0.5, 0.5])).tolist()
    [0.25, 1.0, 0.75, 0.75]
    """
    if not len(scores):
        return np.zeros(0)
    below = np.searchsorted(np.sort(scores), scores, side="left")
    found: Floats = (len(scores) - below) / len(scores)
    return found


def reasons(model: Learnt, values: Floats) -> list[tuple[Reason, ...]]:
    """Per row the features that move the score most, at most `REASONS`, strongest first; ties in the order of names.

    Each feature is looked at alone, put to its median; what several tell together only is in none of them.
    """
    moved = contributions(model, values)
    found = []
    for row, of_row in zip(values, moved, strict=True):
        order = sorted(range(len(of_row)), key=lambda place: (-abs(of_row[place]), model.names[place]))
        found.append(
            tuple(
                Reason(
                    model.names[place],
                    None if np.isnan(row[place]) else float(row[place]),
                    float(model.medians[place]),
                    float(of_row[place]),
                )
                for place in order[:REASONS]
                if abs(of_row[place]) > 1e-9
            )
        )
    return found


def likeness(
    found: Features, in_seed: NDArray[np.bool_], *, kind: ModelKind, seed: int, folds: int = 5
) -> tuple[Floats, Auc, tuple[LeakCheck, ...], Learnt]:
    """Per customer how alike to the seed group; how well it is told from the others; checks; the model of all.

    Each customer is scored by a model that was learnt without them (in `folds` parts, by their place in the order of
    keys), else everyone outside the group would be scored by a model that was told so. The group's own rule shows as
    `suspect` features. Raises what `learn` raises.
    """
    told = in_seed.astype(np.int64)
    checks = leak_checks(found.names, found.sources, found.values, told, found.then)
    names = _can_be_learnt(found, checks)
    values = columns_of_features(found, names)
    whole = learn(names, values, told, kind=kind, seed=seed)
    part = np.random.default_rng(seed).permutation(len(told)) % folds
    scores = np.zeros(len(told))
    for fold in range(folds):
        others = part != fold
        scores[~others] = learn(names, values[others], told[others], kind=kind, seed=seed).scores(values[~others])
    return scores, auc(scores, told), tuple(checks), whole


def _check_days(cut: date, judged_at: date, until: date, judged_until: date, last_day: date | None) -> None:
    if until > judged_at:
        raise TierwiseError(
            "bad_window",
            f"on {judged_at} the outcomes of the cut {cut} were not known before {until}: nothing could have been "
            "learnt from them",
            place="judged_at",
            remedy=f"{until} or later, or a shorter horizon",
        )
    if last_day is None or judged_until > last_day:
        raise TierwiseError(
            "bad_window",
            f"facts end on {last_day}, and what would judge the model comes until {judged_until}",
            place="judged_at",
            remedy="an earlier cut, or a shorter horizon",
        )


def _judge(model: Learnt, values: Floats, came: Outcomes, cut: date, until: date, seed: int, repeats: int) -> Judged:
    scores = model.scores(values)
    base = float(came.mean()) if len(came) else None
    chosen = np.arange(len(came))
    if len(chosen) > LOOKED_AT:
        chosen = np.sort(np.random.default_rng(seed).choice(len(came), LOOKED_AT, replace=False))
    return Judged(
        cut,
        until,
        len(came),
        int(came.sum()),
        base,
        auc(scores, came),
        tuple(gain(scores, came)),
        brier(scores, came),
        None if base is None else base * (1 - base),
        tuple(importances(model, values[chosen], came[chosen], repeats=repeats, seed=seed)) if repeats else (),
    )


def _can_be_learnt(found: Features, checks: Sequence[LeakCheck]) -> list[str]:
    """The features that are no leak and tell customers apart."""
    left_out = {check.feature for check in checks if check.verdict == "leak"}
    fit = usable(found.values)
    return [name for name, good in zip(found.names, fit, strict=True) if good and name not in left_out]


def _model_id(model: Learnt, found: Features, told: Outcomes, seed: int) -> str:
    made = hashlib.sha256(repr((model.kind, model.names, seed)).encode())
    made.update(np.ascontiguousarray(columns_of_features(found, model.names)).tobytes())
    made.update(np.ascontiguousarray(told).tobytes())
    return made.hexdigest()[:16]
