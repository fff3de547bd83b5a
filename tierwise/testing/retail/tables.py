"""The retailer's arrays as tables with the canonical import names, and its planted truths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.testing.columns import (
    DAY,
    days,
    decimals,
    moments,
    money,
    ranges,
    serial,
    stable_order,
    text_of,
    whole,
    words,
)
from tierwise.testing.draws import Draws, Ints
from tierwise.testing.names import CITIES, GENDERS, birthdays, emails, genders, person_names, phones
from tierwise.testing.retail.baskets import CHANNELS, Lines, Orders
from tierwise.testing.retail.catalogue import PRODUCT_IDS, PRODUCTS
from tierwise.testing.retail.money import Amounts, Refunds
from tierwise.testing.retail.occasions import STREAM_KINDS, Streams
from tierwise.testing.retail.shoppers import BROWSER, GIVEAWAY_AGES, JUNK, KINDS, NEVER, RESELLER, Shoppers

_CATEGORIES = tuple(sorted({row.category for row in PRODUCTS}))
_CATEGORY_OF: Ints = np.array([_CATEGORIES.index(row.category) for row in PRODUCTS], dtype=np.int64)
WAITING_DAYS = 90
"""So long those who wait for a promotion have not bought."""
_SCREENS = ("app", "mini_program", "live_stream", "official_account")


@dataclass(frozen=True, slots=True)
class Retailer:
    """All that happened, as arrays."""

    shoppers: Shoppers
    streams: Streams
    orders: Orders
    lines: Lines
    amounts: Amounts
    refunds: Refunds

    def paid(self) -> Ints:
        """What each order brought, before refunds, in minor units."""
        return self.amounts.gross - self.amounts.discount - self.amounts.coupon

    def net_per_customer(self) -> Ints:
        """What each customer brought, after refunds, in minor units."""
        net = self.paid()
        np.subtract.at(net, self.refunds.order, self.refunds.amount)
        known = self.orders.customer >= 0
        total = np.zeros(len(self.shoppers), dtype=np.int64)
        np.add.at(total, self.orders.customer[known], net[known])
        return total


def _registered(draws: Draws, retailer: Retailer, today: int) -> Ints:
    """Seconds: before the first order; on the nights of a giveaway for junk; some day for those who only look."""
    shoppers, orders = retailer.shoppers, retailer.orders
    count = len(shoppers)
    none = 1 << 40
    first = np.full(count, none, dtype=np.int64)
    known = orders.customer >= 0
    np.minimum.at(first, orders.customer[known], orders.at[known])
    usual = first - 60 * draws.curve(count, ((0, 2), (600, 60), (800, 20_000), (1000, 200_000)))
    some_day = (today - draws.between(count, 1, 1000)) * DAY + 9 * 3600 + draws.below(count, 12 * 3600)
    nights = np.array(GIVEAWAY_AGES)[draws.below(count, len(GIVEAWAY_AGES))] - draws.below(count, 3)
    night = (today - nights) * DAY + 2 * 3600 + draws.below(count, 5400)
    return np.where(shoppers.kind == JUNK, night, np.where(first == none, some_day, usual))


def _customers(draws: Draws, retailer: Retailer, registered: Ints, today: int) -> pa.Table:
    shoppers = retailer.shoppers
    count = len(shoppers)
    numbers = np.arange(count, dtype=np.int64)
    junk = shoppers.kind == JUNK
    gender = np.where(junk, 2, genders(draws, count, 580, 120)).astype(np.int32)
    nameless = pc.binary_join_element_wise("用户", serial("", numbers + 1, 8).combine_chunks(), "")
    names = pc.if_else(pa.array(junk & draws.chance(count, 700)), nameless, person_names(draws, gender))
    level = np.searchsorted(np.array([100_000, 500_000, 2_000_000]), retailer.net_per_customer(), side="right")
    return pa.table(
        {
            "customer_id": serial("U", numbers + 1, 8),
            "name": names,
            "phone": text_of(phones(count)),
            "email": emails(numbers + 1, ~junk & draws.chance(count, 300)),
            "gender": words(gender, GENDERS),
            "birth_on": days(birthdays(draws, count, today), ~junk & draws.chance(count, 620)),
            "registered_at": moments(registered),
            "closed_at": moments(shoppers.closed * DAY + 15 * 3600, shoppers.closed != NEVER),
            "store_id": serial("S", shoppers.store + 1, 3, ~junk & (shoppers.at_store > 300)),
            "city": words(shoppers.store % len(CITIES), [city for city, _ in CITIES]),
            "member_level": words(level, ("普通", "银卡", "金卡", "钻石")),
            "source": words(
                np.where(junk, 5, draws.pick(count, (350, 250, 180, 140, 80))),
                ("store", "app", "mini_program", "referral", "live_stream", "giveaway"),
            ),
        }
    )


def _orders(retailer: Retailer) -> dict[str, pa.Table]:
    orders, lines, amounts, refunds = retailer.orders, retailer.lines, retailer.amounts, retailer.refunds
    refunded = orders.customer[refunds.order]
    starts = np.flatnonzero(np.diff(lines.order, prepend=-1))
    return {
        "orders": pa.table(
            {
                "order_id": serial("A", np.arange(len(orders), dtype=np.int64) + 1, 9),
                "customer_id": serial("U", orders.customer + 1, 8, orders.customer >= 0),
                "ordered_at": moments(orders.at),
                "store_id": serial("S", orders.store + 1, 3, orders.store >= 0),
                "channel": words(orders.channel, CHANNELS),
                "gross": money(amounts.gross),
                "discount": money(amounts.discount),
                "coupon": money(amounts.coupon),
                "cost": money(amounts.cost),
            }
        ),
        "order_lines": pa.table(
            {
                "order_id": serial("A", lines.order + 1, 9),
                "line_no": whole(ranges(np.diff(starts, append=len(lines))) + 1),
                "product_id": words(lines.product, PRODUCT_IDS),
                "quantity": decimals(lines.thousandths, 3),
                "unit_price": money(amounts.price),
                "discount": money(amounts.line_discount),
                "cost": money(amounts.line_cost),
            }
        ),
        "refunds": pa.table(
            {
                "refund_id": serial("F", np.arange(len(refunds.at), dtype=np.int64) + 1, 8),
                "order_id": serial("A", refunds.order + 1, 9),
                "customer_id": serial("U", refunded + 1, 8, refunded >= 0),
                "refunded_at": moments(refunds.at),
                "amount": money(refunds.amount),
            }
        ),
    }


@dataclass(frozen=True, slots=True)
class _Looks:
    """One place per interaction, by time; seen: the product's place."""

    customer: Ints
    at: Ints
    seen: Ints
    channel: Ints
    seconds: Ints


def _looks(draws: Draws, customer: Ints, at: Ints, seen: Ints) -> _Looks:
    by_time = stable_order(at)
    channel = draws.pick(len(at), (400, 350, 100, 150)).astype(np.int64)
    seconds = draws.curve(len(at), ((0, 3), (500, 40), (900, 240), (1000, 1800)))
    return _Looks(customer[by_time], at[by_time], seen[by_time], channel, seconds)


def _usual_looks(draws: Draws, retailer: Retailer, registered: Ints, today: int) -> _Looks:
    """Looks in the days before a third of the orders, and the many looks of those who never buy."""
    orders, shoppers = retailer.orders, retailer.shoppers
    first_line = np.flatnonzero(np.diff(retailer.lines.order, prepend=-1))
    looked = np.flatnonzero((orders.customer >= 0) & draws.chance(len(orders), 330))
    looked_at = orders.at[looked] - draws.curve(len(looked), ((0, 60), (500, 3600), (1000, 4 * DAY)))
    browsers = np.flatnonzero(shoppers.kind == BROWSER)
    who = np.repeat(browsers, draws.between(len(browsers), 8, 45))
    end = (today + 1) * DAY - 1
    browsed_at = registered[who] + draws.below(len(who), end - registered[who])
    browsed = draws.below(len(who), len(PRODUCTS))
    customer = np.concatenate([orders.customer[looked], who])
    at = np.concatenate([np.maximum(looked_at, registered[orders.customer[looked]]), browsed_at])
    seen = np.concatenate([retailer.lines.product[first_line[looked]], browsed])
    return _looks(draws, customer, at, seen)


def _waiting(retailer: Retailer, today: int) -> Ints:
    """Who waits for a promotion: buys in promotions alone, has bought and did not stop, and let the last ones pass."""
    shoppers, orders = retailer.shoppers, retailer.orders
    last = np.zeros(len(shoppers), dtype=np.int64)
    known = orders.customer >= 0
    np.maximum.at(last, orders.customer[known], orders.day[known])
    return np.flatnonzero(shoppers.deal_hunter & (shoppers.stop == NEVER) & (last > 0) & (last <= today - WAITING_DAYS))


def _waiting_looks(seed: int, retailer: Retailer, today: int) -> _Looks:
    """Ten to thirty looks in the last WAITING_DAYS of those who wait, in a stream of their own."""
    draws = Draws(seed, "retail waiting")
    who = _waiting(retailer, today)
    customer = np.repeat(who, draws.between(len(who), 10, 30))
    count = len(customer)
    at = (today - draws.below(count, WAITING_DAYS - 5)) * DAY + 12 * 3600 + draws.below(count, 10 * 3600)
    return _looks(draws, customer, at, draws.below(count, len(PRODUCTS)))


def _interactions(seed: int, draws: Draws, retailer: Retailer, registered: Ints, today: int) -> pa.Table:
    parts = (_usual_looks(draws, retailer, registered, today), _waiting_looks(seed, retailer, today))
    at = np.concatenate([part.at for part in parts])
    by_time = stable_order(at)
    customer, seen, channel, seconds = (
        np.concatenate([getattr(part, name) for part in parts])[by_time]
        for name in ("customer", "seen", "channel", "seconds")
    )
    return pa.table(
        {
            "interaction_id": serial("I", np.arange(len(at), dtype=np.int64) + 1, 9),
            "customer_id": serial("U", customer + 1, 8),
            "occurred_at": moments(at[by_time]),
            "channel": words(channel, _SCREENS),
            "category": words(_CATEGORY_OF[seen], _CATEGORIES),
            "duration_seconds": whole(seconds),
        }
    )


def retail_tables(seed: int, retailer: Retailer, today: int) -> dict[str, pa.Table]:
    """customers, orders, order_lines, refunds, interactions."""
    draws = Draws(seed, "retail tables")
    registered = _registered(draws, retailer, today)
    return {
        "customers": _customers(draws, retailer, registered, today),
        **_orders(retailer),
        "interactions": _interactions(seed, draws, retailer, registered, today),
    }


def retail_truths(retailer: Retailer, today: int) -> dict[str, pa.Table]:
    """customers, streams, resellers, junk, waiting, shares; grains as `make_retail` tells."""
    shoppers, orders, streams = retailer.shoppers, retailer.orders, retailer.streams
    count = len(shoppers)
    known = orders.customer >= 0
    made = np.bincount(orders.customer[known], minlength=count)
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, orders.customer[known], orders.day[known])
    numbers = np.arange(count, dtype=np.int64)
    sellers, junk = np.flatnonzero(shoppers.kind == RESELLER), np.flatnonzero(shoppers.kind == JUNK)
    net = retailer.net_per_customer()
    return {
        "customers": pa.table(
            {
                "customer_id": serial("U", numbers + 1, 8),
                "kind": words(shoppers.kind, KINDS),
                "lost_on": days(shoppers.stop, shoppers.stop != NEVER),
                "orders": whole(made),
                "last_ordered_on": days(last, last > 0),
                "pace_permille": whole(shoppers.pace),
                "slowing_permille": whole(shoppers.slowing),
                "deal_hunter": whole(shoppers.deal_hunter),
            }
        ),
        "streams": pa.table(
            {
                "customer_id": serial("U", streams.customer + 1, 8),
                "product_id": words(streams.product, PRODUCT_IDS),
                "interval_days": whole(streams.days),
                "kind": words(streams.kind, STREAM_KINDS),
            }
        ),
        "resellers": pa.table(
            {
                "customer_id": serial("U", sellers + 1, 8),
                "orders": whole(made[sellers]),
                "net": money(net[sellers]),
            }
        ),
        "junk": pa.table({"customer_id": serial("U", junk + 1, 8)}),
        "waiting": pa.table({"customer_id": serial("U", _waiting(retailer, today) + 1, 8)}),
        "shares": _shares(retailer, net, made),
    }


def _shares(retailer: Retailer, net: Ints, made: Ints) -> pa.Table:
    """One row per share, in permille of the whole that its name tells."""
    orders = retailer.orders
    buyers = np.sort(net[made > 0])[::-1]
    total = max(1, int(buyers.sum()))
    top = int(buyers[: (len(buyers) * 3 + 9) // 10].sum())
    sellers = int(net[retailer.shoppers.kind == RESELLER].sum())
    shares = {
        "walk_in_orders": 1000 * int((orders.customer < 0).sum()) // max(1, len(orders)),
        "refunded_orders": 1000 * len(retailer.refunds.at) // max(1, len(orders)),
        "online_orders": 1000 * int((orders.store < 0).sum()) // max(1, len(orders)),
        "net_sales_of_top_30_percent": 1000 * top // total,
        "net_sales_of_resellers": 1000 * sellers // total,
        "junk_customers": 1000 * int((retailer.shoppers.kind == JUNK).sum()) // len(retailer.shoppers),
    }
    return pa.table({"share": pa.array(list(shares)), "permille": pa.array(list(shares.values()), type=pa.int32())})
