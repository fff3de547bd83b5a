"""How a phone's page is made: templates that escape whatever comes from data, one style sheet, and nothing else."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tierwise.console.charts.colours import fixed_colours
from tierwise.console.parts.notice import for_a_page
from tierwise.kernel.wording import problem_in_language

if TYPE_CHECKING:
    from tierwise.console.phone.visit import PhoneVisit

STYLE_PATH = "/style.css"

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg fill='%230b7285'%3E"
    "%3Crect x='1' y='11' width='14' height='3'/%3E%3Crect x='3.5' y='6.5' width='9' height='3'/%3E"
    "%3Crect x='6' y='2' width='4' height='3'/%3E%3C/g%3E%3C/svg%3E"
)

_HEADERS = {
    # Stricter than the desk's: no script at all, no style but our sheet.
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
}


def shown(visit: PhoneVisit, template: str, *, title: str, status: int = 200, **values: Any) -> Response:
    """A page of that template. title: of the page, in the reader's language."""
    told = {
        "visit": visit,
        "texts": visit.texts,
        "title": title,
        "icon": _ICON,
        "style": f"/console/m{STYLE_PATH}?v={_style()[1]}",
        "places": _places(visit),
        "who": visit.ctx.principal.name.removeprefix("person:"),
        "said": lambda problem: str(problem_in_language(for_a_page(problem), visit.texts.language)),
    }
    return HTMLResponse(_templates().get_template(template).render(told | values), status, _HEADERS)


async def style(request: Request) -> Response:
    """The style sheet; its address has its version, so that a phone asks for it once."""
    return Response(_style()[0], media_type="text/css", headers={"cache-control": "private, max-age=31536000"})


def dot(colour: str) -> str:
    """The class of the spot that has a tier's colour: styles written into pages are forbidden there."""
    return f"dot c-{colour.removeprefix('#')}"


def _places(visit: PhoneVisit) -> list[tuple[str, str, bool]]:
    """The foot's menu: what, where, whether it is here."""
    found = []
    if visit.ctx.principal.may("task"):
        found.append((visit.texts("phone_my_tasks"), visit.link("/tasks"), visit.path.startswith("/task")))
    if visit.ctx.principal.may("view_customer"):
        here = visit.path.startswith("/customer")
        found.append((visit.texts("place_customers"), visit.link("/customers"), here))
    return found


@cache
def _style() -> tuple[str, str]:
    """The sheet with a class for each colour of a tier, and its version."""
    text = resources.files("tierwise.console.phone").joinpath("phone.css").read_text("utf-8")
    text += "".join(f".c-{each.removeprefix('#')}{{background:{each}}}\n" for each in fixed_colours())
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _templates() -> Environment:
    folder = resources.files("tierwise.console.phone.templates")
    loader = FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8"))
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
