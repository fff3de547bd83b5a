"""Files in: chosen, taken in as a job; what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from nicegui import ui
from nicegui.events import UploadEventArguments

from tierwise.app import imports, jobs, uploads
from tierwise.app.imports import ImportView
from tierwise.app.jobs import Job
from tierwise.console.pages._data import (
    COUNTS,
    OPEN,
    follow,
    job_state,
    job_title,
    reason_title,
    sections,
    table_title,
    tell_end,
)
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.parts.upload import upload
from tierwise.console.shown import who_text
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import TierwiseError


@page("/data", "title_data")
async def files(visit: Visit) -> None:
    """A place to put a file, and what came in before."""
    texts = visit.texts
    sections(visit, "/data")
    found = await visit.ask(imports.list_imports, visit.ctx)
    waiting = [each for each in await visit.ask(jobs.jobs, visit.ctx) if each.state in OPEN and each.kind == "import"]
    if visit.may("import"):
        with card(texts("data_choose"), name="choose", lead=texts("data_choose_lead")):
            wrong = ui.column()

            async def sent(event: UploadEventArguments) -> None:
                wrong.clear()
                try:
                    place = await visit.ask(uploads.new_upload, visit.ctx, event.file.name)
                    await event.file.save(place.path)
                except TierwiseError as error:
                    with wrong:
                        tell(error, texts)
                    return
                visit.go(f"/data/upload/{place.id}")

            upload(texts("data_drop"), sent)
            markup(f'<p class="foot">{escape(texts("data_formats"))}</p>')
    if waiting:
        with card(texts("data_under_way"), name="under-way"):
            for each in waiting:
                link = visit.link(f"/data/jobs/{each.id}")
                markup(f'<p><a href="{escape(link)}">{escape(job_title(each, texts))}</a></p>')
    with card(texts("data_imports"), name="imports", aside=texts("data_adds_up"), excel=visit.excel("imports")):
        if found:
            markup(_listed(visit, found))
        else:
            markup(f"<p>{escape(texts('data_no_imports'))}</p>")


def _listed(visit: Visit, found: Sequence[ImportView]) -> str:
    texts = visit.texts
    heads = [
        Column(texts("data_file"), "text"),
        Column(texts("data_as"), "text"),
        Column(texts("data_when"), "text"),
        *(Column(texts(f"data_{name}")) for name in COUNTS),
    ]
    rows: list[Sequence[Item]] = []
    for each in found:
        cells: list[Item] = [
            Cell(each.file, link=visit.link(f"/data/imports/{each.id}")),
            table_title(each.table, texts),
            Cell(texts.at(each.at), small=who_text(each.who or "", texts)),
            *(texts.count(getattr(each, name)) for name in COUNTS[:-1]),
        ]
        left = texts("data_still_open", rows=texts.count(each.open)) if each.open else ""
        link = visit.link("/data/quarantine", **{"import": str(each.id)}) if each.open else ""
        cells.append(Cell(texts.count(each.quarantined), small=left, warn=bool(each.open), link=link))
        rows.append(cells)
    return f'<div class="tw-scroll" tabindex="0">{table(heads, rows, name="imports")}</div>'


@page("/data/imports/{import}", "title_data")
async def one(visit: Visit) -> None:
    """What came of one file."""
    texts = visit.texts
    found = await visit.ask(imports.one_import, visit.ctx, _number(visit.asked["import"], "import"))
    sections(visit, "/data")
    with card(texts("data_came_of", file=found.file), name="import", aside=table_title(found.table, texts)):
        markup(_figures(found, texts))
        sum_said = texts(
            "data_sum",
            **{name: texts.count(getattr(found, name)) for name in COUNTS},
        )
        markup(f'<p class="foot">{escape(sum_said)}</p>')
        if found.refunds:
            markup(f"<p data-refunds>{escape(texts('data_refunds_of', rows=texts.count(found.refunds)))}</p>")
        with ui.row().classes("tw-actions"):
            if found.open:
                link = visit.link("/data/quarantine", **{"import": str(found.id)})
                markup(f'<a href="{escape(link)}">{escape(texts("data_see_refused"))}</a>')
            if visit.may("run"):
                ui.button(texts("data_run_now"), on_click=lambda: visit.go("/data/runs")).props("unelevated no-caps")
            ui.button(texts("data_another"), on_click=lambda: visit.go("/data")).props("flat no-caps")
    asked = {"import": str(found.id)}
    if found.reasons:
        with card(texts("data_reasons"), name="reasons", excel=visit.excel("import_reasons", **asked)):
            markup(_reasons(visit, found.reasons, str(found.id)))
    with card(texts("data_read_so"), name="columns", excel=visit.excel("import_columns", **asked)):
        heads = [Column(texts("data_ours"), "text"), Column(texts("data_theirs"), "text")]
        rows = [(Cell(texts.label(each.title), badge=each.name), str(each.given)) for each in found.columns]
        markup(table(heads, rows, name="columns"))
        if visit.may("import"):
            link = f"/api/v1/imports/{found.id}/mapping.yaml"
            markup(f'<p class="foot"><a href="{link}" download>{escape(texts("data_map_take"))}</a></p>')


def _figures(found: ImportView, texts: Texts) -> str:
    shown = [Figure(name, texts(f"data_{name}"), texts.count(getattr(found, name))) for name in COUNTS]
    return f'<div class="tw-six">{figures(shown)}</div>'


def _reasons(visit: Visit, reasons: dict[str, int], import_id: str | None) -> str:
    texts = visit.texts
    heads = [Column(texts("reason"), "text"), Column(texts("data_rows"))]
    rows = [
        (
            Cell(
                reason_title(code, texts),
                link=visit.link("/data/quarantine", **{"import": import_id, "code": code}),
            ),
            texts.count(count),
        )
        for code, count in reasons.items()
    ]
    return table(heads, rows, name="reasons")


@page("/data/jobs/{job}", "title_data")
async def one_job(visit: Visit) -> None:
    """How far a job is; when it is done, what came of it. The address can be left and come back to."""
    texts = visit.texts
    found = await visit.ask(jobs.job, visit.ctx, _number(visit.asked["job"], "job"))
    sections(visit, "/data/runs" if found.kind == "run" else "/data")
    if found.state == "done" and (where := _outcome(found)):
        visit.go(where)
        return
    with card(job_title(found, texts), name="job", aside=job_state(found, texts)):
        if found.state in OPEN:
            markup(f"<p>{escape(texts('data_leave'))}</p>")
            await follow(visit, found, lambda now: visit.go(_outcome(now) or f"/data/jobs/{now.id}"))
            return
        tell_end(found, texts)
        ui.button(texts("data_back"), on_click=lambda: visit.go("/data/runs" if found.kind == "run" else "/data"))


def _outcome(job: Job) -> str | None:
    result = job.result or {}
    if job.state == "done" and "import_id" in result:
        return f"/data/imports/{result['import_id']}"
    if job.state == "done" and "run_id" in result:
        return f"/data/runs/{result['run_id']}"
    if job.state == "done" and job.kind == "tag_test" and result.get("tags"):
        return f"/tags/{quote(result['tags'][0], safe='')}"
    return None


def _number(text: str, what: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise TierwiseError(f"unknown_{what}", f"there is no {what} {text}")
