"""`tierwise explain`: why a customer has a value, as a tree to read or one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tierwise.app.explaining import Clause, Counted, ExplainView

_MARKS = {True: "✓", False: "✗", None: "·"}
_ROWS_READ = 5
"""So many of the rows that counted are printed; the JSON has more."""


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command("explain")(explain)


def explain(
    customer_id: str,
    name: Annotated[str, typer.Argument(help="A tier, tag, segment or attribute; KIND NAME where two have it.")],
    run_id: Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Why a customer has this tier, tag or stage: each clause with its value, down to the orders that counted."""
    from tierwise.app import explaining
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = explaining.explain(ctx, customer_id, name, run_id)
    tell(view, as_json, lambda: print_explanation(view))


def print_explanation(view: ExplainView) -> None:
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say

    unit = f" {view.unit}" if view.unit and view.value is not None else ""
    say(f"{view.customer_id} · {view.name} {both(view.title)} = {_said(view.value)}{unit} · as of {view.as_of}")
    for line in _lines(view.clauses, 0):
        say(line)


def _lines(clauses: tuple[Clause, ...], depth: int) -> Iterator[str]:
    from tierwise.cli.language import told

    indent = "  " * depth
    for clause in clauses:
        shows_value = (
            clause.value is not None and not isinstance(clause.value, bool) and clause.what not in ("stage", "value")
        )
        value = f"   [{_said(clause.value)}]" if shows_value else ""
        yield f"{indent}{_MARKS[clause.verdict]} {told(clause.says)}{value}"
        for counted in clause.counted:
            yield from _counted(counted, indent + "    ")
        yield from _lines(clause.clauses, depth + 1)


def _counted(counted: Counted, indent: str) -> Iterator[str]:
    from tierwise.cli.language import told

    days = f"up to {counted.last}" if counted.first is None else f"from {counted.first} to {counted.last}"
    yield f"{indent}{counted.count:,} {counted.fact}, {told(days)}"
    for row in counted.rows[:_ROWS_READ]:
        yield f"{indent}  " + "  ".join(f"{name} {_said(value)}" for name, value in row.items())
    if counted.count > _ROWS_READ:
        yield f"{indent}  … and {counted.count - min(_ROWS_READ, len(counted.rows)):,} more"


def _said(value: Any) -> str:
    from tierwise.cli.terminal import number

    if isinstance(value, datetime | date):
        return value.isoformat()
    return number(value)
