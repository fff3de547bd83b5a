"""What a mapping says besides columns and rules: how the file is read, times and money, dates, the same values for
each row, and what an order is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Mapping as Given
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import upload_mapping
from tierwise.app.upload_mapping import Draft
from tierwise.console.pages._data import attempt
from tierwise.console.pages._import_rules import WITH_REFUNDS
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit
from tierwise.definitions.mapping import Mapping, Sheets

ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "cp1252", "shift_jis", "euc_kr")

DELIMITERS = {",": ",", "tab": "\t", ";": ";", "|": "|", "space": "space"}
"""What is shown, and what a mapping has."""

DECIMALS = {".": "1,234.50", ",": "1.234,50"}

HEADER_LINES = 20

ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Dubai", "Europe/London",
    "Europe/Paris", "America/New_York", "America/Los_Angeles", "Australia/Sydney", "UTC",
)  # fmt: skip

CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "GBP", "JPY", "KRW", "SGD", "THB", "AUD")

FORMATS = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%d-%b-%y", "%Y%m%d%H%M%S")


class ImportSettings:
    """These parts of a mapping under edit. changed: awaited when amounts are read otherwise."""

    def __init__(self, visit: Visit, draft: Draft, here: str, changed: Callable[[], Awaitable[None]]) -> None:
        self.changed = changed
        self.visit, self.texts, self.draft, self.here = visit, visit.texts, draft, here

    def build(self) -> None:
        texts, mapping = self.texts, self.draft.mapping
        names = {name: label.in_language(texts.language) for name, label in self.draft.view.choices.items()}
        said = f"{texts('data_more')} · {texts('data_more_note')}"
        with ui.expansion(said, value=self._says_something()).classes("tw-fold").props("data-fold=settings"):
            self._money_and_time()
            dates = {name: names[name] for name in self.draft.dates}
            self.formats = _Pairs(texts, "formats", dates, mapping.formats, FORMATS)
            self.constants = _Pairs(texts, "constants", names, mapping.constants, ())
            if self.draft.view.table in WITH_REFUNDS:
                self._order()
            view = self.draft.view
            reading(self.visit, view.id, mapping, self.here, view.format == "text", view.sheets, view.sheet, view.table)

    def _says_something(self) -> bool:
        mapping = self.draft.mapping
        return any((mapping.timezone, mapping.currency, mapping.formats, mapping.constants, mapping.order_key))

    def of_amounts(self) -> dict[str, Any]:
        """How amounts are read, and of what currency they are."""
        return {"currency": self.currency.value or None, "decimal": self.decimal.value}

    def changes(self) -> dict[str, Any]:
        """As a mapping has them; null where it is left to what goes without saying."""
        changed: dict[str, Any] = {
            "timezone": self.timezone.value or None,
            **self.of_amounts(),
            "formats": self.formats.given() or None,
            "constants": self.constants.given() or None,
        }
        if self.scope is not None:
            changed["scope"] = self.scope.value
        if self.draft.view.table in WITH_REFUNDS:
            changed["order_key"] = "line" if self.line.value else list(self.together.value or ()) or None
        return changed

    def _money_and_time(self) -> None:
        texts, mapping, draft = self.texts, self.draft.mapping, self.draft
        with ui.element("div").classes("tw-row tw-actions"):
            own = texts("data_of_project", value=draft.timezone)
            self.timezone = _select(texts("data_timezone"), ZONES, mapping.timezone, own, typed=True)
            own = texts("data_of_project", value=draft.currency)
            self.currency = _select(texts("data_currency"), CURRENCIES, mapping.currency, own, typed=True)
            self.decimal = _named(texts("data_decimal"), DECIMALS, mapping.decimal)
            for each in (self.currency, self.decimal):
                each.on_value_change(self.changed)
            self.scope = None
            if draft.scopes and draft.view.traits:
                scopes = {name: label.in_language(texts.language) for name, label in draft.scopes.items()}
                self.scope = _named(texts("data_scope_of"), scopes, mapping.scope)

    def _order(self) -> None:
        texts, key = self.texts, self.draft.mapping.order_key
        headers = {header: header for header in self.draft.view.headers if header}
        with ui.element("div").classes("tw-row tw-actions"):
            self.line = ui.checkbox(texts("data_order_line"), value=key == "line")
            given = [each for each in key if each in headers] if isinstance(key, tuple) else []
            self.together = ui.select(headers, value=given, multiple=True, label=texts("data_order_together"))
            self.together.props("outlined dense options-dense use-chips").classes("tw-wide-input")


class _Pairs:
    """Names with a value each, as many as one likes."""

    def __init__(
        self, texts: Texts, what: str, names: Given[str, str], given: Given[str, Any], values: tuple[str, ...]
    ) -> None:
        self.texts, self.what, self.values = texts, what, values
        self.names = dict(names) | {name: name for name in given if name not in names}
        self.rows: list[list[str]] = [[name, str(value)] for name, value in given.items()]
        self.box = ui.element("div").props(f"data-pairs={what}")
        if self.names:
            self._draw()

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.rows if name and value}

    def _draw(self) -> None:
        texts = self.texts
        self.box.clear()
        with self.box:
            for row in self.rows:
                with ui.element("div").classes("tw-row tw-actions"):
                    name = _named(texts(f"data_{self.what}_name"), {"": "", **self.names}, row[0])
                    name.on_value_change(lambda event, row=row: row.__setitem__(0, event.value or ""))
                    if self.values:
                        value: Any = _select(
                            texts(f"data_{self.what}_value"), self.values, row[1] or None, "", typed=True
                        )
                    else:
                        value = ui.input(texts(f"data_{self.what}_value"), value=row[1]).props("outlined dense")
                    value.on_value_change(lambda event, row=row: row.__setitem__(1, (event.value or "").strip()))
                    remove = ui.button(on_click=lambda row=row: self._without(row)).props("flat dense round icon=close")
                    remove.props(f'size=sm aria-label="{escape(texts("rule_remove"))}"')
            add = ui.button(texts(f"data_{self.what}_add"), on_click=self._more)
            add.props("flat dense no-caps icon=add size=sm").props(f"data-add={self.what}")

    def _more(self) -> None:
        self.rows.append(["", ""])
        self._draw()

    def _without(self, row: list[str]) -> None:
        self.rows = [each for each in self.rows if each is not row]
        self._draw()


def _select(label: str, values: Any, now: str | None, own: str, *, typed: bool = False) -> ui.select:
    """One of these values; empty is `own`, what goes without saying. typed: whether others may be typed."""
    options = {"": own} | {value: value for value in values}
    if now is not None:
        options.setdefault(now, now)
    made = ui.select(options, value=now or "", label=label, with_input=typed,
                     new_value_mode="add-unique" if typed else None, key_generator=str if typed else None)  # fmt: skip
    return made.props("outlined dense options-dense").classes("tw-input")


def _named(label: str, options: dict[str, str], now: str) -> ui.select:
    """One of these, by their names."""
    made = ui.select(options if now in options else {**options, now: now}, value=now, label=label)
    return made.props("outlined dense options-dense").classes("tw-input")


def reading(
    visit: Visit,
    upload: str,
    mapping: Mapping,
    here: str,
    of_text: bool,
    sheets: tuple[str, ...] = (),
    sheet: Sheets | None = None,
    table: str | None = None,
) -> None:
    """How the file is read: after a change it is looked at anew, as rows of `table`. of_text: not of a workbook."""
    texts = visit.texts
    fields: dict[str, ui.select] = {}
    with ui.element("div").classes("tw-row tw-actions").props("data-reading"):
        if of_text:
            found, own = texts("data_found_out"), None if mapping.encoding == "auto" else mapping.encoding
            fields["encoding"] = _select(texts("data_encoding"), ENCODINGS, own, found, typed=True)
            own = next((name for name, sign in DELIMITERS.items() if sign == mapping.delimiter), mapping.delimiter)
            fields["delimiter"] = _select(texts("data_delimiter_of"), DELIMITERS, None if own == "auto" else own, found)
        lines = {"": texts("data_found_out"), "none": texts("data_header_none")}
        lines |= {str(line): texts("data_header_line", line=line) for line in range(1, HEADER_LINES + 1)}
        given = mapping.header
        now = ("" if given else "none") if isinstance(given, bool) else str(given)
        fields["header"] = _named(texts("data_header"), lines, now)
        together = None
        if len(sheets) > 1:
            several = [each for each in sheet if each in sheets] if isinstance(sheet, tuple) else []
            together = ui.select(list(sheets), value=several, multiple=True, label=texts("data_sheets"))
            together.props("outlined dense options-dense use-chips").classes("tw-input")
        wrong = ui.column()

        async def again() -> None:
            header = fields["header"].value
            told: dict[str, Any] = {"header": int(header) if header.isdigit() else header != "none"}
            if of_text:
                told["encoding"] = fields["encoding"].value or "auto"
                told["delimiter"] = DELIMITERS.get(fields["delimiter"].value, fields["delimiter"].value) or "auto"
            chosen = together.value if together is not None else None
            if chosen or sheet is not None:
                told["sheet"] = list(chosen) if chosen else sheet if isinstance(sheet, str | int) else list(sheet or ())
            await visit.ask(upload_mapping.read_otherwise, visit.ctx, upload, mapping, told)
            visit.go(here, table=table)

        button = ui.button(texts("data_read_again"), on_click=attempt(visit, wrong, again))
        button.props("outline dense no-caps")
