"""A scorecard line by line for one customer: value, points, weight, and the sum that becomes a grade."""

from __future__ import annotations

import narwhals as nw

from tierwise.app.one_customer import Subject
from tierwise.definitions.rule import Steps
from tierwise.definitions.tag import Tag
from tierwise.engine.sources import frame
from tierwise.metrics.clauses import Clause
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.scorecard import Choices, Line, ScorecardScales, Slope, Value, inside_value


def composite_clauses(subject: Subject, tag: Tag) -> tuple[Clause, ...]:
    """A composite tag: each indicator with its value and points, and each cut until the score reaches one.

    The scales are learnt again from the run's profile, as the run learnt them.
    """
    from tierwise.metrics.composite_tags import known_people  # these two load NumPy
    from tierwise.metrics.scorecard_scales import scorecard_scales

    assert tag.composite is not None
    schema, card = subject.world.schema, tag.composite.scorecard
    population = known_people(frame(subject.reader.connection, "profile"), tag, schema)
    scales = scorecard_scales(population, card, schema=schema)
    values = inside_values(subject.world.people, scales)
    known = sum(value is not None for value in values)
    enough = known >= tag.composite.at_least_known
    said = f"{known} of {len(values)} indicators are known, {tag.composite.at_least_known} are needed"
    clauses = [Clause("known", said, enough, known), *scored_lines(subject, scales, ("composite", "scorecard"))]
    if enough:
        score = score_of(subject, scales)
        for i, cut in enumerate(tag.composite.cuts):
            reached = cut.at_least is None or score >= float(cut.at_least)
            rest = "everyone who is left" if cut.at_least is None else f"a score of at least {cut.at_least}"
            clauses.append(Clause("grade", f"{cut.value}: {rest}", reached, score, f"composite.cuts.{i}"))
            if reached:
                break
    return tuple(clauses)


def scored_lines(subject: Subject, scales: ScorecardScales, at: Steps) -> tuple[Clause, ...]:
    """The lines, and their sum."""
    values = inside_values(subject.world.people, scales)
    clauses = []
    for i, line in enumerate(scales.lines):
        value = values[i]
        points = line.points(value) / 100
        detail = {
            "points": points,
            "points_before_weight": line.plain_points(value) / 100,
            "weight": line.weight / 1_000_000,
            "most": line.highest / 100,
            "scale": _scale_in_words(line),
        }
        place = ".".join(map(str, (*at, "indicators", i)))
        said = f"{line.name}: {points:g} points"
        clauses.append(Clause("line", said, None, line.outside(value), place, detail=detail))
    return tuple(clauses)


def score_of(subject: Subject, scales: ScorecardScales) -> float:
    """The sum of the lines, in points."""
    values = inside_values(subject.world.people, scales)
    return sum(line.points(value) for line, value in zip(scales.lines, values, strict=True)) / 100


def inside_values(people: Frame, scales: ScorecardScales) -> list[Value]:
    """The customer's value of each line, as scales take it."""
    columns = [inside_value(line.where).alias(f"value__{i}") for i, line in enumerate(scales.lines)]
    rows = rows_of(people.select(*columns, nw.lit(1).alias("one__")))
    return list(rows[0][:-1])


def _scale_in_words(line: Line) -> str:
    match line.scale:
        case Slope():
            low, high = line.outside(line.scale.low), line.outside(line.scale.high)
            return f"0 at {high}, 100 at {low}" if line.scale.turned else f"0 at {low}, 100 at {high}"
        case Choices():
            return "points by value"
    return f"{len(line.scale.cuts)} cuts"
