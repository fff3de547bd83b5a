"""What is written is read back the same: as YAML, and as JSON out of the database, for every kind."""

import json
from pathlib import Path

import pytest

from tests.definitions.every_kind import EVERY_KIND
from tierwise.app.defining import template_definitions, templates
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import label_of
from tierwise.definitions.read import KINDS, kind_of, parse_definition, read_definitions
from tierwise.definitions.write import body_of, to_yaml


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Definition]:
    path = tmp_path_factory.mktemp("kinds") / "every.yaml"
    path.write_text(EVERY_KIND, "utf-8")
    return read_definitions([path])


def again(definitions: list[Definition], path: Path) -> list[Definition]:
    path.write_text(to_yaml(definitions), "utf-8")
    return read_definitions([path])


def out_of_the_database(definition: Definition) -> Definition:
    """As jsonb gives it back: its keys in another order."""
    return parse_definition(json.loads(json.dumps(body_of(definition), sort_keys=True)), label_of(definition))


def test_every_kind_is_there(every: list[Definition]) -> None:
    assert {kind_of(each) for each in every} == set(KINDS)


def test_every_kind_comes_back_from_yaml_and_from_json(every: list[Definition], tmp_path: Path) -> None:
    stored = [out_of_the_database(each) for each in every]
    assert to_yaml(stored) == to_yaml(every)
    assert [body_of(each) for each in again(every, tmp_path / "d.yaml")] == [body_of(each) for each in every]
    assert again(stored, tmp_path / "d.yaml") == stored


@pytest.mark.parametrize("name", templates())
def test_templates_come_back(name: str, tmp_path: Path) -> None:
    definitions = template_definitions(name)
    assert again(definitions, tmp_path / "d.yaml") == definitions
    assert [out_of_the_database(each) for each in definitions] == definitions
