"""A file that was sent: what it seems to be, what each column is to mean, and all else that a mapping says."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from nicegui import ui
from nicegui.events import UploadEventArguments

from tierwise.app import meanings, upload_mapping, uploads
from tierwise.app.importing import ImportReport
from tierwise.app.mappings_kept import ReadBefore
from tierwise.app.upload_mapping import Draft
from tierwise.console.pages._data import COUNTS, attempt, reason_title, sections, table_title
from tierwise.console.pages._import_rules import WITH_REFUNDS, ImportRules
from tierwise.console.pages._import_settings import ImportSettings, reading
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.upload import upload
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.definitions.mapping import Mapping
from tierwise.kernel.errors import TierwiseError

_FIRST_VALUES = 80
"""So many letters of them are shown."""


@page("/data/upload/{upload}", "title_data", wide=True)
async def uploaded(visit: Visit) -> None:
    """What a file seems to be, its columns with their first values, and what each is to mean."""
    texts = visit.texts
    sections(visit, "/data")
    asked = {"table": visit.asked.get("table"), "sheet": visit.asked.get("sheet")}
    afresh = visit.asked.get("afresh") == "1"
    number = visit.asked["upload"]
    here = f"/data/upload/{number}"
    try:
        draft = await visit.ask(upload_mapping.draft, visit.ctx, number, **asked, afresh=afresh)
    except TierwiseError as error:
        if error.code not in upload_mapping.UNREADABLE:
            raise
        tell(error, texts)
        with card(texts("data_read_otherwise"), name="unreadable"):
            reading(visit, number, Mapping(table=uploads.IMPORTABLE[0]), here, of_text=True)
            link = escape(visit.link(here, afresh="1"))
            markup(f'<p class="foot"><a href="{link}">{escape(texts("data_afresh"))}</a></p>')
        return
    view = draft.view
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
                now = view.sheet if isinstance(view.sheet, str) else None
                sheet = ui.select(sheets, value=now if now in sheets else None, label=texts("data_sheet"))
                sheet.props("outlined dense").classes("tw-input")
                sheet.on_value_change(lambda event: visit.go(here, **asked | {"sheet": event.value}))
        if view.undecided:
            markup(f'<p class="lead">{escape(texts("data_which_sheet"))}</p>')
        elif view.missing and draft.origin == "recognised":
            named = ", ".join(label.in_language(texts.language) for _, label in view.missing)
            markup(f'<p class="tw-wrong" data-missing>{escape(texts("data_missing", columns=named))}</p>')
        else:
            said = texts(
                "data_all_there",
                known=sum(1 for each in view.meanings if each and each != meanings.TRAIT),
                of=len(view.headers),
            )
            markup(f'<p class="lead">{escape(said)}</p>')
    if not view.undecided:
        if draft.before is not None:
            markup(_read_before(visit, draft.before, here, asked))
        elif draft.origin == "given":
            markup(_by_file(visit, draft, here, asked))
        _Wizard(visit, draft, here).build()


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
    """That columns and rules are as they were chosen last time, and the way to have them recognised afresh."""
    texts = visit.texts
    earlier = escape(visit.link(f"/data/imports/{before.import_id}"))
    said = texts("data_as_before", file=before.file, day=texts.day(before.at))
    afresh = escape(visit.link(here, **asked | {"afresh": "1"}))
    return (
        f'<p class="foot" data-as-before="{before.import_id}"><a href="{earlier}">{escape(said)}</a> · '
        f'<a href="{afresh}">{escape(texts("data_afresh"))}</a></p>'
    )


def _by_file(visit: Visit, draft: Draft, here: str, asked: dict[str, str | None]) -> str:
    """That a mapping file says all this, what of it the file lacks, and the way back."""
    texts = visit.texts
    afresh = escape(visit.link(here, **asked | {"afresh": "1"}))
    said = f'<a href="{afresh}">{escape(texts("data_afresh"))}</a>'
    lacks = ""
    if draft.lost:
        named = escape(texts("data_map_lacks", columns=", ".join(draft.lost)))
        lacks = f'<p class="tw-wrong" data-map-lacks>{named}</p>'
    return f'<p class="foot" data-by-file>{escape(texts("data_by_map"))} · {said}</p>{lacks}'


class _Wizard:
    """One visitor's choices about one file."""

    def __init__(self, visit: Visit, draft: Draft, here: str) -> None:
        self.visit, self.texts, self.draft, self.here = visit, visit.texts, draft, here
        self.chosen: list[ui.select] = []
        self.rules = ImportRules(visit, draft, meanings.names_of(draft.view.headers), self._looked_at)
        self.settings = ImportSettings(visit, draft, here, self.rules.look)

    def build(self) -> None:
        self._columns()
        self.rules.build()
        with card(self.texts("data_further"), name="further", aside=self.texts("data_further_note")):
            self.rules.build_left_out()
            self.settings.build()
            self._mapping_file()
        self._take_in()

    def mapping(self) -> Mapping:
        """As everything is chosen now. Raises what is wrong with it."""
        return upload_mapping.settled(self._columns_alone(), **self.settings.changes(), **self.rules.changes())

    def _columns_alone(self) -> Mapping:
        view, before = self.draft.view, self.draft.mapping
        chosen = [each.value or None for each in self.chosen]
        columns = meanings.meant(view.table, view.headers, chosen, before.columns)
        sheet = list(view.sheet) if isinstance(view.sheet, tuple) else view.sheet
        return upload_mapping.settled(before, table=view.table, columns=columns, sheet=sheet)

    def _looked_at(self) -> Mapping:
        """What says where quantities and amounts stand."""
        return upload_mapping.settled(self._columns_alone(), **self.settings.of_amounts())

    def _columns(self) -> None:
        texts, view = self.texts, self.draft.view
        options = {"": texts("data_leave_out")}
        options |= {name: label.in_language(texts.language) for name, label in view.choices.items()}
        if view.traits:
            options[meanings.TRAIT] = texts("data_as_trait")
        options |= {name: name for name in view.meanings if name is not None and name not in options}
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
                            select = ui.select(options, value=view.meanings[at] or "", with_input=True)
                            select.props(f'outlined dense aria-label="{escape(header)}"').classes("tw-input")
                            select.on_value_change(self.rules.look)
                            self.chosen.append(select)

    def _mapping_file(self) -> None:
        texts, visit = self.texts, self.visit
        with ui.expansion(f"{texts('data_map')} · {texts('data_map_note')}").classes("tw-fold").props("data-fold=map"):
            wrong = ui.column()

            async def sent(event: UploadEventArguments) -> None:
                wrong.clear()
                try:
                    text = (await event.file.read()).decode("utf-8-sig", "replace")
                    await visit.ask(upload_mapping.give_mapping, visit.ctx, self.draft.view.id, text)
                except TierwiseError as error:
                    with wrong:
                        tell(error, texts)
                    return
                visit.go(self.here)

            upload(texts("data_map_give"), sent, accept=".yaml,.yml,.json")

            async def taken() -> None:
                text = upload_mapping.mapping_file(self.mapping())
                ui.download.content(text, f"{Path(self.draft.view.name).stem}.mapping.yaml", "application/yaml")

            button = ui.button(texts("data_map_take"), on_click=attempt(visit, wrong, taken))
            button.props("flat dense no-caps icon=download")

    def _take_in(self) -> None:
        texts, visit, view = self.texts, self.visit, self.draft.view
        with card(texts("data_take_in"), name="take-in"):
            again = ui.checkbox(texts("data_replace"))
            again.set_visibility(view.table in (*WITH_REFUNDS, "refunds"))
            wrong = ui.column()
            told = ui.column().props("aria-live=polite")

            async def tried() -> None:
                told.clear()
                mapping = self.mapping()
                report = await visit.ask(uploads.try_out, visit.ctx, view.id, mapping, replace_orders=again.value)
                with told:
                    markup(f"<p data-tried>{_tried(report, texts)}</p>")

            async def begun() -> None:
                mapping = self.mapping()
                job_id = await visit.ask(uploads.start_import, visit.ctx, view.id, mapping, replace_orders=again.value)
                visit.go(f"/data/jobs/{job_id}" if job_id is not None else "/data")

            with ui.row().classes("tw-actions"):
                ui.button(texts("data_import_now"), on_click=attempt(visit, wrong, begun)).props("unelevated no-caps")
                ui.button(texts("data_try"), on_click=attempt(visit, wrong, tried)).props("outline no-caps")
                ui.button(texts("cancel"), on_click=lambda: visit.go("/data")).props("flat no-caps")


def _tried(report: ImportReport, texts: Texts) -> str:
    counts = {name: texts.count(getattr(report, name)) for name in COUNTS}
    said = escape(texts("data_sum", **counts))
    if report.refunds:
        refunds = escape(texts("data_refunds_of", rows=texts.count(report.refunds)))
        said += f"<br><span data-refunds>{refunds}</span>"
    if reasons := ", ".join(f"{reason_title(code, texts)} {count}" for code, count in report.reasons.items()):
        said += f'<br><span class="tw-wrong">{escape(reasons)}</span>'
    return said
