"""Texts in Chinese and English, and numbers as each language writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

from tierwise.app.views import Label
from tierwise.kernel.wording import one_language

LANGUAGES = ("zh", "en")

NONE = "–"
"""What cannot be told."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language. A key that is not in its file is an error: a test compares the files.

    zone: the project's, in which instants are written.
    """

    language: str
    zone: tzinfo = UTC

    def __call__(self, key: str, **values: Any) -> str:
        return texts_of(self.language)[key].format(**values)

    def label(self, label: Label | None) -> str:
        """A text of a view; empty where there is none."""
        return label.in_language(self.language) if label else ""

    def said(self, text: str | None) -> str:
        """What somebody wrote, of two languages (`中文；English`) the page's."""
        return one_language(text, self.language)

    def count(self, value: int | None) -> str:
        """1,234."""
        return NONE if value is None else f"{value:,}"

    def percent(self, share: float | None) -> str:
        """0.1234 as 12.3%."""
        return NONE if share is None else f"{share * 100:.1f}%"

    def amount(self, value: Any) -> str:
        """A number with thousands separators and the digits it has; two for a float."""
        if value is None:
            return NONE
        return f"{value:,}" if isinstance(value, int | Decimal) else f"{value:,.2f}"

    def currency(self, code: str) -> str:
        """The unit behind an amount: 元 for CNY in Chinese, else the code."""
        return "元" if (self.language, code) == ("zh", "CNY") else code

    def day(self, value: date) -> str:
        """2026-06-30 in both languages; of an instant the day that it is in the project's zone."""
        return (self._here(value).date() if isinstance(value, datetime) else value).isoformat()

    def at(self, value: datetime, *, seconds: bool = False) -> str:
        """2026-06-30 09:05 in the project's zone; a time that tells no zone is taken to be there already."""
        return self._here(value).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

    def _here(self, value: datetime) -> datetime:
        return value if value.tzinfo is None else value.astimezone(self.zone)

    def seconds(self, value: float | None) -> str:
        """1.8 s."""
        return NONE if value is None else self("seconds", number=f"{value:.1f}")


@cache
def texts_of(language: str) -> dict[str, str]:
    """Key -> text."""
    text = resources.files("tierwise.console").joinpath("locales", f"{language}.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def language_for(asked: str | None, accepted: str, default: str) -> str:
    """The language of a page: the one asked for, else the browser's first that we have, else the project's.

    >>> language_for(None, "fr, en-GB;q=0.8, zh;q=0.9", "en")
    'zh'
    """
    if asked in LANGUAGES:
        return str(asked)
    ranked = []
    for place, part in enumerate(accepted.split(",")):
        name, _, quality = part.strip().partition(";")
        language = name.split("-")[0].lower()
        if language in LANGUAGES:
            try:
                weight = float(quality.strip().removeprefix("q=") or 1)
            except ValueError:
                weight = 0.0
            ranked.append((-weight, place, language))
    return min(ranked)[2] if ranked and min(ranked)[0] < 0 else default
