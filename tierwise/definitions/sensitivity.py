"""Which attributes are sensitive personal data, as the definitions declare them: by class, and what is told by them.

The classes are those of `definitions/classified.py`. Tags, segments, levels and matrices declare their own; a tag that
is read from a column of a customers file, and a question of progressive profiling, declare that column's too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierwise.definitions.base import Definition
from tierwise.definitions.classified import Classified, Sensitivity
from tierwise.definitions.graph import gives, label_of, reads
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import Problem

TRAIT = "trait."


def sensitive_attributes(definitions: Iterable[Definition]) -> dict[str, Sensitivity]:
    """Attribute -> its class, of those that are not `ordinary`; traits as `trait.NAME`, of tiers every column."""
    found: dict[str, Sensitivity] = {}
    for each in definitions:
        if isinstance(each, Classified) and each.sensitivity != "ordinary":
            found |= {given.name: each.sensitivity for given in gives(each) if given.what == "attribute"}
            if isinstance(each, Tag) and each.imported is not None:
                found[f"{TRAIT}{each.imported.trait.removeprefix(TRAIT)}"] = each.sensitivity
        elif isinstance(each, Profiling):
            asked = [question for question in each.questions if question.sensitivity != "ordinary"]
            found |= {question.attribute: question.sensitivity for question in asked}
    return found


def sensitive_segments(definitions: Iterable[Definition]) -> dict[str, Sensitivity]:
    """Segment -> its class, of those that are not `ordinary`."""
    return {e.name: e.sensitivity for e in definitions if isinstance(e, Segment) and e.sensitivity != "ordinary"}


def sensitivity_warnings(new: Sequence[Definition], definitions: Iterable[Definition]) -> list[Problem]:
    """Of the new definitions those that read what is sensitive and do not say so: what they give tells of it too.

    definitions: all in use. Who is in a segment, on a level or in a cell by a sensitive attribute is as sensitive.
    """
    every = list(definitions)
    attributes, segments = sensitive_attributes(every), sensitive_segments(every)
    problems = []
    for each in new:
        if isinstance(each, Profiling) or (isinstance(each, Classified) and each.sensitivity != "ordinary"):
            continue
        named: dict[str, Sensitivity] = {}
        for read in reads(each):
            of_it = attributes if read.what == "attribute" else segments if read.what == "segment" else {}
            found = of_it.get(read.name) or of_it.get(f"{TRAIT}{read.name}")
            if found is not None:
                named[read.name] = found
        if named:
            listed = ", ".join(f'"{name}" ({named[name]})' for name in sorted(named))
            remedy = "say its `sensitivity`" if isinstance(each, Classified) else "treat it as sensitive too"
            said = f"reads what is sensitive: {listed}; what it says of a customer tells of that"
            problems.append(Problem("reads_sensitive", said, label_of(each), remedy))
    return problems
