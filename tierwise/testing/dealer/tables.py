"""The dealer group's arrays as tables with the canonical import names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.testing.columns import DAY, days, decimals, moments, money, scatter, serial, text_of, whole, words
from tierwise.testing.dealer.catalogue import MODELS, PRODUCT_IDS
from tierwise.testing.dealer.contacts import DIRECTIONS, SOURCES, STAGES, SURVEYS, Answers, Calls, Leads
from tierwise.testing.dealer.junk import Junk, with_test_names
from tierwise.testing.dealer.orders import CHANNELS, Lines, Orders, Refunds
from tierwise.testing.dealer.people import SECOND_OWNER, People, city_of, service_advisor
from tierwise.testing.dealer.vehicles import Vehicles, plates, vins
from tierwise.testing.dealer.visits import VISIT_KINDS, Habits, Transfers, Visits, owner_on
from tierwise.testing.draws import Draws, Flags, Ints
from tierwise.testing.names import (
    CITIES,
    GENDERS,
    birthdays,
    company_names,
    emails,
    genders,
    person_names,
    phone_numbers,
)

_ELECTRIC = np.array([model.powertrain != "燃油" for model in MODELS])
_NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Dealer:
    """All that happened, as arrays."""

    people: People
    junk: Junk
    cars: Vehicles
    habits: Habits
    transfers: Transfers
    visits: Visits
    orders: Orders
    lines: Lines
    refunds: Refunds
    leads: Leads
    calls: Calls
    answers: Answers


@dataclass(frozen=True, slots=True)
class Lives:
    """One place per customer. registered: seconds, not after anything else they did; closed: day, or 0 where they are
    still with us; visits, paid_visits, cars_now, cars_kept (those that will come again): counts; last_visit: day, or 0;
    shared_phone: recorded with the store's phone."""

    registered: Ints
    closed: Ints
    visits: Ints
    paid_visits: Ints
    last_visit: Ints
    cars_now: Ints
    cars_kept: Ints
    shared_phone: Flags


def owners_now(dealer: Dealer, today: int) -> Ints:
    """The customer who has each car at the end."""
    count = len(dealer.cars)
    return owner_on(dealer.cars, dealer.transfers, np.arange(count, dtype=np.int64), np.full(count, today))


def make_lives(seed: int, dealer: Dealer, today: int) -> Lives:
    """What follows from all that happened: when they registered, whether they have told us that they are gone."""
    draws = Draws(seed, "dealer lives")
    people, visits, orders = dealer.people, dealer.visits, dealer.orders
    count = len(people)
    known = orders.customer >= 0
    first = np.full(count, _NEVER, dtype=np.int64)
    latest = np.zeros(count, dtype=np.int64)
    refunded = orders.customer[dealer.refunds.order]
    called = dealer.calls.customer >= 0
    for customer, at in (
        (dealer.leads.customer, dealer.leads.at),
        (dealer.leads.customer, dealer.leads.stage_at),
        (orders.customer[known], orders.at[known]),
        (visits.customer, visits.at),
        (dealer.calls.customer[called], dealer.calls.at[called]),
        (dealer.answers.customer, dealer.answers.at),
        (refunded[refunded >= 0], dealer.refunds.at[refunded >= 0]),
        (dealer.transfers.customer, dealer.transfers.day * DAY),
    ):
        np.minimum.at(first, customer, at)
        np.maximum.at(latest, customer, at)
    first = np.where(first == _NEVER, (today - draws.below(count, 700)) * DAY + 10 * 3600, first)
    last_visit = np.zeros(count, dtype=np.int64)
    np.maximum.at(last_visit, visits.customer, visits.day)
    now = owners_now(dealer, today)
    kept = np.bincount(now[~dealer.habits.stopped], minlength=count)
    gone = (kept == 0) & (last_visit > 0) & (latest // DAY < today - 90) & draws.chance(count, 40)
    closed = latest // DAY + 30 + draws.below(count, np.maximum(1, today - latest // DAY - 30))
    return Lives(
        registered=first - 60 * draws.between(count, 1, 30),
        closed=np.where(gone, closed, 0),
        visits=np.bincount(visits.customer, minlength=count),
        paid_visits=np.bincount(visits.customer[visits.paid], minlength=count),
        last_visit=last_visit,
        cars_now=np.bincount(now, minlength=count),
        cars_kept=kept,
        shared_phone=draws.chance(count, 6) & (people.kind != SECOND_OWNER),
    )


def _customers(seed: int, dealer: Dealer, lives: Lives, today: int) -> pa.Table:
    draws = Draws(seed, "dealer customers")
    people = dealer.people
    count = len(people)
    numbers = np.arange(count, dtype=np.int64)
    names = pc.if_else(pa.array(people.company), company_names(draws, count), person_names(draws, people.gender))
    birth_known = ~people.company & draws.chance(count, 880)
    level = np.searchsorted(np.array([1, 4, 9]), lives.paid_visits, side="right")
    return pa.table(
        {
            "customer_id": serial("C", numbers + 1, 8),
            "name": with_test_names(names, dealer.junk),
            "phone": text_of(phone_numbers(_lines(dealer, lives))),
            "email": emails(numbers + 1, draws.chance(count, 220)),
            "gender": words(people.gender, GENDERS),
            "birth_on": days(birthdays(draws, count, today), birth_known),
            "registered_at": moments(lives.registered),
            "closed_at": moments(lives.closed * DAY + 15 * 3600, lives.closed > 0),
            "store_id": serial("S", people.store + 1, 3),
            "city": words(city_of(people.store), [city for city, _ in CITIES]),
            "member_level": words(level, ("普通", "银卡", "金卡", "钻石")),
            "source": words(draws.pick(count, (280, 260, 120, 140, 110, 50, 40)), SOURCES),
            "customer_type": words(people.company.astype(np.int32), ("person", "company")),
            "advisor_id": serial("E", service_advisor(Draws(seed, "dealer own advisors"), people.store) + 1, 5),
        }
    )


def _lines(dealer: Dealer, lives: Lives) -> Ints:
    """The phone line of each customer; the store's own desk where staff wrote that down."""
    count = len(dealer.people)
    return np.where(lives.shared_phone, 2 * count + dealer.people.store, scatter(count))


def _vehicles(dealer: Dealer, vin: pa.ChunkedArray, today: int) -> pa.Table:
    cars = dealer.cars
    last = cars.delivered.copy()
    np.maximum.at(last, dealer.visits.car, dealer.visits.day)
    now = owners_now(dealer, today)
    return pa.table(
        {
            "vin": vin,
            "customer_id": serial("C", now + 1, 8),
            "plate": plates(city_of(dealer.people.store[cars.owner]), _ELECTRIC[cars.model]),
            "model": words(cars.model, [model.name for model in MODELS]),
            "powertrain": words(cars.model, [model.powertrain for model in MODELS]),
            "delivered_on": days(cars.delivered),
            "mileage_km": whole(cars.kilometres(np.arange(len(cars)), last)),
        }
    )


def _visits(seed: int, dealer: Dealer, lives: Lives, vin: pa.ChunkedArray) -> pa.Table:
    draws = Draws(seed, "dealer deliverers")
    visits, people = dealer.visits, dealer.people
    count = len(visits)
    other = draws.chance(count, np.where(people.company[visits.customer], 950, 190))
    order = np.full(count, -1, dtype=np.int64)
    settled = dealer.orders.visit >= 0
    order[dealer.orders.visit[settled]] = np.flatnonzero(settled)
    line = np.where(other, len(people) + visits.customer, _lines(dealer, lives)[visits.customer])
    helpers = person_names(draws, genders(draws, int(other.sum()), 520, 0))
    spot = np.cumsum(other) - 1
    return pa.table(
        {
            "visit_id": serial("R", np.arange(count, dtype=np.int64) + 1, 9),
            "customer_id": serial("C", visits.customer + 1, 8),
            "vin": vin.take(pa.array(visits.car)),
            "store_id": serial("S", visits.store + 1, 3),
            "visited_at": moments(visits.at),
            "kind": words(visits.kind, VISIT_KINDS),
            "mileage_km": whole(dealer.cars.kilometres(visits.car, visits.day)),
            "staff_id": serial("E", visits.staff + 1, 5),
            "paid": whole(visits.paid),
            "order_id": serial("A", order + 1, 9, order >= 0),
            "deliverer_name": helpers.take(pa.array(spot, mask=~other)),
            "deliverer_phone": text_of(phone_numbers(line)),
        }
    )


def _orders(dealer: Dealer) -> dict[str, pa.Table]:
    orders, lines, refunds = dealer.orders, dealer.lines, dealer.refunds
    refunded = orders.customer[refunds.order]
    heads = pa.table(
        {
            "order_id": serial("A", np.arange(len(orders), dtype=np.int64) + 1, 9),
            "customer_id": serial("C", orders.customer + 1, 8, orders.customer >= 0),
            "ordered_at": moments(orders.at),
            "store_id": serial("S", orders.store + 1, 3),
            "channel": words(orders.channel, CHANNELS),
            "gross": money(orders.gross),
            "discount": money(orders.discount),
            "coupon": money(orders.coupon),
            "cost": money(orders.cost),
        }
    )
    details = pa.table(
        {
            "order_id": serial("A", lines.order + 1, 9),
            "line_no": whole(lines.number),
            "product_id": words(lines.product, PRODUCT_IDS),
            "quantity": decimals(lines.thousandths, 3),
            "unit_price": money(lines.price),
            "discount": money(lines.discount),
            "cost": money(lines.cost),
        }
    )
    back = pa.table(
        {
            "refund_id": serial("F", np.arange(len(refunds.at), dtype=np.int64) + 1, 8),
            "order_id": serial("A", refunds.order + 1, 9),
            "customer_id": serial("C", refunded + 1, 8, refunded >= 0),
            "refunded_at": moments(refunds.at),
            "amount": money(refunds.amount),
        }
    )
    return {"orders": heads, "order_lines": details, "refunds": back}


def _contacts(dealer: Dealer) -> dict[str, pa.Table]:
    leads, calls, answers = dealer.leads, dealer.calls, dealer.answers
    return {
        "leads": pa.table(
            {
                "lead_id": serial("L", np.arange(len(leads.at), dtype=np.int64) + 1, 8),
                "customer_id": serial("C", leads.customer + 1, 8),
                "created_at": moments(leads.at),
                "source": words(leads.source, SOURCES),
                "stage": words(leads.stage, STAGES),
                "stage_at": moments(leads.stage_at),
                "store_id": serial("S", leads.store + 1, 3),
                "staff_id": serial("E", leads.staff + 1, 5),
            }
        ),
        "calls": pa.table(
            {
                "call_id": serial("T", np.arange(len(calls.at), dtype=np.int64) + 1, 9),
                "customer_id": serial("C", calls.customer + 1, 8, calls.customer >= 0),
                "called_at": moments(calls.at),
                "direction": words(calls.direction, DIRECTIONS),
                "answered": whole(calls.answered),
                "answer_seconds": whole(calls.wait, calls.answered),
                "talk_seconds": whole(calls.talk, calls.answered),
                "store_id": serial("S", calls.store + 1, 3),
            }
        ),
        "surveys": pa.table(
            {
                "survey_id": serial("Q", np.arange(len(answers.at), dtype=np.int64) + 1, 9),
                "customer_id": serial("C", answers.customer + 1, 8),
                "answered_at": moments(answers.at),
                "kind": words(answers.kind, SURVEYS),
                "score": whole(answers.score),
                "store_id": serial("S", answers.store + 1, 3),
            }
        ),
    }


def dealer_tables(seed: int, dealer: Dealer, lives: Lives, today: int) -> dict[str, pa.Table]:
    """customers, vehicles, visits, orders, order_lines, refunds, leads, calls, surveys."""
    vin = text_of(vins(dealer.cars.model, dealer.cars.delivered))
    return {
        "customers": _customers(seed, dealer, lives, today),
        "vehicles": _vehicles(dealer, vin, today),
        "visits": _visits(seed, dealer, lives, vin),
        **_orders(dealer),
        **_contacts(dealer),
    }
