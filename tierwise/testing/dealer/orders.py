"""Paid orders of the dealer group: cars sold, services and repairs settled, goods over the counter, refunds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.testing.columns import DAY, half_up, stable_order
from tierwise.testing.dealer.catalogue import CARS, COSTS, MODELS, PRICES, good
from tierwise.testing.dealer.people import People
from tierwise.testing.dealer.vehicles import Vehicles
from tierwise.testing.dealer.visits import BODYWORK, SERVICE, Visits
from tierwise.testing.draws import Draws, Flags, Ints

SALES, AFTERSALES, COUNTER = range(3)
CHANNELS = ("sales", "aftersales", "counter")
_NOBODY = -1
_ELECTRIC = np.array([model.powertrain == "纯电" for model in MODELS])
_SYNTHETIC = np.array([model.first_days > 182 for model in MODELS])
_WEARING = np.array([good(name) for name in ("空气滤清器", "雨刮片", "前刹车片", "制动液", "冷却液", "轮胎")])
_FAILING = np.array([good(name) for name in ("轮胎", "12V 蓄电池", "前刹车片", "减震器", "前大灯", "雨刮片")])
_ACCESSORIES = np.array([good(name) for name in ("脚垫", "行车记录仪", "隔热膜", "儿童座椅")])


@dataclass(frozen=True, slots=True)
class Orders:
    """One place per order, by time. customer, visit: -1 where there is none; money in minor units."""

    customer: Ints
    at: Ints
    store: Ints
    channel: NDArray[np.int32]
    visit: Ints
    gross: Ints
    discount: Ints
    coupon: Ints
    cost: Ints

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Lines:
    """One place per line, by order and number. order: the order's place; number: from 1; thousandths: of quantity."""

    order: Ints
    number: Ints
    product: Ints
    thousandths: Ints
    price: Ints
    discount: Ints
    cost: Ints


@dataclass(frozen=True, slots=True)
class Refunds:
    """One place per refund, by time."""

    order: Ints
    at: Ints
    amount: Ints


@dataclass(frozen=True, slots=True)
class _Heads:
    """Orders before their lines. model: of the car, or -1; kind: of the visit, or -1."""

    customer: Ints
    at: Ints
    store: Ints
    channel: NDArray[np.int32]
    visit: Ints
    model: Ints
    kind: Ints


def sold_on(seed: int, cars: Vehicles) -> Ints:
    """The day each car was ordered: up to 25 days before delivery."""
    return cars.delivered - Draws(seed, "dealer sales").below(len(cars), 26)


def _heads(seed: int, people: People, cars: Vehicles, visits: Visits, as_of_day: int) -> _Heads:
    draws = Draws(seed, "dealer orders")
    sold = np.flatnonzero(cars.bought_here)
    paid = np.flatnonzero(visits.paid)
    counter = (len(sold) + len(paid)) // 30
    sold_at = sold_on(seed, cars)[sold] * DAY + 10 * 3600 + draws.below(len(sold), 9 * 3600)
    paid_at = np.minimum(visits.at[paid] + 2400 + draws.below(len(paid), 3 * 3600), visits.day[paid] * DAY + 19 * 3600)
    counter_at = (as_of_day - draws.below(counter, 3 * 365)) * DAY + 9 * 3600 + draws.below(counter, 9 * 3600)
    none = np.full(counter, _NOBODY, dtype=np.int64)
    at = np.concatenate([sold_at, paid_at, counter_at])
    by_time = stable_order(at)

    def joined(*parts: NDArray[np.integer]) -> Ints:
        return np.concatenate(parts).astype(np.int64)[by_time]

    sizes = (len(sold), len(paid), counter)
    return _Heads(
        customer=joined(cars.owner[sold], visits.customer[paid], none),
        at=at[by_time],
        store=joined(people.store[cars.owner[sold]], visits.store[paid], draws.below(counter, people.stores)),
        channel=np.repeat(np.arange(3, dtype=np.int32), sizes)[by_time],
        visit=joined(np.full(len(sold), _NOBODY), paid, none),
        model=joined(cars.model[sold], cars.model[visits.car[paid]], none),
        kind=joined(np.full(len(sold), _NOBODY), visits.kind[paid], none),
    )


def _slots(draws: Draws, heads: _Heads) -> list[tuple[Flags, Ints, Ints]]:
    """Up to four lines an order: who has one, which product, how many thousandths."""
    count = len(heads.at)
    sale, serviced = heads.channel == SALES, heads.kind == SERVICE
    body = heads.kind == BODYWORK
    electric, synthetic = _ELECTRIC[heads.model], _SYNTHETIC[heads.model]
    labour = np.where(electric, good("三电检测工时"), good("保养工时"))
    labour = np.where(serviced, labour, np.where(body, good("钣金喷漆工时"), good("机电维修工时")))
    hours = np.where(serviced, draws.between(count, 6, 12) * 100, draws.between(count, 2, 12) * 500)
    goods = _ACCESSORIES[draws.below(count, len(_ACCESSORIES))]
    first = np.where(sale, heads.model, np.where(heads.channel == COUNTER, goods, labour))
    first_many = np.where(heads.channel == AFTERSALES, np.where(body, hours * 2, hours), 1000)
    oil = np.where(synthetic, good("全合成机油 1L"), good("矿物机油 1L"))
    worn = _FAILING[draws.below(count, len(_FAILING))]
    main = np.where(electric, good("空调滤清器"), oil)
    main = np.where(serviced, main, np.where(body, good("喷漆辅料"), worn))
    main = np.where(sale, goods, main)
    litres = np.where(serviced & ~electric, draws.between(count, 35, 50) * 100, 1000)
    extra = _WEARING[draws.below(count, len(_WEARING))]
    return [
        (np.ones(count, dtype=np.bool_), first, first_many),
        (np.where(sale, draws.chance(count, 300), heads.channel == AFTERSALES), main, litres),
        (serviced & ~electric, np.full(count, good("机油滤清器"), dtype=np.int64), np.full(count, 1000)),
        (serviced & draws.chance(count, 300), extra, np.full(count, 1000)),
    ]


def make_orders(seed: int, people: People, cars: Vehicles, visits: Visits, as_of_day: int) -> tuple[Orders, Lines]:
    """One order per car sold here and per paid visit, and a thirtieth more over the counter without a customer."""
    heads = _heads(seed, people, cars, visits, as_of_day)
    draws = Draws(seed, "dealer lines")
    count = len(heads.at)
    slots = _slots(draws, heads)
    per_order: Ints = np.sum([has for has, _, _ in slots], axis=0, dtype=np.int64)
    starts: Ints = np.cumsum(per_order) - per_order
    total = int(per_order.sum())
    order, product, many, number = (np.empty(total, dtype=np.int64) for _ in range(4))
    taken = np.zeros(count, dtype=np.int64)
    for has, what, thousandths in slots:
        spot = starts[has] + taken[has]
        order[spot], product[spot] = np.flatnonzero(has), what[has]
        many[spot], number[spot] = thousandths[has], taken[has] + 1
        taken += has
    price = PRICES[product]
    amount = half_up(many * price, 1000)
    bargain = np.where(heads.channel == SALES, draws.between(count, 15, 90), 0)
    bargain = np.where((heads.channel == AFTERSALES) & draws.chance(count, 300), 100, bargain)
    lowered = (product < CARS) | (number == 1) & (heads.channel[order] == AFTERSALES)
    discount = np.where(lowered, amount * bargain[order] // 1000, 0)
    cost = half_up(many * COSTS[product], 1000)
    gross = np.add.reduceat(amount, starts)
    less = np.add.reduceat(discount, starts)
    coupon = np.where((heads.channel == AFTERSALES) & draws.chance(count, 120) & (gross > 40_000), 5_000, 0)
    orders = Orders(
        customer=heads.customer,
        at=heads.at,
        store=heads.store,
        channel=heads.channel,
        visit=heads.visit,
        gross=gross,
        discount=less,
        coupon=coupon,
        cost=np.add.reduceat(cost, starts),
    )
    return orders, Lines(order, number, product, many, price, discount, cost)


def make_refunds(seed: int, orders: Orders, as_of_day: int) -> Refunds:
    """About one after-sales order in eighty is refunded, half of them wholly, within three weeks; a car never is."""
    draws = Draws(seed, "dealer refunds")
    order = np.flatnonzero(draws.chance(len(orders), 13) & (orders.channel != SALES))
    paid = orders.gross[order] - orders.discount[order] - orders.coupon[order]
    share = np.where(draws.chance(len(order), 500), 1000, draws.between(len(order), 100, 700))
    at = (orders.at[order] // DAY + draws.between(len(order), 1, 21)) * DAY + 10 * 3600
    at += draws.below(len(order), 8 * 3600)
    kept = at < (as_of_day + 1) * DAY
    order, at, amount = order[kept], at[kept], np.maximum(1, paid * share // 1000)[kept]
    by_time = stable_order(at)
    return Refunds(order[by_time], at[by_time], amount[by_time])
