"""One's own account: who one is here, and a password."""

from __future__ import annotations

from html import escape

from nicegui import ui

from tierwise.console.parts.card import card, markup
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import TierwiseError


@page("/account", "title_account")
async def account(visit: Visit) -> None:
    """What one may do, and a form for the password."""
    texts, principal = visit.texts, visit.ctx.principal
    with card(texts("title_account"), name="account"):
        told = [
            (texts("person_name"), principal.name.removeprefix("person:")),
            (texts("role"), texts(f"role_{principal.role}")),
        ]
        if principal.stores:
            told.append((texts("stores_seen"), ", ".join(principal.stores)))
        if principal.staff_id:
            told.append((texts("staff_id"), principal.staff_id))
        listed = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in told)
        markup(f'<dl class="tw-attributes">{listed}</dl>')
    if visit.session is None:
        return
    with card(texts("set_password"), name="password"), ui.element("form").props('autocomplete="on"') as form:
        name = escape(principal.name.removeprefix("person:"))
        ui.html(f'<input name="username" autocomplete="username" value="{name}" hidden>', sanitize=False)
        first = (
            ui.input(texts("new_password"), password=True)
            .props("outlined dense autocomplete=new-password")
            .classes("tw-wide-input")
        )
        again = (
            ui.input(texts("password_again"), password=True)
            .props("outlined dense autocomplete=new-password")
            .classes("tw-wide-input")
        )
        outcome = ui.column()

        async def done() -> None:
            outcome.clear()
            with outcome:
                if first.value != again.value:
                    markup(f'<p class="tw-wrong">{escape(texts("passwords_differ"))}</p>')
                    return
                try:
                    await visit.ask(visit.sign_ins.set_password, principal, first.value or "", keep=visit.session)
                except TierwiseError as error:
                    tell(error, texts)
                    return
                first.value = again.value = ""
                markup(f'<p role="status" data-outcome="password">{escape(texts("password_set"))}</p>')

        ui.button(texts("set_password")).props("unelevated no-caps type=submit").classes("tw-submit").classes(
            "tw-submit"
        )
        form.on("submit.prevent", done)
