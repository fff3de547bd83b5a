"""The days on which customers buy: streams of one product that runs out, and unplanned shopping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.testing.columns import half_up
from tierwise.testing.draws import Draws, Flags, Ints, Knots
from tierwise.testing.retail.catalogue import CYCLES, REPLENISHED, Promotion, popularity
from tierwise.testing.retail.shoppers import BUYERS, NEW, OCCASIONAL, ONE_TIME, Shoppers

STEADY, GROWING, STOCKING = range(3)
STREAM_KINDS = ("steady", "growing", "stocking")
"""One pack each time; ever more packs at the same interval; several at once in promotions, and a longer rest after."""
UNPLANNED = -1

EXPONENTIAL: Knots = (
    (0, 0), (100, 105), (200, 223), (300, 357), (400, 511), (500, 693), (600, 916), (700, 1204), (800, 1609),
    (900, 2303), (950, 2996), (990, 4605), (1000, 6900),
)  # fmt: skip
"""(permille, thousandths of the mean) of the exponential distribution, cut at the end."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Truth, one place per customer and replenished product: the true days between purchases, and the kind."""

    customer: Ints
    product: Ints
    days: Ints
    kind: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Occasions:
    """One place per customer, day and product (or UNPLANNED): packs bought; hoarding: several at once with a coupon."""

    customer: Ints
    day: Ints
    product: Ints
    packs: Ints
    hoarding: Flags


def season_of_day(seasons: tuple[Promotion, ...], start: int, today: int) -> Ints:
    """For every day start..today the place of its promotion, or -1."""
    seasonal = np.full(today - start + 1, -1, dtype=np.int64)
    for place, season in enumerate(seasons):
        seasonal[max(0, season.first - start) : season.last - start + 1] = place
    return seasonal


def make_streams(seed: int, shoppers: Shoppers) -> Streams:
    """None to four products each; deal hunters and who bought once have none."""
    draws = Draws(seed, "retail streams")
    count = len(shoppers)
    many = draws.pick(count, (530, 320, 105, 35, 10))
    many = np.where(shoppers.kind == OCCASIONAL, draws.pick(count, (900, 100)), many)
    many = np.where(shoppers.kind == NEW, draws.pick(count, (600, 330, 70)), many)
    none = (shoppers.kind >= BUYERS) | (shoppers.kind == ONE_TIME) | shoppers.deal_hunter
    customer = np.repeat(np.arange(count, dtype=np.int64), np.where(none, 0, many))
    product = draws.pick(len(customer), popularity(REPLENISHED)).astype(np.int64)
    # The same product twice for one customer would halve its interval.
    pair = np.unique(customer * 1024 + product)
    customer, product = pair // 1024, pair % 1024
    kind = draws.pick(len(pair), (760, 110, 130))
    return Streams(customer, product, half_up(CYCLES[product] * shoppers.pace[customer], 1000), kind)


def _stream_occasions(
    draws: Draws, shoppers: Shoppers, streams: Streams, seasonal: Ints, start: int, today: int
) -> list[tuple[NDArray[np.generic], ...]]:
    owner = streams.customer
    last = np.minimum(shoppers.stop[owner], today)
    day = shoppers.first[owner] + draws.below(len(owner), np.minimum(streams.days, last - shoppers.first[owner] + 1))
    stretched = np.full(len(owner), 1000, dtype=np.int64)
    active, step = np.arange(len(owner), dtype=np.int64), 0
    events: list[tuple[NDArray[np.generic], ...]] = []
    while len(active):
        when, kind = day[active], streams.kind[active]
        hoards = (kind == STOCKING) & (seasonal[when - start] >= 0)
        packs = np.where(kind == GROWING, 1 + min(step // 4, 3), 1)
        packs = np.where(hoards, 2 + draws.below(len(active), 2), packs)
        events.append((owner[active], when, streams.product[active], packs, hoards))
        rest = np.where(hoards, packs, 1) * streams.days[active] * stretched[active]
        skips = np.where(draws.chance(len(active), 30), 2, 1)
        gap = np.maximum(1, (rest * skips * draws.bell(len(active), 1000, 120) // 1000 + 500) // 1000)
        day[active] = when + gap
        stretched[active] = np.minimum(4000, stretched[active] * shoppers.slowing[owner[active]] // 1000)
        active = active[day[active] <= last[active]]
        step += 1
    return events


def _unplanned_occasions(
    draws: Draws, shoppers: Shoppers, seasons: tuple[Promotion, ...], seasonal: Ints, start: int, today: int
) -> list[tuple[NDArray[np.generic], ...]]:
    buyers = np.flatnonzero(shoppers.kind < BUYERS).astype(np.int64)
    last = np.minimum(shoppers.stop, today)
    day = shoppers.first.copy()
    stretched = np.full(len(shoppers), 1000, dtype=np.int64)
    next_first = np.array([season.first for season in seasons] + [today + 400], dtype=np.int64)
    active = buyers
    events: list[tuple[NDArray[np.generic], ...]] = []
    while len(active):
        hunts = shoppers.deal_hunter[active] & (seasonal[day[active] - start] < 0)
        sale = next_first[np.searchsorted(next_first, day[active])] + draws.below(len(active), 3)
        when = np.where(hunts, sale, day[active])
        inside = when <= last[active]
        active, when = active[inside], when[inside]
        nothing = np.full(len(active), UNPLANNED, dtype=np.int64)
        events.append((active, when, nothing, nothing, np.zeros(len(active), dtype=np.bool_)))
        mean = shoppers.gap[active] * stretched[active] // 1000
        day[active] = when + 1 + mean * draws.curve(len(active), EXPONENTIAL) // 1000
        stretched[active] = np.minimum(4000, stretched[active] * shoppers.slowing[active] // 1000)
        active = active[(day[active] <= last[active]) & (shoppers.kind[active] != ONE_TIME)]
    return events


def make_occasions(
    seed: int, shoppers: Shoppers, streams: Streams, seasons: tuple[Promotion, ...], start: int, today: int
) -> Occasions:
    """All purchases of customers who shop for themselves, in no order; seasons must cover start..today."""
    seasonal = season_of_day(seasons, start, today)
    nothing = np.zeros(0, dtype=np.int64)
    events = [
        (nothing, nothing, nothing, nothing, nothing.astype(np.bool_)),
        *_stream_occasions(Draws(seed, "retail replenishing"), shoppers, streams, seasonal, start, today),
        *_unplanned_occasions(Draws(seed, "retail shopping"), shoppers, seasons, seasonal, start, today),
    ]
    customer, day, product, packs, hoarding = (np.concatenate(parts) for parts in zip(*events, strict=True))
    return Occasions(customer, day, product, packs, hoarding)
