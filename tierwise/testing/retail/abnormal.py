"""Abnormal value planted into a made-up retailer: who turns goods or coupons into money, and honest look-alikes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tierwise.testing.draws import Draws
from tierwise.testing.made_data import MadeData
from tierwise.testing.retail.catalogue import COSTS, PRICES, PRODUCT_IDS, PRODUCTS

ABNORMAL = ("cash_out", "card_cash_out", "burst", "bulk_reseller", "slow_reseller")
"""Buys with a coupon and gives nearly all back within days; buys gift cards alone; 12 to 19 orders within the hour;
cases of one product again and again, in quick orders; the same in few and small lots, so that nobody can see it."""

HONEST = ("office", "family", "returner", "club")
"""One large order among usual ones; four orders of one evening; gives half of the goods back; a tasting club, which
buys whole cases together in one evening and pays round sums: it looks like a reseller and is none."""

_EACH = {
    "cash_out": 12, "card_cash_out": 8, "burst": 10, "bulk_reseller": 8, "slow_reseller": 3,
    "office": 10, "family": 10, "returner": 10, "club": 2,
}  # fmt: skip
_CARD = next(place for place, each in enumerate(PRODUCTS) if each.name == "购物卡")
_LIQUOR = next(place for place, each in enumerate(PRODUCTS) if each.name == "白酒整箱")
_USUAL = tuple(place for place, each in enumerate(PRODUCTS) if not each.weighed and PRICES[place] % 10_000)


@dataclass(frozen=True, slots=True)
class _Deed:
    """One order of one line; back: permille of the money that is given back after so many days."""

    days_ago: int
    second: int
    product: int
    packs: int
    coupon: int = 0
    back: tuple[int, int] | None = None


def with_abnormal_value(made: MadeData, seed: int = 7) -> MadeData:
    """The retailer with some customers more, their orders, lines and refunds; everything else as it was.

    made: of `make_retail`. Truth `abnormal`: one row per added customer: customer_id (X…), kind (`ABNORMAL` or
    `HONEST`), abnormal (1 or 0).
    """
    draws = Draws(seed, "retail abnormal")
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("customers", "orders", "order_lines", "refunds")}
    truth: list[dict[str, Any]] = []
    for kind, many in _EACH.items():
        for _ in range(many):
            customer = f"X{len(truth) + 1:08d}"
            truth.append({"customer_id": customer, "kind": kind, "abnormal": int(kind in ABNORMAL)})
            _add(rows, customer, list(_deeds(draws, kind)), made.as_of)
    tables = dict(made.tables)
    for name, added in rows.items():
        tables[name] = pa.concat_tables([tables[name], pa.Table.from_pylist(added, schema=tables[name].schema)])
    return replace(made, tables=tables, truths={**made.truths, "abnormal": pa.Table.from_pylist(truth)})


def _deeds(draws: Draws, kind: str) -> Iterator[_Deed]:
    def one(low: int, high: int) -> int:
        return int(draws.between(1, low, high)[0])

    def usual() -> int:
        return _USUAL[one(0, len(_USUAL) - 1)]

    evening, product = one(18, 20) * 3600, usual()
    start = one(60, 300)
    match kind:
        case "cash_out":
            for place in range(one(4, 8)):
                yield _Deed(start - 6 * place, evening, usual(), 1, 1_000, (one(1, 5), one(900, 1000)))
        case "card_cash_out":
            for place in range(one(4, 9)):
                yield _Deed(start - 6 * place, evening, _CARD, one(1, 6))
        case "burst":
            for place in range(one(12, 19)):
                yield _Deed(start, evening + 140 * place, product, 1, 500)
        case "bulk_reseller":
            for place in range(one(4, 7)):
                yield _Deed(start, evening + 900 * place, product, one(12, 40))
        case "slow_reseller":
            for place in range(one(4, 6)):
                yield _Deed(start - 9 * place, evening, product, one(8, 15))
        case "office":
            yield _Deed(start, evening, product, one(25, 60))
            for place in range(one(2, 5)):
                yield _Deed(start - 10 * place - 3, evening, usual(), 1)
        case "family":
            for place in range(one(4, 5)):
                yield _Deed(start, evening + 1_500 * place, usual(), 1)
            yield _Deed(start - 30, evening, usual(), 1)
        case "returner":
            for place in range(one(6, 12)):
                back = (one(2, 6), 1000) if place % 2 else None
                yield _Deed(start - 4 * place, evening, usual(), 1, 0, back)
        case "club":
            for place in range(4):
                yield _Deed(start, evening + 600 * place, _LIQUOR, one(5, 8))


def _add(rows: dict[str, list[dict[str, Any]]], customer: str, deeds: list[_Deed], as_of: date) -> None:
    first = as_of - timedelta(days=max(deed.days_ago for deed in deeds) + 1)
    rows["customers"].append({"customer_id": customer, "registered_at": _moment(first, 43_200), "source": "app"})
    for deed in deeds:
        order = f"X{len(rows['orders']) + 1:09d}"
        day = as_of - timedelta(days=deed.days_ago)
        gross = int(PRICES[deed.product]) * deed.packs
        coupon = min(deed.coupon, gross)
        cost = int(COSTS[deed.product]) * deed.packs
        same = {"order_id": order, "cost": _yuan(cost), "discount": _yuan(0)}
        rows["orders"].append(
            {
                **same, "customer_id": customer, "ordered_at": _moment(day, deed.second), "channel": "app",
                "gross": _yuan(gross), "coupon": _yuan(coupon),
            }
        )  # fmt: skip
        rows["order_lines"].append(
            {
                **same, "line_no": 1, "product_id": PRODUCT_IDS[deed.product], "quantity": Decimal(deed.packs),
                "unit_price": _yuan(int(PRICES[deed.product])),
            }
        )  # fmt: skip
        if deed.back:
            days, permille = deed.back
            rows["refunds"].append(
                {
                    "refund_id": f"X{len(rows['refunds']) + 1:08d}",
                    "order_id": order,
                    "customer_id": customer,
                    "refunded_at": _moment(day + timedelta(days=days), deed.second),
                    "amount": _yuan((gross - coupon) * permille // 1000),
                }
            )


def _moment(day: date, second: int) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(seconds=second)  # noqa: DTZ001 - naive Shanghai time


def _yuan(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
