"""Tags put to the test: what they claim, held against past days; every verdict is kept with its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from tierwise.app import under_way
from tierwise.app.context import Context
from tierwise.app.defining import Definitions, current_definitions
from tierwise.app.tag_validation_views import TagValidation, claim_in_words, day_view, kept_day, meaning_of, view_of
from tierwise.app.tags import tag_named
from tierwise.app.under_way import job_around
from tierwise.definitions.graph import label_of
from tierwise.definitions.tag import Tag
from tierwise.definitions.tag_claim import Hypothesis
from tierwise.engine.execute import Inputs
from tierwise.engine.tag_backtest import DayOfTag, needed, not_as_of, tag_backtest
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.tag_outcomes import ValueCounts
from tierwise.state import audit, jobs, runs, tag_validations, traits
from tierwise.state.jobs import Job
from tierwise.state.tag_validations import StoredValidation
from tierwise.stats.backtest import Counts, PastDay, decided, holm, past_day

DATES = 4
"""On so many past days a tag is tested where nobody says which."""

MOST_DATES = 24

TAG_TEST = "tag_test"
"""The kind of the job of a test."""

LOOKED_AT = 50
"""So many of the newest tests are looked through for one of a tag."""

Watch = Callable[[int, int, str], None]


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
                "days": [kept_day(day_view(*each)) for each in parts],
                "correction": "holm",
                "tests": tests,
                "cautions": not_as_of(needed(inputs.definitions, [label_of(tag)]), labels),
            }
            row = tag_validations.add(
                connection, tag.name, meaning=meaning_of(tag), verdict=verdict.verdict, reason=verdict.reason,
                as_of=inputs.as_of, author=ctx.principal.name, body=body,
            )  # fmt: skip
            audit.write(connection, ctx.principal.name, "tag.validate", tag.name, {"verdict": verdict.verdict})
            done.append(view_of(row, {tag.name: tag}))
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
    return tuple(view_of(row, tags) for row in rows)


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
