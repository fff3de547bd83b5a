"""The retailer's stores and registered customers: who they are at heart, before they buy anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tierwise.testing.columns import serial
from tierwise.testing.draws import Draws, Flags, Ints, Knots
from tierwise.testing.names import CITIES

REGULAR, DRIFTING, LOST, OCCASIONAL, ONE_TIME, NEW, RESELLER, JUNK, BROWSER = range(9)
KINDS = ("regular", "drifting", "lost", "occasional", "one_time", "new", "reseller", "junk", "browser")
"""Buys on; buys ever more seldom; stopped at once; buys now and then; bought once; came in the last weeks;
buys in bursts to sell on; registered for a giveaway and does nothing else; looks often and never buys."""
_WEIGHTS = (300, 100, 190, 185, 70, 62, 3, 47, 43)
BUYERS = 6
"""Kinds under this number shop for themselves."""

HISTORY_DAYS = 1095
GIVEAWAY_AGES = (400, 150)
"""Days before as_of on which a giveaway drew junk accounts, for three nights each."""
NEVER = 1 << 30

_PACES: Knots = ((0, 740), (250, 900), (500, 1000), (750, 1105), (1000, 1360))
_GAPS: Knots = ((0, 35), (100, 65), (300, 100), (600, 145), (900, 210), (1000, 360))
_DEARNESS: Knots = ((0, 20), (400, 60), (700, 100), (900, 170), (1000, 330))


@dataclass(frozen=True, slots=True)
class Shoppers:
    """One place per customer. first: day of the first possible order; stop: the day after which they buy no more, or
    NEVER; closed: the day on which they asked to be deregistered, or NEVER; slowing: permille of growth of every
    interval; pace: permille of a product's cycle; gap: mean days between unplanned orders; dear: permille of lines that
    are costly goods; store: home store; at_store: permille of orders made there; deal_hunter: buys in promotions only.
    """

    kind: NDArray[np.int32]
    first: Ints
    stop: Ints
    closed: Ints
    slowing: Ints
    pace: Ints
    gap: Ints
    dear: Ints
    store: Ints
    at_store: Ints
    deal_hunter: Flags
    stores: int

    def __len__(self) -> int:
        return len(self.kind)


def make_shoppers(seed: int, customers: int, today: int) -> Shoppers:
    """Draw every customer's nature."""
    draws = Draws(seed, "retail shoppers")
    kind = draws.pick(customers, _WEIGHTS)
    youngest = np.array([200, 300, 420, 60, 1, 1, 30, 0, 0])[kind]
    oldest = np.array([1090, 1090, 1090, 1090, 1090, 40, 700, 1, 1])[kind]
    age = youngest + draws.below(customers, oldest - youngest)
    lasts = 60 + draws.below(customers, np.maximum(1, age - 60 - np.where(kind == LOST, 210, 40)))
    stop = today - age + lasts
    stops = (kind == LOST) | (kind == DRIFTING) & draws.chance(customers, 500)
    gap = draws.curve(customers, _GAPS)
    gap = np.where(kind == OCCASIONAL, 40 + gap * 3 // 2, gap)
    stores = min(120, max(4, customers // 1000))
    sizes = [10 + 30 * (stores - place) // stores for place in range(stores)]
    hunters = np.array([60, 0, 60, 260, 0, 0, 0, 0, 0])[kind]
    return Shoppers(
        kind=kind,
        first=today - age,
        stop=np.where(stops, stop, NEVER),
        closed=np.where((kind == LOST) & draws.chance(customers, 60), stop + draws.between(customers, 30, 200), NEVER),
        slowing=np.where(kind == DRIFTING, draws.between(customers, 1080, 1200), 1000),
        pace=draws.curve(customers, _PACES),
        gap=gap,
        dear=draws.curve(customers, _DEARNESS) + np.where(kind == ONE_TIME, 250, 0),
        store=draws.pick(customers, sizes).astype(np.int64),
        at_store=draws.curve(customers, ((0, 0), (300, 100), (600, 600), (1000, 1000))),
        deal_hunter=draws.chance(customers, hunters),
        stores=stores,
    )


def stores_table(stores: int) -> pa.Table:
    """One row per shop; orders made online have no store."""
    cities = [CITIES[place % len(CITIES)][0] for place in range(stores)]
    return pa.table(
        {
            "store_id": serial("S", np.arange(stores, dtype=np.int64) + 1, 3),
            "store_name": pa.array(
                [f"晴川生活{city}{place // len(CITIES) + 1}店" for place, city in enumerate(cities)]
            ),
            "city": pa.array(cities),
            "entity": pa.array([f"晴川商业第{place // 4 + 1}有限公司" for place in range(stores)]),
        }
    )
