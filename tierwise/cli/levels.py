"""`tierwise show level`, `show matrix` and `levels near-miss`: tiers by scorecard and by matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from decimal import Decimal

    from tierwise.app.level_views import ClosingView, LevelView, MatrixView, NearMissesView

STRATEGY_CELLS = 48
"""So much of a strategy is shown beside figures; `--json` has all of it."""

levels = typer.Typer(help="Who is near the next level.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
RunId = Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")]
Within = Annotated[str, typer.Option(help="So many points from the next level count as near.")]


def add_to(app: typer.Typer, show: typer.Typer) -> None:
    """Put the commands where they belong."""
    show.command("level")(level)
    show.command("matrix")(matrix)
    app.add_typer(levels, name="levels")


def level(name: str, within: Within = "5", run_id: RunId = None, as_json: Json = False) -> None:
    """The levels of a scorecard, the best first, and what moving up would need."""
    from tierwise.app import levels as cases
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = cases.level(ctx, name, within=_points(within), run_id=run_id)
    tell(view, as_json, lambda: print_level(view))


def matrix(name: str, run_id: RunId = None, as_json: Json = False) -> None:
    """The cells of a matrix, and every combination of its parts."""
    from tierwise.app import matrices
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = matrices.matrix(ctx, name, run_id=run_id)
    tell(view, as_json, lambda: print_matrix(view))


@levels.command("near-miss")
def near_miss(
    name: str,
    within: Within = "5",
    limit: Annotated[int, typer.Option(min=0, help="At most so many.")] = 20,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Who lacks few points to the next level, the nearest first, and what would close it."""
    from tierwise.app import levels as cases
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = cases.near_miss(ctx, name, within=_points(within), limit=limit, run_id=run_id)
    tell(view, as_json, lambda: print_near_misses(view))


@levels.callback()
def of_levels() -> None:
    """Who is near the next level."""


def _points(text: str) -> Decimal:
    from decimal import Decimal, InvalidOperation

    from tierwise.kernel.errors import TierwiseError

    try:
        return Decimal(text)
    except InvalidOperation:
        raise TierwiseError("bad_value", f'"{text}" is no number of points', remedy="--within 5") from None


def print_level(view: LevelView) -> None:
    """Levels, then headroom, then the scorecard."""
    from tierwise.cli.language import given
    from tierwise.cli.look import both
    from tierwise.cli.terminal import fixed, number, percent, say, table

    largest = max((row.customers for row in view.rows), default=0) or 1
    table(
        f"{both(view.title)} · {view.as_of} · {view.currency}",
        ["level", "", "customers", "share", "from", "mean score", "amount", "of amount", "to next", "near", "owner"],
        [
            (
                row.name,
                both(row.title),
                row.customers,
                percent(row.share),
                fixed(row.at_least, 2),
                fixed(row.mean_score, 1),
                row.monetary_amount,
                percent(row.monetary_share),
                fixed(row.mean_points_to_next, 1),
                row.near,
                given(row.owner),
            )
            for row in view.rows
        ],
        bars=[row.customers / largest for row in view.rows],
        spare=["owner", "of amount", "share"],
    )
    say(f"near: {number(view.within)} points or fewer to the next level.")
    if view.outside:
        say(f"{number(view.outside)} customers are not graded: they are not in the population.")
    needs = [(row, need) for row in view.rows for need in row.needs if row.customers]
    if needs:
        units = {each.name: each.unit for each in view.indicators}
        table(
            "One indicator alone, the others held",
            ["level", "indicator", "could lift", "of", "by on average", ""],
            [
                (
                    row.name,
                    need.indicator,
                    need.customers,
                    row.customers,
                    fixed(need.mean_change, 2),
                    units[need.indicator],
                )
                for row, need in needs
            ],
        )
    by = {"set": "as set", "entropy": "by entropy", "ahp": "by pairwise judgements"}[view.weights]
    ratio = "" if view.consistency_ratio is None else f", consistency ratio {view.consistency_ratio:.3f}"
    table(
        f"Scorecard: weights {by}{ratio}",
        ["indicator", "", "points by", "better", "weight", "at most"],
        [
            (each.name, both(each.title), each.normalise, each.direction, fixed(each.weight, 4), fixed(each.highest, 2))
            for each in view.indicators
        ],
    )


def print_near_misses(view: NearMissesView) -> None:
    """One row per customer, what would close it in the last column."""
    from tierwise.cli.look import both
    from tierwise.cli.terminal import fixed, number, say, table

    table(
        f"{both(view.title)} · {view.as_of}: {number(view.within)} points or fewer to the next level",
        ["customer", "level", "next", "score", "lacks", "any one of these would do"],
        [
            (
                row.customer_id,
                row.level,
                row.next_level,
                fixed(row.score, 2),
                fixed(row.points_to_next, 2),
                " · ".join(_said(each) for each in row.closings if each.how) or "no indicator alone would",
            )
            for row in view.rows
        ],
    )
    say(f"{number(len(view.rows))} of {number(view.of)}")


_HOW = {"at_least": "≥", "at_most": "≤", "one_of": "one of"}


def _said(closing: ClosingView) -> str:
    needed: Any = closing.needed
    value = ", ".join(map(str, needed)) if isinstance(needed, tuple) else needed
    now = "none" if closing.now is None else closing.now
    unit = f" {closing.unit}" if closing.unit else ""
    return f"{closing.indicator} {_HOW[closing.how or '']} {value}{unit} (now {now})"


def print_matrix_cells(view: MatrixView) -> None:
    """The named cells, the first first."""
    from tierwise.cli.language import given
    from tierwise.cli.look import both
    from tierwise.cli.terminal import clipped, percent, table

    largest = max((cell.customers for cell in view.cells), default=0) or 1
    table(
        f"{both(view.title)} · {view.as_of} · {view.currency}",
        ["cell", "", "customers", "share", "amount", "of amount", "strategy", "owner"],
        [
            (
                cell.name,
                both(cell.title),
                cell.customers,
                percent(cell.share),
                cell.monetary_amount,
                percent(cell.monetary_share),
                clipped(both(cell.strategy), STRATEGY_CELLS),
                given(cell.owner),
            )
            for cell in view.cells
        ],
        bars=[cell.customers / largest for cell in view.cells],
        spare=["owner", "strategy"],
    )


def print_matrix(view: MatrixView) -> None:
    """Cells, then combinations, then where the parts begin."""
    from tierwise.cli.terminal import number, say, table

    print_matrix_cells(view)
    table(
        "",
        [*(dimension.name for dimension in view.dimensions), "cell", "customers", "amount"],
        [(*row.parts, row.cell, row.customers, row.monetary_amount) for row in view.rows],
    )
    for dimension in view.dimensions:
        parts = [
            f"{part.name} ≥ {number(part.at_least)}"
            if part.at_least is not None
            else f"{part.name}: {', '.join(part.values)}"
            if part.values
            else f"{part.name}: the rest"
            for part in dimension.parts
        ]
        unit = f", {dimension.unit}" if dimension.unit else ""
        say(f"{dimension.name} ({dimension.attribute}{unit}): {' · '.join(parts)}")
    reasons = ", ".join(f"{reason}: {number(count)}" for reason, count in view.outside.items())
    if reasons:
        say(f"In no cell: {reasons}.")
