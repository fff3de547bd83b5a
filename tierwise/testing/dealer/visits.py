"""Services that fall due, drift and stop; repairs, warranty, claims and rework between them; cars that change hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.testing.columns import stable_order
from tierwise.testing.dealer.catalogue import due_days
from tierwise.testing.dealer.people import SECOND_OWNER, People, service_advisor
from tierwise.testing.dealer.vehicles import Vehicles
from tierwise.testing.draws import Draws, Flags, Ints, Knots

SERVICE, REPAIR, BODYWORK, WARRANTY, CLAIM, REWORK = range(6)
VISIT_KINDS = ("service", "repair", "bodywork", "warranty", "claim", "rework")
_PAID_KINDS = np.array([True, True, True, False, False, False])

RETENTION_PERMILLE = (940, 630, 420, 310, 180)
"""Share of cars sold here that ever come to service 1, 2, 3 …: the sample shape of a first-service curve."""
_COMES = np.array([940, 670, 667, 738, 581, 860], dtype=np.int64)
"""The same, service after service; the last holds from the sixth on."""

OPENING = 8 * 3600
_ARRIVALS: Knots = ((0, 0), (350, 2 * 3600), (550, 4 * 3600), (800, 7 * 3600), (1000, 9 * 3600))
_PACES: Knots = ((0, 820), (200, 920), (500, 1000), (800, 1090), (1000, 1300))
_LONGEST_DRIFT = 3000


@dataclass(frozen=True, slots=True)
class Habits:
    """Truth, one place per car. pace, drift: permille of the due interval, and of its growth from visit to visit;
    stopped: does not come again; services: how many so far; last_service: day of the last, or of delivery."""

    pace: Ints
    drift: Ints
    stopped: Flags
    services: Ints
    last_service: Ints
    due: Ints


@dataclass(frozen=True, slots=True)
class Visits:
    """One place per visit, by time. at: seconds; day: day number; first: the first, free service."""

    car: Ints
    customer: Ints
    store: Ints
    staff: Ints
    at: Ints
    day: Ints
    kind: NDArray[np.int32]
    paid: Flags
    first: Flags

    def __len__(self) -> int:
        return len(self.car)


@dataclass(frozen=True, slots=True)
class Transfers:
    """One place per car that changed hands: the customer who has it from that day on."""

    car: Ints
    customer: Ints
    day: Ints


def make_services(seed: int, cars: Vehicles, as_of_day: int) -> tuple[Habits, Ints, Ints, Ints]:
    """All services: the habits, and car, day, number (0 = first) of each service, by car and day."""
    draws = Draws(seed, "dealer services")
    count = len(cars)
    pace = draws.curve(count, _PACES)
    drift = np.where(draws.chance(count, 220), draws.between(count, 1070, 1180), 1000)
    # A car from elsewhere is known since its first service here, which is not free.
    outside = np.flatnonzero(~cars.bought_here)
    day = cars.delivered + np.where(cars.bought_here, 0, draws.below(count, as_of_day - cars.delivered))
    number = (~cars.bought_here).astype(np.int64)
    stretched, stopped, services = pace.copy(), np.zeros(count, dtype=np.bool_), number.copy()
    events: list[tuple[Ints, Ints, Ints]] = [(outside, day[outside], np.zeros(len(outside), dtype=np.int64))]
    active = np.arange(count, dtype=np.int64)
    while len(active):
        comes = draws.chance(len(active), _COMES[np.minimum(number[active], 5)])
        stopped[active[~comes]] = True
        due = due_days(cars.model[active], number[active] == 0, cars.metres_per_day[active])
        gap = due * stretched[active] // 1000 * draws.bell(len(active), 1000, 110) // 1000
        gap = np.maximum(20, gap * np.where(draws.chance(len(active), 40), 2, 1))
        ahead = comes & (day[active] + gap <= as_of_day)
        active, gap = active[ahead], gap[ahead]
        day[active] += gap
        events.append((active, day[active], number[active]))
        number[active] += 1
        services[active] += 1
        stretched[active] = np.minimum(_LONGEST_DRIFT, stretched[active] * drift[active] // 1000)
    due = day + due_days(cars.model, number == 0, cars.metres_per_day)
    car, when, which = (np.concatenate(parts) for parts in zip(*events, strict=True))
    by_car = stable_order(car * 1024 + which)
    return Habits(pace, drift, stopped, services, day, due), car[by_car], when[by_car], which[by_car]


def make_transfers(seed: int, people: People, car: Ints, day: Ints) -> Transfers:
    """Every second owner gets a car that has had two services or more, shortly before one of the later ones.

    car, day: the services by car and day. Where cars are too few, the rest of the second owners stay without.
    """
    draws = Draws(seed, "dealer transfers")
    firsts = np.flatnonzero(np.diff(car, prepend=-1))
    counts = np.diff(firsts, append=len(car))
    wanted = np.flatnonzero(people.kind == SECOND_OWNER)
    firsts, counts = firsts[counts >= 2], counts[counts >= 2]
    chosen = draws.order(len(firsts))[: len(wanted)]
    service = firsts[chosen] + 1 + draws.below(len(chosen), counts[chosen] - 1)
    return Transfers(car[service], wanted[: len(chosen)], day[service] - draws.between(len(chosen), 3, 15))


def make_visits(
    seed: int,
    people: People,
    cars: Vehicles,
    transfers: Transfers,
    services: tuple[Ints, Ints, Ints],
    as_of_day: int,
) -> Visits:
    """Services, and what happens between two services of one car, and rework soon after a paid visit."""
    draws = Draws(seed, "dealer visits")
    car, day, number = services
    gap = np.where(np.diff(car, append=-1) == 0, np.diff(day, append=0), 0)
    fault = np.flatnonzero(draws.chance(len(car), 330) & (gap > 16))
    fault_day = day[fault] + 5 + draws.below(len(fault), gap[fault] - 10)
    fault_kind = draws.pick(len(fault), (0, 600, 180, 150, 70))
    all_cars = np.concatenate([car, car[fault]])
    all_days = np.concatenate([day, fault_day])
    kinds = np.concatenate([np.zeros(len(car), dtype=np.int32), fault_kind])
    first = np.concatenate([(number == 0) & cars.bought_here[car], np.zeros(len(fault), dtype=np.bool_)])
    again = np.flatnonzero(draws.chance(len(all_cars), 25) & _PAID_KINDS[kinds] & ~first & (all_days < as_of_day - 10))
    all_cars = np.concatenate([all_cars, all_cars[again]])
    all_days = np.concatenate([all_days, all_days[again] + draws.between(len(again), 1, 4)])
    kinds = np.concatenate([kinds, np.full(len(again), REWORK, dtype=np.int32)])
    first = np.concatenate([first, np.zeros(len(again), dtype=np.bool_)])
    at = all_days * 86_400 + OPENING + draws.curve(len(all_cars), _ARRIVALS)
    by_time = stable_order(at)
    all_cars, all_days, kinds, first = all_cars[by_time], all_days[by_time], kinds[by_time], first[by_time]
    customer = owner_on(cars, transfers, all_cars, all_days)
    strange = draws.chance(len(customer), 60)
    store = np.where(strange, draws.below(len(customer), people.stores), people.store[customer])
    return Visits(
        car=all_cars,
        customer=customer,
        store=store,
        staff=service_advisor(draws, store),
        at=at[by_time],
        day=all_days,
        kind=kinds,
        paid=_PAID_KINDS[kinds] & ~first,
        first=first,
    )


def owner_on(cars: Vehicles, transfers: Transfers, car: Ints, day: Ints) -> Ints:
    """The customer who has each car on a day."""
    later = np.full(len(cars), -1, dtype=np.int64)
    since = np.zeros(len(cars), dtype=np.int64)
    later[transfers.car] = transfers.customer
    since[transfers.car] = transfers.day
    return np.where((later[car] >= 0) & (day >= since[car]), later[car], cars.owner[car])
