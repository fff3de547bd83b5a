"""`tierwise insight`: the catalogue of questions, an answer to read, or all of it in a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tierwise.app.insights.insight_views import ColumnView, FigureView, InsightSummary, InsightView

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Put the command where it belongs."""
    app.command("insight")(insight)


def insight(
    name: Annotated[str | None, typer.Argument(help="Which; without it, all that can be asked.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A parameter, as within_days=90.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="All rows to a file ending in .csv, .xlsx, .parquet; a picture to .svg, .png.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many rows.")] = 20,
    as_of: Annotated[str | None, typer.Option(help="An earlier day than the run's.")] = None,
    run_id: Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")] = None,
    parameters: Annotated[bool, typer.Option("--parameters", help="What may be set, instead of an answer.")] = False,
    headings: Annotated[
        str, typer.Option(help="Above the columns: their names, or words in zh or en; auto takes the language spoken.")
    ] = "names",
    wide: Annotated[bool, typer.Option("--wide", help="With the columns that files have.")] = False,
    as_json: Json = False,
) -> None:
    """Ask what orders and interactions say; without a name, what can be asked."""
    from tierwise.app.headings import known_headings
    from tierwise.app.insights import asking
    from tierwise.app.insights.settling import assignments
    from tierwise.cli.door import opened, plain, tell
    from tierwise.cli.language import language
    from tierwise.cli.terminal import number, say
    from tierwise.kernel.windows import parse_day

    given = assignments(settings or [])
    day: date | None = None if as_of is None else parse_day(as_of)
    with opened() as ctx:
        if name is None:
            found = asking.list_insights(ctx)
            tell({"insights": plain(list(found))}, as_json, lambda: print_catalogue(found))
            return
        if parameters:
            one = asking.summary(ctx, name)
            tell(one, as_json, lambda: print_parameters(one))
            return
        if to is not None:
            above = known_headings(language() if headings == "auto" else headings)
            done = asking.export_insight(ctx, name, to, given, as_of=day, run_id=run_id, headings=above)
            said = f"{number(done.rows)} rows of {done.table} in {done.path} ({number(done.bytes)} bytes)"
            tell(done, as_json, lambda: say(said))
            return
        view = asking.insight(ctx, name, given, as_of=day, run_id=run_id, limit=limit)
    tell(view, as_json, lambda: print_insight(view, wide=wide))


def print_catalogue(found: tuple[InsightSummary, ...]) -> None:
    """One row an insight."""
    from tierwise.cli.language import language
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    table(
        "",
        ["insight", "", "answers"],
        [(each.name, both(each.title), each.answers.in_language(language())) for each in found],
    )
    for each in found:
        if each.missing:
            say(f"{each.name}: import {', '.join(each.missing)} first")
    say("What may be set: tierwise insight NAME --parameters")


def print_parameters(summary: InsightSummary) -> None:
    """What may be set, with defaults and bounds."""
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    say(both(summary.title))
    say(both(summary.answers))
    if not summary.parameters:
        say("nothing may be set")
        return
    table(
        "--set name=value",
        ["parameter", "default", "takes", ""],
        [(one.name, _written(one.default), _takes(one), both(one.meaning)) for one in summary.parameters],
    )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return "–" if value is None else _digits(value) if isinstance(value, float) else str(value)


def _takes(parameter: Any) -> str:
    if parameter.choices:
        return ", ".join(map(str, parameter.choices))
    if parameter.kind == "yes_no":
        return "yes, no"
    if parameter.least is not None and parameter.most is not None:
        return f"{_digits(parameter.least)} … {_digits(parameter.most)}"
    return "names, by commas" if parameter.kind == "names" else str(parameter.kind)


def _digits(number: float) -> str:
    """Without an exponent."""
    from decimal import Decimal

    return f"{Decimal(f'{number:g}'):,f}"


def print_insight(view: InsightView, *, wide: bool = False) -> None:
    """Headline numbers, the rows with bars, notes."""
    from tierwise.cli.look import both, sentences
    from tierwise.cli.terminal import number, say, table

    say(f"{both(view.title)} · {view.as_of} · {view.currency}")
    say(both(view.answers))
    if view.figures:
        _say_figures([f"{both(each.title)} {_figure(each)}" for each in view.figures])
    shown = [place for place, column in enumerate(view.columns) if wide or not column.detail]
    columns = [view.columns[place] for place in shown]
    if view.rows:
        say()
        table(
            "",
            [_heading(column, view.currency) for column in columns],
            [
                tuple(_cell(column, row[place]) for place, column in zip(shown, columns, strict=True))
                for row in view.rows
            ],
            bars=_bars(view),
        )
        if view.of > len(view.rows):
            say(f"{number(len(view.rows))} of {number(view.of)} rows; --limit for more, --to FILE for all")
    for text in view.notes:
        say("· " + sentences(text).replace("\n", "\n  "))


_FIGURES_CELLS = 110


def _say_figures(texts: list[str]) -> None:
    """As many a line as fit."""
    from tierwise.cli.terminal import say, width

    line = ""
    for text in texts:
        longer = f"{line} · {text}" if line else text
        if line and width(longer) > _FIGURES_CELLS:
            say(line)
            longer = text
        line = longer
    say(line)


def _bars(view: InsightView) -> list[float] | None:
    place = next((i for i, column in enumerate(view.columns) if column.name == view.bar), None)
    if place is None:
        return None
    values = [max(float(row[place] or 0), 0.0) for row in view.rows]
    top = max(values, default=0.0) or 1.0
    return [value / top for value in values]


def _heading(column: ColumnView, currency: str) -> str:
    from tierwise.cli.language import language

    title = column.title.in_language(language())
    return f"{title} ({currency})" if column.kind == "money" else title


def _figure(figure: FigureView) -> str:
    from tierwise.cli.terminal import number

    if figure.kind == "number" and figure.value is not None:
        return f"{figure.value:,.1f}" if abs(figure.value) >= 1000 else f"{figure.value:.5g}"
    value = _formed(figure.kind, figure.value)
    return str(value) if isinstance(value, str) else number(value)


def _cell(column: ColumnView, value: Any) -> Any:
    from tierwise.cli.look import both

    if value in column.values:
        return both(column.values[value])
    if value is None and column.kind in ("text", "customer"):
        return "–"
    return _formed(column.kind, value)


def _formed(kind: str, value: Any) -> Any:
    from tierwise.cli.terminal import fixed, percent

    if value is None or isinstance(value, str):
        return value
    if kind == "rate":
        return percent(value)
    if kind == "p_value":
        return "<0.001" if value < 0.001 else fixed(value, 3)
    if kind == "days":
        return fixed(value, 0 if float(value).is_integer() else 1)
    if kind == "number":
        return fixed(value, 2)
    if kind == "day":
        return str(value)
    return value
