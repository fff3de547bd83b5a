"""How the dealer group and its customers meet outside the workshop: leads, calls, survey answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.testing.columns import DAY, stable_order
from tierwise.testing.dealer.junk import Junk, mill_leads
from tierwise.testing.dealer.people import PROSPECT, People, sales_advisor
from tierwise.testing.dealer.vehicles import Vehicles
from tierwise.testing.dealer.visits import REWORK, Habits, Visits
from tierwise.testing.draws import Draws, Flags, Ints, Knots

STAGES = ("new", "contacted", "visited", "test_drive", "quoted", "deal", "delivered", "defeated")
_DELIVERED, _DEFEATED = 6, 7
SOURCES = ("walk_in", "vertical_media", "website", "referral", "live_stream", "car_show", "phone")
_SOURCE_WEIGHTS = (280, 260, 120, 140, 110, 50, 40)
_DECIDING_DAYS: Knots = ((0, 1), (520, 7), (800, 30), (950, 75), (1000, 150))
"""More than half buy within a week of the first contact."""

INBOUND, OUTBOUND = range(2)
DIRECTIONS = ("inbound", "outbound")
CSI, NPS = range(2)
SURVEYS = ("csi", "nps")


@dataclass(frozen=True, slots=True)
class Leads:
    """One place per lead, by time of creation."""

    customer: Ints
    at: Ints
    source: NDArray[np.int32]
    stage: Ints
    stage_at: Ints
    store: Ints
    staff: Ints


@dataclass(frozen=True, slots=True)
class Calls:
    """One place per call, by time. customer: -1 where the number is not known; seconds count only where answered."""

    customer: Ints
    at: Ints
    direction: Ints
    answered: Flags
    wait: Ints
    talk: Ints
    store: Ints


@dataclass(frozen=True, slots=True)
class Answers:
    """One place per survey answer, by time. score: CSI 0 to 1000, NPS 0 to 10."""

    customer: Ints
    at: Ints
    kind: Ints
    score: Ints
    store: Ints


def make_leads(seed: int, people: People, cars: Vehicles, sold_day: Ints, junk: Junk, as_of_day: int) -> Leads:
    """Nine in ten cars sold had a lead; prospects have one or two, most of them gone cold or to another brand; lead
    mills have many, all of them new."""
    draws = Draws(seed, "dealer leads")
    won = np.flatnonzero(cars.bought_here & draws.chance(len(cars), 900))
    open_ones = np.flatnonzero(people.kind == PROSPECT)
    again = open_ones[draws.chance(len(open_ones), 180)]
    asked = np.concatenate([open_ones, again])
    age = draws.curve(len(asked), ((0, 0), (300, 30), (600, 120), (1000, 540)))
    asked_day = as_of_day - age
    reached = draws.pick(len(asked), (60, 250, 280, 200, 160, 50)).astype(np.int64)
    reached = np.where((age > 20) & draws.chance(len(asked), 450), _DEFEATED, reached)
    won_day = sold_day[won] - draws.curve(len(won), _DECIDING_DAYS)
    won_at = won_day * DAY + 9 * 3600 + draws.below(len(won), 3600)
    asked_at = asked_day * DAY + 9 * 3600 + draws.below(len(asked), 3600 * 5)
    moved = np.minimum(age, draws.curve(len(asked), _DECIDING_DAYS)) * DAY + draws.below(len(asked), 3 * 3600)
    delivered_at = cars.delivered[won] * DAY + 14 * 3600 + draws.below(len(won), 3 * 3600)
    milled, milled_at = mill_leads(seed, junk, as_of_day)
    at = np.concatenate([won_at, asked_at, milled_at])
    new = np.zeros(len(milled), dtype=np.int64)
    stage = np.concatenate([np.full(len(won), _DELIVERED, dtype=np.int64), reached, new])
    stage_at = np.concatenate([delivered_at, asked_at + np.where(reached == 0, 0, moved), milled_at])
    customer = np.concatenate([cars.owner[won], asked, milled])
    by_time = stable_order(at)
    customer = customer[by_time]
    store = people.store[customer]
    source = draws.pick(len(customer), _SOURCE_WEIGHTS)
    return Leads(customer, at[by_time], source, stage[by_time], stage_at[by_time], store, sales_advisor(draws, store))


def make_calls(seed: int, people: People, cars: Vehicles, visits: Visits, habits: Habits, as_of_day: int) -> Calls:
    """Appointments before visits, reminders to cars that are overdue (every second unanswered), and unknown callers."""
    draws = Draws(seed, "dealer calls")
    booked = np.flatnonzero(draws.chance(len(visits), 350))
    overdue = np.repeat(np.flatnonzero((habits.due < as_of_day - 30) & (habits.due > as_of_day - 500)), 2)
    overdue = overdue[draws.chance(len(overdue), 600)]
    unknown = len(booked) // 12
    last = np.full(len(cars), -1, dtype=np.int64)
    last[visits.car] = visits.customer
    called = np.where(last[overdue] >= 0, last[overdue], cars.owner[overdue])
    day = np.concatenate(
        [
            visits.day[booked] - draws.between(len(booked), 1, 6),
            habits.due[overdue] + 1 + draws.below(len(overdue), as_of_day - habits.due[overdue]),
            as_of_day - draws.below(unknown, 720),
        ]
    )
    count = len(day)
    at = day * DAY + 8 * 3600 + draws.below(count, 10 * 3600)
    customer = np.concatenate([visits.customer[booked], called, np.full(unknown, -1)])
    sizes = (len(booked), len(overdue), unknown)
    direction = np.repeat(np.array([INBOUND, OUTBOUND, INBOUND]), sizes)
    answered = draws.chance(count, np.repeat(np.array([880, 520, 760]), sizes))
    store = np.where(customer >= 0, people.store[customer], draws.below(count, people.stores))
    wait = draws.curve(count, ((0, 2), (500, 11), (850, 28), (1000, 90)))
    talk = draws.curve(count, ((0, 15), (500, 85), (900, 240), (1000, 900)))
    by_time = stable_order(at)
    customer, at, direction, answered = customer[by_time], at[by_time], direction[by_time], answered[by_time]
    return Calls(customer, at, direction, answered, wait[by_time], talk[by_time], store[by_time])


def make_answers(seed: int, visits: Visits, habits: Habits, as_of_day: int) -> Answers:
    """A fifth of the visits are answered within five days; those who will stop coming, and rework, score lower."""
    draws = Draws(seed, "dealer answers")
    asked = np.flatnonzero(draws.chance(len(visits), 200) & (visits.day < as_of_day - 5))
    count = len(asked)
    kind = draws.below(count, 2)
    mood = draws.bell(count, 820, 130)
    mood -= np.where(habits.stopped[visits.car[asked]], 90, 0) + np.where(visits.kind[asked] == REWORK, 180, 0)
    mood = np.clip(mood, 0, 1000)
    at = (visits.day[asked] + draws.between(count, 1, 5)) * DAY + 9 * 3600 + draws.below(count, 11 * 3600)
    by_time = stable_order(at)
    asked, kind, mood = asked[by_time], kind[by_time], mood[by_time]
    score = np.where(kind == CSI, mood, (mood * 10 + 500) // 1000)
    return Answers(visits.customer[asked], at[by_time], kind, score, visits.store[asked])
