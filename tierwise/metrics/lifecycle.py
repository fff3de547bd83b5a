"""Lifecycle: the first stage whose rule is true, over the profile and three attributes of silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from tierwise.definitions.lifecycle import Lifecycle, Silence
from tierwise.definitions.rule import attributes_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame, columns_of, days_until, full_join, missing, require_columns, rows_of
from tierwise.metrics.rules import RuleColumn, Schema, rule_expr, rule_schema, windows_in

NOT_IN_POPULATION = "not_in_population"

_LAST = {
    "last_order": ("last_ordered_on",),
    "last_visit": ("last_visited_on",),
    "last_interaction": ("last_interacted_on",),
    "last_contact": ("last_ordered_on", "last_visited_on", "last_interacted_on"),
}
_RHYTHM = {
    "last_ordered_on": ("mean_interval_days", "order_days_count"),
    "last_visited_on": ("mean_visit_interval_days", "visit_days_count"),
    "last_interacted_on": ("mean_interaction_interval_days", "interaction_days_count"),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """How many customers went from one stage to another; null where they had none, or were not there."""

    before: str | None
    after: str | None
    customers: int


def lifecycle_columns(definition: Lifecycle) -> dict[str, str]:
    """The names of the columns that `lifecycle_stages` adds. Beside `lifecycle_stage`, the days carry the name."""
    prefix = "" if definition.name == "lifecycle_stage" else f"{definition.name}_"
    return {
        "silent": f"{prefix}silent_days",
        "normal": f"{prefix}normal_silence_days",
        "overdue": f"{prefix}overdue_days",
        "stage": definition.name,
        "reason": f"{definition.name}_reason",
    }


def lifecycle_attributes(definition: Lifecycle) -> tuple[str, ...]:
    """The attributes that its rules read, those of silence left out, each once."""
    rules = [stage.when for stage in definition.stages if stage.when is not None]
    rules += [definition.population] if definition.population is not None else []
    names = dict.fromkeys(name for rule in rules for name in attributes_of(rule))
    return tuple(name for name in names if name not in ("silent_days", "normal_silence_days", "overdue_days"))


def lifecycle_windows(definition: Lifecycle) -> tuple[int, ...]:
    """The windows that `customer_metrics` must count for this definition."""
    return windows_in(lifecycle_attributes(definition))


def lifecycle_stages(
    metrics: Frame, definition: Lifecycle, *, as_of: date, digits: int = 2, schema: Schema | None = None
) -> Frame:
    """The frame with five more columns (`lifecycle_columns`): the days of silence, the stage, and the reason for none.

    A customer is in the first stage whose rule is true, else in the last one; outside the population in none, with
    the reason `not_in_population`. schema: further attributes that rules may read, such as traits under their labels;
    digits: decimals of the currency. Raises `unknown_attribute`, `bad_operator`, `bad_value`, `missing_column`.
    """
    names = lifecycle_columns(definition)
    silent = with_silence(metrics, definition.silence, as_of=as_of, names=names)
    of_silence = {
        attribute: RuleColumn(names[part], "integer")
        for attribute, part in (
            ("silent_days", "silent"),
            ("normal_silence_days", "normal"),
            ("overdue_days", "overdue"),
        )
    }
    known: Schema = {**rule_schema(silent, digits), **(schema or {}), **of_silence}
    stage = nw.lit(definition.stages[-1].name)
    for earlier in reversed(definition.stages[:-1]):
        if earlier.when is not None:
            stage = nw.when(rule_expr(earlier.when, known, as_of)).then(nw.lit(earlier.name)).otherwise(stage)
    if definition.population is None:
        return silent.with_columns(stage.alias(names["stage"]), missing(nw.String).alias(names["reason"]))
    inside = rule_expr(definition.population, known, as_of)
    return silent.with_columns(
        nw.when(inside).then(stage).alias(names["stage"]),
        nw.when(~inside).then(nw.lit(NOT_IN_POPULATION)).alias(names["reason"]),
    )


def silence_inputs(silence: Silence) -> tuple[str, ...]:
    """The inside columns that `with_silence` looks for; some may not be there."""
    lasts = _LAST[silence.since]
    return (*lasts, "category_interval_days", *(name for last in lasts for name in _RHYTHM[last]))


def with_silence(metrics: Frame, silence: Silence, *, as_of: date, names: Mapping[str, str]) -> Frame:
    """Three columns, whole days: how long silent, how long is normal, and the first minus the second.

    normal is the customer's own mean interval, or the category's, `times` that, rounded half up; for the silence
    since any contact the own interval is that of visits where enough are known, else of orders, else of
    interactions. Who was never seen has null silent and overdue days.
    """
    there = columns_of(metrics)
    lasts = [name for name in _LAST[silence.since] if name in there]
    if not lasts:
        require_columns(metrics, _LAST[silence.since][:1], "metrics")
    last = nw.col(lasts[0]) if len(lasts) == 1 else nw.max_horizontal(*lasts)
    normal = nw.lit(silence.fixed_days).cast(nw.Int64)
    if silence.normal == "category" and "category_interval_days" in there:
        normal = _usual(nw.col("category_interval_days"), silence, otherwise=normal)
    if silence.normal != "fixed":
        for name in ("last_interacted_on", "last_ordered_on", "last_visited_on"):
            mean, days = _RHYTHM[name]
            if name in lasts and mean in there:
                enough = nw.col(days) > silence.at_least_intervals
                normal = _usual(nw.when(enough).then(nw.col(mean)), silence, otherwise=normal)
    low, high = nw.lit(silence.at_least_days), nw.lit(silence.at_most_days)
    bounded = nw.when(normal < low).then(low).otherwise(nw.when(normal > high).then(high).otherwise(normal))
    return metrics.with_columns(
        days_until(last, as_of).alias(names["silent"]), bounded.cast(nw.Int64).alias(names["normal"])
    ).with_columns((nw.col(names["silent"]) - nw.col(names["normal"])).alias(names["overdue"]))


def _usual(mean_days: nw.Expr, silence: Silence, otherwise: nw.Expr) -> nw.Expr:
    whole = (mean_days * nw.lit(float(silence.times)) + nw.lit(0.5)).floor().cast(nw.Int64)
    return nw.when(~mean_days.is_null()).then(whole).otherwise(otherwise)


def transitions(before: Frame, after: Frame, column: str, *, key: str = "customer_key") -> tuple[Transition, ...]:
    """How customers moved between two dates, most first: from each value of `column` to each, also to the same one.

    before, after: one row per customer, of an earlier and a later run. A customer who is in one of them only comes from
    or goes to null. Executes one grouping. Raises `missing_column`, and `ambiguous_column` for `column` = `key`.
    """
    if column == key:
        raise TierwiseError("ambiguous_column", f'"{column}" is the key, not a stage')
    for frame, what in ((before, "earlier metrics"), (after, "later metrics")):
        require_columns(frame, (key, column), what)
    earlier = before.select(nw.col(key), nw.col(column).alias("before__"))
    later = after.select(nw.col(key), nw.col(column).alias("after__"))
    rows = rows_of(
        full_join(earlier, later, key).group_by("before__", "after__").agg(nw.len().cast(nw.Int64).alias("customers__"))
    )
    found = [Transition(was, now, customers) for was, now, customers in rows]
    return tuple(sorted(found, key=lambda t: (-t.customers, t.before or "", t.after or "")))


def transition_matrix(moves: Sequence[Transition], stages: Sequence[str]) -> dict[str | None, dict[str | None, int]]:
    """The moves as a square with every stage and null, rows from, columns to; 0 where nobody moved."""
    places: list[str | None] = [*stages, None]
    matrix = {was: dict.fromkeys(places, 0) for was in places}
    for move in moves:
        matrix.setdefault(move.before, dict.fromkeys(places, 0))[move.after] = (
            matrix.get(move.before, {}).get(move.after, 0) + move.customers
        )
    return matrix
