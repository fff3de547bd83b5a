"""How the tables of the lake are laid out, as a number, and the steps from one layout to the next.

A step writes new versions of tables and names them; they count once the database has recorded them, in the very
transaction that makes the database the newer one. So a step that fails has changed nothing, and takes nothing away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tierwise.engine.lake import Lake

LAKE_FORMAT = 1
"""What this version of Tierwise writes and reads; 1 is that of 0.1.0."""


@dataclass(frozen=True, slots=True)
class LakeStep:
    """From the format before `to` to `to`. what: for people.

    apply: given the lake and the recorded version of each table, writes by `Lake` and gives the new versions of the
    tables that it has written.
    """

    to: int
    what: str
    apply: Callable[[Lake, Mapping[str, int]], Mapping[str, int]]


STEPS: tuple[LakeStep, ...] = ()
"""In their order; the last leads to LAKE_FORMAT."""
