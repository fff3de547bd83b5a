"""Why a customer has this score, rank, class, stage, level or cell."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import narwhals as nw

from tierwise.app.one_customer import Subject
from tierwise.app.scorecard_lines import inside_values, score_of, scored_lines
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.graph import OWN_SILENCE, rules_in
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Dimension, Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.rule import AnyRule, attributes_of
from tierwise.engine.duckdb_session import quoted
from tierwise.engine.sources import frame
from tierwise.kernel.money import exponent
from tierwise.kernel.windows import Window
from tierwise.metrics.activity import CONTACTS
from tierwise.metrics.clauses import Clause, outside
from tierwise.metrics.deciles import metric_column
from tierwise.metrics.level import GradedScales, graded_scales, level_columns
from tierwise.metrics.level_distance import closings
from tierwise.metrics.lifecycle import lifecycle_columns
from tierwise.metrics.matrix import matrix_columns
from tierwise.metrics.price_band import price_band_columns
from tierwise.metrics.rfm import Measure, rfm_columns, rfm_inputs
from tierwise.metrics.rules import RuleColumn


def tier_clauses(subject: Subject, definition: Definition) -> tuple[Clause, ...]:
    """What decided, in the order in which it was looked at; the first that fits ends a ladder."""
    match definition:
        case Lifecycle():
            return _stages(subject, definition)
        case Rfm():
            return _scores(subject, definition)
        case Deciles():
            return _rank(subject, definition)
        case Activity():
            return _classes(subject, definition)
        case Level():
            return _grades(subject, definition)
        case Matrix():
            return _parts(subject, definition)
        case PriceBand():
            return _band(subject, definition)
    return ()


def tier_column(definition: Definition) -> str:
    """The column of the profile that has the tier."""
    return rfm_columns(definition)["cell"] if isinstance(definition, Rfm) else definition.name


def _population(subject: Subject, rule: AnyRule | None) -> tuple[Clause, ...]:
    if rule is None:
        return ()
    tree = subject.clause(rule, "population")
    return (Clause("population", "is in the population", tree.verdict, at="population", clauses=(tree,)),)


def _stages(subject: Subject, definition: Lifecycle) -> tuple[Clause, ...]:
    names = lifecycle_columns(definition)
    columns = [names[part] for part in ("silent", "normal", "overdue")]
    own = {name: RuleColumn(column, "integer") for name, column in zip(OWN_SILENCE, columns, strict=True)}
    subject = subject.with_schema(own)
    clauses = list(_population(subject, definition.population))
    if clauses and not clauses[0].verdict:
        return tuple(clauses)
    if any(name in own for _, rule in rules_in(definition) for name in attributes_of(rule)):
        silent, normal, overdue = (subject.inside(column) for column in columns)
        said = "never seen" if silent is None else f"silent for {silent} days; up to {normal} are normal"
        detail = {"normal_silence_days": normal, "overdue_days": overdue, "normal": definition.silence.normal}
        clauses.append(Clause("silence", said, None, silent, "silence", detail=detail))
    for i, stage in enumerate(definition.stages):
        at = f"stages.{i}"
        if stage.when is None:
            clauses.append(Clause("stage", f"{stage.name}: everyone who is left", True, stage.name, at))
            break
        tree = subject.clause(stage.when, "stages", i, "when")
        clauses.append(Clause("stage", stage.name, tree.verdict, stage.name, at, clauses=(tree,)))
        if tree.verdict:
            break
    return tuple(clauses)


def _scores(subject: Subject, definition: Rfm) -> tuple[Clause, ...]:
    from tierwise.metrics.rfm_scales import rfm_scales  # loads NumPy

    names = rfm_columns(definition)
    reason = subject.inside(names["reason"])
    digits = exponent(subject.reader.currency)
    _, frequency, money = rfm_inputs(definition)
    scored = reason is None
    window = "" if definition.last_days is None else f" in the last {definition.last_days} days"
    said = f"has an order{window}, and its money is known"
    clauses = [Clause("population", said, scored, subject.inside(frequency), detail={"reason": reason})]
    if not scored:
        return tuple(clauses)
    scales = rfm_scales(frame(subject.reader.connection, "profile"), definition, digits=digits)
    for part, measure in (("r", scales.recency), ("f", scales.frequency), ("m", scales.monetary)):
        of_money = digits if measure.column == money else 0
        clauses.append(_measure(subject, part, measure, of_money))
    return tuple(clauses)


def _measure(subject: Subject, part: str, measure: Measure, digits: int) -> Clause:
    value = int(subject.inside(measure.column))
    score = measure.score(value)
    high = measure.is_high(score)
    above = None if measure.high_above is None else float(measure.high_above)
    cuts = [_amount(cut, digits) for cut in measure.cuts]
    name = measure.column.removesuffix("_minor")
    said = f"{part}_score {score} of {measure.bins} by {name}; {'high' if high else 'low'}"
    said += "" if above is None else f": high is above {above:g}"
    detail = {"score": score, "of": measure.bins, "cuts": cuts, "high": high, "high_above": above}
    shown = outside(value, RuleColumn(name, "integer", digits))
    return Clause("score", said, None, shown, part, detail=detail)


def _amount(cut: Fraction, digits: int) -> float:
    return float(cut / 10**digits)


def _rank(subject: Subject, definition: Deciles) -> tuple[Clause, ...]:
    metric = metric_column(frame(subject.reader.connection, "profile"), definition.metric)
    part, value = subject.inside(definition.name), subject.value(definition.metric)
    if part is None:
        return (Clause("rank", f"{definition.metric} says nothing of this customer: no part", False, value),)
    column, parts = quoted(metric), quoted(definition.name)
    better, of, first, last = subject.ask(
        f"SELECT count(*) FILTER ({column} > $mine OR ({column} = $mine AND customer_id < $id)), count(*), "
        f"count(*) FILTER ({parts} < $part) + 1, count(*) FILTER ({parts} <= $part) "
        f"FROM profile WHERE {parts} IS NOT NULL",
        mine=subject.inside(metric),
        id=subject.customer_id,
        part=part,
    )[0]
    said = f"rank {better + 1:,} of {of:,} by {definition.metric}; part {part} is ranks {first:,} to {last:,}"
    detail = {"rank": better + 1, "of": of, "part": part, "parts": definition.parts, "first": first, "last": last}
    return (Clause("rank", said, None, value, "metric", detail=detail),)


def _classes(subject: Subject, definition: Activity) -> tuple[Clause, ...]:
    count, first, last = CONTACTS[definition.count]
    lately = f"{count}{Window(definition.active_last_days).suffix}"
    contacts = subject.inside(lately) or 0
    as_of = subject.world.as_of
    since_first, since_last = (_days_since(subject.inside(column), as_of) for column in (first, last))
    within = f"{definition.count} in the last {definition.active_last_days} days"
    new, sleeping = definition.new_within_days, definition.sleeping_within_days
    ladder: list[tuple[str, str, Any, bool]] = [
        ("new", f"the first of {definition.count} is less than {new} days ago", since_first, _less(since_first, new))
    ]
    for name, least in (
        ("active_high", definition.high_at_least),
        ("active_mid", definition.mid_at_least),
        ("active_low", 1),
    ):
        ladder.append((name, f"at least {least} {within}", contacts, contacts >= least))
    said = f"the last of {definition.count} is less than {sleeping} days ago"
    ladder.append(("sleeping", said, since_last, _less(since_last, sleeping)))
    ladder.append(("inactive", "everyone who is left", since_last, True))
    clauses = []
    for name, said, value, fits in ladder:
        clauses.append(Clause("class", f"{name}: {said}", fits, value, name))
        if fits:
            break
    return tuple(clauses)


def _less(days: int | None, than: int) -> bool:
    return days is not None and days < than


def _days_since(day: Any, as_of: Any) -> int | None:
    return None if day is None else int((as_of - day).days)


def _grades(subject: Subject, definition: Level) -> tuple[Clause, ...]:
    clauses = list(_population(subject, definition.population))
    names = level_columns(definition)
    if subject.inside(names["grade"]) is None:
        return tuple(clauses)
    graded = frame(subject.reader.connection, "profile").filter(~nw.col(names["grade"]).is_null())
    scales = graded_scales(graded, definition.scorecard, definition.levels, schema=subject.world.schema)
    clauses += scored_lines(subject, scales.card, ("scorecard",))
    score = score_of(subject, scales.card)
    clauses.append(Clause("score", f"the lines sum to {score:g} points", None, score, "scorecard"))
    for i, grade in enumerate(definition.levels):
        cut = scales.cuts[i] if i < len(scales.cuts) else None
        reached = i == len(definition.levels) - 1 or (cut is not None and score * 100 >= cut)
        least = "everyone who is left" if cut is None else f"a score of at least {cut / 100:g}"
        share = f" (the best {grade.share:.2%} of those left)" if grade.share is not None else ""
        clauses.append(Clause("grade", f"{grade.name}: {least}{share}", reached, score, f"levels.{i}"))
        if reached:
            break
    return (*clauses, *_closing(subject, scales))


def _closing(subject: Subject, scales: GradedScales) -> tuple[Clause, ...]:
    """What each indicator alone would have to become for the next better level."""
    values = inside_values(subject.world.people, scales.card)
    found = closings(scales, {line.name: value for line, value in zip(scales.card.lines, values, strict=True)})
    clauses = []
    for each in found:
        needed = "no value is enough" if each.how is None else f"{each.how.replace('_', ' ')} {each.needed}"
        said = f"for the next level by {each.line} alone: {needed}"
        detail = {"needed": each.needed, "how": each.how, "points": each.points, "points_needed": each.points_needed}
        clauses.append(Clause("closing", said, None, each.now, each.line, detail=detail))
    return tuple(clauses)


def _parts(subject: Subject, definition: Matrix) -> tuple[Clause, ...]:
    clauses = list(_population(subject, definition.population))
    if clauses and not clauses[0].verdict:
        return tuple(clauses)
    columns = matrix_columns(definition)
    combination = []
    for i, dimension in enumerate(definition.dimensions):
        part = subject.inside(columns[dimension.label])
        combination.append(part)
        detail = {"part": part, "bounds": _bounds(dimension)}
        said = f"{dimension.label}: {part or 'no value, so no part'}"
        clauses.append(
            Clause("dimension", said, None, subject.value(dimension.attribute), f"dimensions.{i}", detail=detail)
        )
    cell = subject.inside(columns["cell"])
    said = f"{' × '.join(str(part) for part in combination)} is {cell}" if cell else "in no cell"
    clauses.append(Clause("cell", said, cell is not None, cell, "cells"))
    return tuple(clauses)


def _bounds(dimension: Dimension) -> dict[str, Any]:
    """Part -> the value from which or the quantile above which it holds, or its values; null: the rest."""
    bounds: dict[str, Any] = {}
    for part in dimension.parts:
        bound = part.from_ if part.from_ is not None else part.above
        bounds[part.name] = bound if bound is not None else list(part.values) or None
    return bounds


def _band(subject: Subject, definition: PriceBand) -> tuple[Clause, ...]:
    columns = price_band_columns(definition)
    band, share = subject.inside(columns["band"]), subject.inside(columns["share"])
    if band is None:
        reason = subject.inside(columns["reason"])
        return (Clause("band", f"no leaning: {reason}", False, None, detail={"reason": reason}),)
    said = f"{share:.0%} of the {definition.count} bought lie in the band {band} of their category"
    return (Clause("band", said, None, share, "count", detail={"band": band}),)
