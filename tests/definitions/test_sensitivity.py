"""Which attributes are sensitive, and who reads them without saying so."""

from __future__ import annotations

from typing import Any

from tierwise.definitions.base import Definition
from tierwise.definitions.read import parse_definition
from tierwise.definitions.sensitivity import sensitive_attributes, sensitivity_warnings


def made(body: dict[str, Any]) -> Definition:
    return parse_definition(body)


INCOME = made({"kind": "tag", "name": "income", "class": "static", "sensitivity": "property",
               "imported": {"trait": "月收入"}})  # fmt: skip
CARE = made({"kind": "tag", "name": "care", "class": "static", "sensitivity": "health", "manual": {}})
PLAIN = made({"kind": "tag", "name": "plain", "class": "static", "manual": {}})
ASKED = made({"kind": "profiling", "name": "profiling", "targets": [{"attribute": "rfm_cell"}],
              "questions": [{"name": "children", "attribute": "trait.children", "ask": {"zh": "家里有小朋友吗"},
                             "assumed_bits": 0.1, "sensitivity": "minors"}]})  # fmt: skip
EVERY = [INCOME, CARE, PLAIN, ASKED]


def test_tags_their_columns_and_questions_declare_what_is_sensitive() -> None:
    assert sensitive_attributes(EVERY) == {
        "income": "property",
        "trait.月收入": "property",
        "care": "health",
        "trait.children": "minors",
    }


def test_who_reads_what_is_sensitive_is_told_unless_it_says_so() -> None:
    def reading(name: str, *attributes: str, **more: Any) -> Definition:
        rules = [{"attribute": each, "op": "present"} for each in attributes]
        return made({"name": name, "when": {"all": rules}, **more})

    rich = reading("rich", "月收入", "income", "plain", kind="segment")
    ordinary = reading("needs", "care", kind="tag", **{"class": "static"})
    declared = reading("declared", "care", kind="tag", sensitivity="health", **{"class": "static"})
    told = sensitivity_warnings([rich, ordinary, declared, PLAIN, ASKED], EVERY)
    assert [(each.code, each.place) for each in told] == [
        ("reads_sensitive", "segment rich"),
        ("reads_sensitive", "tag needs"),
    ]
    assert '"income" (property), "月收入" (property)' in told[0].message
