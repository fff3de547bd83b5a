"""Scorecard: several indicators into one score, and the cuts by which a score becomes one of several named grades.

A part of levels and of composite tags; it has no name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, model_validator

from tierwise.definitions.base import Name, Part, Text
from tierwise.definitions.rule import Steps

Points = Annotated[Decimal, Field(ge=-1_000_000, le=1_000_000, decimal_places=2)]
"""Points have two decimals at most."""

Weight = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=6)]

Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12, decimal_places=6)]
"""A value of an attribute as people see it: yuan, days, orders; six decimals at most."""


class Band(Part):
    """One band and its points. Of numbers: from `from` (included) up to the next band; the first has no `from`.
    Of texts and yes/no: the listed `values`; the last lists none and takes every other value."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_: Annotated[Amount | None, Field(alias="from")] = None
    values: tuple[StrictBool | StrictStr, ...] = ()
    points: Points
    title: Text = Text()


class Indicator(Part):
    """One indicator of a scorecard: an attribute, and how its value becomes points.

    normalise: `min_max`, 0 to 100 in proportion between the lowest and the highest of the population, or between
    `low` and `high` where those are given (beyond them 0 and 100); `percentile`, the part of the 99 percentile cuts
    of the population that lie strictly below the value, times 100; `bands`, points per band, which need not be
    0 to 100. direction: `lower` turns min_max and percentile round: the lowest value has 100. Where all of the
    population are alike, min_max and percentile give 0 in both directions.

    weight: what the points are multiplied by; only with set weights. missing_points: of who has no value.
    name: the line's name in columns and explanations; the attribute's where it is left out.
    """

    attribute: str
    name: Name | None = None
    title: Text = Text()
    normalise: Literal["min_max", "percentile", "bands"] = "percentile"
    direction: Literal["higher", "lower"] = "higher"
    low: Amount | None = None
    high: Amount | None = None
    bands: tuple[Band, ...] = ()
    missing_points: Points = Decimal(0)
    weight: Weight | None = None

    @property
    def line(self) -> str:
        """The line's name."""
        return self.name or self.attribute

    @model_validator(mode="after")
    def _fits(self) -> Indicator:
        if self.name is None and not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", self.attribute):
            raise ValueError(f'"{self.attribute}" cannot name a column: give the indicator a name of its own')
        if (self.normalise == "bands") != bool(self.bands):
            raise ValueError('bands belong to normalise: "bands", and only to it')
        if (self.low is not None or self.high is not None) and self.normalise != "min_max":
            raise ValueError('low and high belong to normalise: "min_max"')
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        if self.bands:
            if self.direction == "lower":
                raise ValueError("bands have a direction by their points; leave `direction` out")
            _check_bands(self.bands)
        return self


def _check_bands(bands: tuple[Band, ...]) -> None:
    if len(bands) < 2:
        raise ValueError("one band tells nobody apart: give at least two")
    if any(band.values for band in bands):
        if any(band.from_ is not None for band in bands):
            raise ValueError("a band has `from` or `values`, and all bands of an indicator the same")
        if any(not band.values for band in bands[:-1]) or bands[-1].values:
            raise ValueError("every band but the last lists its values; the last lists none and takes all others")
        listed = [value for band in bands for value in band.values]
        twice = sorted({str(value) for value in listed if listed.count(value) > 1})
        if twice:
            raise ValueError(f"in more than one band: {', '.join(twice)}")
        if len({type(value) for value in listed}) > 1:
            raise ValueError("values of bands are texts or yes/no, not both")
    else:
        starts = [band.from_ for band in bands]
        if starts[0] is not None:
            raise ValueError("the first band must have no `from`: it takes everything below the second")
        rest = [start for start in starts[1:] if start is not None]
        if len(rest) != len(bands) - 1 or any(a >= b for a, b in pairwise(rest)):
            raise ValueError("`from` must ascend from band to band, and only the first may leave it out")


def _ratio(value: Any) -> Any:
    """A judgement as a text: "3", "1/3", "0.5"."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError('a judgement is a number such as 3, or a fraction such as "1/3"')
    text = re.sub(r"\s", "", str(value))
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?(/\d{1,6})?", text) or re.search(r"/0+$", text) or Fraction(text) == 0:
        raise ValueError(f'"{value}" is no judgement: a number above 0 such as 3, or a fraction such as "1/3"')
    return text


Judgement = Annotated[str, BeforeValidator(_ratio)]
"""How many times as important: "3", or "1/3"."""


class Weights(Part):
    """Where weights come from.

    set: each indicator's own `weight`, 1 where none is given; used as they are, so weights that sum to 1 keep the score
    within the points' own range. entropy: from how unequal the population's points are. ahp: from `pairwise`, one row
    per indicator: row i, column j says how many times as important i is as j. Both sum to 1.
    accept_inconsistent: also judgements whose consistency ratio is above 0.1.
    """

    method: Literal["set", "entropy", "ahp"] = "set"
    pairwise: tuple[tuple[Judgement, ...], ...] = ()
    accept_inconsistent: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Weights:
        if (self.method == "ahp") != bool(self.pairwise):
            raise ValueError('pairwise judgements belong to method: "ahp", and only to it')
        if self.accept_inconsistent and self.method != "ahp":
            raise ValueError('accept_inconsistent belongs to method: "ahp"')
        return self

    def judgements(self) -> list[list[Fraction]]:
        """The pairwise matrix as exact numbers."""
        return [[_fraction(entry) for entry in row] for row in self.pairwise]


def _fraction(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(above) / Fraction(below or 1)


class Scorecard(Part):
    """Indicators and weights. A line's points are weight x points, rounded once to hundredths, half up; the score is
    the sum of the lines, so that an explanation adds up as an invoice does."""

    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1, max_length=30)]
    weights: Weights = Weights()

    @model_validator(mode="after")
    def _fits(self) -> Scorecard:
        names = [indicator.line for indicator in self.indicators]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"indicators named twice: {', '.join(twice)}; give each a name of its own")
        weighted = [indicator.line for indicator in self.indicators if indicator.weight is not None]
        if self.weights.method != "set" and weighted:
            raise ValueError(f'weights by "{self.weights.method}" leave no weight to set: {", ".join(weighted)}')
        if self.weights.method == "set" and not any(
            indicator.weight is None or indicator.weight > 0 for indicator in self.indicators
        ):
            raise ValueError("every weight is 0: all scores would be 0")
        if self.weights.method == "ahp":
            size = len(self.indicators)
            if [len(row) for row in self.weights.pairwise] != [size] * size:
                raise ValueError(f"pairwise needs {size} rows of {size}, one for each indicator")
        if self.weights.method == "entropy":
            below = [indicator.line for indicator in self.indicators if _lowest(indicator) < 0]
            if below:
                raise ValueError(f"entropy weights need points of at least 0: {', '.join(below)}")
        return self


def _lowest(indicator: Indicator) -> Decimal:
    return min([indicator.missing_points, *(band.points for band in indicator.bands)])


def attributes_of_scorecard(scorecard: Scorecard, path: Steps = ()) -> Iterator[tuple[Steps, str]]:
    """The attributes that it reads, each with the way to it from the top; `path` comes first."""
    for i, indicator in enumerate(scorecard.indicators):
        yield (*path, "indicators", i, "attribute"), indicator.attribute


class Grade(Part):
    """One grade of a ladder by score, with what is done for it.

    at_least: the lowest score that belongs to it. share: this part of the population, 0 to 1, the best of those whom
    the grades above leave. The last grade has neither and takes the rest.
    """

    name: Name
    title: Text = Text()
    at_least: Points | None = None
    share: Annotated[Decimal, Field(gt=0, lt=1, decimal_places=6)] | None = None
    strategy: Text | None = None
    owner: str | None = None
    benefits: Text | None = None


def _grades_fit(grades: tuple[Grade, ...]) -> tuple[Grade, ...]:
    names = [grade.name for grade in grades]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named twice: {', '.join(twice)}")
    *upper, last = grades
    if last.at_least is not None or last.share is not None:
        raise ValueError(
            f'the last, "{last.name}", must have neither at_least nor share: it takes everyone who is left'
        )
    by_score = [grade.at_least for grade in upper if grade.at_least is not None]
    shares = [grade.share for grade in upper if grade.share is not None]
    if sorted((len(by_score), len(shares))) != [0, len(upper)]:
        raise ValueError("every one but the last has at_least, or every one but the last has share")
    if any(a <= b for a, b in pairwise(by_score)):
        raise ValueError("at_least must fall: the best comes first")
    if sum(shares) >= 1:
        raise ValueError("the shares leave nobody to the last: they must sum to less than 1")
    return grades


Grades = Annotated[tuple[Grade, ...], Field(min_length=2, max_length=9), AfterValidator(_grades_fit)]
"""Two to nine grades, the best first, all cut by score or all by share."""
