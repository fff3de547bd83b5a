"""`tierwise identity`: who is who, why, and whose vehicle, company and household is whose."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tierwise.app.identity_views import DecisionView, IdentityExplanation, StepRow
    from tierwise.app.relations import RoleRow

app = typer.Typer(
    help="Who is who: the ids of one person, and why they are one.", no_args_is_help=True, rich_markup_mode=None
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
Identity = Annotated[str, typer.Argument(help="A customer's number, or SCOPE:ID such as phone:13800000001.")]
Reason = Annotated[str, typer.Option(help="Why; it stays on record.")]
On = Annotated[str | None, typer.Option("--on", help="The day, 2026-06-30; else today.")]


@app.command()
def resolve(as_json: Json = False) -> None:
    """Work out who is who from all that was ever seen together; after a definition of kind identities is new."""
    from tierwise.app import identity
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say

    with opened() as ctx:
        view = identity.resolve(ctx)

    def people() -> None:
        say(
            f"{number(view.identities)} identities, {number(view.links)} links ({number(view.new_links)} new), "
            f"{view.seconds:.1f} s"
        )
        say(f"{number(view.joined)} ids belong to {number(view.people)} other customers; the next run counts them so")
        if view.shared:
            say(f"{number(view.shared)} identities are shared and join nobody: tierwise identity shared")
        if view.to_review:
            say(f"{number(view.to_review)} links are left for a person to decide: tierwise identity review")

    tell(view, as_json, people)


@app.command()
def explain(identity: Identity, as_json: Json = False) -> None:
    """All ids of one person: what joined them, who told it and when, and what was not followed and why."""
    from tierwise.app import identity_reading
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = identity_reading.explain(ctx, identity)
    tell(view, as_json, lambda: print_explanation(view))


@app.command()
def review(limit: Limit = 50, as_json: Json = False) -> None:
    """Known people who may be one: a link would join them, and nobody has decided."""
    from tierwise.app import identity_reading
    from tierwise.cli.door import note, opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        view = identity_reading.review(ctx, limit=limit)

    def people() -> None:
        if not view.pairs:
            note("nothing is left to decide")
        for pair in view.pairs:
            print_steps(f"{pair.left} = {pair.right}?", pair.evidence)
            say()
        if view.pairs:
            say('tierwise identity decide ONE OTHER same --reason "…", or apart')

    tell(view, as_json, people)


@app.command()
def decide(
    one: Identity,
    other: Identity,
    verdict: Annotated[str, typer.Argument(help="same: one person's. apart: two people's, for good.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Say of two ids that they are one person's, or two people's; the next run counts them so."""
    from tierwise.app import identity
    from tierwise.cli.door import opened, tell

    if verdict not in ("same", "apart"):
        raise typer.BadParameter("same or apart", param_hint="VERDICT")
    with opened() as ctx:
        view = identity.decide(ctx, one, other, same=verdict == "same", reason=reason)
    tell(view, as_json, lambda: print_decisions((view,)))


@app.command()
def undo(
    what: Annotated[str, typer.Argument(help="A decision's number; or a customer's number, with an id to take away.")],
    identity: Annotated[str | None, typer.Argument(help="The id to take away from that customer, SCOPE:ID.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why an id is taken away; it stays on record.")] = None,
    as_json: Json = False,
) -> None:
    """Take a decision back by its number, or undo a merge: part an id from a customer. Facts and history stay."""
    from tierwise.app import identity as cases
    from tierwise.cli.door import opened, tell

    if identity is None and not what.isdigit():
        raise typer.BadParameter("a decision's number, or a customer and an id", param_hint="WHAT")
    with opened() as ctx:
        if identity is None:
            view = cases.undo(ctx, int(what))
        else:
            view = cases.decide(ctx, what, identity, same=False, reason=reason or "")
    tell(view, as_json, lambda: print_decisions((view,)))


@app.command()
def decisions(
    all_: Annotated[bool, typer.Option("--all", help="Those taken back, too.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """What people decided of ids, by whom and why."""
    from tierwise.app import identity
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        found = identity.decisions(ctx, standing_only=not all_, limit=limit)
    tell({"decisions": plain(list(found))}, as_json, lambda: print_decisions(found))


@app.command()
def shared(limit: Limit = 100, as_json: Json = False) -> None:
    """Ids that join nobody, since too many people have them: a front desk's phone."""
    from tierwise.app import identity_reading
    from tierwise.cli.door import note, opened, plain, tell
    from tierwise.cli.terminal import table

    with opened() as ctx:
        found = identity_reading.shared(ctx, limit=limit)

    def people() -> None:
        if not found:
            note("no identity is shared")
            return
        rows = [(each.identity, each.seen_with, each.of, each.most) for each in found]
        table("", ["identity", "seen with", "of scope", "allowed"], rows)

    tell({"shared": plain(list(found))}, as_json, people)


@app.command()
def vehicle(
    vin: Annotated[str, typer.Argument(help="A VIN or a number plate.")], on: On = None, as_json: Json = False
) -> None:
    """Who owns, drives and brings a vehicle."""
    from tierwise.app import relations
    from tierwise.cli.door import opened, plain, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        found = relations.vehicles(ctx, vin, on=_day(on))

    def people() -> None:
        for each in found:
            say(" · ".join(str(part) for part in (each.vin, each.plate, each.model, each.on) if part))
            print_roles(each.people)

    tell({"vehicles": plain(list(found))}, as_json, people)


@app.command()
def company(
    company_id: Annotated[str, typer.Argument(help="A company's id.")], on: On = None, as_json: Json = False
) -> None:
    """The people of a company and their roles."""
    from tierwise.app import relations
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        view = relations.company(ctx, company_id, on=_day(on))

    def people() -> None:
        say(" · ".join(str(part) for part in (view.company_id, view.name, view.industry, view.on) if part))
        print_roles(view.people)

    tell(view, as_json, people)


@app.command()
def household(
    household_id: Annotated[str, typer.Argument(help="A household's id.")], on: On = None, as_json: Json = False
) -> None:
    """The people of a household and their roles."""
    from tierwise.app import relations
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        view = relations.household(ctx, household_id, on=_day(on))

    def people() -> None:
        say(f"{view.household_id} · {view.on}")
        print_roles(view.people)

    tell(view, as_json, people)


def print_explanation(view: IdentityExplanation) -> None:
    """Ids, then steps."""
    from tierwise.cli.language import word
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    say(view.customer_id or "–")
    table(
        "",
        ["identity", "", "known person", "shared"],
        [
            (row.identity, both(row.title), "✓" if row.names_person else "", "✓" if row.shared else "")
            for row in view.identities
        ],
    )
    for title, steps in (
        ("what joined them", view.merges),
        ("what says the same again", view.others),
        ("what was not followed", view.refused),
    ):
        if steps:
            say()
            print_steps(word(title), steps)
    if view.waiting:
        say()
        say("the current run does not know all of this yet: tierwise run")


def print_steps(title: str, steps: Iterable[StepRow]) -> None:
    """One row per decision or link."""
    from tierwise.cli.language import word
    from tierwise.cli.terminal import table

    table(
        title,
        ["", "", "verdict", "told by", "seen at (UTC)"],
        [
            (
                step.left,
                step.right,
                word(_VERDICTS[step.verdict]),
                step.source if step.by == "link" else f"#{step.decision} {step.author}: {step.reason}",
                f"{step.seen_at or step.at:%Y-%m-%d %H:%M}",
            )
            for step in steps
        ],
    )


_VERDICTS = {
    "joined": "joined",
    "together": "one already",
    "refused": "two known people",
    "barred": "shared by too many",
    "kept_apart": "decided to be two",
}


def print_decisions(found: tuple[DecisionView, ...]) -> None:
    """One row per decision."""
    from tierwise.cli.door import note
    from tierwise.cli.language import word
    from tierwise.cli.terminal import table

    if not found:
        note("nothing was decided")
        return
    table(
        "",
        ["no", "", "", "verdict", "by", "at (UTC)", "why", "taken back by"],
        [
            (
                each.id,
                each.left,
                each.right,
                word("one person" if each.same else "two people"),
                each.author,
                f"{each.at:%Y-%m-%d %H:%M}",
                each.reason,
                each.undone_by or "",
            )
            for each in found
        ],
    )


def print_roles(found: tuple[RoleRow, ...]) -> None:
    """One row per role."""
    from tierwise.cli.terminal import table

    table(
        "",
        ["role", "customer", "from", "to", "told by", "times"],
        [
            (row.role, row.customer_id, str(row.valid_from or ""), str(row.valid_to or ""), row.source, row.times or "")
            for row in found
        ],
    )


def _day(text: str | None) -> date | None:
    from tierwise.kernel.windows import parse_day

    return None if text is None else parse_day(text)
