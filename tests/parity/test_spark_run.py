"""A whole run on Spark and one on DuckDB: the same tables, column by column and value by value."""

from __future__ import annotations

import shutil
from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_incremental import DEFINITIONS
from tests.parity.random_facts import AS_OF, TRAITS, random_facts
from tierwise.definitions.base import Definition
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition, read_definitions
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.engine.incremental import Base
from tierwise.engine.lake import Lake
from tierwise.engine.spark_build import build_on_spark
from tierwise.engine.spark_session import SparkSettings

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning"),
]

OF_TRAITS: list[dict[str, Any]] = [
    {"kind": "tag", "name": "rich", "class": "static", "when": {"attribute": "points", "op": ">", "value": 6}},
    {"kind": "tag", "name": "of_size", "class": "static", "imported": {"trait": "size"}},
    {"kind": "tag", "name": "of_since", "class": "static", "imported": {"trait": "since"}},
    {"kind": "segment", "name": "early", "when": {"attribute": "since", "op": "before", "value": "2024-02-29"}},
]

STAYED = {
    "kind": "segment",
    "name": "stayed",
    "when": {"attribute": "activity_since", "op": "within_last_days", "value": 9},
}
"""It reads the past of a tier of DEFINITIONS."""

FEW = ("rfm", "activity", "often", "word", "guests", "cleaning")
"""Those of DEFINITIONS that make a short run."""

LACKING = ("visits", "interactions", "refunds", "products")
"""Facts that a short run does without."""


def inputs(versions: dict[str, int], definitions: Sequence[Definition]) -> Inputs:
    kinds: Any = TRAITS
    return Inputs(
        as_of=AS_OF,
        definitions=tuple(each for each in definitions if not isinstance(each, Project)),
        project=Project(windows_days=(7, 30), timezone="Asia/Shanghai"),
        versions=versions,
        traits=kinds,
        trait_labels={name: name.removeprefix("t_") for name in TRAITS},
    )


def after_a_day(folder: Path, lake: Lake, of: Inputs) -> Inputs:
    """What is there after a run of the day before, by DuckDB."""
    with connect(folder / "spill") as connection:
        day_before = replace(of, as_of=of.as_of - timedelta(days=1))
        before = build(connection, lake, day_before, lambda done, total, step: None).outputs
    return replace(of, previous_tags=before["tags"], history=before["history"])


def built_twice(folder: Path, lake: Lake, of: Inputs, settings: SparkSettings) -> tuple[tuple[Lake, Built], ...]:
    """On DuckDB, and on Spark in a copy of the lake."""
    copied = Lake(folder / "lake of Spark")
    shutil.copytree(lake.root, copied.root)
    with connect(folder / "spill") as connection:
        one = build(connection, lake, of, lambda done, total, step: None)
    with connect(folder / "spill") as connection:
        other = build_on_spark(connection, copied, of, lambda done, total, step: None, settings, folder / "scratch")
    assert list((folder / "scratch").iterdir()) == [], "what Spark wrote for itself is gone"
    return (lake, one), (copied, other)


def assert_same(folder: Path, one: tuple[Lake, Built], other: tuple[Lake, Built], apart: Container[str] = ()) -> None:
    """apart: tables that are left alone."""
    (lake, mine), (others, theirs) = one, other
    tables = [[table for table in built.outputs if table not in apart] for built in (mine, theirs)]
    assert tables[0] == tables[1]
    with connect(folder / "spill") as connection:
        for table in tables[0]:
            left = lake.read(connection, table, mine.outputs[table])
            right = others.read(connection, table, theirs.outputs[table])
            columns = [list(zip(each.columns, map(str, each.types), strict=True)) for each in (left, right)]
            assert columns[0] == columns[1], table
            assert len(left) == len(right), table
            assert sorted(left.except_(right).limit(5).fetchall(), key=repr) == [], table
    told = {name: count for name, count in theirs.counts.items() if name not in apart}
    assert {**{name: count for name, count in mine.counts.items() if name not in apart}, "engine": "spark"} == told


HERE = SparkSettings("local[1]")
"""The session that runs already is used."""


def test_a_run_on_spark_gives_what_one_on_duckdb_gives(spark: Any, tmp_path: Path) -> None:
    lake, versions = random_facts(tmp_path, seed=1, people=40)
    few = [each for each in DEFINITIONS if each.name in FEW]
    known = {name: version for name, version in versions.items() if name not in LACKING}
    of = inputs(known, (*few, *map(parse_definition, (OF_TRAITS[1], STAYED))))
    of = after_a_day(tmp_path, lake, replace(of, project=of.project.model_copy(update={"windows_days": (7,)})))
    both = built_twice(tmp_path, lake, of, HERE)
    assert_same(tmp_path, *both)
    copied, built = both[1]
    assert built.counts["customers"] > 20
    assert "computed by Spark" in built.notes[-1]
    base = Base(1, of.as_of, of.versions, built.outputs, same_definitions=True)
    with connect(tmp_path / "spill") as connection:
        again = build(connection, copied, replace(of, base=base, remember=False), lambda done, total, step: None)
    assert again.borrowed is not None
    assert again.borrowed.customers < built.counts["customers"]
    assert_same(tmp_path, (copied, again), both[1], apart=("history",))


@pytest.mark.soak
def test_all_kinds_of_facts_and_traits(spark: Any, tmp_path: Path) -> None:
    lake, versions = random_facts(tmp_path, seed=1, people=40)
    of = inputs(versions, (*DEFINITIONS, *map(parse_definition, (*OF_TRAITS, STAYED))))
    assert_same(tmp_path, *built_twice(tmp_path, lake, after_a_day(tmp_path, lake, of), HERE))


@pytest.mark.soak
@pytest.mark.parametrize("template", ["general", "retail", "dealer"])
@pytest.mark.parametrize("seed", [2, 3])
def test_templates_on_random_facts(spark: Any, tmp_path: Path, template: str, seed: int) -> None:
    lake, versions = random_facts(tmp_path, seed, people=300)
    definitions = [*read_definitions([Path("tierwise/templates") / template]), *map(parse_definition, OF_TRAITS)]
    of = inputs(versions, definitions)
    of = replace(of, project=of.project.model_copy(update={"windows_days": (30, 90, 365)}))
    assert_same(tmp_path, *built_twice(tmp_path, lake, after_a_day(tmp_path, lake, of), HERE))
