"""Files in: chosen, looked at, taken in as a job; what came of each; rows that were refused, to be mended."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui
from nicegui.events import UploadEventArguments

from tierwise.app import imports, jobs, mappings_kept, uploads
from tierwise.app.imports import ImportView
from tierwise.app.jobs import Job
from tierwise.app.mappings_kept import ReadBefore
from tierwise.console.pages._data import (
    OPEN,
    attempt,
    follow,
    job_state,
    job_title,
    reason_title,
    sections,
    table_title,
)
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.parts.upload import upload
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.kernel.errors import Problem, TierwiseError

_FIRST_VALUES = 80
"""So many letters of them are shown."""

_COUNTS = ("read", "accepted", "replaced", "unchanged", "ignored", "quarantined")


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
        *(Column(texts(f"data_{name}")) for name in _COUNTS),
    ]
    rows: list[Sequence[Item]] = []
    for each in found:
        cells: list[Item] = [
            Cell(each.file, link=visit.link(f"/data/imports/{each.id}")),
            table_title(each.table, texts),
            Cell(texts.at(each.at), small=(each.who or "").removeprefix("person:")),
            *(texts.count(getattr(each, name)) for name in _COUNTS[:-1]),
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
            **{name: texts.count(getattr(found, name)) for name in _COUNTS},
        )
        markup(f'<p class="foot">{escape(sum_said)}</p>')
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


def _figures(found: ImportView, texts: Texts) -> str:
    shown = [Figure(name, texts(f"data_{name}"), texts.count(getattr(found, name))) for name in _COUNTS]
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
        if found.error:
            problem = Problem(
                str(found.error.get("code", "failed")),
                str(found.error.get("message", "")),
                None,
                None,
            )
            tell(TierwiseError.of([problem]), texts)
        markup(f"<p>{escape(texts(f'data_after_{found.state}'))}</p>")
        ui.button(texts("data_back"), on_click=lambda: visit.go("/data/runs" if found.kind == "run" else "/data"))


def _outcome(job: Job) -> str | None:
    result = job.result or {}
    if job.state == "done" and "import_id" in result:
        return f"/data/imports/{result['import_id']}"
    if job.state == "done" and "run_id" in result:
        return f"/data/runs/{result['run_id']}"
    return None


def _number(text: str, what: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise TierwiseError(f"unknown_{what}", f"there is no {what} {text}")


@page("/data/upload/{upload}", "title_data", wide=True)
async def uploaded(visit: Visit) -> None:
    """What a file seems to be, its columns with their first values, and what each is to mean."""
    texts = visit.texts
    sections(visit, "/data")
    number, one_sheet = visit.asked["upload"], visit.asked.get("sheet")
    view = await visit.ask(uploads.look, visit.ctx, number, table=visit.asked.get("table"), sheet=one_sheet)
    before: ReadBefore | None = None
    if visit.asked.get("afresh") != "1" and not view.undecided:
        before = await visit.ask(mappings_kept.read_before, visit.ctx, view.headers, visit.asked.get("table"))
        if before is not None and before.table != view.table:
            view = await visit.ask(uploads.look, visit.ctx, number, table=before.table, sheet=one_sheet)
    here = f"/data/upload/{view.id}"
    asked = {"table": visit.asked.get("table"), "sheet": visit.asked.get("sheet")}
    with card(view.name, name="recognised", aside=_how(view, texts)):
        with ui.row().classes("tw-actions"):
            if not view.undecided:
                options = {
                    each.table: texts(
                        "data_fits",
                        table=table_title(each.table, texts),
                        known=each.recognised,
                        of=len(view.headers),
                    )
                    for each in view.guesses
                }
                kind = ui.select(options, value=view.table, label=texts("data_as"))
                kind.props("outlined dense").classes("tw-input")
                kind.on_value_change(lambda event: visit.go(here, **asked | {"table": event.value}))
            if len(view.sheets) > 1:
                sheets = {name: name for name in view.sheets} | {"*": texts("data_all_sheets")}
                sheet = ui.select(sheets, value=view.sheet, label=texts("data_sheet"))
                sheet.props("outlined dense").classes("tw-input")
                sheet.on_value_change(lambda event: visit.go(here, **asked | {"sheet": event.value}))
        if view.undecided:
            markup(f'<p class="lead">{escape(texts("data_which_sheet"))}</p>')
        elif view.missing and before is None:
            named = ", ".join(label.in_language(texts.language) for _, label in view.missing)
            markup(f'<p class="tw-wrong" data-missing>{escape(texts("data_missing", columns=named))}</p>')
        else:
            said = texts(
                "data_all_there",
                known=sum(1 for each in (before or view).meanings if each and each != uploads.TRAIT),
                of=len(view.headers),
            )
            markup(f'<p class="lead">{escape(said)}</p>')
    if not view.undecided:
        if before is not None:
            markup(_read_before(visit, before, here, asked))
        _mapping(visit, view, before)


def _how(view: uploads.UploadView, texts: Texts) -> str:
    delimiter = {"\t": "Tab", " ": "␣"}.get(view.delimiter, view.delimiter)
    parts = (
        texts(f"data_format_{view.format}"),
        view.encoding.upper(),
        texts("data_delimiter", sign=delimiter) if delimiter else "",
        texts("data_lines", rows=texts.count(view.lines)) if view.lines else "",
        f"{max(view.bytes // 1024, 1):,} KB",
    )
    return " · ".join(part for part in parts if part)


def _first(values: Sequence[str]) -> str:
    """The different ones, as many as there is room for."""
    shown: list[str] = []
    for value in dict.fromkeys(values):
        if shown and sum(map(len, shown)) + len(value) > _FIRST_VALUES:
            break
        shown.append(value if len(value) <= _FIRST_VALUES else f"{value[:_FIRST_VALUES]}…")
    return " · ".join(shown) or NONE


def _read_before(visit: Visit, before: ReadBefore, here: str, asked: dict[str, str | None]) -> str:
    """That the columns are as they were chosen last time, and the way to have them recognised afresh."""
    texts = visit.texts
    earlier = escape(visit.link(f"/data/imports/{before.import_id}"))
    said = texts("data_as_before", file=before.file, day=texts.day(before.at))
    afresh = escape(visit.link(here, **asked | {"afresh": "1"}))
    return (
        f'<p class="foot" data-as-before="{before.import_id}"><a href="{earlier}">{escape(said)}</a> · '
        f'<a href="{afresh}">{escape(texts("data_afresh"))}</a></p>'
    )


def _mapping(visit: Visit, view: uploads.UploadView, before: ReadBefore | None) -> None:
    texts = visit.texts
    meanings = view.meanings if before is None else before.meanings
    names = {name: label.in_language(texts.language) for name, label in view.choices.items()}
    options = {"": texts("data_leave_out")} | names
    if view.table == "customers":
        options[uploads.TRAIT] = texts("data_as_trait")
    chosen: list[ui.select] = []
    with (
        card(texts("data_columns"), name="mapping", aside=texts("data_columns_note")),
        ui.element("table").classes("tw-table").props('data-table="mapping"'),
    ):
        heads = (texts("data_theirs"), texts("data_first_rows"), texts("data_means"))
        markup_head = "".join(f'<th scope="col" class="text">{escape(each)}</th>' for each in heads)
        ui.html(f"<tr>{markup_head}</tr>", sanitize=False, tag="thead")
        with ui.element("tbody"):
            for at, header in enumerate(view.headers):
                values = [row[at] for row in view.rows if at < len(row) and row[at].strip()]
                with ui.element("tr"):
                    ui.html(escape(header or str(at + 1)), sanitize=False, tag="td").classes("text")
                    ui.html(escape(_first(values)), sanitize=False, tag="td").classes("text tw-muted")
                    with ui.element("td").classes("text"):
                        select = ui.select(
                            options, value=meanings[at] if meanings[at] in options else "", with_input=True
                        )
                        select.props(f'outlined dense aria-label="{escape(header)}"').classes("tw-input")
                        chosen.append(select)
    with card(texts("data_take_in"), name="take-in"):
        again = ui.checkbox(texts("data_replace"))
        again.set_visibility(view.table in ("orders", "order_lines", "refunds"))
        wrong = ui.column()
        told = ui.column()

        async def tried() -> None:
            told.clear()
            mapping = uploads.meant(view, [each.value or None for each in chosen])
            button.disable()
            try:
                report = await visit.ask(uploads.try_out, visit.ctx, view.id, mapping, replace_orders=again.value)
            finally:
                button.enable()
            counts = {name: texts.count(getattr(report, name)) for name in _COUNTS}
            reasons = ", ".join(f"{reason_title(code, texts)} {count}" for code, count in report.reasons.items())
            with told:
                extra = f'<br><span class="tw-wrong">{escape(reasons)}</span>' if reasons else ""
                markup(f"<p data-tried>{escape(texts('data_sum', **counts))}{extra}</p>")

        async def begun() -> None:
            mapping = uploads.meant(view, [each.value or None for each in chosen])
            job_id = await visit.ask(uploads.start_import, visit.ctx, view.id, mapping, replace_orders=again.value)
            visit.go(f"/data/jobs/{job_id}" if job_id is not None else "/data")

        with ui.row().classes("tw-actions"):
            ui.button(texts("data_import_now"), on_click=attempt(visit, wrong, begun)).props("unelevated no-caps")
            button = ui.button(texts("data_try"), on_click=attempt(visit, wrong, tried)).props("outline no-caps")
            ui.button(texts("cancel"), on_click=lambda: visit.go("/data")).props("flat no-caps")
