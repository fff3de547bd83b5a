"""Levels as definitions: written and read back as the same object, and what they leave open."""

from __future__ import annotations

from pathlib import Path

import pytest

from tierwise.definitions.level import Level, level_warnings
from tierwise.definitions.read import read_definitions
from tierwise.definitions.write import to_yaml
from tierwise.kernel.errors import TierwiseError

BODY = """\
kind: level
name: customer_level
population: {any: [{attribute: frequency_count, op: ">=", value: 1}, {segment: staff}]}
scorecard:
  weights: {method: ahp, pairwise: [[1, 1/3], [3, 1]], accept_inconsistent: true}
  indicators:
    - {attribute: frequency_count, normalise: bands, missing_points: -3, bands: [{points: -1}, {from: 0.5, points: 2}]}
    - {attribute: trait.住房, name: home, normalise: bands, bands: [{values: [有], points: 1}, {points: 0}]}
levels:
  - {name: core, share: 0.05, strategy: {zh: 专属}, owner: crm}
  - {name: rest}
---
kind: price_band
name: leaning
low_up_to: 0.25
category_depth: 2
"""


def test_what_is_written_is_read_back_as_the_same_object(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(BODY, "utf-8")
    found = read_definitions([first])
    second.write_text(to_yaml(found), "utf-8")
    assert read_definitions([second]) == found


def test_a_level_without_a_strategy_or_an_owner_is_flagged(tmp_path: Path) -> None:
    path = tmp_path / "level.yaml"
    path.write_text(BODY, "utf-8")
    level = next(each for each in read_definitions([path]) if isinstance(each, Level))
    assert [str(each) for each in level_warnings(level)] == [
        'level "customer_level": level "rest" has no strategy and no owner'
    ]


def test_mistakes_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "level.yaml"
    path.write_text(BODY.replace("from: 0.5", "form: 0.5").replace("share: 0.05", "share: 1.05"), "utf-8")
    with pytest.raises(TierwiseError) as raised:
        read_definitions([path])
    places = [(problem.code, problem.place) for problem in raised.value.problems]
    assert ("unknown_key", f"{path}:7") in places
    assert ("bad_value", f"{path}:10") in places
