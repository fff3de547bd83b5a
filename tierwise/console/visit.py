"""One visit to one page: who came, in which language, what was asked for, and how pages are registered."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import ParamSpec, TypeVar
from urllib.parse import urlencode

from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tierwise.app import defining
from tierwise.app.context import Context
from tierwise.app.database_lost import LOST, lost
from tierwise.app.people import principal_of
from tierwise.app.principal import Action
from tierwise.app.signing_in import SignIns
from tierwise.console.frame import framed
from tierwise.console.parts.card import markup
from tierwise.console.parts.notice import nothing_yet, refused
from tierwise.console.texts import Texts, language_for
from tierwise.definitions.project import Project
from tierwise.kernel.clock import zone
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.plots.look import ACCENT

P = ParamSpec("P")
T = TypeVar("T")

_BUILD_SECONDS = 60

_LOOK_AGAIN_SECONDS = 5
"""A page that was opened while the database was away is opened again by itself."""

_log = logging.getLogger("tierwise.console")


@dataclass(frozen=True)
class Visit:
    """ctx acts as who came. asked: the query's values by name, the last of equals. path: the page's, below /console."""

    ctx: Context
    texts: Texts
    path: str
    asked: Mapping[str, str]
    session: str | None
    sign_ins: SignIns

    async def ask(self, case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A use case, beside the event loop.

        Raises what it raises; `database_lost`; `defect` for what nobody foresaw; `not_signed_in` where the session is
        over; `changed_meanwhile` where the person's role or customers are others than when the page came.
        """

        def asked() -> T:
            self._require_signed_in()
            return case(*args, **kwargs)

        try:
            return await asyncio.to_thread(asked)
        except TierwiseError:
            raise
        except LOST as error:
            raise lost() from error
        except Exception as error:
            raise defect(self.path, error) from error

    def _require_signed_in(self) -> None:
        if self.session is None:
            return
        person = self.sign_ins.person_of(self.session)
        if person is None:
            raise TierwiseError("not_signed_in", "you are not signed in any more", remedy="open the page again")
        if principal_of(person) != self.ctx.principal:
            raise TierwiseError(
                "changed_meanwhile", "what you may do here has changed meanwhile", remedy="open the page again"
            )

    def may(self, action: Action) -> bool:
        """Whether who came may do it to all customers."""
        return self.ctx.principal.may_to_all(action)

    def link(self, path: str, **query: str | None) -> str:
        """The address of a page of the console, with the language that was asked for kept."""
        kept = {"lang": self.asked.get("lang")} | query
        given = urlencode({name: value for name, value in kept.items() if value is not None})
        return f"/console{path}" + (f"?{given}" if given else "")

    def excel(self, table: str, **asked: str | None) -> str:
        """The address of a table as a workbook, under words in the page's language; empty for who may take none.

        asked: what the table is of, as `app/sheets.py` has it.
        """
        if not self.may("export"):
            return ""
        given = [("set", f"{name}={value}") for name, value in asked.items() if value is not None]
        return f"/api/v1/exports/{table}.xlsx?{urlencode([('headings', self.texts.language), *given])}"

    def go(self, path: str, **query: str | None) -> None:
        """Send the browser to a page of the console."""
        ui.navigate.to(self.link(path, **query).removeprefix("/console"))


def defect(path: str, error: Exception) -> TierwiseError:
    """What nobody foresaw. The log has its kind and its frames, not its message: that may be somebody's data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("defect at %s: %s\n%s", path, type(error).__qualname__, frames)
    return TierwiseError(
        "defect", "this should not have happened", remedy="please report it with what the server has written"
    )


Build = Callable[[Visit], Awaitable[None]]


def page(
    path: str, title: str, *, wide: bool = False, instead: Callable[[Visit], str | None] = lambda visit: None
) -> Callable[[Build], Build]:
    """Register a page: `path` below /console, `title` a key of the texts. Errors of use cases become notices.

    wide: the page uses the whole width. instead: the address of another page, to which who came is sent on.
    """

    def register(build: Build) -> Build:
        async def shown(request: Request) -> Response | None:
            visit = await _visit(request, path)
            texts = visit.texts
            if (other := instead(visit)) is not None:
                return RedirectResponse(other, 303)
            ui.add_head_html(f'<script>document.documentElement.lang = "{escape(texts("html_language"))}"</script>')
            ui.colors(primary=ACCENT)
            ui.page_title(f"{texts(title)} · Tierwise")  # the key of each page is looked for by the test of texts
            with framed(visit, texts(title), wide=wide):
                try:
                    await build(visit)
                except TierwiseError as error:
                    tell(error, texts, may_import=visit.may("import"))
                    if error.problems[0].code == "database_lost":
                        ui.timer(_LOOK_AGAIN_SECONDS, ui.navigate.reload, once=True)
                except Exception as error:
                    tell(defect(visit.path, error), texts)
            return None

        ui.page(path, title="Tierwise", response_timeout=_BUILD_SECONDS)(shown)
        return build

    return register


def tell(error: TierwiseError, texts: Texts, *, may_import: bool = True) -> None:
    """Instead of what could not be shown: what to do."""
    if error.problems[0].code == "no_run":
        markup(nothing_yet(texts, may_import=may_import))
    else:
        markup(refused(error.problems, texts))


def told(problem: Problem, texts: Texts) -> str:
    """One problem as a line, in the reader's language."""
    from tierwise.kernel.wording import problem_in_language

    return str(problem_in_language(problem, texts.language))


async def texts_for(request: Request) -> Texts:
    """The texts of an answer, in the project's zone. Their language: what `lang` asks for, else the person's, else the
    browser's, else the project's."""
    ctx: Context = request.state.context
    person = getattr(request.state, "person", None)
    project = Project()
    try:
        project = await asyncio.to_thread(defining.project_of, ctx)
    except (TierwiseError, *LOST):
        pass  # the page will say what is wrong
    wanted = request.query_params.get("lang") or (person.language if person is not None else None)
    language = language_for(wanted, request.headers.get("accept-language", ""), project.language)
    return Texts(language, zone(project.timezone))


async def _visit(request: Request, path: str) -> Visit:
    asked = dict(request.query_params)
    texts = await texts_for(request)
    for name, value in request.path_params.items():
        asked[name] = value
    shown = path
    for name, value in request.path_params.items():
        shown = shown.replace("{" + name + "}", value)
    return Visit(request.state.context, texts, shown, asked, request.state.session, request.state.sign_ins)
