"""Definitions: all in use by kind; one with its versions, differences and way back; a text planned, then applied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from urllib.parse import quote

from nicegui import ui
from nicegui.events import UploadEventArguments

from tierwise.app import definition_texts, rule_vocabulary, versioning
from tierwise.app.definition_texts import DefinitionRow
from tierwise.app.planning import PlanView
from tierwise.app.versioning import DefinitionDiff, VersionView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.pages._data import attempt, sections
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.planned import Called, plan_html
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.parts.upload import upload
from tierwise.console.shown import note_text, who_text
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import TierwiseError

MOVES = 20


@page("/data/definitions", "title_data")
async def listed(visit: Visit) -> None:
    """All in use, by kind; which of them wait for a run."""
    texts = visit.texts
    sections(visit, "/data/definitions")
    found = await visit.ask(definition_texts.list_definitions, visit.ctx)
    excel = visit.excel("definitions")
    with card(texts("data_definitions"), name="definitions", lead=texts("data_definitions_lead"), excel=excel):
        with ui.row().classes("tw-actions"):
            if visit.may("define"):
                change = ui.button(texts("data_change"), on_click=lambda: visit.go("/data/definitions/change"))
                change.props("unelevated no-caps")
            markup(f'<a href="/api/v1/definitions" download="definitions.yaml">{escape(texts("data_all_yaml"))}</a>')
        if any(each.waits for each in found):
            link = escape(visit.link("/data/runs"))
            markup(f'<p><a href="{link}">{escape(texts("data_wait_for_run"))}</a></p>')
        markup(_rows(visit, found))


def _rows(visit: Visit, rows: Sequence[DefinitionRow]) -> str:
    """By kind, which stands at the first of each."""
    texts = visit.texts
    heads = [
        Column(texts("data_kind"), "text"),
        Column(texts("data_name"), "text"),
        Column(texts("tags_version")),
        Column(texts("data_changed"), "text"),
        Column(texts("by_whom"), "text"),
        Column(texts("data_note"), "text"),
    ]
    cells: list[Sequence[Item]] = [
        (
            texts(f"data_kind_{each.kind}") if not at or rows[at - 1].kind != each.kind else "",
            Cell(
                texts.label(each.title),
                small=texts("data_waits") if each.waits else "",
                warn=each.waits,
                badge=each.name if texts.label(each.title) != each.name else "",
                link=_address(visit, each.kind, each.name),
            ),
            str(each.version),
            texts.day(each.at),
            who_text(each.author, texts),
            note_text(each.note, texts),
        )
        for at, each in enumerate(rows)
    ]
    return table(heads, cells, name="definitions")


def _address(visit: Visit, kind: str, name: str, **query: str | None) -> str:
    return visit.link(f"/data/definitions/{kind}/{quote(name, safe='')}", **query)


@page("/data/definitions/{kind}/{name}", "title_data")
async def one(visit: Visit) -> None:
    """version: the one that is shown; diff=1: how it differs from the one before it."""
    texts = visit.texts
    kind, name = visit.asked["kind"], visit.asked["name"]
    sections(visit, "/data/definitions")
    versions = await visit.ask(versioning.history, visit.ctx, kind, name)
    number = _number(visit.asked.get("version"), versions)
    text = await visit.ask(definition_texts.text_of, visit.ctx, kind, name, number)
    with card(f"{texts(f'data_kind_{kind}')} · {name}", name="definition", aside=texts("data_version", number=number)):
        if visit.asked.get("diff") == "1" and number > 1:
            found = await visit.ask(versioning.diff, visit.ctx, kind, name, from_version=number - 1, to_version=number)
            markup(_diff(found, texts))
        else:
            markup(f'<pre class="tw-code" tabindex="0" data-text>{escape(text or texts("data_removed"))}</pre>')
        with ui.row().classes("tw-actions"):
            if visit.may("define"):
                edit = ui.button(
                    texts("data_edit"), on_click=lambda: visit.go("/data/definitions/change", kind=kind, name=name)
                )
                edit.props("unelevated no-caps")
                if number != versions[0].version:
                    back = ui.button(
                        texts("data_back_to", number=number), on_click=lambda: _back(visit, kind, name, number)
                    )
                    back.props("outline no-caps")
    with card(texts("data_versions"), name="versions", excel=visit.excel("definition_versions", kind=kind, name=name)):
        markup(_versions(visit, kind, name, versions, number))


def _number(text: str | None, versions: Sequence[VersionView]) -> int:
    known = {each.version for each in versions}
    if text is None:
        return versions[0].version
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) in known:
        return int(text)
    raise TierwiseError("unknown_version", f"there is no version {text}", remedy=", ".join(map(str, sorted(known))))


def _diff(found: Sequence[DefinitionDiff], texts: Texts) -> str:
    if not found:
        return f"<p>{escape(texts('data_no_difference'))}</p>"
    lines = []
    for line in found[0].text.splitlines():
        kind = "plus" if line.startswith("+") else "minus" if line.startswith("-") else "same"
        lines.append(f'<span class="{kind}">{escape(line)}</span>')
    return f'<pre class="tw-code" tabindex="0" data-diff>{"".join(lines)}</pre>'


def _versions(visit: Visit, kind: str, name: str, versions: Sequence[VersionView], number: int) -> str:
    texts = visit.texts
    heads = [
        Column(texts("tags_version"), "text"),
        Column(texts("data_changed"), "text"),
        Column(texts("by_whom"), "text"),
        Column(texts("data_note"), "text"),
        Column(texts("data_difference"), "text"),
    ]
    rows: list[Sequence[Item]] = [
        (
            Cell(
                str(each.version),
                badge=texts("current") if each.in_use else texts("data_removed") if each.removed else "",
                link=_address(visit, kind, name, version=str(each.version)),
            ),
            texts.at(each.at),
            who_text(each.author, texts),
            note_text(each.note, texts),
            Cell(
                texts("data_see_difference"),
                link=_address(visit, kind, name, version=str(each.version), diff="1"),
            )
            if each.version > 1
            else NONE,
        )
        for each in versions
    ]
    return table(heads, rows, name="versions")


async def _back(visit: Visit, kind: str, name: str, number: int) -> None:
    texts = visit.texts
    with dialog(texts("data_back_to", number=number), lead=texts("data_back_help")) as window:
        note = ui.input(texts("data_note")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            await visit.ask(versioning.rollback, visit.ctx, kind, name, number, note=(note.value or "").strip())
            ui.navigate.to(_address(visit, kind, name).removeprefix("/console"))

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=attempt(visit, wrong, done)).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")


@page("/data/definitions/change", "title_data")
async def change(visit: Visit) -> None:
    """kind and name: the definition to begin with. A text or a file, its plan, then its application with a note."""
    texts = visit.texts
    sections(visit, "/data/definitions")
    kind, name = visit.asked.get("kind"), visit.asked.get("name")
    text = await visit.ask(definition_texts.text_of, visit.ctx, kind, name) if kind and name else ""
    with card(texts("data_change"), name="change", lead=texts("data_change_lead")):
        wanted = ui.textarea(texts("data_yaml"), value=text).props("outlined input-class=tw-yaml")
        wanted.classes("tw-wide-input tw-yaml-box")

        async def sent(event: UploadEventArguments) -> None:
            wrong.clear()
            try:
                wanted.set_value((await event.file.read()).decode("utf-8-sig"))
            except UnicodeDecodeError:
                said = TierwiseError("not_utf8", "not UTF-8 text", place=event.file.name, remedy="save it as UTF-8")
                with wrong:
                    tell(said, texts)

        upload(texts("data_yaml_file"), sent, accept=".yaml,.yml")
        note = ui.input(texts("data_note")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()
        planned = ui.column().classes("tw-answer")

        async def plan() -> None:
            planned.clear()
            view = await visit.ask(definition_texts.plan_text, visit.ctx, wanted.value or "")
            with planned:
                markup(_plan(view, await _called(visit)))

        async def apply() -> None:
            await visit.ask(definition_texts.apply_text, visit.ctx, wanted.value or "", note=(note.value or "").strip())
            visit.go("/data/definitions")

        with ui.row().classes("tw-actions"):
            ui.button(texts("data_plan"), on_click=attempt(visit, wrong, plan)).props("outline no-caps")
            ui.button(texts("data_apply"), on_click=attempt(visit, wrong, apply)).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=lambda: visit.go("/data/definitions")).props("flat no-caps")


async def _called(visit: Visit) -> Called:
    """What attributes and segments are called; as definitions name them before the first run."""
    try:
        known = await visit.ask(rule_vocabulary.rule_words, visit.ctx)
    except TierwiseError as error:
        if error.code != "no_run":
            raise
        return Called(Vocabulary(0, date.min, "", {}), {}, visit)
    titles = {name: visit.texts.label(title) for name, title in known.segments.items()}
    return Called(known.words, titles, visit)


def _plan(view: PlanView, called: Called) -> str:
    """What would be, and who moves."""
    texts = called.texts
    touched = [
        (texts(f"data_plan_{what}"), ", ".join(getattr(view, what)))
        for what in ("added", "changed", "removed", "unchanged")
        if getattr(view, what)
    ]
    listed = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(names)}</dd></div>" for what, names in touched)
    parts = [f'<dl class="tw-attributes" data-touched>{listed}</dl>']
    parts.append(plan_html(view, called))
    return "".join(parts)
