"""What the pages about data have in common: the way among them, a job's standing, tables and reasons by their names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path

from nicegui import ui
from nicegui.events import ClickEventArguments

from tierwise.app import jobs
from tierwise.app.jobs import Job
from tierwise.app.lists import LIST_PREFIX
from tierwise.app.principal import Action
from tierwise.app.uploads import IMPORTABLE
from tierwise.console.parts.card import card, markup
from tierwise.console.steps import step_title
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import Problem, TierwiseError

SECTIONS: tuple[tuple[str, str, Action], ...] = (
    ("/data", "data_import", "view"),
    ("/data/quarantine", "data_quarantine", "view_customer"),
    ("/data/runs", "data_runs", "view"),
    ("/data/identity", "data_identity", "view_customer"),
    ("/data/live", "data_live", "view"),
    ("/data/quality", "data_quality", "view"),
    ("/data/definitions", "data_definitions", "view"),
)
"""Addresses, titles, and what one must be allowed to do to see them."""

OPEN = ("queued", "running")

COUNTS = ("read", "accepted", "replaced", "unchanged", "ignored", "quarantined")
"""What becomes of a file's rows; the first is the sum of the others."""

KINDS = ("import", "run", "identity", "tag_test")
"""Kinds of jobs with words of their own."""

REASONS = frozenset(
    {
        "bad_boolean",
        "bad_currency",
        "bad_date",
        "bad_id",
        "bad_identity",
        "bad_json",
        "bad_money",
        "bad_number",
        "bad_quote",
        "duplicate_key",
        "missing_id",
        "missing_value",
        "negative_money",
        "negative_number",
        "negative_quantity",
        "ragged_row",
        "unknown_customer",
        "zero_byte",
    }
)
"""Why rows are refused, where there are words for it."""

LOOK_SECONDS = 0.7


def sections(visit: Visit, here: str) -> None:
    """The sections of the page Data; `here` is the address of the one that is shown."""
    texts = visit.texts
    listed = "".join(
        f'<li><a href="{escape(visit.link(path))}"{_current(path == here)}>{escape(texts(title))}</a></li>'
        for path, title, action in SECTIONS
        if visit.may(action)
    )
    markup(f'<nav class="tw-tabs" aria-label="{escape(texts("data_sections"))}"><ul>{listed}</ul></nav>')


def _current(is_here: bool) -> str:
    return ' aria-current="page"' if is_here else ""


def table_title(table: str, texts: Texts) -> str:
    """What rows of a file became, as its import tells it: rows of a table, tags, members of a list."""
    if table.startswith(LIST_PREFIX):
        return texts("data_table_list", name=table.removeprefix(LIST_PREFIX))
    return texts(f"data_table_{table}") if table in IMPORTABLE or table == "tags" else table


def reason_title(code: str, texts: Texts) -> str:
    """Why a row was refused; the code where nobody has said it in words."""
    return texts(f"data_reason_{code}") if code in REASONS else code


def job_title(job: Job, texts: Texts) -> str:
    """What a job is about, with the name of a file and no folder."""
    kind = texts(f"data_job_{job.kind}") if job.kind in KINDS else job.kind
    if job.kind == "import":
        file, _, table = job.title.rpartition(" → ")
        if table in IMPORTABLE:
            return f"{kind} · {Path(file).name} → {table_title(table, texts)}"
    if job.kind == "run":
        return f"{kind} · {texts('as_of', day=job.title.removeprefix('run as of '))}"
    if job.kind == "tag_test":
        return f"{kind} · {job.title}"
    return kind


def job_state(job: Job, texts: Texts) -> str:
    """Its state in a word."""
    return texts(f"data_state_{job.state}")


def tell_end(job: Job, texts: Texts) -> None:
    """Why a job came to no good end, and what that leaves."""
    if job.error:
        said = str(job.error.get("message", ""))
        tell(TierwiseError.of([Problem(str(job.error.get("code", "failed")), said, None, None)]), texts)
    markup(f"<p data-ended={escape(job.state)}>{escape(texts(f'data_after_{job.state}'))}</p>")


async def under_way(visit: Visit, *kinds: str) -> None:
    """Jobs that somebody began and left, each with how far it is; of these kinds, or of all. The page comes anew as
    one ends. Of kinds that are named, the newest is told too where it came to no good end."""
    texts = visit.texts
    found = await visit.ask(jobs.jobs, visit.ctx)
    for each in found:
        if each.state in OPEN and (not kinds or each.kind in kinds):
            with card(job_title(each, texts), name="under-way", aside=texts(f"data_state_{each.state}")):
                markup(f"<p>{escape(texts('data_leave'))}</p>")
                await follow(visit, each, lambda job: ui.navigate.reload())
    newest = next((each for each in found if each.kind in kinds), None)
    if newest is not None and newest.state not in (*OPEN, "done"):
        with card(job_title(newest, texts), name="ended", aside=job_state(newest, texts)):
            tell_end(newest, texts)


async def follow(visit: Visit, job: Job, over: Callable[[Job], None]) -> None:
    """Show how far a job is until it ends, and then call `over`; a button asks it to stop. Leaving the page stops
    nothing but the looking."""
    texts = visit.texts
    with ui.element("div").classes("tw-progress").props('data-progress role="status"'):
        bar = ui.linear_progress(0, show_value=False).props("instant-feedback rounded").classes("tw-wide-input")
        said = ui.label("")
    wrong = ui.column()

    async def look() -> None:
        try:
            now = await visit.ask(jobs.job, visit.ctx, job.id)
        except TierwiseError as error:
            timer.cancel()
            _tell_in(wrong, error, texts)
            return
        if now.state not in OPEN:
            timer.cancel()
            over(now)
            return
        share = now.done / now.total if now.total else 0.0
        bar.set_value(min(share, 1.0))
        unit = texts(f"data_unit_{now.unit}") if now.unit in ("rows", "steps", "days") else now.unit
        done = f"{texts.count(now.done)} / {texts.count(now.total)} {unit}" if now.total else ""
        said.set_text(" · ".join(part for part in (done, step_title(now.message, texts)) if part))

    timer = ui.timer(LOOK_SECONDS, look)
    if visit.may("import"):

        async def stop() -> None:
            try:
                await visit.ask(jobs.cancel, visit.ctx, job.id)
                button.set_text(texts("data_stopping"))
                button.disable()
            except TierwiseError as error:
                _tell_in(wrong, error, texts)

        button = ui.button(texts("data_stop"), on_click=stop).props("outline dense no-caps")


def _tell_in(place: ui.column, error: TierwiseError, texts: Texts) -> None:
    place.clear()
    with place:
        tell(error, texts)


def attempt(
    visit: Visit, wrong: ui.column, work: Callable[[], Awaitable[None]]
) -> Callable[[ClickEventArguments], Awaitable[None]]:
    """The work of a button, which shows that it is being done and cannot be pressed again meanwhile; what it raises is
    told in `wrong`."""

    async def tried(event: ClickEventArguments) -> None:
        wrong.clear()
        event.sender.props("loading")
        try:
            await work()
        except TierwiseError as error:
            _tell_in(wrong, error, visit.texts)
        finally:
            if not event.sender.is_deleted:
                event.sender.props(remove="loading")

    return tried
