"""Settings: the people who sign in, with their roles and whose customers they see; the keys of live sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import defining, people, write_keys
from tierwise.app.people import LINK_HOURS, Person
from tierwise.app.principal import ROLES
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Column, table
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import TierwiseError

SIGN_IN_PATH = "/console/sign-in"


@page("/settings", "title_settings")
async def settings(visit: Visit) -> None:
    """For administrators."""
    texts = visit.texts
    everybody = await visit.ask(people.list_people, visit.ctx)
    keys = await visit.ask(write_keys.list_keys, visit.ctx)
    project = await visit.ask(defining.project_of, visit.ctx)
    with card(texts("people"), name="people", lead=texts("people_lead"), excel=visit.excel("people")):
        markup(_people(everybody, texts))
        with ui.row().classes("tw-actions"):
            ui.button(texts("add_person"), on_click=lambda: _edit(visit, None)).props("unelevated no-caps dense")
            chosen = ui.select({each.name: each.title for each in everybody}, label=texts("choose_person"))
            chosen.props("outlined dense").classes("tw-input")
            for button in (
                ui.button(texts("change"), on_click=lambda: _edit(visit, _named(everybody, chosen.value))),
                ui.button(texts("send_link"), on_click=lambda: _link(visit, chosen.value)),
                ui.button(texts("let_go"), on_click=lambda: _let_go(visit, chosen.value)),
            ):
                button.props("outline dense no-caps").bind_enabled_from(chosen, "value", bool)
    with card(texts("keys"), name="keys", lead=texts("keys_lead"), excel=visit.excel("write_keys")):
        rows = [
            (key.source, f"…{key.ending}", ", ".join(key.origins) or NONE, key.choice or NONE, texts.day(key.at))
            for key in keys
        ]
        heads = [Column(texts(name), "text") for name in ("source", "key", "origins", "after_choice", "day")]
        markup(table(heads, rows, name="keys") if rows else f"<p>{escape(texts('no_keys'))}</p>")
        with ui.row().classes("tw-actions"):
            source = ui.input(texts("source")).props("outlined dense")
            ui.button(texts("make_key"), on_click=lambda: _make_key(visit, source.value)).props("outline no-caps dense")
    with card(texts("project"), name="project"):
        told = [
            (texts("timezone"), project.timezone),
            (texts("currency"), project.currency),
            (texts("language"), texts(f"language_{project.language}")),
            (texts("whose_store"), ", ".join(project.customer_store)),
            (texts("whose_advisor"), ", ".join(project.customer_advisor)),
        ]
        listed = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in told)
        markup(f'<dl class="tw-attributes">{listed}</dl>')


def _people(everybody: Sequence[Person], texts: Texts) -> str:
    heads = [
        Column(texts(key), "text") for key in ("person_name", "person", "role", "stores_seen", "staff_id", "password")
    ]
    rows = [
        (
            each.name,
            each.title,
            texts(f"role_{each.role}"),
            ", ".join(each.stores) or texts("all_stores"),
            each.staff_id or NONE,
            texts("yes") if each.has_password else texts("no"),
        )
        for each in everybody
    ]
    return table(heads, rows, name="people")


def _named(everybody: Sequence[Person], name: str | None) -> Person | None:
    return next((each for each in everybody if each.name == name), None)


async def _edit(visit: Visit, person: Person | None) -> None:
    texts = visit.texts
    with dialog(texts("change") if person else texts("add_person")) as window:
        name = ui.input(texts("person_name"), value=person.name if person else "")
        title = ui.input(texts("person"), value=person.title if person else "")
        roles = {role: texts(f"role_{role}") for role in ROLES}
        role = ui.select(roles, value=person.role if person else "operator", label=texts("role"))
        stores = ui.input(texts("stores_seen"), value=", ".join(person.stores) if person else "")
        staff = ui.input(texts("staff_id"), value=(person.staff_id or "") if person else "")
        for each in (name, title, role, stores, staff):
            each.props("outlined dense").classes("tw-wide-input")
        if person is not None:
            name.disable()

        async def done() -> None:
            values: dict[str, Any] = {
                "title": title.value or None,
                "role": role.value,
                "stores": tuple(each.strip() for each in (stores.value or "").split(",") if each.strip()),
                "staff_id": (staff.value or "").strip() or None,
            }
            if person is None:
                await visit.ask(people.add, visit.ctx, name.value or "", **values)
            else:
                values["title"] = values["title"] or person.name
                await visit.ask(people.change, visit.ctx, person.name, **values)
            ui.navigate.reload()

        _buttons(texts, window, done)


async def _link(visit: Visit, name: str | None) -> None:
    async def made() -> str:
        secret = await visit.ask(people.link, visit.ctx, name or "")
        origin = await ui.run_javascript("window.location.origin")
        return f"{origin}{SIGN_IN_PATH}?link={secret}"

    await _told_once(visit, made, visit.texts("link_is", hours=LINK_HOURS))


async def _make_key(visit: Visit, source: str | None) -> None:
    async def made() -> str:
        return (await visit.ask(write_keys.create, visit.ctx, source or "")).write_key

    await _told_once(visit, made, visit.texts("key_is"))


async def _told_once(visit: Visit, made: Callable[[], Any], said: str) -> None:
    """A secret that is shown this once."""
    with dialog(said, heading=False):
        try:
            secret = await made()
            markup(f"<p>{escape(said)}</p><p><code data-secret>{escape(secret)}</code></p>")
        except TierwiseError as error:
            tell(error, visit.texts)
        ui.button(visit.texts("close"), on_click=ui.navigate.reload).props("flat no-caps")


async def _let_go(visit: Visit, name: str | None) -> None:
    texts = visit.texts
    with dialog(texts("let_go_of", name=name or NONE), lead=texts("let_go_help")) as window:

        async def done() -> None:
            await visit.ask(people.let_go, visit.ctx, name or "")
            ui.navigate.reload()

        _buttons(texts, window, done)


def _buttons(texts: Texts, window: ui.dialog, done: Callable[[], Any]) -> None:
    wrong = ui.column()

    async def tried() -> None:
        wrong.clear()
        try:
            await done()
        except TierwiseError as error:
            with wrong:
                tell(error, texts)

    with ui.row().classes("tw-actions"):
        ui.button(texts("take"), on_click=tried).props("unelevated no-caps")
        ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
