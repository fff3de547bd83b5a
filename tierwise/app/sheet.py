"""A table that a page shows, as a sheet to take away: its columns, and rows of views as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tierwise.app.context import Context
from tierwise.app.headings import Headings, column_label
from tierwise.app.views import Label
from tierwise.kernel import clock
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.wording import chinese, in_language, one_language

Asked = Mapping[str, str]
"""With what a sheet is asked for, such as the name of a tag."""


@dataclass(frozen=True)
class Sheet:
    """columns: in order; a dot leads into what a row has, and `validation.life as life` says how a column is called.

    rows: of a use case, which checks who may see them: views, or mappings by column. needs, takes: what must, and what
    may be asked with. words: columns of our own words, such as states, which are said in the language of the headings.
    """

    columns: tuple[str, ...]
    rows: Callable[[Context, Asked], Sequence[Any]]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def check(self, table: str, asked: Asked) -> None:
        """Raises `unknown_parameter` and `bad_value` for what is not asked for rightly."""
        known = (*self.needs, *self.takes)
        problems = [unknown_name("parameter", name, known, "set") for name in asked if name not in known]
        problems += [
            Problem("bad_value", f"{table} is of one {name}: say of which", "set", f"--set {name}=NAME")
            for name in self.needs
            if not asked.get(name)
        ]
        if problems:
            raise TierwiseError.of(problems)

    def table(self, ctx: Context, asked: Asked, headings: Headings, timezone: str) -> dict[str, list[Any]]:
        """Column -> values, as a file can hold them. Texts in two languages are two columns under names."""
        rows = self.rows(ctx, asked)
        found: dict[str, list[Any]] = {}
        for column in self.columns:
            path, _, called = column.partition(" as ")
            name = called or path
            values = [_at(row, path) for row in rows]
            if headings == "names" and any(isinstance(value, Label) for value in values):
                for language in ("zh", "en"):
                    found[f"{name}_{language}"] = [_plain(value, language, timezone) for value in values]
                continue
            language = "zh" if headings == "zh" else "en"
            said = [_plain(value, language, timezone) for value in values]
            if name in self.words and headings != "names":
                said = [_word(value, language) for value in said]
            found[name] = said
        return found


def label_of_column(table: str, name: str) -> Label:
    """What a column of a sheet is called in both languages: our word for it before that of any fact."""
    word = chinese().words.get(name.replace("_", " "))
    english = column_label(table, name).en
    return column_label(table, name) if word is None else Label(word, english)


def _at(row: Any, path: str) -> Any:
    for part in path.split("."):
        if row is None:
            return None
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part)
    return row


def _plain(value: Any, language: str, timezone: str) -> Any:
    """A value as a cell: several in one line, an instant by the business's clock."""
    match value:
        case Label():
            return value.in_language(language) or None
        case datetime() if value.tzinfo is not None:
            return value.astimezone(clock.zone(timezone)).replace(tzinfo=None, microsecond=0)
        case Problem():
            return in_language(value.message, language)
        case Mapping():
            return _joined((f"{key}: {_text(each, language)}" for key, each in value.items()), "; ")
        case list() | tuple():
            return _joined((str(_plain(each, language, timezone)) for each in value), ", ")
        case str():
            return one_language(value.removeprefix("person:"), language)
    return value


def _text(value: Any, language: str) -> str:
    return value.in_language(language) if isinstance(value, Label) else str(value)


def _joined(parts: Any, sign: str) -> str | None:
    return sign.join(parts) or None


def _word(value: Any, language: str) -> Any:
    """One of our own words, such as `back_tested`."""
    if not isinstance(value, str):
        return value
    plain = value.replace("_", " ")
    return chinese().words.get(plain) or in_language(value, language) if language == "zh" else plain


def in_one_type(values: list[Any]) -> list[Any]:
    """Values that one column can hold: numbers of several kinds as decimals, else whatever differs as text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2:
        return values if kinds else [None for _ in values]
    if kinds <= {int, float, Decimal}:
        return [None if value is None else Decimal(str(value)) for value in values]
    return [None if value is None else str(value) for value in values]
