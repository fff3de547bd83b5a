"""Texts: both languages have every key, none is left over, and numbers are written as each does."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2 import nodes as nodes_of_templates

import tierwise.console
from tierwise.app.views import Label
from tierwise.console.texts import LANGUAGES, Texts, language_for, texts_of

ROOT = Path(tierwise.console.__file__).parent


def nodes() -> Iterator[ast.AST]:
    for path in ROOT.rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text("utf-8")))


def keys_of_templates() -> set[str]:
    """Keys in calls such as `texts("…")` of the pages for phones."""
    parsed = [Environment().parse(path.read_text("utf-8")) for path in (ROOT / "phone" / "templates").glob("*.html")]
    calls = [call for tree in parsed for call in tree.find_all(nodes_of_templates.Call)]
    asked = [call.args[0] for call in calls if getattr(call.node, "name", "") == "texts"]
    return {
        key.value for arg in asked for key in [arg, *arg.find_all(nodes_of_templates.Const)] if hasattr(key, "value")
    }


def asked_for() -> tuple[set[str], set[str]]:
    """Keys in calls such as `texts("…")`, and how those begin that a call puts together: `texts(f"role_{…}")`."""
    keys, beginnings = keys_of_templates(), set()
    for node in nodes():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
        first = node.args[0]
        if name not in ("texts", "self"):
            continue
        if isinstance(first, ast.Constant):
            keys.add(str(first.value))
        elif isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
            beginnings.add(str(first.values[0].value))
    return keys, beginnings


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_that_is_used_is_there_and_no_other(language: str) -> None:
    there = set(texts_of(language))
    keys, beginnings = asked_for()
    assert keys - there == set(), f"missing in {language}.yaml"
    constants = {str(node.value) for node in nodes() if isinstance(node, ast.Constant)}
    left = {key for key in there - keys - constants if not key.startswith(tuple(beginnings))}
    assert left == set(), f"not used any more, in {language}.yaml"
    assert all(any(key.startswith(begun) for key in there) for begun in beginnings)


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
    assert {key for key, text in texts_of("zh").items() if not has_han(text)} == {
        "html_language",
        "other_language",
        "rule_part",
    }


def test_numbers() -> None:
    zh, en = Texts("zh"), Texts("en")
    assert (zh.percent(0.1234), en.percent(0.1234)) == ("12.3%", "12.3%")
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
