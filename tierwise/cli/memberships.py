"""`tierwise segment of` and `tierwise segment changes`: who is in which segment and stage now, who entered and left."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def of(
    customer_id: Annotated[str, typer.Argument(help="The customer, as the business writes it.")], as_json: Json = False
) -> None:
    """The segments and stages that one customer is in now."""
    from tierwise.app import memberships
    from tierwise.cli.door import opened, tell
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    with opened() as ctx:
        found = memberships.of_customer(ctx, customer_id)

    def people() -> None:
        table("", ["", "name", "", "value"], [(e.kind, e.name, both(e.title), e.value) for e in found.memberships])
        if found.live is None:
            say(f"as of {found.as_of}, run {found.run_id}")
        else:
            say(f"as of {found.as_of}, run {found.run_id}, live up to event {found.live.until}")

    tell(found, as_json, people)


def changes(
    name: Annotated[str | None, typer.Argument(help="Only of this segment or stages.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only of this customer.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Behind this change, `next_after` of the answer before.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Who entered and who left, in the order in which it was told."""
    from tierwise.app import memberships
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say, table

    with opened() as ctx:
        found = memberships.changes(ctx, after=after, limit=limit, name=name, customer_id=customer)

    def people() -> None:
        rows = [
            (
                each.id,
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                each.customer_id or "",
                "+" if each.entered else "-",
                each.name,
                each.value,
                f"run {each.run_id}" if each.until is None else f"event {each.until}",
            )
            for each in found.changes
        ]
        if rows:
            table("", ["change", "at (UTC)", "customer", "", "name", "value", "because of"], rows)
        else:
            say("no entry and no exit")

    tell(found, as_json, people)
