"""Moves between two states of all customers are the differences of sets, also where some are further than a run."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from tierwise.engine.duckdb_session import connect
from tierwise.engine.lake import Lake
from tierwise.engine.membership_changes import Move, Side, moves_between

LADDERS = {"stage_a": "stage", "stage_b": "stage"}
SEGMENTS = ["s1", "s2", "s3"]


def outputs(lake: Lake, draw: random.Random, keys: list[int]) -> tuple[dict[str, int], dict[int, set[str]]]:
    """A run's tables, and what they say; `left_out` is a segment that nobody asks about."""
    columns = {name: [draw.choice([None, "new", "old"]) for _ in keys] for name in LADDERS}
    held: dict[int, set[str]] = {key: set() for key in keys}
    for name, values in columns.items():
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                held[key].add(f"stage:{name}:{value}")
    rows = [(key, name) for name in [*SEGMENTS, "left_out"] for key in keys if draw.random() < 0.5]
    for key, name in rows:
        if name in SEGMENTS:
            held[key].add(f"segment:{name}:yes")
    ids = [f"C{key}" for key in keys]
    profile = pa.table({"customer_id": ids, "customer_key": pa.array(keys, pa.int64()), **columns})
    segments = pa.table(
        {"customer_key": pa.array([key for key, _ in rows], pa.int64()), "segment": [name for _, name in rows]}
    )
    return {"profile": lake.overwrite("profile", profile), "segments": lake.overwrite("segments", segments)}, held


@pytest.mark.parametrize("seed", range(4))
def test_moves_are_the_differences(tmp_path: Path, seed: int) -> None:
    draw, lake = random.Random(seed), Lake(tmp_path)
    sides, states = [], []
    for keys in (list(range(1, 31)), list(range(4, 36))):
        of_run, held = outputs(lake, draw, keys)
        further = {
            key: {state for state in ("segment:s1:yes", "stage:stage_a:old") if draw.random() < 0.5}
            for key in draw.sample(range(1, 40), 6 if seed else 0)
        }
        sides.append(Side(of_run, further))
        states.append({**held, **further})
    with connect(tmp_path / "spill") as connection:
        found = list(moves_between(connection, lake, sides[0], sides[1], LADDERS, SEGMENTS))
    was, now = states
    expected = {
        Move(key, f"C{key}" if key < 36 else None, *state.split(":", 2), state in now.get(key, set()))
        for key in {*was, *now}
        for state in was.get(key, set()) ^ now.get(key, set())
    }
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert [each.entered for each in found] == sorted(each.entered for each in found)
