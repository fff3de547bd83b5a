"""The rule of a segment: edited with a live count, looked at, planned, and stored with a note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

from nicegui import ui

from tierwise.app import defining, planning, segments, versioning
from tierwise.app.rule_vocabulary import RuleWords
from tierwise.app.segment_catalogue import SegmentRow
from tierwise.console.pages._live_count import LiveCount
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.planned import Called, plan_html, share_looked_at
from tierwise.console.parts.rule_builder import RuleBuilder
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.rule_draft import draft_of, rule_of
from tierwise.console.rule_query import as_data, in_address
from tierwise.console.shown import attribute_text, is_number
from tierwise.console.visit import Visit, tell
from tierwise.definitions.base import Text
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import AnyRule, attributes_of
from tierwise.definitions.segment import Segment
from tierwise.kernel.errors import TierwiseError

SAMPLE = 10

NEW = "new-segment"
"""In the address of one that has no name yet: no segment can be called so."""


async def edit(visit: Visit, known: RuleWords, row: SegmentRow | None, rule: AnyRule | None) -> None:
    """The builder with the count beside it; below, who they are; and what storing it would do. row: None for new."""
    await _Editing(visit, known, row, rule).build()


class _Editing:
    """One visitor's draft of one segment."""

    def __init__(self, visit: Visit, known: RuleWords, row: SegmentRow | None, rule: AnyRule | None) -> None:
        self.visit, self.known, self.row, self.texts = visit, known, row, visit.texts
        self.draft = draft_of(rule)
        self.fields: dict[str, ui.input] = {}

    async def build(self) -> None:
        texts = self.texts
        with ui.element("div").classes("tw-editing"):
            with card(texts("seg_rule"), name="rule", lead=""):
                builder_box = ui.element("div")
            with ui.element("div").classes("tw-beside"):
                with card(texts("seg_count"), name="count", aside=""):
                    self.live = LiveCount(self.visit, self.draft, self._told)
                    self._buttons()
                if self.visit.may("define"):
                    self._store_card()
        self.below = ui.element("div")
        with builder_box:
            RuleBuilder(self.known, texts, self.draft, self.live.changed)
        await self.live.first()

    def _told(self, rule: AnyRule | None) -> None:
        """The address follows the rule, so that it can be sent, and come back to."""
        stored = self.row is not None and rule == self.row.segment.when
        where = None if rule is None or stored else in_address(rule)
        name = NEW if self.row is None else self.row.segment.name
        address = self.visit.link(f"/segments/{name}", where=where)
        ui.navigate.history.replace(address)
        asked = {"where": in_address(rule) if rule is not None else "", "headings": self.texts.language}
        href = f"/api/v1/segments/members.xlsx?{urlencode(asked)}"
        self.file.props(f'href="{href}"' if rule is not None else "href=#")

    def _buttons(self) -> None:
        texts, visit = self.texts, self.visit
        with ui.element("div").classes("tw-actions tw-row"):
            if visit.may("view_customer"):
                ui.button(texts("seg_sample"), on_click=self._sample).props("outline dense no-caps")
            if visit.may("list"):
                ui.button(texts("seg_freeze"), on_click=self._freeze).props("outline dense no-caps")
            self.file = ui.element("a").props("download href=#").classes("tw-file")
            self.file.set_visibility(visit.may("export"))
            with self.file:
                ui.label("Excel")

    def _rule(self) -> AnyRule:
        """As the draft stands now. Raises `unfinished_rule` where it is not told yet, and what is wrong with it."""
        rule = rule_of(self.draft)
        if rule is None:
            raise TierwiseError("unfinished_rule", "the rule is not finished", remedy="fill in every part of it")
        return rule

    async def _sample(self) -> None:
        texts = self.texts
        self.below.clear()
        try:
            rule = self._rule()
            names = [name for name in dict.fromkeys(attributes_of(rule)) if name in self._profile][:6]
            found = await self.visit.ask(segments.sample, self.visit.ctx, rule, limit=SAMPLE, columns=names)
        except TierwiseError as error:
            with self.below:
                tell(error, texts)
            return
        words = self.known.words
        heads = [Column(texts("column_customer_id"), "text")]
        heads += [
            Column(texts.label(words.title(name)), "number" if is_number(words.attributes[name].type) else "text")
            for name in names
        ]
        rows: list[Sequence[Item]] = [
            (
                Cell(str(who), link=self.visit.link(f"/customers/{who}")),
                *(attribute_text(name, value, words, texts) for name, value in zip(names, values, strict=True)),
            )
            for who, *values in found.rows
        ]
        lead = texts("seg_sample_of", shown=len(rows), customers=texts.count(found.customers))
        with self.below, card(texts("seg_sample"), name="sample", lead=lead):
            markup(table(heads, rows, name="sample"))

    @property
    def _profile(self) -> set[str]:
        """Attributes that a sample can show: those of the profile, tags beside it left out."""
        return {name for name, each in self.known.words.attributes.items() if each.group != "tag"}

    def _freeze(self) -> None:
        texts = self.texts
        segment = self.row.segment if self.row else None
        with dialog(texts("seg_freeze"), lead=texts("seg_freeze_help")) as window:
            name = ui.input(texts("seg_list_name"), value=f"{segment.name}_list" if segment else "")
            title = ui.input(texts("seg_title"), value=segment.title.in_language(texts.language) if segment else "")
            note = ui.input(texts("seg_note"))
            for each in (name, title, note):
                each.props("outlined dense").classes("tw-wide-input")

            async def done() -> None:
                made = await self.visit.ask(
                    segments.snapshot,
                    self.visit.ctx,
                    self._rule(),
                    (name.value or "").strip() or None,
                    title=title.value or "",
                    note=note.value or "",
                )
                window.close()
                self.below.clear()
                with self.below:
                    said = texts("seg_frozen", name=made.title or made.name, customers=texts.count(made.members))
                    markup(
                        f'<section class="tw-notice" data-frozen="{escape(made.name)}"><p>{escape(said)}</p></section>'
                    )

            _take(self.visit, window, done)

    def _store_card(self) -> None:
        texts = self.texts
        segment = self.row.segment if self.row else None
        with card(texts("seg_store"), name="store"):
            given = {
                "name": "" if segment is None else segment.name,
                "title": segment.title.in_language(texts.language) if segment else "",
                "purpose": (segment.purpose or "") if segment else "",
                "owner": (segment.owner or "") if segment else "",
                "strategy": segment.strategy.in_language(texts.language) if segment and segment.strategy else "",
                "note": "",
            }
            for name, value in given.items():
                field = ui.input(texts(f"seg_{name}"), value=value).props("outlined dense").classes("tw-wide-input")
                self.fields[name] = field
            self.fields["name"].set_enabled(segment is None)
            with ui.element("div").classes("tw-actions tw-row"):
                ui.button(texts("seg_plan"), on_click=self._plan).props("outline dense no-caps")
                ui.button(texts("seg_save"), on_click=self._save).props("unelevated dense no-caps data-save")

    def _edited(self) -> Segment:
        """The segment as it would be stored. Raises what is wrong with it."""
        given = {name: (field.value or "").strip() for name, field in self.fields.items()}
        rule = self._rule()
        if self.row is None:
            title = {self.texts.language: given["title"]} if given["title"] else {}
            body: dict[str, Any] = {"kind": "segment", "name": given["name"], "title": title, "when": as_data(rule)}
            made = parse_definition(body, f"segment {given['name']}")
        else:
            made = self.row.segment.model_copy(update={"when": rule})
        assert isinstance(made, Segment)
        before = made.strategy or Text()
        strategy = before.model_copy(update={self.texts.language: given["strategy"] or None})
        return made.model_copy(
            update={
                "title": made.title.model_copy(update={self.texts.language: given["title"] or None}),
                "purpose": given["purpose"] or None,
                "owner": given["owner"] or None,
                "strategy": strategy if strategy.zh or strategy.en else None,
            }
        )

    async def _plan(self) -> None:
        """Who would come and go, and what reads it; nothing is stored."""
        texts = self.texts
        self.below.clear()
        with self.below:
            waiting = ui.spinner(size="lg")
        wrong: TierwiseError | None = None
        try:
            edited = self._edited()
            share = share_looked_at(self.live.of)
            view = await self.visit.ask(planning.plan_definitions, self.visit.ctx, [edited], sample=share)
        except TierwiseError as error:
            wrong = error
        waiting.delete()
        with self.below:
            if wrong is not None:
                tell(wrong, texts)
                return
            titles = {name: texts.label(title) for name, title in self.known.segments.items()}
            titles[edited.name] = edited.title.in_language(texts.language) or edited.name
            with card(texts("seg_plan"), name="plan"):
                markup(plan_html(view, Called(self.known.words, titles, self.visit)))

    async def _still_newest(self) -> None:
        """Raises `changed_meanwhile` where somebody else stored a version since the page came."""
        if self.row is None:
            return
        newest = (await self.visit.ask(versioning.history, self.visit.ctx, "segment", self.row.segment.name))[0]
        if newest.version != self.row.version:
            raise TierwiseError(
                "changed_meanwhile",
                f"{newest.author} has stored version {newest.version} meanwhile",
                remedy="open the segment again, and change that version",
            )

    async def _save(self) -> None:
        self.below.clear()
        try:
            edited = self._edited()
            if self.row is None and edited.name in self.known.segments:
                raise TierwiseError(
                    "name_taken", f'there is a segment "{edited.name}" already', remedy="give another name"
                )
            await self._still_newest()
            note = (self.fields["note"].value or "").strip()
            await self.visit.ask(defining.change_definitions, self.visit.ctx, [edited], note=note)
        except TierwiseError as error:
            with self.below:
                tell(error, self.texts)
            return
        self.visit.go(f"/segments/{edited.name}")


def _take(visit: Visit, window: ui.dialog, done: Callable[[], Any]) -> None:
    wrong = ui.column()

    async def tried() -> None:
        wrong.clear()
        try:
            await done()
        except TierwiseError as error:
            with wrong:
                tell(error, visit.texts)

    with ui.row().classes("tw-actions"):
        ui.button(visit.texts("take"), on_click=tried).props("unelevated no-caps")
        ui.button(visit.texts("cancel"), on_click=window.close).props("flat no-caps")
