"""The value of a comparison, with the editor that its type and operator need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from nicegui import ui

from tierwise.console.rule_draft import DAY_COUNTS, MANY_VALUES, NO_VALUE, Compared, Done, day, number, texts_in
from tierwise.console.shown import unit_text
from tierwise.console.texts import Texts


def kind_of(rule_type: str) -> str:
    """A type of rules as the table of operators has it: text, number, date, instant or boolean."""
    return {"integer": "number", "source_text": "text"}.get(rule_type, rule_type)


class ValueEditor:
    """Draws the editor and writes what is told into the part; what cannot be read is written as None."""

    def __init__(
        self,
        part: Compared | Done,
        rule_type: str,
        values: Mapping[str, str],
        texts: Texts,
        changed: Callable[[], None],
        unit: str,
    ) -> None:
        self.part, self.kind, self.values, self.texts, self.changed = part, kind_of(rule_type), values, texts, changed
        self.unit = unit_text(unit, texts) if unit else ""
        self._draw()

    def _draw(self) -> None:
        op, texts = self.part.op, self.texts
        if op in NO_VALUE:
            return
        if op in DAY_COUNTS:
            self._typed(texts("rule_days"), self.part.value, number, "tw-leaf-number")
        elif self.kind == "boolean":
            self._chosen({True: texts("yes"), False: texts("no")}, many=False)
        elif op in MANY_VALUES:
            if self.values:
                self._chosen(dict(self.values), many=True)
            else:
                self._typed(texts("rule_values"), self.part.value, self._many, "tw-leaf-text")
        elif op == "between":
            for place, label in enumerate((texts("rule_low"), texts("rule_high"))):
                self._of_two(place, label)
        elif self.values and op in ("=", "!="):
            self._chosen(dict(self.values), many=False)
        else:
            self._typed(texts("rule_value"), self.part.value, self._one, self._wide)

    @property
    def _wide(self) -> str:
        if self.kind in ("date", "instant"):
            return "tw-leaf-date"
        return "tw-leaf-number" if self.kind == "number" else "tw-leaf-text"

    def _one(self, text: str) -> Any:
        if self.kind in ("date", "instant"):
            return day(text)
        return number(text) if self.kind == "number" else text.strip() or None

    def _many(self, text: str) -> tuple[Any, ...] | None:
        found = tuple(self._one(each) for each in texts_in(text))
        return found if found and None not in found else None

    def _chosen(self, options: dict[Any, str], *, many: bool) -> None:
        now = self.part.value
        if many:
            given = [each for each in (now or ()) if isinstance(now, tuple | list)]
            options = options | {each: str(each) for each in given if each not in options}
            select = ui.select(options, value=given, multiple=True, label=self.texts("rule_values"))
            select.props("use-chips")
        else:
            if now is not None and now not in options:
                options = options | {now: str(now)}
            select = ui.select(options, value=now, label=self.texts("rule_value"))
        select.props("outlined dense options-dense").classes("tw-leaf-chosen")
        select.on_value_change(lambda event: self._put(tuple(event.value or ()) if many else event.value))

    def _typed(self, label: str, now: Any, read: Callable[[str], Any], wide: str) -> None:
        self._field(label, now, wide, lambda text: self._put(read(text)))

    def _of_two(self, place: int, label: str) -> None:
        now = self.part.value if isinstance(self.part.value, tuple) else (None, None)

        def put(text: str) -> None:
            pair = list(self.part.value) if isinstance(self.part.value, tuple) else [None, None]
            pair[place] = self._one(text)
            self._put(tuple(pair))

        self._field(label, now[place], self._wide, put)

    def _field(self, label: str, now: Any, wide: str, put: Callable[[str], None]) -> None:
        field = ui.input(label, value=shown(now)).props("outlined dense").classes(wide)
        if wide == "tw-leaf-date":
            field.props("type=date stack-label")
        elif wide == "tw-leaf-number":
            field.props("inputmode=decimal")
            if self.unit:
                field.props(f'suffix="{self.unit}"')
        field.on_value_change(lambda event: put(event.value or ""))

    def _put(self, value: Any) -> None:
        self.part.value = value
        self.changed()


def shown(value: Any) -> str:
    """A value as it stands in a field.

    >>> shown((1, 2)), shown(date(2026, 6, 30)), shown(None)
    ('1, 2', '2026-06-30', '')
    """
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return ", ".join(shown(each) for each in value)
    return value.isoformat() if isinstance(value, date) else str(value)
