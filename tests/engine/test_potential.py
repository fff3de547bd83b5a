"""High potential: nothing after the cut is learnt from, a planted leak is caught, the same inputs give the same."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from tierwise.engine import potential
from tierwise.engine.potential_learning import Spent, outcomes_of, ranks_from_top
from tierwise.kernel.errors import TierwiseError

pytest.importorskip("sklearn", reason='pip install "tierwise[learn]"')

START, CUT, LATER, HORIZON = date(2025, 1, 1), date(2025, 9, 30), date(2026, 1, 31), 90
CUSTOMERS = 500


def made() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders of customers whose rate and basket were planted, and traits: `gift` was given after the cut to those who
    spent most after it, `height` says nothing."""
    random = np.random.default_rng(11)
    rate, basket = random.gamma(0.8, 1.2, CUSTOMERS), random.lognormal(4, 0.4, CUSTOMERS)
    rows = []
    for customer in range(CUSTOMERS):
        for number in range(1 + random.poisson(rate[customer] * 16)):
            day = START + timedelta(days=int(random.integers(0, 500)))
            spent = round(float(basket[customer] * random.lognormal(0, 0.3)), 2)
            rows.append((f"c{customer:03}", f"{customer}-{number}", day, spent, spent))
    orders = pl.DataFrame(rows, ["customer_id", "order_id", "ordered_day", "gross", "net"], orient="row")
    after = orders.filter(pl.col("ordered_day").is_between(CUT, CUT + timedelta(days=HORIZON), closed="right"))
    most = after.group_by("customer_id").agg(pl.col("net").sum()).sort("net", descending=True).head(CUSTOMERS // 10)
    ids = [f"c{customer:03}" for customer in range(CUSTOMERS)]
    traits = pl.DataFrame({
        "customer_id": ids, "gift": [each in set(most["customer_id"]) for each in ids],
        "height": np.round(random.normal(170, 8, CUSTOMERS)), "city": ["上海"] * CUSTOMERS,
    })  # fmt: skip
    return orders, traits


ORDERS, TRAITS = made()


def learnt(**asked: Any) -> potential.Potential[pl.DataFrame]:
    wanted: dict[str, Any] = {"cut": CUT, "judged_at": LATER, "within_days": HORIZON, "model": "logistic"}
    return potential.learn(asked.pop("orders", ORDERS), **(wanted | asked))


@pytest.fixture(scope="module")
def plain() -> potential.Potential[pl.DataFrame]:
    return learnt()


def test_the_best_are_found_out_of_time(plain: potential.Potential[pl.DataFrame]) -> None:
    assert plain.auc.interval is not None
    assert plain.auc.interval[0] > 0.8
    assert (plain.judged.gain[0].lift or 0) > 4
    assert plain.judged.brier is not None
    assert plain.judged.brier_of_base_rate is not None
    assert plain.judged.brier < plain.judged.brier_of_base_rate
    assert plain.judged.outcomes == -(-plain.judged.customers // 10)
    assert plain.problems == ()
    assert plain.judged.importances[0].fall > 0


def test_nothing_after_the_cut_is_learnt_from(plain: potential.Potential[pl.DataFrame]) -> None:
    """Another future after the outcomes: the same model. Only the judging looks at later orders."""
    ends = CUT + timedelta(days=HORIZON)
    other = ORDERS.filter((pl.col("ordered_day") <= ends) | (pl.col("order_id").str.ends_with("3")))
    found = learnt(orders=other, judged_at=ends + timedelta(days=1))
    assert found.model_id == plain.model_id
    assert found.judged != plain.judged


def test_scores_are_the_same_twice_and_say_why(plain: potential.Potential[pl.DataFrame]) -> None:
    first = plain.scores("2026-04-30")
    again = learnt(orders=ORDERS.sample(fraction=1.0, shuffle=True, seed=1)).scores("2026-04-30")
    assert first.equals(again)
    assert first["score"].is_sorted(descending=True)
    assert first["score"].is_between(0, 1).all()
    assert first["decile"][0] == 1
    top = first.row(0, named=True)
    assert top["model_id"] == plain.model_id
    assert "usually" in top["reason_1"]
    assert top["reason_1"].endswith(("higher", "lower"))
    chinese = plain.scores("2026-04-30", language="zh").row(0, named=True)
    assert "，一般为 " in chinese["reason_1"]
    assert chinese["reason_1"].endswith("分数更高" if top["reason_1"].endswith("higher") else "分数更低")
    with pytest.raises(TierwiseError, match='unknown language "cn"'):
        plain.scores("2026-04-30", language="cn")


def test_a_column_known_only_after_the_outcome_is_caught() -> None:
    """Without a record of the day it is too good to be true; with one, it was written since. Others stay."""
    checks = {check.feature: check for check in learnt(traits=TRAITS).leaks}
    assert (checks["gift"].verdict, checks["height"].verdict) == ("leak", "unproven")
    assert "city" not in checks
    then = TRAITS.with_columns(pl.lit(False).alias("gift"))
    found = learnt(traits=TRAITS, traits_then={CUT: then})
    told = {check.feature: check for check in found.leaks}
    assert (told["gift"].verdict, told["gift"].differing) == ("leak", CUSTOMERS // 10)
    assert told["height"].verdict == "clean"
    assert "gift" not in found.features
    assert "height" in found.features
    assert any("gift is left out" in each for each in found.problems)
    assert found.auc.value is not None
    assert found.auc.value < 0.99  # what it would have promised with it


def test_days_that_cannot_be_are_refused() -> None:
    for asked, code in (
        ({"judged_at": CUT + timedelta(days=HORIZON - 1)}, "bad_window"),
        ({"judged_at": date(2026, 4, 30)}, "bad_window"),
        ({"within_days": 0}, "bad_value"),
        ({"outcome": "leaves"}, "unknown_outcome"),
        ({"cut": START}, "too_few_outcomes"),
    ):
        with pytest.raises(TierwiseError) as raised:
            learnt(**asked)
        assert raised.value.code == code


def test_who_is_like_a_group() -> None:
    """The group: those with large baskets, told by nothing but their orders; the others of that kind come first."""
    spent = ORDERS.group_by("customer_id").agg(pl.col("net").mean().alias("mean"), pl.len().alias("many"))
    large = spent.filter(pl.col("many") >= 5).sort("mean", descending=True).head(100)["customer_id"].sort().to_list()
    seed, hidden = large[::2], set(large[1::2])
    found = potential.look_alike(ORDERS, [*seed, "nobody"], as_of="2026-04-30", model="logistic")
    assert (found.seed_customers, found.unknown) == (50, ("nobody",))
    assert found.customers == found.scores.height
    assert not set(found.scores["customer_id"]) & set(seed)
    first = set(found.scores.head(100)["customer_id"])
    assert len(first & hidden) > 40  # of 50; by chance 11


def test_ties_and_nobody() -> None:
    told = outcomes_of(Spent(np.array([1, 1, 1, 0]), np.array([5, 5, 1, 0])), "top_tenth")
    assert told.tolist() == [1, 1, 0, 0]
    assert outcomes_of(Spent(np.array([0] * 4), np.array([0] * 4)), "top_tenth").tolist() == [0] * 4
    assert outcomes_of(Spent(np.array([], np.int64), np.array([], np.int64)), "top_tenth").tolist() == []
    assert ranks_from_top(np.array([])).tolist() == []
