"""The dealer group's stores, staff and customers, before anything has happened to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tierwise.testing.columns import serial
from tierwise.testing.draws import Draws, Flags, Ints
from tierwise.testing.names import CITIES, UNKNOWN, genders, person_names

OWNER, SECOND_OWNER, OUTSIDER, PROSPECT = range(4)
KINDS = ("owner", "second_owner", "outsider", "prospect")
"""Bought a car here; has one that another customer bought here; is serviced here, bought elsewhere; none of it."""

SERVICE_ADVISORS = 4
SALES_ADVISORS = 5
STAFF_PER_STORE = SERVICE_ADVISORS + SALES_ADVISORS


@dataclass(frozen=True, slots=True)
class People:
    """One place per customer in every array. city: index into CITIES; company: a firm, not a person."""

    kind: NDArray[np.int32]
    store: Ints
    gender: NDArray[np.int32]
    company: Flags
    stores: int

    def __len__(self) -> int:
        return len(self.kind)


def make_people(seed: int, customers: int) -> People:
    """Draw who they are and which store is theirs; big stores have more."""
    draws = Draws(seed, "dealer people")
    stores = min(240, max(3, customers // 600))
    weights = [10 + 40 * (stores - place) // stores for place in range(stores)]
    kind = draws.pick(customers, (790, 40, 25, 145))
    company = draws.chance(customers, 30) & (kind == OWNER)
    gender = np.where(company, UNKNOWN, genders(draws, customers, 380, 60)).astype(np.int32)
    return People(kind, draws.pick(customers, weights).astype(np.int64), gender, company, stores)


def city_of(store: Ints) -> Ints:
    """The city of a store, as an index into CITIES."""
    return store % len(CITIES)


def stores_table(stores: int) -> pa.Table:
    """One row per store; two or three stores share a legal entity."""
    numbers = np.arange(stores, dtype=np.int64)
    cities = [CITIES[place][0] for place in city_of(numbers)]
    return pa.table(
        {
            "store_id": serial("S", numbers + 1, 3),
            "store_name": pa.array([f"远山{city}{place // len(CITIES) + 1}店" for place, city in enumerate(cities)]),
            "city": pa.array(cities),
            "entity": pa.array([f"远山汽车服务第{place // 3 + 1}有限公司" for place in range(stores)]),
        }
    )


def staff_table(seed: int, stores: int) -> pa.Table:
    """One row per advisor: four for service, five for sales, in every store."""
    draws = Draws(seed, "dealer staff")
    count = stores * STAFF_PER_STORE
    numbers = np.arange(count, dtype=np.int64)
    serves = numbers % STAFF_PER_STORE < SERVICE_ADVISORS
    return pa.table(
        {
            "staff_id": serial("E", numbers + 1, 5),
            "staff_name": person_names(draws, genders(draws, count, 450, 0)),
            "role": pa.array(np.where(serves, "service_advisor", "sales_advisor").tolist()),
            "store_id": serial("S", numbers // STAFF_PER_STORE + 1, 3),
        }
    )


def service_advisor(draws: Draws, store: Ints) -> Ints:
    """Some service advisor of each store, as a staff number."""
    return store * STAFF_PER_STORE + draws.below(len(store), SERVICE_ADVISORS)


def sales_advisor(draws: Draws, store: Ints) -> Ints:
    """Some sales advisor of each store, as a staff number."""
    return store * STAFF_PER_STORE + SERVICE_ADVISORS + draws.below(len(store), SALES_ADVISORS)
