"""Tests of tags as the outside sees them: what is kept of them, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from tierwise.definitions.tag import Tag
from tierwise.definitions.tag_claim import Hypothesis
from tierwise.definitions.words import in_words
from tierwise.definitions.write import body_of
from tierwise.engine.tag_backtest import DayOfTag
from tierwise.metrics.tag_outcomes import ValueCounts
from tierwise.state.tag_validations import StoredValidation
from tierwise.stats.backtest import PastDay, Verdict


@dataclass(frozen=True, slots=True)
class GainOfValue:
    """Customers with one value (`yes` of a yes tag, null for those without), by falling rate. cumulative_share: of all
    outcomes, with this value and those before it; cumulative_customers: of all customers."""

    value: str | None
    claimed: bool
    customers: int
    outcomes: int
    rate: float
    cumulative_customers: float
    cumulative_share: float | None


@dataclass(frozen=True, slots=True)
class ValidationDay:
    """One past day: whom the claim speaks of, who of them had the tag, who did what it claims by `until`.

    lift: precision / base_rate, with its 95 % interval low to high. p_adjusted: by Holm, over all days and tags tested
    together. reason: why the day tells nothing.
    """

    day: date
    until: date
    customers: int
    tagged: int
    outcomes: int
    hits: int
    base_rate: float | None
    precision: float | None
    recall: float | None
    lift: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    reason: str | None
    gain: tuple[GainOfValue, ...]


@dataclass(frozen=True, slots=True)
class TagValidation:
    """One test of a tag. claim: in words. verdict: null with a reason where too few days tell anything.

    tests: how many p values were adjusted together, with those last kept of other tags. cautions: what a past day could
    not see as it was. current: whether the tag still says and claims what was tested. as_of: the last day of the facts.
    """

    id: int
    tag: str
    claim: str
    within_days: int
    at_least_lift: float
    verdict: Verdict | None
    reason: str | None
    said: str
    as_of: date
    days: tuple[ValidationDay, ...]
    correction: str
    tests: int
    cautions: tuple[str, ...]
    author: str
    at: datetime
    current: bool


def claim_in_words(hypothesis: Hypothesis) -> str:
    """What a tag claims, as a line.

    >>> from tierwise.definitions.rule import Behaviour, Measured
    >>> ever = Behaviour(behaviour=Measured(fact="orders", aggregate="ever"))
    >>> claim_in_words(Hypothesis(outcome=ever, within_days=90))
    'of everybody, those who have it more often than all: ever orders, within 90 days (lift at least 1.2)'
    """
    who = "everybody" if hypothesis.who is None else f"those with {in_words(hypothesis.who)}"
    which = "it" if not hypothesis.values else " or ".join(hypothesis.values)
    return (
        f"of {who}, those who have {which} more often than all: {in_words(hypothesis.outcome)}, within "
        f"{hypothesis.within_days} days (lift at least {hypothesis.at_least_lift:g})"
    )


def meaning_of(tag: Tag) -> str:
    """A digest of what a tag says and claims; titles, owner and the like apart."""
    spoken = {"title", "description", "owner", "purpose", "refresh", "history", "concept", "scene", "class"}
    body = {key: value for key, value in body_of(tag).items() if key not in spoken}
    said = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def day_view(told: DayOfTag, day: PastDay, p_adjusted: float | None) -> ValidationDay:
    """What was counted on a past day, with its figures."""
    low, high = day.interval or (None, None)
    counts = day.counts
    return ValidationDay(
        told.day, told.until, counts.customers, counts.tagged, counts.outcomes, counts.hits, day.base_rate,
        day.precision, day.recall, day.lift, low, high, day.p_value, p_adjusted, day.reason, _gain(told.values),
    )  # fmt: skip


def kept_day(view: ValidationDay) -> dict[str, Any]:
    """A day as JSON can keep it; `view_of` reads it again."""
    return {key: _plain(value) for key, value in asdict(view).items()}


def _gain(values: Sequence[ValueCounts]) -> tuple[GainOfValue, ...]:
    everybody, outcomes = sum(each.customers for each in values), sum(each.outcomes for each in values)
    rows, people, seen = [], 0, 0
    for each in values:
        people, seen = people + each.customers, seen + each.outcomes
        rows.append(
            GainOfValue(
                each.value, each.claimed, each.customers, each.outcomes, each.outcomes / each.customers,
                people / everybody, seen / outcomes if outcomes else None,
            )
        )  # fmt: skip
    return tuple(rows)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def view_of(row: StoredValidation, tags: Mapping[str, Tag]) -> TagValidation:
    """A kept test; current where one of these tags still says and claims what was tested."""
    body = row.body
    tag = tags.get(row.tag)
    verdict: Any = row.verdict
    return TagValidation(
        id=row.id,
        tag=row.tag,
        claim=body["claim"],
        within_days=body["within_days"],
        at_least_lift=body["at_least_lift"],
        verdict=verdict,
        reason=row.reason,
        said=body["said"],
        as_of=row.as_of,
        days=tuple(_day_of(day) for day in body["days"]),
        correction=body["correction"],
        tests=body["tests"],
        cautions=tuple(body["cautions"]),
        author=row.author,
        at=row.at,
        current=tag is not None and meaning_of(tag) == row.meaning,
    )


def _day_of(body: Mapping[str, Any]) -> ValidationDay:
    gain = tuple(GainOfValue(**each) for each in body["gain"])
    days = {name: date.fromisoformat(body[name]) for name in ("day", "until")}
    return ValidationDay(**{**body, **days, "gain": gain})
