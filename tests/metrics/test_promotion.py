"""Promotion dependence, by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.promotion import CLASSES, promotion_classes, promotion_dependence

AS_OF = date(2026, 6, 30)

ORDERS = [
    # customer, gross, discount, coupon
    (1, 10_000, 1_000, 0), (1, 10_000, 0, 500),                      # only
    (2, 10_000, 2_000, 1_000), (2, 4_000, 0, 0),                     # one of two: mostly
    (3, 5_000, 0, 100), (3, 5_000, 0, 0), (3, 5_000, 0, 0),          # sometimes
    (4, 1_000, 0, 0), (4, 2_000, 0, 0),                              # never
    (5, 3_000, 3_000, 0),                                            # one order is no habit
    (6, 0, 0, 0), (6, 0, 0, 0),                                      # nothing to divide by
    (None, 900, 900, 0),
]  # fmt: skip


def orders(frame: MakeFrame) -> Frame:
    names = ("customer_key", "gross_minor", "discount_minor", "coupon_minor")
    columns = {name: [order[place] for order in ORDERS] for place, name in enumerate(names)}
    return frame(**columns, ordered_day=[date(2026, 6, 1)] * len(ORDERS))


def test_by_hand(frame: MakeFrame) -> None:
    found = by_key(promotion_dependence(orders(frame), as_of=AS_OF))
    classes = {key: (row["promotion_class"], row["promotion_reason"]) for key, row in found.items()}
    assert classes == {
        1: ("only", None), 2: ("mostly", None), 3: ("sometimes", None), 4: ("never", None),
        5: (None, "too_few_orders"), 6: ("never", None),
    }  # fmt: skip
    two = found[2]
    assert (two["benefit_amount_minor"], two["coupon_amount_minor"]) == (3_000, 1_000)
    assert (two["promotion_order_share"], two["benefit_share"], two["coupon_share"]) == (0.5, 3 / 14, 1 / 12)
    assert (found[6]["benefit_share"], found[6]["coupon_share"], found[6]["promotion_order_share"]) == (None, None, 0.0)
    assert found[5]["coupon_share"] is None


def test_the_threshold_is_exact_and_nothing_later_is_seen(frame: MakeFrame) -> None:
    thirds = by_key(promotion_dependence(orders(frame), as_of=AS_OF, mostly_from=Fraction(1, 3)))
    assert thirds[3]["promotion_class"] == "mostly"
    above = by_key(promotion_dependence(orders(frame), as_of=AS_OF, mostly_from=0.3334, min_orders=1))
    assert (above[3]["promotion_class"], above[5]["promotion_class"]) == ("sometimes", "only")
    assert by_key(promotion_dependence(orders(frame), as_of=date(2026, 5, 31))) == {}


def test_every_class_once(frame: MakeFrame) -> None:
    found = by_key(promotion_classes(promotion_dependence(orders(frame), as_of=AS_OF)), "promotion_class")
    assert set(found) == {*CLASSES, None}
    assert sum(row["customers"] for row in found.values()) == 6
    only = found["only"]
    assert (only["order_count"], only["benefit_amount_minor"], only["benefit_share"]) == (2, 1_500, 0.075)


def test_what_is_wrong_is_refused(frame: MakeFrame) -> None:
    for asked in ({"mostly_from": 0}, {"mostly_from": 1.1}, {"min_orders": 0}):
        with pytest.raises(TierwiseError) as raised:
            promotion_dependence(orders(frame), as_of=AS_OF, **asked)  # type: ignore[arg-type]
        assert raised.value.code == "bad_value"
    with pytest.raises(TierwiseError, match='have no column "gross_minor"'):
        promotion_dependence(frame(customer_key=[1], ordered_day=[AS_OF]), as_of=AS_OF)
