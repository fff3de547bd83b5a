"""Accounts of the dealer group that are none: made by staff to try something out, or to fill a quota of leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.testing.columns import DAY, serial
from tierwise.testing.dealer.people import PROSPECT, People
from tierwise.testing.draws import Draws, Flags, Ints

_PERMILLE = 25
_MILL_DAYS = 25


@dataclass(frozen=True, slots=True)
class Junk:
    """One place per customer, all of them prospects. test: named as a test; mill: leads without end in a few weeks."""

    test: Flags
    mill: Flags


def make_junk(seed: int, people: People) -> Junk:
    """A fortieth of the prospects is a test, another one a lead mill."""
    drawn = Draws(seed, "dealer junk").below(len(people), 1000)
    prospect = people.kind == PROSPECT
    return Junk(prospect & (drawn < _PERMILLE), prospect & (drawn >= _PERMILLE) & (drawn < 2 * _PERMILLE))


def mill_leads(seed: int, junk: Junk, as_of_day: int) -> tuple[Ints, Ints]:
    """Customer and seconds of five to eight leads for each mill, all in the last weeks."""
    draws = Draws(seed, "dealer mills")
    mills = np.flatnonzero(junk.mill).astype(np.int64)
    customer = np.repeat(mills, draws.between(len(mills), 5, 8))
    day = as_of_day - draws.below(len(customer), _MILL_DAYS)
    return customer, day * DAY + 9 * 3600 + draws.below(len(customer), 5 * 3600)


def with_test_names(names: pa.Array, junk: Junk) -> pa.Array:
    """The names, those of tests in place of people's."""
    numbers = np.arange(len(junk.test), dtype=np.int64) + 1
    tests = pc.binary_join_element_wise("测试", serial("", numbers, 8).combine_chunks(), "")
    return pc.if_else(pa.array(junk.test), tests, names)


def junk_table(junk: Junk) -> pa.Table:
    """One row per account: which kind of junk it is."""
    places = np.flatnonzero(junk.test | junk.mill)
    kinds = np.where(junk.test[places], "test_account", "lead_mill").tolist()
    return pa.table({"customer_id": serial("C", places + 1, 8), "kind": pa.array(kinds, type=pa.string())})
