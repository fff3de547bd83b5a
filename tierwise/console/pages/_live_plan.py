"""What an edited definition would do, told while it is edited; and storing it with a note."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import background_tasks, ui

from tierwise.app import defining, planning
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.parts.card import markup
from tierwise.console.parts.planned import Called, plan_html, share_looked_at
from tierwise.console.visit import Visit, tell
from tierwise.definitions.base import Definition
from tierwise.kernel.errors import TierwiseError

WAIT_SECONDS = 0.4
"""So long after the last change a plan is made: it computes all customers anew."""


class LivePlan:
    """The plan of `edited()` after each change, the newest one alone; below it a note and the button that stores.

    customers: of the run, for how large a part is looked at.
    """

    def __init__(
        self, visit: Visit, edited: Callable[[], Definition], words: Vocabulary, customers: int | None
    ) -> None:
        self.visit, self.edited, self.customers = visit, edited, customers
        self.called = Called(words, {}, visit)
        self._newest = 0
        self.waiting = ui.linear_progress(show_value=False).props("indeterminate size=2px")
        self.waiting.set_visibility(False)
        self.box = ui.element("div").props("aria-live=polite")
        texts = visit.texts
        with ui.element("div").classes("tw-actions tw-row"):
            self.note = ui.input(texts("seg_note")).props("outlined dense").classes("tw-wide-input")
            ui.button(texts("strat_apply"), on_click=self._apply).props("unelevated dense no-caps")

    def changed(self) -> None:
        """After a change of a field."""
        self._newest += 1
        background_tasks.create(self._plan(self._newest))

    async def _plan(self, mine: int) -> None:
        await asyncio.sleep(WAIT_SECONDS)
        if mine != self._newest or self.box.is_deleted:
            return
        self.waiting.set_visibility(True)
        shown, wrong = "", None
        try:
            share = share_looked_at(self.customers)
            view = await self.visit.ask(planning.plan_definitions, self.visit.ctx, [self.edited()], sample=share)
            shown = plan_html(view, self.called)
        except TierwiseError as error:
            wrong = error
        if mine != self._newest or self.box.is_deleted:
            return
        self.waiting.set_visibility(False)
        self.box.clear()
        with self.box:
            if wrong is not None:
                tell(wrong, self.visit.texts)
            else:
                markup(shown)

    async def _apply(self) -> None:
        texts = self.visit.texts
        self._newest += 1
        self.waiting.set_visibility(False)
        self.box.clear()
        try:
            note = (self.note.value or "").strip()
            done = await self.visit.ask(defining.change_definitions, self.visit.ctx, [self.edited()], note=note)
        except TierwiseError as error:
            with self.box:
                tell(error, texts)
            return
        said = texts("strat_applied") if done.changed or done.added else texts("plan_same")
        with self.box:
            markup(f'<p class="lead" data-applied="{len(done.changed) + len(done.added)}">{said}</p>')
