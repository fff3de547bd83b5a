"""`tierwise junk`: accounts that no number counts, why, and a person's word that one of them is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tierwise.app.cleaning import JunkView, ReleaseView

app = typer.Typer(
    help="Accounts that are left out of every number, and why.", invoke_without_command=True, rich_markup_mode=None
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Rule = Annotated[str | None, typer.Option(help="Of this rule alone; else of all.")]


@app.callback()
def junk(
    context: typer.Context,
    run_id: Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")] = None,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="So many ids for each rule.")] = 5,
    as_json: Json = False,
) -> None:
    """How many accounts each rule found, and the money they carry."""
    if context.invoked_subcommand is not None:
        return
    from tierwise.app import cleaning
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = cleaning.junk(ctx, run_id=run_id, examples=examples)
    tell(view, as_json, lambda: print_junk(view))


@app.command("release")
def release(
    customer_id: str,
    reason: Annotated[str, typer.Option(help="Why this account is no junk.")],
    rule: Rule = None,
    as_json: Json = False,
) -> None:
    """Count an account again from the next run on."""
    from tierwise.app import cleaning
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        view = cleaning.release(ctx, customer_id, reason=reason, rule=rule)
    tell(view, as_json, lambda: say(f"{view.customer_id} is released; the next run counts it again"))


@app.command("undo")
def undo(customer_id: str, rule: Rule = None, as_json: Json = False) -> None:
    """Take a release back."""
    from tierwise.app import cleaning
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        view = cleaning.undo_release(ctx, customer_id, rule=rule)
    tell(view, as_json, lambda: say(f"the release of {view.customer_id} is taken back; the next run heeds it"))


@app.command("releases")
def releases(
    all_: Annotated[bool, typer.Option("--all", help="Those taken back, too.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Who was released, by whom and why."""
    from tierwise.app import cleaning
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        found = cleaning.list_releases(ctx, standing_only=not all_, limit=limit)
    tell({"releases": plain(list(found))}, as_json, lambda: print_releases(found))


def print_junk(view: JunkView) -> None:
    """The report as a table, one row per rule."""
    from tierwise.cli.look import both
    from tierwise.cli.terminal import number, percent, say, table

    most = max((row.customers for row in view.rules), default=0) or 1
    shown = any(row.examples for row in view.rules)
    table(
        f"Junk accounts · {view.as_of} · {view.currency}",
        ["rule", "", "accounts", "counted", "orders", "net", "past retention", *(["such as"] if shown else [])],
        [
            (
                row.rule,
                both(row.title),
                row.customers,
                row.counted,
                row.orders,
                row.monetary_amount,
                row.past_retention,
                *([" ".join(row.examples)] if shown else []),
            )
            for row in view.rules
        ],
        bars=[row.customers / most for row in view.rules],
        spare=[*(["such as"] if shown else []), "past retention", "counted"],
    )
    say(
        f"{number(view.customers)} of {number(view.of)} customers ({percent(view.share)}) are in no number; "
        f"stores' totals keep their {number(view.monetary_amount_gross)} gross and tell it apart."
    )
    if view.past_retention:
        say(f"{number(view.past_retention)} need not be kept any more.")
    if view.waiting:
        say(f"{number(view.waiting)} releases wait for the next run.")


def print_releases(found: tuple[ReleaseView, ...]) -> None:
    """One row per release."""
    from tierwise.cli.door import note
    from tierwise.cli.terminal import table

    if not found:
        note("nobody was released")
        return
    table(
        "",
        ["customer", "rule", "by", "at (UTC)", "why", "taken back by"],
        [
            (
                each.customer_id,
                each.rule or "(all)",
                each.author,
                f"{each.at:%Y-%m-%d %H:%M}",
                each.reason,
                each.undone_by or "",
            )
            for each in found
        ],
    )
