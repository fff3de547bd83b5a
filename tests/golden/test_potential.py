"""High potential on real orders: how well it is told out of time, against ranking by what was spent so far.

`pytest tests/golden/test_potential.py -m data -s` prints the tables of docs/potential.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import get_args

import numpy as np
import polars as pl
import pytest

import tierwise as tw
from tests.golden.data_folder import data_file
from tierwise.stats.discrimination import auc, gain
from tierwise.stats.learning import ModelKind

pytest.importorskip("sklearn", reason='pip install "tierwise[learn]"')

pytestmark = [pytest.mark.data, pytest.mark.soak]


@dataclass(frozen=True)
class Case:
    """cut, judged_at, within_days: of `tw.potential.learn`. told: the AUC and the share of outcomes in the first tenth,
    as docs/potential.md has them."""

    cut: str
    judged_at: str
    within_days: int
    told: Mapping[str, tuple[float, float]]


CASES = {
    "cdnow": Case(
        "1997-07-05",
        "1998-01-01",
        180,
        {"money so far": (0.850, 0.466), "boosting": (0.852, 0.493), "logistic": (0.862, 0.501)},
    ),
    "online_retail": Case(
        "2011-06-12",
        "2011-09-10",
        90,
        {"money so far": (0.880, 0.561), "boosting": (0.883, 0.546), "logistic": (0.884, 0.558)},
    ),
}


def orders_of(name: str) -> pl.DataFrame:
    """customer_id, order_id, ordered_day, gross: sales of known customers."""
    if name == "cdnow":
        text = data_file("cdnow", "CDNOW_master.txt").read_text("ascii")
        rows = [line.split() for line in text.splitlines()[1:] if line.strip()]
        days = [date(int(row[1][:4]), int(row[1][4:6]), int(row[1][6:])) for row in rows]
        return pl.DataFrame(
            {
                "customer_id": [row[0] for row in rows],
                "order_id": [str(number) for number in range(len(rows))],
                "ordered_day": days,
                "gross": [float(row[3]) for row in rows],
                "net": [float(row[3]) for row in rows],
            }
        )
    lines = pl.read_csv(data_file("online_retail", "online_retail.csv"), infer_schema=False)
    quantity, price = pl.col("Quantity").cast(pl.Int64), pl.col("UnitPrice").cast(pl.Float64)
    known = pl.col("CustomerID").is_not_null() & ~pl.col("InvoiceNo").str.starts_with("C")
    sales = lines.filter(known, quantity > 0, price > 0).select(
        pl.col("CustomerID").alias("customer_id"),
        pl.col("InvoiceNo").alias("order_id"),
        pl.col("InvoiceDate").str.slice(0, 10).str.to_date().alias("ordered_day"),
        (quantity * price).alias("gross"),
    )
    orders = sales.group_by("customer_id", "order_id").agg(pl.col("ordered_day").min(), pl.col("gross").sum())
    return orders.with_columns(pl.col("gross").alias("net"))


def of_money_so_far(orders: pl.DataFrame, case: Case) -> tuple[float | None, float | None]:
    """Ranking by what was spent until the day, for the same outcome: the AUC, and the share of outcomes in the first
    tenth."""
    day = date.fromisoformat(case.judged_at)
    before = orders.filter(pl.col("ordered_day") <= day).group_by("customer_id").agg(pl.col("net").sum())
    inside = pl.col("ordered_day").is_between(day + timedelta(days=1), day + timedelta(days=case.within_days))
    after = orders.filter(inside).group_by("customer_id").agg(pl.col("net").sum().alias("later"))
    both = before.join(after, on="customer_id", how="left").fill_null(0)
    later, so_far = both["later"].to_numpy(), both["net"].to_numpy()
    least = np.sort(later)[::-1][-(-len(later) // 10) - 1]
    told = ((later >= least) & (later > 0)).astype(np.int64)
    return auc(so_far, told).value, gain(so_far, told)[0].cumulative_share


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_out_of_time(name: str) -> None:
    orders, case = orders_of(name), CASES[name]
    found = {"money so far": of_money_so_far(orders, case)}
    for kind in get_args(ModelKind):
        judged = tw.potential.learn(
            orders, cut=case.cut, judged_at=case.judged_at, within_days=case.within_days, model=kind
        ).judged
        found[kind] = judged.auc.value, judged.gain[0].cumulative_share
        assert judged.auc.interval is not None
        shares = [f"{row.cumulative_share:.3f}" for row in judged.gain]
        rates = [f"{row.rate:.3f}/{row.score:.3f}" for row in judged.gain]
        low, high = judged.auc.interval
        print(f"\n{name} {kind}: AUC {judged.auc.value:.3f} ({low:.3f} to {high:.3f})")
        print(f"{judged.outcomes} of {judged.customers}, Brier {judged.brier:.4f} of {judged.brier_of_base_rate:.4f}")
        print("share of outcomes:", *shares, "\nrate/score:", *rates)
    print({told: [round(each or 0, 3) for each in pair] for told, pair in found.items()})
    for told, pair in found.items():
        assert pair == pytest.approx(case.told[told], abs=0.01), told
