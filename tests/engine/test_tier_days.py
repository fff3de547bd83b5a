"""Since when a customer is in a tier: as history knows it, and as a rule reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.engine.facts import customers, order, put
from tierwise.definitions.activity import Activity
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rfm import Rfm
from tierwise.engine.build import build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.engine.lake import Lake
from tierwise.engine.plan import HISTORY

A, B = 1, 2
ASLEEP = {"attribute": "activity", "op": "=", "value": "sleeping"}
LATELY = {"attribute": "activity_since", "op": "within_last_days", "value": 14}
LONG_ASLEEP = parse_definition(
    {"kind": "segment", "name": "long_asleep", "when": {"all": [ASLEEP, {"not": LATELY}]}},
)
LADDER = Activity(new_within_days=7, active_last_days=30, sleeping_within_days=60)


@dataclass
class House:
    lake: Lake
    spill: Path
    versions: dict[str, int]
    history: int | None = None

    def run(self, month: int, day: int) -> tuple[dict[int, tuple[str, date]], set[int]]:
        """Each customer's class and since when, and who is long asleep."""
        inputs = Inputs(
            as_of=date(2026, month, day),
            definitions=(Rfm(), LADDER, LONG_ASLEEP),
            project=Project(),
            versions=self.versions,
            history=self.history,
        )
        with connect(self.spill) as connection:
            outputs = build(connection, self.lake, inputs, lambda done, total, step: None).outputs
            self.history = outputs[HISTORY]
            profile = self.lake.read(connection, "profile", outputs["profile"])
            rows = profile.project("customer_key, activity, activity_since").fetchall()
            inside = self.lake.read(connection, "segments", outputs["segments"]).project("customer_key").fetchall()
        return {key: (found, since) for key, found, since in rows}, {key for (key,) in inside}


@pytest.fixture
def house(tmp_path: Path) -> House:
    lake = Lake(tmp_path / "lake")
    customers(lake, ["a", "b"])
    winter, spring = date(2026, 1, 10), date(2026, 3, 20)
    bought = [order("o1", A, winter, 100), order("o2", B, winter, 100), order("o3", B, spring, 100)]
    return House(lake, tmp_path / "spill", {"identities": 0, "orders": put(lake, "orders", bought)})


def test_it_is_the_first_day_of_the_run_that_saw_the_class(house: House) -> None:
    first, begun = date(2026, 1, 12), date(2026, 2, 15)
    assert house.run(1, 12)[0] == {A: ("new", first), B: ("new", first)}
    assert house.run(2, 15)[0] == {A: ("sleeping", begun), B: ("sleeping", begun)}
    assert house.run(2, 28) == (
        {A: ("sleeping", begun), B: ("sleeping", begun)},
        set(),
    )
    long_asleep = house.run(3, 1)
    assert long_asleep[1] == {A, B}
    assert house.run(3, 1) == long_asleep
    back = date(2026, 3, 22)
    assert house.run(3, 22) == ({A: ("inactive", back), B: ("active_low", back)}, set())
    assert house.run(2, 20)[0][A] == ("sleeping", begun)


def test_a_second_run_of_a_day_asks_what_held_before_that_day(house: House) -> None:
    house.run(1, 12)
    house.run(2, 15)
    later = put(house.lake, "orders", [order("o4", A, date(2026, 2, 27), 100)])
    before, house.versions["orders"] = house.versions["orders"], later
    assert house.run(3, 1)[0][A] == ("active_low", date(2026, 3, 1))
    house.versions["orders"] = before
    assert house.run(3, 1)[0][A] == ("sleeping", date(2026, 2, 15))
