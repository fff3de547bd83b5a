"""docs/templates.md against the templates: every definition stands there with its titles and source, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tierwise.app.defining import template_definitions, templates
from tierwise.definitions.read import kind_of

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
ROW = re.compile(r"^\| (\w+) \| `(\w+)` \| (.*?) \| (.*?) \| .*? \| (.*) \|$", re.MULTILINE)


def told(template: str) -> set[tuple[str, ...]]:
    """kind, name, titles and source of each row in the template's part of the page."""
    parts = PAGE.read_text("utf-8").split("\n## ")
    return {row for part in parts if part.startswith(f"{template}:") for row in ROW.findall(part)}


def test_every_definition_is_on_the_page_as_it_is() -> None:
    for template in templates():
        if template == "general":
            continue
        there = {
            (kind_of(each), each.name, each.title.zh, each.title.en, each.source)
            for each in template_definitions(template)
            if kind_of(each) != "project"
        }
        assert told(template) == there


def test_every_template_is_told() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in templates() if f"| `{name}` |" not in text] == []
