"""One visit by a phone: who came, in which language, what was asked for and given; and how a page answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tierwise.app.context import Context
from tierwise.app.database_lost import LOST, lost
from tierwise.console.parts.notice import AGAIN
from tierwise.console.phone.look import shown
from tierwise.console.texts import Texts
from tierwise.console.visit import defect, texts_for
from tierwise.kernel.errors import TierwiseError

PATH = "/console/m"

_MOST_FIELDS = 30


def _always_422(code: str) -> int:
    return 422


@dataclass(frozen=True)
class PhoneVisit:
    """ctx acts as who came. path: the page's, below /console/m. asked: the query's values by name, the last of equals;
    given: the form's fields, empty where a page is only looked at. status_of: of a page that tells an error."""

    ctx: Context
    texts: Texts
    path: str
    asked: Mapping[str, str]
    given: Mapping[str, str] = field(default_factory=dict)
    status_of: Callable[[str], int] = _always_422

    def link(self, path: str, **query: str | None) -> str:
        """The address of a phone's page, with the language that was asked for kept."""
        return self._address(f"{PATH}{path}", query)

    def desk(self, path: str, **query: str | None) -> str:
        """The address of a page for desks."""
        return self._address(f"/console{path}", query)

    def _address(self, path: str, query: Mapping[str, str | None]) -> str:
        kept = {"lang": self.asked.get("lang")} | dict(query)
        said = urlencode({name: value for name, value in kept.items() if value})
        return path + (f"?{said}" if said else "")

    def here(self, **other: str | None) -> str:
        """This page with something else asked for."""
        return self._address(f"{PATH}{self.path}", dict(self.asked) | other)

    def go(self, path: str, **query: str | None) -> Response:
        """Lead to a page after something was done, so that loading it anew does nothing twice."""
        return RedirectResponse(self.link(path, **query), 303)

    @property
    def whole(self) -> int:
        """From which row on, as the address says it."""
        text = self.asked.get("from", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


Page = Callable[[PhoneVisit], Response]


def answering(page: Page, path: str) -> Callable[[Request], Awaitable[Response]]:
    """The page as a route's endpoint: run beside the event loop; what a use case refuses becomes a page that says what
    to do."""

    async def answered(request: Request) -> Response:
        given: dict[str, str] = {}
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
            given = {name: value for name, value in form.items() if isinstance(value, str)}
        texts = await texts_for(request)
        visit = PhoneVisit(
            request.state.context, texts, path, dict(request.query_params), given, request.app.state.status_of
        )
        return await asyncio.to_thread(_answer, page, visit)

    return answered


def _answer(page: Page, visit: PhoneVisit) -> Response:
    try:
        return page(visit)
    except TierwiseError as error:
        return refused(visit, error)
    except LOST:
        return refused(visit, lost())
    except Exception as error:
        return refused(visit, defect(f"/m{visit.path}", error))


def refused(visit: PhoneVisit, error: TierwiseError) -> Response:
    """What could not be shown or done, why, and where to go on."""
    code = error.problems[0].code
    if code == "no_run":
        return shown(visit, "nothing_yet.html", title=visit.texts("empty_title"), status=visit.status_of(code))
    return shown(
        visit,
        "refused.html",
        title=visit.texts("failed_title"),
        problems=error.problems,
        again=visit.here() if code in AGAIN else "",
        status=visit.status_of(code),
    )
