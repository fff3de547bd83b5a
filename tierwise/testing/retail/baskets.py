"""What goes into each basket: planned goods, whims, planted pairs, resellers' bulk, and baskets of nobody we know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tierwise.testing.columns import DAY, ranges, stable_order
from tierwise.testing.draws import Draws, Flags, Ints, Knots, weight_table
from tierwise.testing.retail.catalogue import DAILY, DEAR, GIFT, PAIRS, REPLENISHED, WEIGHED, popularity, product
from tierwise.testing.retail.occasions import UNPLANNED, Occasions
from tierwise.testing.retail.shoppers import HISTORY_DAYS, RESELLER, Shoppers

NOBODY = -1
CHANNELS = ("store", "app", "mini_program", "marketplace")
STORE = 0
_HOURS: Knots = ((0, 8 * 3600), (200, 11 * 3600), (450, 15 * 3600), (850, 21 * 3600), (1000, 23 * 3600 + 3000))
_EXTRAS: Knots = ((0, 0), (520, 0), (521, 1), (760, 1), (761, 2), (900, 2), (1000, 7))
_GRAMS: Knots = ((0, 180), (500, 900), (1000, 3200))


@dataclass(frozen=True, slots=True)
class Orders:
    """One place per order, by time. customer: NOBODY for walk-ins; store: -1 online; hoarding: bought ahead by coupon;
    bulk: a reseller's."""

    customer: Ints
    at: Ints
    day: Ints
    store: Ints
    channel: Ints
    hoarding: Flags
    bulk: Flags

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Lines:
    """One place per line, by order and product; order: the order's place; thousandths: of the quantity."""

    order: Ints
    product: Ints
    thousandths: Ints

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True, slots=True)
class _Heads:
    """Orders before they stand in time. planned_*: the lines that were the reason for them."""

    customer: Ints
    day: Ints
    hoarding: Flags
    planned_order: Ints
    planned_product: Ints
    planned_packs: Ints
    unplanned: Flags


def _merged(occasions: Occasions) -> _Heads:
    """One order per customer and day, whatever the reasons were."""
    first_day = int(occasions.day.min()) if len(occasions.day) else 0
    span = int(occasions.day.max()) - first_day + 1 if len(occasions.day) else 1
    key = occasions.customer * span + (occasions.day - first_day)
    by_key = stable_order(key)
    key = key[by_key]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    order = np.repeat(np.arange(len(starts), dtype=np.int64), np.diff(starts, append=len(key)))
    planned = occasions.product[by_key] != UNPLANNED
    hoarding = np.zeros(len(starts), dtype=np.bool_)
    hoarding[order[occasions.hoarding[by_key]]] = True
    unplanned = np.zeros(len(starts), dtype=np.bool_)
    unplanned[order[~planned]] = True
    rows = by_key[planned]
    return _Heads(
        customer=key[starts] // span,
        day=key[starts] % span + first_day,
        hoarding=hoarding,
        planned_order=order[planned],
        planned_product=occasions.product[rows],
        planned_packs=occasions.packs[rows],
        unplanned=unplanned,
    )


def _bulk(seed: int, shoppers: Shoppers, today: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Resellers' orders: one to three bursts of four to nine orders within three hours, of round amounts.

    Returns customer, seconds, product and packs of each order, which has one line.
    """
    draws = Draws(seed, "retail resellers")
    sellers = np.flatnonzero(shoppers.kind == RESELLER).astype(np.int64)
    bursts = np.repeat(sellers, draws.between(len(sellers), 1, 3))
    when = shoppers.first[bursts] + draws.below(len(bursts), today - shoppers.first[bursts])
    evening = when * DAY + 19 * 3600 + draws.below(len(bursts), 3600)
    many = draws.between(len(bursts), 4, 9)
    orders = np.repeat(bursts, many)
    at = np.repeat(evening, many) + ranges(many) * 1100 + draws.below(len(orders), 900)
    gifts = draws.from_table(len(orders), weight_table(popularity(GIFT))).astype(np.int64)
    packs = np.array([2, 4, 6, 8])[draws.pick(len(orders), (65, 25, 7, 3))]
    return orders, at, gifts, packs


def _whims(
    draws: Draws, shoppers: Shoppers, customer: Ints, unplanned: Flags, anything: Flags
) -> tuple[Ints, Ints, Ints]:
    """Lines that nobody planned: order, product, thousandths. An unplanned order has at least one."""
    count = len(customer)
    many = np.maximum(draws.curve(count, _EXTRAS), unplanned)
    order = np.repeat(np.arange(count, dtype=np.int64), many)
    lines = len(order)
    dear = np.where(customer >= 0, shoppers.dear[customer], 60)[order]
    usual = draws.pick(lines, popularity(DAILY)).astype(np.int64)
    costly = draws.pick(lines, popularity(DEAR)).astype(np.int64)
    needed = draws.pick(lines, popularity(REPLENISHED)).astype(np.int64)
    chosen = np.where(draws.chance(lines, dear), costly, usual)
    chosen = np.where(anything[order] & draws.chance(lines, 350), needed, chosen)
    quantity = np.where(draws.chance(lines, 120), 2000, 1000)
    quantity = np.where(WEIGHED[chosen], draws.curve(lines, _GRAMS), quantity)
    return order, chosen, quantity


def _pairs(draws: Draws, order: Ints, chosen: Ints) -> tuple[Ints, Ints, Ints]:
    """The B of every planted pair whose A is in the basket and whose chance comes up."""
    orders, products = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for first, second, permille in PAIRS:
        with_first = order[chosen == product(first)]
        hit = with_first[draws.chance(len(with_first), permille)]
        orders.append(hit)
        products.append(np.full(len(hit), product(second), dtype=np.int64))
    added = np.concatenate(orders)
    return added, np.concatenate(products), np.full(len(added), 1000, dtype=np.int64)


def make_baskets(seed: int, shoppers: Shoppers, occasions: Occasions, today: int) -> tuple[Orders, Lines]:
    """All orders and their lines; a quarter of the orders are of nobody we know, in a shop."""
    draws = Draws(seed, "retail baskets")
    heads = _merged(occasions)
    known = len(heads.customer)
    bulk_customer, bulk_at, bulk_product, bulk_packs = _bulk(seed, shoppers, today)
    strangers = (known + len(bulk_customer)) // 3
    stranger_day = today - draws.below(strangers, HISTORY_DAYS)
    customer = np.concatenate([heads.customer, np.full(strangers, NOBODY, dtype=np.int64), bulk_customer])
    day = np.concatenate([heads.day, stranger_day, bulk_at // DAY])
    at = day * DAY + draws.curve(len(day), _HOURS) + draws.below(len(day), 600)
    at[known + strangers :] = bulk_at
    by_time = stable_order(at)
    rank = np.empty(len(at), dtype=np.int64)
    rank[by_time] = np.arange(len(at), dtype=np.int64)

    shopped = customer[: known + strangers]
    unplanned = np.concatenate([heads.unplanned, np.ones(strangers, dtype=np.bool_)])
    whim_order, whim_product, whim_many = _whims(draws, shoppers, shopped, unplanned, shopped == NOBODY)
    order = np.concatenate([heads.planned_order, whim_order])
    chosen = np.concatenate([heads.planned_product, whim_product])
    pair_order, pair_product, pair_many = _pairs(draws, order, chosen)
    bulk_order = known + strangers + np.arange(len(bulk_customer), dtype=np.int64)
    lines = _packed(
        rank[np.concatenate([order, pair_order, bulk_order])],
        np.concatenate([chosen, pair_product, bulk_product]),
        np.concatenate([heads.planned_packs * 1000, whim_many, pair_many, bulk_packs * 1000]),
    )
    hoarding = np.concatenate([heads.hoarding, np.zeros(strangers + len(bulk_customer), dtype=np.bool_)])
    store, channel = _places(draws, shoppers, customer)
    return (
        Orders(
            customer=customer[by_time],
            at=at[by_time],
            day=day[by_time],
            store=store[by_time],
            channel=channel[by_time],
            hoarding=hoarding[by_time],
            bulk=by_time >= known + strangers,
        ),
        lines,
    )


def _places(draws: Draws, shoppers: Shoppers, customer: Ints) -> tuple[Ints, Ints]:
    """Store (-1 online) and channel of each order: nobody we know is online."""
    count = len(customer)
    stranger = customer == NOBODY
    in_store = stranger | draws.chance(count, shoppers.at_store[customer])
    home = np.where(stranger | draws.chance(count, 150), draws.below(count, shoppers.stores), shoppers.store[customer])
    online = 1 + draws.pick(count, (40, 35, 25)).astype(np.int64)
    return np.where(in_store, home, -1), np.where(in_store, STORE, online)


def _packed(order: Ints, chosen: Ints, thousandths: Ints) -> Lines:
    """One line per order and product, by order and product."""
    packed = (order << 32) | (chosen << 20) | thousandths
    packed.sort()
    key = packed >> 20
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    many = np.add.reduceat(packed & ((1 << 20) - 1), starts) if len(starts) else thousandths
    return Lines(key[starts] >> 12, key[starts] & 4095, many)
