"""`tierwise history`, `tierwise migration` and `tierwise past`: who was where when, and who moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tierwise.app import history_views as views

past = typer.Typer(help="Tiers, stages, tags and segments on past days.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Name = Annotated[str, typer.Argument(help="A tier, stage, tag or segment; `tierwise past names` lists them.")]
Kind = Annotated[str | None, typer.Option(help="tier, stage, tag or segment, where several have the name.")]
From = Annotated[str, typer.Option("--from", help="The earlier day, 2026-03-31.")]
To = Annotated[str, typer.Option("--to", help="The later day, 2026-06-30.")]
On = Annotated[str, typer.Option("--on", help="The day, 2026-03-31.")]

NOWHERE = "(none)"
"""Those who had no value, or were not known."""


def add_to(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.command("history")(history)
    app.command("migration")(migration)
    app.add_typer(past, name="past")


def history(customer_id: str, as_json: Json = False) -> None:
    """Every tier, stage, tag and segment of one customer, from when until when."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = cases.customer_history(ctx, customer_id)
    tell(view, as_json, lambda: _print_history(view))


def migration(name: Name, from_: From, to: To, kind: Kind = None, as_json: Json = False) -> None:
    """Who moved from which value to which between two days."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        view = cases.migration(ctx, name, _day(from_), _day(to), kind)
    body: dict[str, Any] = plain(view)
    body["rows"] = [{"from": row.pop("from_"), **row} for row in body["rows"]]
    body["from"], body["to"] = body.pop("from_day"), body.pop("to_day")
    tell(body, as_json, lambda: _print_migration(view))


@past.command("names")
def names(as_json: Json = False) -> None:
    """Everything that history keeps."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, plain, tell
    from tierwise.cli.look import both
    from tierwise.cli.terminal import table

    with opened() as ctx:
        found = cases.names(ctx)
    rows = [(each.kind, each.name, both(each.title)) for each in found]
    tell({"names": plain(list(found))}, as_json, lambda: table("", ["kind", "name", ""], rows))


@past.command("counts")
def counts(name: Name, on: On, kind: Kind = None, as_json: Json = False) -> None:
    """How many customers held each value on a past day."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import percent, table

    with opened() as ctx:
        view = cases.counts(ctx, name, _day(on), kind)

    def people() -> None:
        table(
            f"{_title(view)} · {view.as_of}",
            ["value", "customers", "share"],
            [(row.value, row.customers, percent(row.share)) for row in view.rows],
            bars=[row.share or 0.0 for row in view.rows],
        )

    tell(view, as_json, people)


@past.command("flows")
def flows(name: Name, from_: From, to: To, kind: Kind = None, as_json: Json = False) -> None:
    """Entries and exits by run, both days included."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, plain, tell
    from tierwise.cli.terminal import say, table

    with opened() as ctx:
        view = cases.flows(ctx, name, _day(from_), _day(to), kind)
    body: dict[str, Any] = plain(view)
    body["from"], body["to"] = body.pop("from_day"), body.pop("to_day")

    def people() -> None:
        rows = [(row.day.isoformat(), row.value, row.entries, row.exits) for row in view.rows]
        table(_title(view), ["day", "value", "entries", "exits"], rows)
        say(f"{len(view.days)} recorded days, {len({row.day for row in view.rows})} with changes")

    tell(body, as_json, people)


@past.command("movers")
def movers(
    name: Name,
    from_: From,
    to: To,
    value_then: Annotated[str, typer.Option("--then", help="The value on the earlier day; none, or * for any.")] = "*",
    value_later: Annotated[str, typer.Option("--later", help="The value on the later day; none, or * for any.")] = "*",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many rows.")] = 50,
    as_json: Json = False,
) -> None:
    """The customers who went from one value to another between two days, of those whom the current run has."""
    from tierwise.app.among import Moved
    from tierwise.app.searching import ID, search
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say, table

    places = [None if value == "none" else value for value in (value_then, value_later)]
    among = Moved(name, _day(from_), _day(to), *places)
    with opened() as ctx:
        found = search(ctx, among=among, columns=["monetary_amount"], limit=limit)

    def people() -> None:
        table("", [ID, "net"], [tuple("" if value is None else str(value) for value in row) for row in found.rows])
        say(f"{len(found.rows)} of {number(found.of)}")

    tell(found, as_json, people)


@past.command("sankey")
def sankey(
    name: Name,
    on: Annotated[list[str], typer.Option("--on", help="A day; repeat it for two or more, in order.")],
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """The way of customers through a name over several days: nodes and links of a Sankey diagram."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import table

    with opened() as ctx:
        view = cases.sankey(ctx, name, [_day(day) for day in on], kind)

    def people() -> None:
        nodes = {node.id: node for node in view.nodes}
        rows = [
            (
                nodes[link.source].day.isoformat(),
                nodes[link.source].value or NOWHERE,
                nodes[link.target].value or NOWHERE,
                link.customers,
            )
            for link in view.links
        ]
        table(_title(view), ["from day", "from", "to", "customers"], rows)

    tell(view, as_json, people)


@past.command("dwell")
def dwell(
    name: Name,
    until: Annotated[str | None, typer.Option(help="Up to this day; else the last recorded one.")] = None,
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """How long each value is held."""
    from tierwise.app import history as cases
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import fixed, say, table

    with opened() as ctx:
        view = cases.dwell(ctx, name, kind, None if until is None else _day(until))

    def people() -> None:
        table(
            f"{_title(view)} · {view.until} · days",
            ["value", "ended", "median", "mean", "open", "so far", "unknown"],
            [
                (
                    row.value,
                    row.ended,
                    fixed(row.median_days, 1),
                    fixed(row.mean_days, 1),
                    row.still_open,
                    fixed(row.open_median_days, 1),
                    row.unknown_start,
                )
                for row in view.rows
            ],
        )
        if any(row.unknown_start for row in view.rows):
            say("unknown: held since the history's first day, so really longer; in no other figure")

    tell(view, as_json, people)


def _print_history(view: views.HistoryView) -> None:
    from tierwise.cli.terminal import say, table

    table(
        f"{view.customer_id} · {view.recorded_from} – {view.recorded_to}",
        ["kind", "name", "value", "from", "until", "days"],
        [
            (
                row.kind,
                row.name,
                row.value,
                f"{'≤ ' if row.since_unknown else ''}{row.valid_from}",
                "" if row.valid_to is None else row.valid_to.isoformat(),
                row.days,
            )
            for row in view.rows
        ],
    )
    if not view.rows:
        say("nothing was ever recorded of this customer")
    if any(row.since_unknown for row in view.rows):
        say("≤: held already on the first recorded day")


def _print_migration(view: views.MigrationView) -> None:
    """A square where the terminal is wide enough for it; else a row per move."""
    from tierwise.cli.door import note
    from tierwise.cli.terminal import console, number, say, table, width

    places: list[str | None] = [*view.values, None]
    found = {(row.from_, row.to): row.customers for row in view.rows}
    square = [
        (start or NOWHERE, *[found.get((start, end)) or "·" for end in places])
        for start in places
        if any((start, end) in found for end in places)
    ]
    title = f"{_title(view)}: {view.from_as_of} → {view.to_as_of}"
    header = ["from \\ to", *[end or NOWHERE for end in places]]
    if _across(header, square, width, number) <= console().width:
        table(title, header, square)
    else:
        rows = [(row.from_ or NOWHERE, row.to or NOWHERE, row.customers, f"{row.share:.1%}") for row in view.rows]
        table(title, ["from", "to", "customers", "of from"], rows)
    moved = sum(row.customers for row in view.rows if row.from_ != row.to)
    say(f"{number(moved)} of {number(sum(row.customers for row in view.rows))} customers moved")
    for text in view.notes:
        note(text)


def _across(header: Sequence[str], rows: Sequence[Sequence[Any]], width: Any, number: Any) -> int:
    cells = [header, *[[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]]
    return int(sum(max(width(row[i]) for row in cells) + 2 for i in range(len(header))) - 2)


def _title(view: Any) -> str:
    from tierwise.cli.look import both

    return both(view.title) or str(view.name)


def _day(text: str) -> date:
    from tierwise.kernel.windows import parse_day

    return parse_day(text)
