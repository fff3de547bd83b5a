"""Matrices of a run: cells, combinations and their customers."""

from __future__ import annotations

from decimal import Decimal

import narwhals as nw

from tierwise.app.context import Context
from tierwise.app.level_views import CombinationView, DimensionView, MatrixCellView, MatrixView, PartView
from tierwise.app.levels import definition_of, schema_of, text_of
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.remembered import told_once
from tierwise.app.views import Label
from tierwise.definitions.matrix import Cell, Matrix, OtherCell
from tierwise.engine.sources import frame
from tierwise.kernel.money import from_minor
from tierwise.metrics.matrix import DimensionScale, matrix_columns, matrix_summary, scales_of_matrix
from tierwise.metrics.scorecard import unit_of


@told_once
def matrix(ctx: Context, name: str, *, run_id: int | None = None) -> MatrixView:
    """The matrix of that name: its cells, and every combination. Raises `unknown_matrix`, and what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        definition = definition_of(reader, Matrix, "matrix", name)
        profile = frame(reader.connection, "profile")
        placed = profile.filter(~_outside(definition))
        scales = scales_of_matrix(placed, definition, schema=schema_of(reader, profile))
        summary = matrix_summary(profile, definition)
        rows = tuple(
            CombinationView(
                parts=row.parts,
                cell=row.cell,
                customers=row.customers,
                share=row.share,
                monetary_amount=from_minor(row.monetary_minor, reader.currency),
                monetary_share=row.monetary_share,
            )
            for row in summary.rows
        )
        return MatrixView(
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            name=definition.name,
            title=label_of(definition.title, definition.name),
            currency=reader.currency,
            dimensions=_dimensions(reader, definition, scales.dimensions),
            cells=_cells(reader, definition, rows),
            rows=rows,
            customers=summary.customers,
            outside=summary.outside,
        )


def _outside(definition: Matrix) -> nw.Expr:
    reason = nw.col(matrix_columns(definition)["reason"])
    return (reason == nw.lit("not_in_population")).fill_null(False)


def _dimensions(reader: Reader, definition: Matrix, scales: tuple[DimensionScale, ...]) -> tuple[DimensionView, ...]:
    found = []
    for dimension, scale in zip(definition.dimensions, scales, strict=True):
        unit = unit_of(scale.where)
        cuts = [*reversed(scale.cuts), None] if scale.cuts else [None] * len(dimension.parts)
        known = reader.label(dimension.attribute)
        title = Label(dimension.title.in_language("zh") or known.zh, dimension.title.in_language("en") or known.en)
        parts = tuple(
            PartView(
                name=part.name,
                title=label_of(part.title, part.name),
                at_least=None if cut is None else cut if unit == 1 else Decimal(cut) / unit,
                values=tuple(str(value) for value in part.values),
            )
            for part, cut in zip(dimension.parts, cuts, strict=True)
        )
        found.append(
            DimensionView(dimension.label, title, dimension.attribute, reader.unit(dimension.attribute), parts)
        )
    return tuple(found)


def _cells(reader: Reader, definition: Matrix, rows: tuple[CombinationView, ...]) -> tuple[MatrixCellView, ...]:
    people = sum(row.customers for row in rows)
    money = sum((row.monetary_amount for row in rows), Decimal(0))
    cells: list[Cell | OtherCell] = [*definition.cells, *([definition.otherwise] if definition.otherwise else [])]
    found = []
    for cell in cells:
        mine = [row for row in rows if row.cell == cell.name]
        customers = sum(row.customers for row in mine)
        amount = sum((row.monetary_amount for row in mine), from_minor(0, reader.currency))
        found.append(
            MatrixCellView(
                name=cell.name,
                title=label_of(cell.title, cell.name),
                customers=customers,
                share=customers / people if people else None,
                monetary_amount=amount,
                monetary_share=float(amount / money) if money > 0 else None,
                strategy=text_of(cell.strategy),
                owner=cell.owner or definition.owner,
            )
        )
    return tuple(found)
