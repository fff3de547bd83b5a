"""The definitions in examples/definitions: beside the template of the same name they read, and fit each other."""

from pathlib import Path

import pytest

from tierwise.definitions.graph import in_order, ring_problems, taken_names
from tierwise.definitions.read import kind_of, read_definitions

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("template", ["dealer", "retail"])
def test_examples_fit_the_template_of_their_name(template: str) -> None:
    folders = [ROOT / "tierwise" / "templates" / template, ROOT / "examples" / "definitions" / template]
    found = read_definitions(folders)
    kinds = {kind_of(each) for each in found}
    assert {"tag", "segment", "level", "matrix", "cleaning", "profiling", "price_band"} <= kinds
    place = kind_of(found[0])
    assert ring_problems(found, lambda definition, path: place) == []
    assert taken_names(found, (), lambda definition, path: place) == []
    assert len(in_order(found)) == len(found)
    assert all(each.source or kind_of(each) == "project" for each in found)
    assert all(each.title.zh and each.title.en for each in found)
