"""What the steps of a job are called on a page."""

from __future__ import annotations

import re

from tierwise.app.step_words import step_words
from tierwise.console.texts import Texts
from tierwise.definitions.read import KINDS

STEPS = {
    "customer metrics": "metrics",
    "attributes of no facts": "others",
    "store totals": "stores",
    "what has changed": "looking",
    "write": "write",
    "history": "history",
    "checking the file": "checking",
    "reading": "reading",
    "merging": "merging",
    "lines of orders": "lines",
}
"""A step by what a job says of it, and the end of its key in the texts."""

_RULES = re.compile(r"rules of (?:(\d+) tags)?(?: and )?(?:(\d+) segments)?")


def step_title(said: str, texts: Texts) -> str:
    """A step in words; as the job says it where there are none.

    >>> step_title("level customer_level", Texts("en"))
    'Levels customer_level'
    >>> step_title("as of 2026-03-31", Texts("zh"))
    '截至 2026-03-31'
    """
    if said in STEPS:
        return texts(f"step_{STEPS[said]}")
    kind, _, name = said.partition(" ")
    if kind in KINDS and name:
        return f"{texts(f'data_kind_{kind}')} {name}"
    if (rules := _RULES.fullmatch(said)) is not None:
        return texts("step_rules", tags=rules[1] or "0", segments=rules[2] or "0")
    return step_words(said, texts.language)
