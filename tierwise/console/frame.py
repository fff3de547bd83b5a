"""What every page has around it: the way to all others, who is signed in, the language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from nicegui import ui

from tierwise.app.principal import Action, Principal
from tierwise.console.parts.card import markup
from tierwise.console.texts import Texts

if TYPE_CHECKING:
    from tierwise.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the menu. title: a key of the texts. action: who may not do it does not see the page there.

    of_own: whether those see it too who see some customers only. or_action: who may do this instead sees it, too.
    """

    path: str
    title: str
    action: Action
    of_own: bool = False
    or_action: Action | None = None

    def is_open_to(self, principal: Principal) -> bool:
        """Whether somebody sees it in the menu."""
        if principal.may(self.action) if self.of_own else principal.may_to_all(self.action):
            return True
        return self.or_action is not None and principal.may_to_all(self.or_action)


PLACES = (
    Place("/", "place_overview", "view"),
    Place("/customers", "place_customers", "view_customer", of_own=True),
    Place("/tasks", "place_tasks", "task", of_own=True, or_action="view"),
    Place("/stratification", "place_stratification", "view"),
    Place("/segments", "place_segments", "view"),
    Place("/insight", "place_insight", "view"),
    Place("/tags", "place_tags", "view"),
    Place("/data", "place_data", "view"),
    Place("/settings", "place_settings", "administer"),
)


@contextmanager
def framed(visit: Visit, title: str, *, wide: bool = False) -> Iterator[None]:
    """The page's own part is built inside."""
    texts = visit.texts
    _one_main_alone()
    markup(f'<a class="tw-skip" href="#tw-main">{escape(texts("skip_to_content"))}</a>')
    with ui.element("div").classes("tw-frame"):
        markup(_side(visit, texts))
        with ui.element("main").classes("tw-page tw-wide" if wide else "tw-page").props("id=tw-main tabindex=-1"):
            markup(f'<h1 class="tw-title">{escape(title)}</h1>')
            yield


def _one_main_alone() -> None:
    """What Quasar puts around every page says that it is the main part, menu and all; here the page's own says so."""
    for around in ui.context.client.page_container.default_slot.children:
        around.tag = "div"


def places_of(visit: Visit) -> list[Place]:
    """What the menu shows to who came."""
    return [place for place in PLACES if place.is_open_to(visit.ctx.principal)]


def _side(visit: Visit, texts: Texts) -> str:
    listed = "".join(
        f'<li><a href="{escape(visit.link(place.path))}"{_here(visit.path, place.path)}>'
        f"{escape(texts(place.title))}</a></li>"
        for place in places_of(visit)
    )
    other = "en" if texts.language == "zh" else "zh"
    query = {name: value for name, value in visit.asked.items() if "{" not in name} | {"lang": other}
    name = visit.ctx.principal.name.removeprefix("person:")
    phone = ""
    if visit.ctx.principal.may("view_customer"):
        phone = f'<a class="tw-phone" href="{escape(visit.link("/m/"))}">{escape(texts("phone_view"))}</a>'
    return (
        f'<nav class="tw-side" aria-label="{escape(texts("menu"))}"><a class="tw-brand" href="{visit.link("/")}">'
        f'Tierwise</a><ul>{listed}</ul><div class="tw-who">{phone}<a href="{escape(visit.link("/account"))}"'
        f"{_here(visit.path, '/account')}>{escape(name)}</a>"
        f'<a href="?{escape(urlencode(query))}" lang="{other}">{escape(texts("other_language"))}</a>'
        f'<form method="post" action="/console/sign-out"><button>{escape(texts("sign_out"))}</button></form>'
        "</div></nav>"
    )


def _here(path: str, place: str) -> str:
    inside = path == place or (place != "/" and path.startswith(f"{place}/"))
    return ' aria-current="page"' if inside else ""
