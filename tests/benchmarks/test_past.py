"""The made year of daily states: the same however often it is broken off, and as the history that is written of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.past import NAMED, NAMES, Year, asked, make
from tierwise.engine import history_reading as reading


@pytest.mark.soak
def test_a_making_that_was_broken_off_goes_on_to_the_same_history(tmp_path: Path) -> None:
    whole = Year(tmp_path / "whole", 300, 18, 7)
    broken = Year(tmp_path / "broken", 300, 18, 7)
    make(whole)
    make(Year(broken.folder, 300, 9, 7))
    make(broken)
    seen = []
    for year in (whole, broken):
        connection = year.connect()
        past = reading.open_past(connection, year.lake, json.loads(year.notes.read_text("utf-8"))["version"])
        assert past is not None
        seen.append([reading.intervals_of(past, key) for key in range(1, 301)])
        connection.close()
    assert seen[0] == seen[1]
    changed = json.loads(whole.notes.read_text("utf-8"))["changed"]
    assert 0 < min(changed[1:]) <= max(changed) == changed[0]


def test_every_figure_can_be_taken_and_checks_itself(tmp_path: Path) -> None:
    year = Year(tmp_path, 300, 18, 7)
    for name, measure in NAMED.items():
        assert measure(year) >= 0, name
    held = json.loads(year.notes.read_text("utf-8"))["counts"]
    assert set(held) == {str(day) for day in asked(year)}
    assert all(sum(held[day]["lifecycle_stage"].values()) == 300 for day in held)
    assert {name.name for name in NAMES} == set(held["0"])
