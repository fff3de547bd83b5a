"""How many customers a draft of a rule is true of, told anew after each change: the newest answer wins."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from nicegui import background_tasks, ui

from tierwise.app import segments
from tierwise.app.segments import Counted
from tierwise.console.parts.card import markup
from tierwise.console.rule_draft import Group, rule_of, unfinished
from tierwise.console.rule_query import in_address
from tierwise.console.visit import Visit, tell
from tierwise.definitions.rule import AnyRule
from tierwise.kernel.errors import TierwiseError


class LiveCount:
    """The big number beside a builder. rule: of the draft, where it is told and right; told: called with each rule; of:
    all customers of the run."""

    def __init__(self, visit: Visit, draft: Group, told: Callable[[AnyRule | None], None]) -> None:
        self.visit, self.draft, self.told = visit, draft, told
        self.rule: AnyRule | None = None
        self.of: int | None = None
        self._newest = 0
        self._counting = False
        self.box = ui.element("div").classes("tw-count").props("aria-live=polite")

    def changed(self) -> None:
        """After a change of the draft. While one is counted, of those that come meanwhile the newest waits alone."""
        self._newest += 1
        if not self._counting:
            self._counting = True
            background_tasks.create(self._keep_up())

    async def first(self) -> None:
        """As the page comes."""
        await self._count(self._newest)

    async def _keep_up(self) -> None:
        try:
            counted = None
            while counted != self._newest and not self.box.is_deleted:
                counted = self._newest
                await self._count(counted)
        finally:
            self._counting = False

    async def _count(self, mine: int) -> None:
        found: Counted | None = None
        wrong: TierwiseError | None = None
        rule: AnyRule | None = None
        try:
            rule = rule_of(self.draft)
            if rule is not None:
                found = await self.visit.ask(segments.count, self.visit.ctx, rule)
        except TierwiseError as error:
            wrong = error
        if mine != self._newest or self.box.is_deleted:
            return
        self.rule = rule if wrong is None else None
        self.of = found.of if found is not None else self.of
        self.box.clear()
        with self.box:
            if wrong is not None:
                tell(wrong, self.visit.texts)
            else:
                markup(self._shown(found, rule))
            self.told(self.rule)

    def _shown(self, found: Counted | None, rule: AnyRule | None) -> str:
        texts = self.visit.texts
        if found is None or rule is None:
            left = len(list(unfinished(self.draft))) if self.draft.parts else 0
            said = texts("seg_unfinished", count=left) if left else texts("seg_empty_rule")
            return f'<p class="tw-hint" data-unfinished="{left}">{escape(said)}</p>'
        share = found.customers / found.of if found.of else None
        link = self.visit.link("/customers", where=in_address(rule))
        width = min((share or 0) * 100, 100)
        under = texts("seg_of", share=texts.percent(share), of=texts.count(found.of), day=texts.day(found.as_of))
        return (
            f'<p class="tw-big"><a href="{escape(link)}" data-count="{found.customers}">'
            f"{escape(texts.count(found.customers))}</a><small>{escape(texts('unit_people'))}</small></p>"
            f'<div class="tw-track"><i style="width:{width:.2f}%"></i></div>'
            f'<p class="foot">{escape(under)} · {escape(texts("seg_took", ms=f"{found.ms:.0f}"))}</p>'
        )
