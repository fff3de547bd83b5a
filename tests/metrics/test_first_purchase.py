"""What first purchases lead to: by hand, and against an evaluator that walks each customer."""

from __future__ import annotations

import random
from datetime import date, timedelta
from statistics import quantiles

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import rows_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.first_purchase import FIRST_COLUMNS, TRIAL, first_purchases, with_trial_before
from tierwise.metrics.frame import Frame
from tierwise.metrics.paths import LAGS
from tierwise.stats.tgi import difference_p

START, AS_OF = date(2026, 1, 1), date(2026, 6, 30)

Rows = list[tuple[int | None, str | None, int]]


def table(frame: MakeFrame, rows: Rows, value: str = "channel", day: str = "ordered_day") -> Frame:
    return frame(
        pa.table(
            {
                "customer_key": pa.array([row[0] for row in rows], pa.int64()),
                value: pa.array([row[1] for row in rows], pa.string()),
                day: pa.array([START + timedelta(days=row[2]) for row in rows], pa.date32()),
            }
        )
    )


ORDERS: Rows = [
    (1, "shop", 0), (1, "web", 10), (1, "web", 20),
    (2, "shop", 3), (2, "web", 3), (2, "web", 100),
    (3, "web", 5),
    (4, "web", 150), (4, "web", 151),     # began too lately
    (5, None, 7), (5, "shop", 8),
    (None, "shop", 1), (6, "web", 400),   # nobody, and after as_of
]  # fmt: skip


def test_by_hand(frame: MakeFrame) -> None:
    found = first_purchases(table(frame, ORDERS), by="channel", as_of=AS_OF, within_days=60, min_customers=1)
    assert found.schema == FIRST_COLUMNS
    shop, web, none = found.to_pylist()
    assert (shop["value"], shop["customers"], shop["again_count"], shop["customer_count"]) == ("shop", 2, 1, 4)
    assert (shop["share"], shop["again_share"], shop["others_again_share"]) == (0.5, 0.5, 0.5)
    assert (shop["lag_median_days"], shop["later_days_per_customer"]) == (10.0, 1.0)
    assert (web["value"], web["customers"], web["again_count"], web["others_again_share"]) == ("web", 2, 0, 1.0)
    assert [web[name] for name in LAGS] == [None, None, None]
    assert (none["value"], none["customers"], none["lag_median_days"]) == (None, 1, 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_as_walked(frame: MakeFrame, seed: int) -> None:
    draw = random.Random(seed)
    rows: Rows = [(draw.randrange(60), draw.choice(["a", "b", "c", None]), draw.randrange(250)) for _ in range(220)]
    last = (AS_OF - START).days
    people = {}
    for customer in range(60):
        days = sorted({day for who, _, day in rows if who == customer and day <= last})
        if days and days[0] <= last - 40:
            held = {value for who, value, day in rows if who == customer and day == days[0]}
            people[customer] = (held, [day - days[0] for day in days[1:] if day - days[0] <= 40])
    found = first_purchases(table(frame, rows), by="channel", as_of=AS_OF, within_days=40, min_customers=3).to_pylist()
    everybody, again = len(people), sum(bool(later) for _, later in people.values())
    assert [row["customers"] for row in found] == sorted((row["customers"] for row in found), reverse=True)
    seen = {}
    for value in ("a", "b", "c", None):
        own = [later for held, later in people.values() if value in held]
        if len(own) >= 3:
            seen[value] = own
    assert {row["value"] for row in found} == set(seen)
    for row in found:
        own = seen[row["value"]]
        lags = [later[0] for later in own if later]
        assert (row["customers"], row["again_count"], row["customer_count"]) == (len(own), len(lags), everybody)
        assert row["others_again_share"] == pytest.approx((again - len(lags)) / (everybody - len(own)))
        p_value = difference_p(len(lags), len(own), again - len(lags), everybody - len(own))
        assert row["p_value"] == pytest.approx(p_value, rel=1e-9)
        assert row["lag_q1_days"] == pytest.approx(quantiles(lags, n=4, method="inclusive")[0])
        assert row["later_days_per_customer"] == pytest.approx(sum(len(later) for later in own) / len(own))


def test_trials_before_the_first_purchase(frame: MakeFrame) -> None:
    trials: Rows = [
        (1, "test drive", -5), (1, "course", -1), (1, "sample", 2),   # the last before: the course
        (2, "test drive", 3), (2, "sample", 3),                       # on the day itself; the first by code points
        (3, "sample", 6), (None, "sample", 0), (5, None, 0),          # after, of nobody, of no kind
    ]  # fmt: skip
    purchases = table(frame, ORDERS)
    found = with_trial_before(purchases, table(frame, trials, "kind", "occurred_day"))
    by = {row["customer_key"]: row[TRIAL] for row in rows_of(found, "customer_key")}
    assert by == {1: "course", 2: "sample", 3: None, 4: None, 5: None, 6: None, None: None}
    assert len(rows_of(found, "customer_key")) == len(ORDERS)
    told = first_purchases(found, by=TRIAL, as_of=AS_OF, within_days=60, min_customers=1).to_pylist()
    assert {row["value"]: (row["customers"], row["again_count"]) for row in told} == {
        None: (2, 1), "course": (1, 1), "sample": (1, 0),
    }  # fmt: skip


def test_nobody_and_what_is_wrong(frame: MakeFrame) -> None:
    nobody = table(frame, [])
    assert first_purchases(nobody, by="channel", as_of=AS_OF, within_days=60).num_rows == 0
    with pytest.raises(TierwiseError, match="1 or more"):
        first_purchases(nobody, by="channel", as_of=AS_OF, within_days=0)
    with pytest.raises(TierwiseError, match='have no column "store_id"'):
        first_purchases(nobody, by="store_id", as_of=AS_OF, within_days=60)
