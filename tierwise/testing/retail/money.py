"""Prices paid: discounts in promotions, coupons, costs, refunds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tierwise.testing.columns import DAY, half_up, stable_order
from tierwise.testing.draws import Draws, Ints
from tierwise.testing.retail.baskets import Lines, Orders
from tierwise.testing.retail.catalogue import COSTS, PRICES, lowered_by, on_promotion
from tierwise.testing.retail.shoppers import Shoppers


@dataclass(frozen=True, slots=True)
class Amounts:
    """Minor units, one place per line (price, line_discount, line_cost) or per order (the others)."""

    price: Ints
    line_discount: Ints
    line_cost: Ints
    gross: Ints
    discount: Ints
    coupon: Ints
    cost: Ints


@dataclass(frozen=True, slots=True)
class Refunds:
    """One place per refund, by time; order: the order's place."""

    order: Ints
    at: Ints
    amount: Ints


def make_amounts(seed: int, shoppers: Shoppers, orders: Orders, lines: Lines, seasonal: Ints, start: int) -> Amounts:
    """Line amounts are quantity times price, rounded half up; an order's are the sums of its lines'."""
    draws = Draws(seed, "retail money")
    count = len(orders)
    season = seasonal[orders.day - start]
    price = PRICES[lines.product]
    amount = half_up(lines.thousandths * price, 1000)
    lowered = on_promotion(lines.product, season[lines.order]) & ~orders.bulk[lines.order]
    line_discount = np.where(lowered, lowered_by(amount, lines.product), 0)
    line_cost = half_up(lines.thousandths * COSTS[lines.product], 1000)
    starts = np.flatnonzero(np.diff(lines.order, prepend=-1))
    gross, discount, cost = (
        np.add.reduceat(part, starts) if count else part for part in (amount, line_discount, line_cost)
    )
    net = gross - discount
    worth = np.array([0, 1_000, 2_000, 5_000, 10_000])[
        np.searchsorted(np.array([10_000, 20_000, 50_000, 100_000]), net, side="right")
    ]
    hunter = (orders.customer >= 0) & shoppers.deal_hunter[orders.customer]
    permille = np.where(season >= 0, np.where(hunter, 850, 250), 40)
    coupons = (draws.chance(count, permille) | orders.hoarding) & ~orders.bulk
    return Amounts(price, line_discount, line_cost, gross, discount, np.where(coupons, worth, 0), cost)


def make_refunds(seed: int, orders: Orders, amounts: Amounts, today: int) -> Refunds:
    """One order in twenty-five: half cancelled wholly within a day, the others refunded in part within three weeks."""
    draws = Draws(seed, "retail refunds")
    order = np.flatnonzero(draws.chance(len(orders), 40) & ~orders.bulk).astype(np.int64)
    paid = (amounts.gross - amounts.discount - amounts.coupon)[order]
    wholly = draws.chance(len(order), 480)
    wait = np.where(wholly, draws.between(len(order), 300, DAY), draws.between(len(order), DAY, 20 * DAY))
    at = orders.at[order] + wait
    amount = np.where(wholly, paid, np.maximum(1, paid * draws.between(len(order), 100, 900) // 1000))
    kept = (at < (today + 1) * DAY) & (paid > 0)
    order, at, amount = order[kept], at[kept], amount[kept]
    by_time = stable_order(at)
    return Refunds(order[by_time], at[by_time], amount[by_time])
