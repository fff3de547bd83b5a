"""High potential and look-alikes for Python: `tierwise.potential`.

`learn` learns from what was known on one day who would be among the best (or buy at all) in the time after it, judges
that on a later day, and scores customers as of any day; `look_alike` scores all who are not in a given group by how
alike they are. Frames are as in `engine/frame_api.py`. The extra `learn` is needed: pip install "tierwise[learn]".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic

import numpy as np
from narwhals.typing import IntoFrameT

from tierwise.engine.frame_api import _day
from tierwise.engine.potential_facts import GivenFacts
from tierwise.engine.potential_learning import Judged, Outcome, columns_of_features, likeness, train
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.stats.discrimination import Auc
from tierwise.stats.leakage import LeakCheck
from tierwise.stats.learning import Learnt, ModelKind

OUTCOMES: tuple[Outcome, ...] = ("top_tenth", "buys")


@dataclass(frozen=True)
class Potential(Generic[IntoFrameT]):
    """A model, what it was learnt from, and how it was judged out of time.

    customers, outcomes: of the cut that it was learnt from. judged: of the later cut (`Judged`). leaks: one check for
    each feature. problems: what is odd, in words. model_id: equal for equal inputs.
    """

    kind: ModelKind
    outcome: Outcome
    cut: date
    within_days: int
    customers: int
    outcomes: int
    features: tuple[str, ...]
    judged: Judged
    leaks: tuple[LeakCheck, ...]
    problems: tuple[str, ...]
    model_id: str
    _model: Learnt = field(repr=False, compare=False)
    _facts: GivenFacts[IntoFrameT] = field(repr=False, compare=False)

    @property
    def auc(self) -> Auc:
        """Out of time, with its interval."""
        return self.judged.auc

    def scores(self, as_of: date | str, *, language: str = "en") -> IntoFrameT:
        """One row per customer known by that day, the best first: `customer_id, score, rank_share, decile, reason_1,
        reason_2, reason_3, as_of, model_id`.

        score: the probability of the outcome within the days after as_of. rank_share: the share of customers who score
        at least as high. decile: 1 = the top tenth by rank_share. reasons: in words of the language (`zh` or `en`),
        strongest first; null where fewer move the score. Raises `unknown_language`.
        """
        day = _day(as_of)
        return self._facts.scored(day, self._model, self.model_id, language)


@dataclass(frozen=True)
class Alike(Generic[IntoFrameT]):
    """How alike customers are to a seed group. scores: those who are not in it, the most alike first, as in
    `Potential.scores` but for the score, which is the likeness. auc: how well the group is told from the others by
    models that had not seen the customer; near 1 the features hold the group's own rule (see leaks)."""

    kind: ModelKind
    as_of: date
    seed_customers: int
    customers: int
    auc: Auc
    leaks: tuple[LeakCheck, ...]
    unknown: tuple[Any, ...]
    features: tuple[str, ...]
    scores: IntoFrameT


def learn(
    orders: IntoFrameT,
    *,
    cut: date | str,
    judged_at: date | str,
    within_days: int,
    outcome: Outcome = "top_tenth",
    model: ModelKind = "boosting",
    refunds: Any = None,
    lines: Any = None,
    products: Any = None,
    visits: Any = None,
    interactions: Any = None,
    customers: Any = None,
    traits: Any = None,
    traits_then: Mapping[date, Any] | None = None,
    windows: Sequence[int] = (30, 90, 365),
    currency: str = "CNY",
    timezone: str = "UTC",
    seed: int = 0,
    **columns: str,
) -> Potential[IntoFrameT]:
    """Learn who will spend most (`top_tenth`) or buy at all (`buys`) within the days after a cut.

    Features: every number of `customer_metrics` as of the cut, so nothing later. traits: further numbers or yes and no
    per `customer_id`, as they are recorded now; traits_then: the same as recorded on a day. Of the cut, such a record
    tells which columns were written since: those are left out, as is a column without a record that knows the outcome
    too well (`leaks`). judged_at: the later cut, by which the outcomes of the first had been known.

    Raises `bad_window`, `too_few_outcomes`, `no_features`, `unknown_outcome`, `unknown_model`, `extra_missing`, and
    what `customer_metrics` raises.
    """
    if outcome not in OUTCOMES:
        raise TierwiseError.of([unknown_name("outcome", outcome, OUTCOMES)])
    if within_days < 1:
        raise TierwiseError("bad_value", f"within_days is {within_days}", place="within_days", remedy="1 or more")
    given = {
        "orders": orders, "refunds": refunds, "lines": lines, "products": products, "visits": visits,
        "interactions": interactions, "customers": customers,
    }  # fmt: skip
    facts = GivenFacts(
        orders, given, traits, dict(traits_then or {}), tuple(windows), currency, timezone, dict(columns)
    )
    with facts.on_hand() as hand:
        trained = train(
            hand.features_at,
            hand.spent_after,
            cut=_day(cut),
            judged_at=_day(judged_at),
            within_days=within_days,
            last_day=hand.last_day(),
            outcome=outcome,
            kind=model,
            seed=seed,
        )
    return Potential(
        model, outcome, trained.cut, within_days, trained.customers, trained.outcomes, trained.model.names,
        trained.judged, trained.leaks, trained.problems, trained.model_id, trained.model, facts,
    )  # fmt: skip


def look_alike(
    orders: IntoFrameT,
    seed_customers: Iterable[Any],
    *,
    as_of: date | str,
    model: ModelKind = "boosting",
    refunds: Any = None,
    lines: Any = None,
    products: Any = None,
    visits: Any = None,
    interactions: Any = None,
    customers: Any = None,
    traits: Any = None,
    windows: Sequence[int] = (30, 90, 365),
    currency: str = "CNY",
    timezone: str = "UTC",
    language: str = "en",
    seed: int = 0,
    **columns: str,
) -> Alike[IntoFrameT]:
    """Score all who are not in the seed group by how alike they are to it, as of a day. Features as in `learn`,
    reasons in words of the language (`zh` or `en`).

    Raises `too_few_outcomes` (fewer than 20 in the group, or outside), `no_features`, `unknown_model`,
    `unknown_language`, `extra_missing`, and what `customer_metrics` raises.
    """
    day = _day(as_of)
    given = {
        "orders": orders, "refunds": refunds, "lines": lines, "products": products, "visits": visits,
        "interactions": interactions, "customers": customers,
    }  # fmt: skip
    facts = GivenFacts(orders, given, traits, {}, tuple(windows), currency, timezone, dict(columns))
    with facts.on_hand() as hand:
        found = hand.features_at(day)
    wanted = list(dict.fromkeys(seed_customers))
    known = set(found.keys)
    in_seed = np.array([key in set(wanted) for key in found.keys], np.bool_)
    scores, told, checks, whole = likeness(found, in_seed, kind=model, seed=seed)
    outside = ~in_seed
    values = columns_of_features(found, whole.names)
    table = facts.table(
        [key for key, out in zip(found.keys, outside, strict=True) if out],
        scores[outside], whole, values[outside], day, f"look_alike_{model}", language,
    )  # fmt: skip
    return Alike(
        model, day, int(in_seed.sum()), int(outside.sum()), told, checks,
        tuple(key for key in wanted if key not in known), whole.names, facts.back(table),
    )  # fmt: skip
