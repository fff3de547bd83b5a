"""Tags put to the test: what they claim, held against past days; every verdict is kept with its figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from tierwise.app import under_way
from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.app.tags import tag_named
from tierwise.app.under_way import job_around
from tierwise.definitions.graph import label_of
from tierwise.definitions.tag import Tag
from tierwise.definitions.tag_claim import Hypothesis
from tierwise.definitions.words import in_words
from tierwise.definitions.write import body_of
from tierwise.engine.execute import Inputs
from tierwise.engine.tag_backtest import DayOfTag, needed, not_as_of, tag_backtest
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.tag_outcomes import ValueCounts
from tierwise.state import audit, jobs, runs, tag_validations, traits
from tierwise.state.jobs import Job
from tierwise.state.tag_validations import StoredValidation
from tierwise.stats.backtest import Counts, PastDay, Verdict, decided, holm, past_day

DATES = 4
"""On so many past days a tag is tested where nobody says which."""

MOST_DATES = 24

TAG_TEST = "tag_test"
"""The kind of the job of a test."""

LOOKED_AT = 50
"""So many of the newest tests are looked through for one of a tag."""

Watch = Callable[[int, int, str], None]


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


def validate_tags(
    ctx: Context,
    names: Sequence[str] = (),
    *,
    dates: int = DATES,
    days: Sequence[date] = (),
    watch: Watch = lambda done, total, said: None,
    began: Callable[[int], None] = lambda job_id: None,
) -> tuple[TagValidation, ...]:
    """Test tags on past days and keep the verdicts. Audited. It is a job, which tells how far it is and can be stopped.

    names: all tags with a hypothesis where none is named. days: the past days; else so many `dates`, the newest so long
    ago that its outcomes are known by the current run's day, each a horizon before the next, so that no outcome counts
    on two of them. The facts are those of the current run, and each day sees nothing after itself. began: told the
    job's number before anything is computed.

    Raises `no_run`, `unknown_tag`, `no_hypothesis` (for all at once), `bad_value`, `bad_date` for a day whose outcomes
    are not known yet, and what a run raises.
    """
    ctx.principal.require("define")
    if not 1 <= dates <= MOST_DATES or len(days) > MOST_DATES:
        raise TierwiseError("bad_value", f"from 1 to {MOST_DATES} past days can be looked at", place="dates")
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
        run = runs.current(connection)
        inputs = inputs_of_current(connection, run, definitions)
        kept = tag_validations.newest(connection)
        labels = [trait.name for trait in traits.list_traits(connection)]
    tags = _asked(definitions, names)
    claims = {tag.name: tag.hypothesis for tag in tags if tag.hypothesis is not None}
    asked = {name: _days(claim, inputs.as_of, dates, days) for name, claim in claims.items()}
    with job_around(ctx, TAG_TEST, title=", ".join(claims), unit="days", began=began) as job_id:
        found = tag_backtest(ctx.duckdb, ctx.lake, inputs, claims, asked, _telling(ctx, job_id, watch))
        return _keep(ctx, job_id, definitions, inputs, tags, kept, labels, found)


def start_validation(ctx: Context, names: Sequence[str]) -> int | None:
    """Begin to test tags; the number of the job, which goes on by itself. For a process that serves.

    Raises what `validate_tags` raises before the job begins; the rest stands in the job.
    """
    ctx.principal.require("define")
    return under_way.begin(lambda began: validate_tags(ctx, names, began=began), "tag test")


def newest_job(ctx: Context, tag: str) -> Job | None:
    """The newest job that tests or tested the tag, of those that are kept."""
    ctx.principal.require("view")
    with ctx.database.begin() as connection:
        jobs.mark_crashed(connection)
        found = jobs.list_jobs(connection, kind=TAG_TEST, limit=LOOKED_AT)
    return next((each for each in found if tag in each.title.split(", ")), None)


def _telling(ctx: Context, job_id: int, watch: Watch) -> Watch:
    def told(done: int, total: int, said: str) -> None:
        watch(done, total, said)
        with ctx.database.begin() as connection:
            if jobs.progress(connection, job_id, done=done, total=total, message=said):
                raise TierwiseError("cancelled", "the test was cancelled; nothing of it is kept")

    return told


def _keep(
    ctx: Context,
    job_id: int,
    definitions: Definitions,
    inputs: Inputs,
    tags: Sequence[Tag],
    kept: Mapping[str, StoredValidation],
    labels: Sequence[str],
    found: Sequence[DayOfTag],
) -> tuple[TagValidation, ...]:
    """Judge what was counted, and store it with the end of the job."""
    claims = {tag.name: tag.hypothesis for tag in tags if tag.hypothesis is not None}
    told = {name: [each for each in found if each.tag == name] for name in claims}
    figures = {name: [past_day(_counts(each.values)) for each in of_days] for name, of_days in told.items()}
    others = _p_values_of_others(definitions, kept, claims)
    adjusted, tests = _adjusted(figures, others)
    done = []
    with ctx.database.begin() as connection:
        for tag in tags:
            verdict = decided(list(zip(figures[tag.name], adjusted[tag.name], strict=True)), _lift(tag))
            parts = zip(told[tag.name], figures[tag.name], adjusted[tag.name], strict=True)
            body = {
                "claim": claim_in_words(claims[tag.name]),
                "within_days": claims[tag.name].within_days,
                "at_least_lift": _lift(tag),
                "said": verdict.said,
                "days": [_plain(asdict(_day_view(*each))) for each in parts],
                "correction": "holm",
                "tests": tests,
                "cautions": not_as_of(needed(inputs.definitions, [label_of(tag)]), labels),
            }
            row = tag_validations.add(
                connection, tag.name, meaning=meaning_of(tag), verdict=verdict.verdict, reason=verdict.reason,
                as_of=inputs.as_of, author=ctx.principal.name, body=body,
            )  # fmt: skip
            audit.write(connection, ctx.principal.name, "tag.validate", tag.name, {"verdict": verdict.verdict})
            done.append(_view(row, {tag.name: tag}))
        days = len({each.day for each in found})
        jobs.progress(connection, job_id, done=days, total=days, message="done")
        jobs.finish(connection, job_id, {"tags": [tag.name for tag in tags]})
    return tuple(done)


def validations(ctx: Context, tag: str | None = None, *, limit: int = 50) -> tuple[TagValidation, ...]:
    """The newest tests first, of one tag (by name or title) or of all."""
    ctx.principal.require("view")
    with ctx.database.connect() as connection:
        tags = {each.name: each for each in current_definitions(connection).of(Tag)}
        rows = tag_validations.history(connection, tag, limit=limit)
        if tag is not None and not rows:
            rows = tag_validations.history(connection, tag_named(list(tags.values()), tag).name, limit=limit)
    return tuple(_view(row, tags) for row in rows)


def inputs_of_current(connection: Connection, run: runs.Run | None, definitions: Definitions) -> Inputs:
    """What a run on the current run's facts by today's definitions depends on. Raises `no_run`."""
    if run is None or run.outputs is None:
        raise TierwiseError("no_run", "no run yet", remedy="import a file, then `tierwise run`")
    known = traits.list_traits(connection)
    return Inputs(
        as_of=run.as_of,
        definitions=definitions.of_profile,
        project=definitions.project,
        versions=run.inputs,
        traits={trait.column_name: trait.type for trait in known},
        trait_labels={trait.column_name: trait.name for trait in known},
        remember=False,
    )


def _asked(definitions: Definitions, names: Sequence[str]) -> list[Tag]:
    """The tags meant. Raises `unknown_tag`, `no_hypothesis`."""
    tags = definitions.of(Tag)
    remedy = "write `hypothesis` into its definition: who, outcome, within_days (docs/tag-validation.md)"
    if not names:
        found = [tag for tag in tags if tag.hypothesis is not None]
        if not found:
            raise TierwiseError("no_hypothesis", "no tag claims anything that could be tested", remedy=remedy)
        return found
    chosen = list({tag.name: tag for tag in (tag_named(tags, name) for name in names)}.values())
    lacking = [tag.name for tag in chosen if tag.hypothesis is None]
    if lacking:
        said = "claims nothing that could be tested"
        raise TierwiseError.of(
            [Problem("no_hypothesis", f'"{name}" {said}', f'tag "{name}"', remedy) for name in lacking]
        )
    return chosen


def _days(claim: Hypothesis, last: date, dates: int, days: Sequence[date]) -> list[date]:
    if not days:
        return [last - timedelta(days=claim.within_days * back) for back in range(dates, 0, -1)]
    chosen = sorted(set(days))
    late = [day for day in chosen if day + timedelta(days=claim.within_days) > last]
    if late:
        until = last - timedelta(days=claim.within_days)
        raise TierwiseError(
            "bad_date",
            f"what came within {claim.within_days} days of {late[0]} is not known on {last}, the current run's day",
            place="days",
            remedy=f"{until} or earlier",
        )
    close = [(a, b) for a, b in pairwise(chosen) if (b - a).days < claim.within_days]
    if close:
        a, b = close[0]
        raise TierwiseError(
            "bad_date",
            f"{a} and {b} are less than {claim.within_days} days apart: one outcome would count on both",
            place="days",
            remedy="days at least a horizon apart",
        )
    return chosen


def _counts(values: Sequence[ValueCounts]) -> Counts:
    claimed = [each for each in values if each.claimed]
    return Counts(
        sum(each.customers for each in values),
        sum(each.customers for each in claimed),
        sum(each.outcomes for each in values),
        sum(each.outcomes for each in claimed),
    )


def _p_values_of_others(
    definitions: Definitions, kept: Mapping[str, StoredValidation], claims: Mapping[str, Hypothesis]
) -> list[float]:
    """Of tags that are not tested now, those of their last test where it still stands: testing tags one by one is
    testing many all the same."""
    found = []
    for tag in definitions.of(Tag):
        row = kept.get(tag.name)
        if tag.name not in claims and row is not None and row.meaning == meaning_of(tag):
            found += [day["p_value"] for day in row.body["days"] if day["p_value"] is not None]
    return found


def _adjusted(
    figures: Mapping[str, Sequence[PastDay]], others: Sequence[float]
) -> tuple[dict[str, list[float | None]], int]:
    """Per tag the adjusted p value of each day, and how many were adjusted together."""
    told = [day.p_value for days in figures.values() for day in days if day.p_value is not None]
    adjusted = iter(holm([*told, *others]))
    found = {name: [None if day.p_value is None else next(adjusted) for day in days] for name, days in figures.items()}
    return found, len(told) + len(others)


def _lift(tag: Tag) -> float:
    assert tag.hypothesis is not None
    return tag.hypothesis.at_least_lift


def _day_view(told: DayOfTag, day: PastDay, p_adjusted: float | None) -> ValidationDay:
    low, high = day.interval or (None, None)
    counts = day.counts
    return ValidationDay(
        told.day, told.until, counts.customers, counts.tagged, counts.outcomes, counts.hits, day.base_rate,
        day.precision, day.recall, day.lift, low, high, day.p_value, p_adjusted, day.reason, _gain(told.values),
    )  # fmt: skip


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


def _view(row: StoredValidation, tags: Mapping[str, Tag]) -> TagValidation:
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
