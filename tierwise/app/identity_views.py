"""What people see of who is who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tierwise.app.views import Label
from tierwise.facts.identity_story import Verdict


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One identity, `SCOPE:ID`, or the business's own number by itself. names_person: whether who has it is known.

    shared: it was seen with so many others that it joins nobody.
    """

    identity: str
    scope: str
    title: Label
    names_person: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class StepRow:
    """Two identities, why they are, or are not, one person's. by: decision or link.

    verdict: joined (it made one person of two), together (they were one already), refused (two known people), barred
    (one of them is shared), kept_apart (by a decision). source, seen_at, rank: of a link: who told it, when, and the
    rank of the weaker identity; decision, author, reason, at: of a decision.
    """

    left: str
    right: str
    by: str
    verdict: Verdict
    source: str | None = None
    seen_at: datetime | None = None
    rank: int | None = None
    decision: int | None = None
    author: str | None = None
    reason: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdentityExplanation:
    """Who one person is. customer_id: by what the profile has the person; null where no fact can name one.

    merges: what made the identities one person, in the order in which it was followed; others: what says the same
    again; refused: what was not followed. waiting: whether the next run has other people than the current one.
    """

    customer_id: str | None
    identities: tuple[IdentityRow, ...]
    merges: tuple[StepRow, ...]
    others: tuple[StepRow, ...]
    refused: tuple[StepRow, ...]
    waiting: bool


@dataclass(frozen=True, slots=True)
class Candidates:
    """Two known people who may be one. evidence: the links that were not followed, and those beside them that were."""

    left: str
    right: str
    evidence: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What is left for a person to decide. pairs: of people; more: whether there are others still."""

    pairs: tuple[Candidates, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class SharedRow:
    """One identity that joins nobody. seen_with: with how many of the scope `of`; most: how many its scope allows."""

    identity: str
    scope: str
    of: str
    seen_with: int
    most: int


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What a person decided of two identities. It holds while undone_at is null and no later one on the two does."""

    id: int
    left: str
    right: str
    same: bool
    author: str
    reason: str
    at: datetime
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class ResolvedView:
    """What came of working all out. people: who are known by more than one number of their own; joined: such numbers.

    links: of these new_links were found in the customers that were stored already. to_review: links left to decide.
    """

    identities: int
    links: int
    new_links: int
    people: int
    joined: int
    shared: int
    to_review: int
    seconds: float
