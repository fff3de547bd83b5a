"""Texts: both languages have every key, none is left over, and numbers are written as each does."""

from __future__ import annotations

import ast
import string
from decimal import Decimal
from pathlib import Path

import pytest

import tierwise.console
from tierwise.app.views import Label
from tierwise.console.texts import LANGUAGES, Texts, language_for, texts_of

ROOT = Path(tierwise.console.__file__).parent

RUN_STATES = ("running", "done", "failed", "crashed")


def used_keys() -> set[str]:
    """Keys in calls of `texts("…")` and `self("…")`."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("texts", "self"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found | {f"state_{state}" for state in RUN_STATES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_is_used_is_there_and_no_other(language: str) -> None:
    there = set(texts_of(language))
    assert used_keys() - there == set(), f"missing in {language}.yaml"
    assert there - used_keys() == set(), f"not used any more, in {language}.yaml"


def test_both_languages_have_the_same_places_to_fill() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    wrong = [key for key, text in texts_of("zh").items() if places(text) != places(texts_of("en")[key])]
    assert not wrong
    assert all(text.strip() for language in LANGUAGES for text in texts_of(language).values())


def test_chinese_is_chinese_and_english_is_not() -> None:
    def has_han(text: str) -> bool:
        return any("一" <= character <= "鿿" for character in text)

    assert [key for key, text in texts_of("en").items() if has_han(text)] == ["other_language"]
    assert {key for key, text in texts_of("zh").items() if not has_han(text)} == {"html_language", "other_language"}


def test_numbers() -> None:
    zh, en = Texts("zh"), Texts("en")
    assert (zh.percent(0.1234), en.percent(0.1234)) == ("12.3%", "12.3 %")
    assert en.amount(Decimal("8300065.81")) == "8,300,065.81"
    assert en.amount(Decimal("0.00")) == "0.00"
    assert en.amount(1234) == "1,234"
    assert en.amount(2.5) == "2.50"
    assert [en.amount(None), en.percent(None), en.count(None), en.seconds(None)] == ["–"] * 4
    assert (zh.currency("CNY"), zh.currency("GBP"), en.currency("CNY")) == ("元", "GBP", "CNY")
    assert zh.label(Label("", "Only English")) == "Only English"
    assert zh.label(None) == ""


@pytest.mark.parametrize(
    ("asked", "accepted", "default", "language"),
    [
        ("en", "zh-CN", "zh", "en"),
        ("fr", "zh-CN", "en", "zh"),
        (None, "en-GB,zh;q=0.9", "zh", "en"),
        (None, "fr,zh;q=0.8,en;q=0.7", "en", "zh"),
        (None, "en;q=0, zh;q=0.1", "en", "zh"),
        (None, "fr", "en", "en"),
        (None, "", "zh", "zh"),
        (None, "en;q=much", "zh", "zh"),
        ("<script>", "*;;,", "en", "en"),
    ],
)
def test_the_language_asked_for_then_the_browsers_then_the_projects(
    asked: str | None, accepted: str, default: str, language: str
) -> None:
    assert language_for(asked, accepted, default) == language
