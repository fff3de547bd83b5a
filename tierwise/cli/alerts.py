"""`tierwise alerts`: what wants attention today."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwise.app.alerts import Alert


def alerts(as_json: bool) -> None:
    from tierwise.app import alerts as cases
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = cases.alerts(ctx)
    tell(view, as_json, lambda: print_alerts(view.rows))


def print_alerts(rows: tuple[Alert, ...]) -> None:
    """The urgent ones are marked."""
    from tierwise.cli.language import language
    from tierwise.cli.terminal import say, table

    if rows:
        table(
            "", ["when", "what to do"], [("!" if row.urgent else "", row.said.in_language(language())) for row in rows]
        )
    else:
        say("Nothing wants attention.")
