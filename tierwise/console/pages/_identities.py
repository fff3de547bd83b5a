"""Everything by which one person is known, and why it is one person's."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tierwise.app import identity_reading
from tierwise.app.identity_views import IdentityExplanation, StepRow
from tierwise.console.parts.card import markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError


def identities_button(visit: Visit, who: str) -> None:
    """Opens a dialog with the person's identities, what joined them, and what was not followed."""
    with dialog(visit.texts("known_by"), opened=False, heading=False) as window:
        body = ui.column().classes("tw-why")

    async def shown() -> None:
        body.clear()
        window.open()
        try:
            found = await visit.ask(identity_reading.explain, visit.ctx, who)
        except TierwiseError as error:
            with body:
                tell(error, visit.texts)
            return
        with body:
            _explained(found, visit.texts)

    ui.button(visit.texts("known_by"), on_click=shown).props("flat dense no-caps")


def _explained(found: IdentityExplanation, texts: Texts) -> None:
    markup(f"<h2 data-identities>{escape(texts('known_by'))}</h2>")
    heads = [Column(texts("identity"), "text"), Column(texts("identity_scope"), "text")]
    rows: list[list[Item]] = [
        [
            Cell(each.identity, texts("identity_shared") if each.shared else "", warn=each.shared),
            texts.label(each.title),
        ]
        for each in found.identities
    ]
    markup(table(heads, rows, name="identities"))
    for title, steps in (("identity_merges", found.merges), ("identity_refused", found.refused)):
        if steps:
            markup(f"<h2>{escape(texts(title))}</h2>")
            markup(_steps(steps, texts))
    if found.waiting:
        markup(f"<p>{escape(texts('waits_for_run'))}</p>")


def _steps(steps: tuple[StepRow, ...], texts: Texts) -> str:
    heads = [Column(texts(key), "text") for key in ("identity", "identity_with", "identity_why", "day")]
    rows: list[list[Item]] = []
    for step in steps:
        by = step.source if step.by == "link" else (step.author or "").removeprefix("person:")
        at = step.seen_at or step.at
        why = texts(f"verdict_{step.verdict}")
        rows.append([step.left, step.right, Cell(why, " · ".join(each for each in (by, step.reason) if each)),
                     texts.day(at) if at is not None else NONE])  # fmt: skip
    return table(heads, rows, name="steps")
