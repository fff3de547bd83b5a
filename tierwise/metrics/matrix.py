"""Matrix: the parts of two or three dimensions, and the cell that they make.

A dimension's value is compared as a whole number, as in `scorecard.py`: minor units of money, whole days and counts,
millionths of other numbers. Quantiles are of type 7, learnt from those of the population who have a value; a value is
in a part where it is strictly above the quantile, so equal values share a part, and where all are alike they are in
the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from fractions import Fraction
from math import floor

import narwhals as nw

from tierwise.definitions.matrix import Dimension, Matrix
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.metrics.frame import Frame, columns_of, integer_sum, rows_of
from tierwise.metrics.level import NOT_IN_POPULATION, inside_of
from tierwise.metrics.rules import RuleColumn, Schema, rule_schema
from tierwise.metrics.scorecard import by_step, column_of, in_units, inside_value, unit_of, whole


@dataclass(frozen=True, slots=True)
class DimensionScale:
    """How a dimension's values become parts. cuts: ascending, in inside units, one less than parts; a value is in
    parts[-1 - k] where it has reached k cuts. Empty where parts list their values, or nobody was there to learn from:
    then everyone who is not listed is in the last part."""

    label: str
    where: RuleColumn
    parts: tuple[str, ...]
    cuts: tuple[int, ...]
    listed: tuple[tuple[str | bool, int], ...]
    missing: int | None

    def part(self, value: int | str | bool | None) -> str | None:
        """The part of an inside value; None where it is missing and no part takes those."""
        if value is None:
            return None if self.missing is None else self.parts[self.missing]
        if self.listed:
            return self.parts[dict(self.listed).get(value, len(self.parts) - 1)]  # type: ignore[arg-type]
        return self.parts[-1 - sum(isinstance(value, int) and value >= cut for cut in self.cuts)]


@dataclass(frozen=True, slots=True)
class MatrixScales:
    """The dimensions as learnt from the population."""

    dimensions: tuple[DimensionScale, ...]


def matrix_columns(definition: Matrix) -> dict[str, str]:
    """The names of the columns that `with_matrix` adds: `cell` (under the plain name), `reason`, and the part in each
    dimension by its name."""
    name = definition.name
    parts = {dimension.label: f"{name}_{dimension.label}" for dimension in definition.dimensions}
    return {"cell": name, "reason": f"{name}_reason", **parts}


def matrix_problems(definition: Matrix, schema: Schema, place: str | None = None) -> list[Problem]:
    """All that is wrong with its dimensions over that schema: unknown attributes, and parts that do not fit a type."""
    problems = []
    for dimension in definition.dimensions:
        if dimension.attribute not in schema:
            problems.append(unknown_name("attribute", dimension.attribute, schema, place))
            continue
        kind = column_of(schema, dimension.attribute).type
        first = dimension.parts[0]
        needed = (
            ("integer", "number")
            if first.by != "values"
            else ("boolean",)
            if isinstance(first.values[0], bool)
            else ("text",)
        )
        if kind not in needed:
            said = f'"{dimension.attribute}" is of type {kind}, and its parts are by `{first.by}`'
            problems.append(Problem("bad_value", said, place, f"parts like these need {' or '.join(needed)}"))
    return problems


def matrix_scales(
    profile: Frame,
    definition: Matrix,
    *,
    schema: Schema | None = None,
    as_of: date | None = None,
    digits: int = 2,
    zone: tzinfo = UTC,
) -> MatrixScales:
    """Learns the quantiles; executes one grouping of the frame for each dimension that has any, else nothing.

    schema: further attributes. The population must be plain, or made so beforehand. Raises all of `matrix_problems`,
    and what `rule_expr` raises.
    """
    known = {**rule_schema(profile, digits), **(schema or {})}
    inside = inside_of(definition.population, known, as_of, zone)
    return scales_of_matrix(profile if inside is None else profile.filter(inside), definition, schema=known)


def scales_of_matrix(population: Frame, definition: Matrix, *, schema: Schema) -> MatrixScales:
    """As `matrix_scales`, from a frame of the population alone."""
    problems = matrix_problems(definition, schema)
    if problems:
        raise TierwiseError.of(problems)
    dimensions = definition.dimensions
    return MatrixScales(tuple(_learnt(population, each, column_of(schema, each.attribute)) for each in dimensions))


def _learnt(population: Frame, dimension: Dimension, where: RuleColumn) -> DimensionScale:
    names = tuple(part.name for part in dimension.parts)
    listed = tuple((value, place) for place, part in enumerate(dimension.parts) for value in part.values)
    upward = dimension.parts[-2::-1]
    cuts: tuple[int, ...] = ()
    if dimension.parts[0].by == "from":
        cuts = tuple(in_units(part.from_, unit_of(where)) for part in upward)
    elif dimension.parts[0].by == "above":
        # NumPy is loaded by who learns a quantile; who shows what was learnt need not wait for it.
        from tierwise.metrics.distribution import distribution_of

        found = distribution_of(population.select(inside_value(where).alias("value__")), "value__")
        if found.size:
            exact = [Fraction(part.above or 0) for part in upward]
            cuts = tuple(floor(found.quantile(at.numerator, at.denominator)) + 1 for at in exact)
    missing = None if dimension.missing is None else names.index(dimension.missing)
    return DimensionScale(dimension.label, where, names, cuts, listed, missing)


def with_matrix(
    profile: Frame,
    definition: Matrix,
    scales: MatrixScales,
    *,
    schema: Schema | None = None,
    as_of: date | None = None,
    digits: int = 2,
    zone: tzinfo = UTC,
) -> Frame:
    """The profile with the columns of `matrix_columns`, by row.

    Who is not in the population, or has no value in a dimension that says nothing of those, is in no cell, with the
    reason `not_in_population` or `missing_NAME` (of the first such dimension); outside the population parts are null.
    """
    there = columns_of(profile)
    names = matrix_columns(definition)
    known = {**rule_schema(profile, digits), **(schema or {})}
    inside = inside_of(definition.population, known, as_of, zone)
    places = [(f"place__{scale.label}", scale) for scale in scales.dimensions]
    placed = profile.with_columns(
        *(inside_value(scale.where).alias(f"value__{scale.label}") for scale in scales.dimensions)
    )
    placed = placed.with_columns(*(_place(scale, inside).alias(column) for column, scale in places))
    shown = [_named(nw.col(column), scale.parts).alias(names[scale.label]) for column, scale in places]
    cell, known_everywhere = _cell(definition, places)
    reason = nw.lit(None).cast(nw.String)
    for column, scale in reversed(places):
        reason = nw.when(nw.col(column).is_null()).then(nw.lit(f"missing_{scale.label}")).otherwise(reason)
    if inside is not None:
        reason = nw.when(inside).then(reason).otherwise(nw.lit(NOT_IN_POPULATION))
    return placed.select(
        *there,
        nw.when(known_everywhere).then(cell).alias(names["cell"]),
        *shown,
        reason.alias(names["reason"]),
    )


def _place(scale: DimensionScale, inside: nw.Expr | None) -> nw.Expr:
    """The part's place, 0 for the first; null where there is none."""
    value = nw.col(f"value__{scale.label}")
    last = len(scale.parts) - 1
    if scale.listed:
        found = whole(last)
        for each, place in scale.listed:
            found = nw.when(value == nw.lit(each)).then(whole(place)).otherwise(found)
    elif scale.cuts:
        found = _by_cuts(value, scale.cuts, last)
    else:
        found = whole(last)
    missing = nw.lit(None).cast(nw.Int64) if scale.missing is None else whole(scale.missing)
    found = nw.when(value.is_null()).then(missing).otherwise(found)
    return found if inside is None else nw.when(inside).then(found)


def _by_cuts(value: nw.Expr, cuts: Sequence[int], last: int) -> nw.Expr:
    """Equal cuts leave the part between them empty."""
    different = sorted(set(cuts))
    return by_step(value, different, [last, *(last - sum(cut <= each for cut in cuts) for each in different)])


def _named(place: nw.Expr, names: Sequence[str]) -> nw.Expr:
    found = nw.lit(None).cast(nw.String)
    for i, name in enumerate(names):
        found = nw.when(place == nw.lit(i)).then(nw.lit(name)).otherwise(found)
    return found


def _cell(definition: Matrix, places: Sequence[tuple[str, DimensionScale]]) -> tuple[nw.Expr, nw.Expr]:
    """The cell's name by the number of the combination, and whether every part is known."""
    number = whole(0)
    known = ~nw.col(places[0][0]).is_null()
    for column, scale in places:
        number = number * len(scale.parts) + nw.col(column)
        known = known & ~nw.col(column).is_null()
    combinations = definition.combinations()
    cells = [definition.cell_of(combination).name for combination in combinations]
    return _by_number(number, 0, cells), known


def _by_number(number: nw.Expr, first: int, names: Sequence[str]) -> nw.Expr:
    """names[number - first], found by halves: 729 combinations one inside the other would be too deep."""
    if len(set(names)) == 1:
        return nw.lit(names[0])
    middle = len(names) // 2
    lower, upper = _by_number(number, first, names[:middle]), _by_number(number, first + middle, names[middle:])
    return nw.when(number < nw.lit(first + middle)).then(lower).otherwise(upper)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One combination of parts with its cell. Money in minor units, shares of those placed; null where there is none to
    take a share of."""

    parts: tuple[str, ...]
    cell: str
    customers: int
    share: float | None
    monetary_minor: int
    monetary_share: float | None


@dataclass(frozen=True, slots=True)
class MatrixSummary:
    """Every combination, empty ones too; how many customers are placed, and the others by reason."""

    rows: tuple[MatrixRow, ...]
    customers: int
    outside: dict[str, int]


def matrix_summary(placed: Frame, definition: Matrix, *, money: str = "monetary_amount_minor") -> MatrixSummary:
    """The combinations of a frame that `with_matrix` gave; executes one grouping of it. Money is left at 0 where there
    is no such column."""
    names = matrix_columns(definition)
    keys = [names["reason"], *(names[dimension.label] for dimension in definition.dimensions)]
    amount = nw.col(money).fill_null(0) if money in columns_of(placed) else whole(0)
    rows = rows_of(
        placed.select(*keys, amount.alias("money__"))
        .group_by(*keys)
        .agg(nw.len().cast(nw.Int64).alias("rows__"), integer_sum(nw.col("money__")).alias("total__"))
    )
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    outside: dict[str, int] = {}
    for reason, *rest in rows:
        *parts, customers, amount_minor = rest
        if reason is None:
            found[tuple(parts)] = (customers, amount_minor)
        else:
            outside[reason] = outside.get(reason, 0) + customers
    people, total = sum(n for n, _ in found.values()), sum(amount for _, amount in found.values())
    combinations = []
    for combination in definition.combinations():
        customers, amount_minor = found.get(combination, (0, 0))
        combinations.append(
            MatrixRow(
                combination,
                definition.cell_of(combination).name,
                customers,
                customers / people if people else None,
                amount_minor,
                amount_minor / total if total > 0 else None,
            )
        )
    return MatrixSummary(tuple(combinations), people, dict(sorted(outside.items())))
