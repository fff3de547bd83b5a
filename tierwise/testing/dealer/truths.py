"""What was planted in the dealer group, and no dealer would know."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tierwise.testing.columns import days, serial, stable_order, text_of, whole, words
from tierwise.testing.dealer.junk import junk_table
from tierwise.testing.dealer.people import KINDS, PROSPECT
from tierwise.testing.dealer.tables import Dealer, Lives
from tierwise.testing.dealer.vehicles import vins
from tierwise.testing.dealer.visits import RETENTION_PERMILLE
from tierwise.testing.names import phone_numbers

STATES = ("prospect", "sold_on", "introduction", "growth", "maturity", "stopped", "lost")
"""Never had a car here; sold their only car on; no visit yet; one to three visits; four and more; will not come again,
unsaid; has said so (closed_at)."""
_PROSPECT, _SOLD_ON, _INTRODUCTION, _GROWTH, _MATURITY, _STOPPED, _LOST = range(7)


def _customers(dealer: Dealer, lives: Lives) -> pa.Table:
    people = dealer.people
    state = np.where(lives.visits == 0, _INTRODUCTION, np.where(lives.visits < 4, _GROWTH, _MATURITY))
    state = np.where(lives.cars_kept == 0, _STOPPED, state)
    state = np.where(lives.cars_now == 0, _SOLD_ON, state)
    no_car = (people.kind == PROSPECT) | (lives.cars_now == 0) & (lives.visits == 0)
    state = np.where(no_car, _PROSPECT, state)
    state = np.where(lives.closed > 0, _LOST, state)
    lost_on = np.where(lives.closed > 0, lives.closed, lives.last_visit)
    numbers = np.arange(len(people), dtype=np.int64)
    return pa.table(
        {
            "customer_id": serial("C", numbers + 1, 8),
            "kind": words(people.kind, KINDS),
            "state": words(state, STATES),
            "lost_on": days(lost_on, (lost_on > 0) & ((state == _STOPPED) | (state == _LOST))),
            "last_visited_on": days(lives.last_visit, lives.last_visit > 0),
            "visits": whole(lives.visits),
            "paid_visits": whole(lives.paid_visits),
            "vehicles": whole(lives.cars_now),
        }
    )


def _vehicles(dealer: Dealer, vin: pa.ChunkedArray) -> pa.Table:
    cars, habits = dealer.cars, dealer.habits
    return pa.table(
        {
            "vin": vin,
            "metres_per_day": whole(cars.metres_per_day),
            "pace_permille": whole(habits.pace),
            "drift_permille": whole(habits.drift),
            "services": whole(habits.services),
            "last_service_on": days(habits.last_service, habits.services > 0),
            "due_on": days(habits.due),
            "stopped": whole(habits.stopped),
        }
    )


def _ownership(dealer: Dealer, vin: pa.ChunkedArray, today: int) -> pa.Table:
    cars, transfers = dealer.cars, dealer.transfers
    until = np.zeros(len(cars), dtype=np.int64)
    until[transfers.car] = transfers.day
    car = np.concatenate([np.arange(len(cars), dtype=np.int64), transfers.car])
    customer = np.concatenate([cars.owner, transfers.customer])
    since = np.concatenate([cars.delivered, transfers.day])
    until = np.concatenate([until, np.zeros(len(transfers.car), dtype=np.int64)])
    order = stable_order(car * 2 + (np.arange(len(car)) >= len(cars)))
    return pa.table(
        {
            "vin": vin.take(pa.array(car[order])),
            "customer_id": serial("C", customer[order] + 1, 8),
            "from_on": days(since[order]),
            "until_on": days(until[order], until[order] > 0),
        }
    )


def dealer_truths(dealer: Dealer, lives: Lives, today: int) -> dict[str, pa.Table]:
    """customers, vehicles, ownership, retention, junk, shared_phones; grains as `make_dealer` tells."""
    vin = text_of(vins(dealer.cars.model, dealer.cars.delivered))
    shared = np.flatnonzero(lives.shared_phone)
    desk = 2 * len(dealer.people) + dealer.people.store[shared]
    return {
        "customers": _customers(dealer, lives),
        "vehicles": _vehicles(dealer, vin),
        "ownership": _ownership(dealer, vin, today),
        "retention": pa.table(
            {
                "service": pa.array(range(1, len(RETENTION_PERMILLE) + 1), type=pa.int32()),
                "permille": pa.array(RETENTION_PERMILLE, type=pa.int32()),
            }
        ),
        "junk": junk_table(dealer.junk),
        "shared_phones": pa.table({"customer_id": serial("C", shared + 1, 8), "phone": text_of(phone_numbers(desk))}),
    }
