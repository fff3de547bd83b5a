"""A made-up dealer group: stores, advisors, cars, sales, services with drift and loss, leads, calls, answers."""

from __future__ import annotations

from datetime import date

from tierwise.testing.columns import day_number
from tierwise.testing.dealer.catalogue import models_table, products_table
from tierwise.testing.dealer.contacts import make_answers, make_calls, make_leads
from tierwise.testing.dealer.junk import make_junk
from tierwise.testing.dealer.orders import make_orders, make_refunds, sold_on
from tierwise.testing.dealer.people import make_people, staff_table, stores_table
from tierwise.testing.dealer.tables import Dealer, Lives, dealer_tables, make_lives
from tierwise.testing.dealer.truths import dealer_truths
from tierwise.testing.dealer.vehicles import make_vehicles
from tierwise.testing.dealer.visits import make_services, make_transfers, make_visits
from tierwise.testing.made_data import AS_OF, MadeData, check_wish

__all__ = ["make_dealer"]


def make_dealer(customers: int = 3_000, seed: int = 7, as_of: date = AS_OF) -> MadeData:
    """Make a dealer group with so many customers, as it stands at the end of `as_of`.

    Tables: customers, orders (a car sold, a paid visit, goods over the counter without a customer), order_lines,
    refunds, products, stores, staff, vehicles (customer_id is who has it now), visits, leads, calls, surveys.
    A visit is paid only where it is a service after the first (free) one, a repair or bodywork; warranty, claim and
    rework are not and have no order. deliverer_phone on a visit is often not the owner's.

    Truths, with their grain: customers (one: kind, state, lost_on, …), vehicles (one car: pace, drift, stopped,
    due_on), ownership (one car and customer: from_on, until_on), models (intervals), retention (one service number:
    permille), junk (one account: test_account or lead_mill), shared_phones (one customer whose phone is really the
    store's).

    Money is in yuan. Raises `out_of_range` (see `check_wish`).
    """
    check_wish(customers, seed, as_of)
    today = day_number(as_of)
    people = make_people(seed, customers)
    cars = make_vehicles(seed, people, today)
    habits, *services = make_services(seed, cars, today)
    car, day, number = services
    transfers = make_transfers(seed, people, car, day)
    visits = make_visits(seed, people, cars, transfers, (car, day, number), today)
    orders, lines = make_orders(seed, people, cars, visits, today)
    refunds = make_refunds(seed, orders, today)
    junk = make_junk(seed, people)
    leads = make_leads(seed, people, cars, sold_on(seed, cars), junk, today)
    calls = make_calls(seed, people, cars, visits, habits, today)
    answers = make_answers(seed, visits, habits, today)
    dealer = Dealer(people, junk, cars, habits, transfers, visits, orders, lines, refunds, leads, calls, answers)
    lives: Lives = make_lives(seed, dealer, today)
    tables = {
        "stores": stores_table(people.stores),
        "staff": staff_table(seed, people.stores),
        "products": products_table(),
        **dealer_tables(seed, dealer, lives, today),
    }
    truths = {"models": models_table(), **dealer_truths(dealer, lives, today)}
    return MadeData("dealer", customers, seed, as_of, tables, truths)
