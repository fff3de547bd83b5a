"""Which attributes are sensitive personal data, as the definitions declare them: by class, and what is told by them.

The classes are those of `definitions/tag.py`. A tag declares its own; a tag that is read from a column of a customers
file, and a question of progressive profiling, declare that column's too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import label_of, reads
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.tag import Sensitivity, Tag
from tierwise.kernel.errors import Problem

TRAIT = "trait."


def sensitive_attributes(definitions: Iterable[Definition]) -> dict[str, Sensitivity]:
    """Attribute -> its class, of those that are not `ordinary`; traits as `trait.NAME`."""
    found: dict[str, Sensitivity] = {}
    for each in definitions:
        if isinstance(each, Tag) and each.sensitivity != "ordinary":
            found[each.name] = each.sensitivity
            if each.imported is not None:
                found[f"{TRAIT}{each.imported.trait.removeprefix(TRAIT)}"] = each.sensitivity
        elif isinstance(each, Profiling):
            asked = [question for question in each.questions if question.sensitivity != "ordinary"]
            found |= {question.attribute: question.sensitivity for question in asked}
    return found


def sensitivity_warnings(new: Sequence[Definition], definitions: Iterable[Definition]) -> list[Problem]:
    """Of the new definitions those that read what is sensitive and do not say so: what they give tells of it too.

    definitions: all in use. Who is in a segment, on a level or in a cell by a sensitive attribute is as sensitive.
    """
    classes = sensitive_attributes(definitions)
    problems = []
    for each in new:
        if isinstance(each, Profiling) or (isinstance(each, Tag) and each.sensitivity != "ordinary"):
            continue
        named = {read.name for read in reads(each) if read.what == "attribute"}
        told = sorted(name for name in named if name in classes or f"{TRAIT}{name}" in classes)
        if told:
            listed = ", ".join(f'"{name}" ({classes.get(name) or classes[f"{TRAIT}{name}"]})' for name in told)
            remedy = "say its sensitivity" if isinstance(each, Tag) else "treat who is in it as sensitive too"
            said = f"reads what is sensitive: {listed}; what it says of a customer tells of that"
            problems.append(Problem("reads_sensitive", said, label_of(each), remedy))
    return problems
