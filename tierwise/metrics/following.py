"""Leaves about the order of rows: A then B, A and not B, and doing it again after a quiet time."""

from __future__ import annotations

from datetime import date, timedelta

import narwhals as nw

from tierwise.definitions.rule import Comeback, NotFollowed, Occurrence, Restarted, Sequence
from tierwise.metrics.fact_columns import moment_of
from tierwise.metrics.frame import Frame, days_between
from tierwise.metrics.occurrences import column_of, days_back, rows_of_fact, window_of
from tierwise.metrics.world import World, each_once

_NEVER = date(9999, 12, 31)
_SLACK_DAYS = 2
"""A later instant can fall on an earlier day, by this much at most: zones lie 26 hours apart."""


def followed(leaf: Sequence | NotFollowed, world: World) -> Frame:
    """The customers of whom it is true: one column `key`, each once.

    For each first step, the earliest day among all second steps at later instants decides, so a tie is not after it,
    and it does not matter in whose zone the days were counted. Where the leaf asks for the `same`, each of its values
    is looked at apart.
    """
    first_step, second_step = leaf.sequence if isinstance(leaf, Sequence) else leaf.not_followed
    first, last = window_of(leaf.window, world.as_of)
    if isinstance(leaf, NotFollowed):
        last = min(last, days_back(world.as_of, leaf.within_days + 1))
    latest = min(world.as_of.toordinal(), last.toordinal() + leaf.within_days)
    one = _steps(world, first_step, first, last, leaf.same)
    two = _steps(world, second_step, _slack(first), date.fromordinal(latest), leaf.same)
    same = [] if leaf.same is None else [_SAME]
    day = nw.col("day")
    # At one instant second steps are sorted before first ones: from a first step on, only what is later counts.
    never = nw.lit(_NEVER).cast(nw.Date)
    steps = nw.concat(
        [
            one.select(world.key, *same, "at", "day", nw.lit(1).alias("step")),
            two.join(each_once(one, world.key), on=world.key, how="semi").select(
                world.key, *same, "at", "day", nw.lit(0).alias("step")
            ),
        ]
    )
    # Only now, not in the parts: Spark's optimiser fails on parts that name one column twice.
    steps = steps.with_columns(nw.when(nw.col("step") == 0).then(day).otherwise(never).alias("next"))
    after = nw.col("next").cum_min(reverse=True).over(world.key, *same, order_by=["at", "step"])
    steps = steps.select(world.key, "step", days_between(day, after).alias("days_after"))
    in_time = nw.col("days_after") <= leaf.within_days
    wanted = in_time if isinstance(leaf, Sequence) else ~in_time
    return each_once(steps.filter(nw.col("step") == 1, wanted), world.key)


def days_read(leaf: Restarted | Sequence | NotFollowed, as_of: date) -> list[tuple[Occurrence, date | None]]:
    """Each of its steps, with the first day whose rows it reads; None for the whole life."""
    if isinstance(leaf, Restarted):
        return [(Occurrence(fact=leaf.restarted.fact, where=leaf.restarted.where), None)]
    one, two = leaf.sequence if isinstance(leaf, Sequence) else leaf.not_followed
    first, _ = window_of(leaf.window, as_of)
    return [(one, first), (two, _slack(first))]


def _slack(first: date | None) -> date | None:
    return None if first is None else days_back(first, _SLACK_DAYS + 1)


_SAME = "same__"


def _steps(world: World, step: Occurrence, first: date | None, last: date, same: str | None) -> Frame:
    moment = moment_of(step.fact)
    rows = rows_of_fact(world, step.fact, step.where, first, last, () if same is None else (same,))
    moments = (nw.col(moment.at).alias("at"), nw.col(moment.day).alias("day"))
    if same is None:
        return rows.select(world.key, *moments)
    value = nw.col(column_of(world, step.fact, same).column)
    return rows.filter(~value.is_null()).select(world.key, value.alias(_SAME), *moments)


def restarted(comeback: Comeback, world: World) -> Frame:
    """The customers of whom it is true: one column `key`, each once.

    Only rows of the last within_days + quiet_days are put in order: the first of these came after a quiet time, if at
    all it came in the last within_days; whether anything was before is asked of the older rows.
    """
    since = days_back(world.as_of, comeback.within_days)
    first = days_back(since, comeback.quiet_days + 1)
    day = nw.col(moment_of(comeback.fact).day)
    lately = rows_of_fact(world, comeback.fact, comeback.where, first, world.as_of)
    before = day.shift(1).over(world.key, order_by=moment_of(comeback.fact).day)
    rows = lately.select(world.key, day.alias("day"), days_between(before, day).alias("gap"))
    recent = rows.filter(nw.col("day") >= nw.lit(since))
    again = recent.filter(nw.col("gap") > comeback.quiet_days).select(world.key)
    if first == date.min:  # nothing is before that
        return each_once(again, world.key)
    earlier = rows_of_fact(world, comeback.fact, comeback.where, None, first - timedelta(days=1))
    after_all = recent.filter(nw.col("gap").is_null()).select(world.key)
    after_all = after_all.join(each_once(earlier, world.key), on=world.key, how="semi")
    return each_once(nw.concat([again, after_all]), world.key)
