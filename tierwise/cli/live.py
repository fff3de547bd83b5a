"""`tierwise keys` and `tierwise inbox`: who may send live events, and what came of them."""

from __future__ import annotations

from typing import Annotated

import typer

from tierwise.cli.door import opened, tell
from tierwise.cli.language import told
from tierwise.cli.terminal import number, say, table

keys = typer.Typer(help="Write keys, by which sources send live events.", no_args_is_help=True, rich_markup_mode=None)
inbox = typer.Typer(help="What came live, and what became of it.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
Source = Annotated[str | None, typer.Option(help="Only of this source.")]


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What to call the source, such as web or mini-program.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="A call that it may send, again for another; else all.")
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(help="A page that may send by it, https://shop.example; else any.")
    ] = None,
    after_choice: Annotated[
        str | None, typer.Option(help="Keep visitors only whose consent allows this category, such as analytics.")
    ] = None,
    events_per_second: Annotated[int | None, typer.Option(help="The most that it may send; else no limit.")] = None,
    as_json: Json = False,
) -> None:
    """Make a write key for a source; it is shown this once."""
    from tierwise.app import write_keys

    with opened() as ctx:
        made = write_keys.create(
            ctx,
            name,
            scopes=tuple(scope or ()),
            origins=tuple(origin or ()),
            choice=after_choice,
            events_per_second=events_per_second,
        )

    def people() -> None:
        say(f'write key of "{name}", shown this once: {made.write_key}')
        say("Next: tierwise serve, then point an SDK at it (docs/tracking.md)")

    tell(made, as_json, people)


@keys.command("list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Revoked ones, too.")] = False,
    as_json: Json = False,
) -> None:
    """The write keys, without their secrets."""
    from tierwise.app import write_keys

    with opened() as ctx:
        found = write_keys.list_keys(ctx, also_revoked=all_)

    def people() -> None:
        if not found:
            say("no write key; tierwise keys create NAME makes one")
            return
        rows = [
            (
                key.source,
                f"…{key.ending}",
                "*" if key.scopes == write_keys.SCOPES else ", ".join(key.scopes),
                ", ".join(key.origins) or "*",
                key.choice or "",
                key.events_per_second,
                f"{key.at:%Y-%m-%d %H:%M}",
                f"{key.previous_until:%Y-%m-%d %H:%M}" if key.previous_until else "",
                f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "",
            )
            for key in found
        ]
        heads = [
            "source",
            "key",
            "calls",
            "pages",
            "after choice",
            "per second",
            "made",
            "former good until",
            "revoked",
        ]
        table("", heads, rows, spare=("made", "pages", "calls"))

    tell({"keys": found}, as_json, people)


@keys.command()
def rotate(
    name: str,
    grace_hours: Annotated[int, typer.Option(help="For how long the key so far is good.")] = 24,
    as_json: Json = False,
) -> None:
    """Give a source a new write key; the one so far is good for a while."""
    from tierwise.app import write_keys

    with opened() as ctx:
        made = write_keys.rotate(ctx, name, grace_hours=grace_hours)

    def people() -> None:
        say(f'write key of "{name}", shown this once: {made.write_key}')
        if made.key.previous_until is not None:
            say(f"  the key so far is good until {made.key.previous_until:%Y-%m-%d %H:%M} UTC")

    tell(made, as_json, people)


@keys.command()
def revoke(name: str, as_json: Json = False) -> None:
    """Take a write key out of use, within seconds."""
    from tierwise.app import write_keys

    with opened() as ctx:
        gone = write_keys.revoke(ctx, name)
    tell(gone, as_json, lambda: say(f'the write key of "{name}" is out of use'))


@inbox.command()
def apply(as_json: Json = False) -> None:
    """Take what has come into the facts, by the sources of kind events."""
    from tierwise.app.applying import apply_events

    with opened() as ctx:
        done = apply_events(ctx)

    def people() -> None:
        heads = ["table", "read", "accepted", "replaced", "unchanged", "ignored", "quarantined"]
        rows = [
            (each.table, each.read, each.accepted, each.replaced, each.unchanged, each.ignored, each.quarantined)
            for each in done.imports
        ]
        if rows:
            table("", heads, rows)
        say(f"applied {number(done.events)} events")
        if done.links:
            say(f"{number(done.links)} links of ids are new: tierwise identity review")

    tell(done, as_json, people)


@inbox.command()
def status(as_json: Json = False) -> None:
    """How many events came, and what became of them."""
    from tierwise.app import inbox as use_cases

    with opened() as ctx:
        found = use_cases.status(ctx)

    def people() -> None:
        if not found.sources:
            say("nothing has come; tierwise keys create NAME makes a write key to send by")
            return
        heads = ["source", "received", "applied", "duplicate", "quarantined", "declined", "pending"]
        rows = [
            (each.source, each.received, each.applied, each.duplicate, each.quarantined, each.declined, each.pending)
            for each in found.sources
        ]
        table("", heads, rows)
        if found.lag_seconds is not None:
            say(f"the first that waits has waited for {found.lag_seconds:.0f} s")
        if (live := found.live) is not None and live.until:
            say(f"told up to event {live.until}: {number(live.customers)} customers beside run {live.run_id}")

    tell(found, as_json, people)


@inbox.command()
def events(source: Source = None, limit: Limit = 20, as_json: Json = False) -> None:
    """The newest events, whole: they are about persons."""
    from tierwise.app import inbox as use_cases

    with opened() as ctx:
        found = use_cases.latest(ctx, source=source, limit=limit)

    def people() -> None:
        rows = [
            (
                each.id,
                each.source,
                each.type,
                each.event or "",
                each.user_id or "",
                each.anonymous_id or "",
                f"{each.occurred_at:%Y-%m-%d %H:%M:%S}",
                each.state,
            )
            for each in found
        ]
        heads = ["event", "source", "call", "name", "user", "anonymous", "at (UTC)", "state"]
        table("", heads, rows, spare=("anonymous", "state"))

    tell({"events": found}, as_json, people)


@inbox.command()
def quarantined(source: Source = None, limit: Limit = 20, as_json: Json = False) -> None:
    """The newest events that were refused, with the reason."""
    from tierwise.app import inbox as use_cases

    with opened() as ctx:
        found = use_cases.quarantined(ctx, source=source, limit=limit)

    def people() -> None:
        if not found:
            say("no event is in quarantine")
            return
        rows = [
            (
                each.id,
                each.source,
                f"{each.received_at:%Y-%m-%d %H:%M:%S}",
                each.code,
                told(each.message),
                each.body[:60],
            )
            for each in found
        ]
        table("", ["event", "source", "at (UTC)", "reason", "", "begins"], rows, spare=("begins",))

    tell({"quarantined": found}, as_json, people)


@inbox.command()
def catalogue(source: Source = None, as_json: Json = False) -> None:
    """Which events and properties come, of which types, how many, since when."""
    from tierwise.app import inbox as use_cases

    with opened() as ctx:
        found = use_cases.catalogue(ctx, source=source)

    def people() -> None:
        rows = [
            (
                each.source,
                each.type,
                each.event,
                number(each.volume),
                f"{each.first_seen_at:%Y-%m-%d}",
                f"{each.last_seen_at:%Y-%m-%d}",
                ", ".join(f"{one.property}: {'|'.join(one.value_types)}" for one in each.properties),
            )
            for each in found
        ]
        heads = ["source", "call", "name", "count", "first seen", "last seen", "properties"]
        table("", heads, rows, spare=("first seen",))

    tell({"events": found}, as_json, people)
