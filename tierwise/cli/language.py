"""In which language the command line speaks: `--language`, else the setting, else the locale, else the project's.

A locale that names no language (`C`, `POSIX`, `C.UTF-8`) leaves it to the project; before a project is open, English.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import (
    LANGUAGES,
    Language,
    in_language,
    known_language,
    language_of,
    one_language,
    word_in_language,
)

OPTION = "--language"

_FIXED = {
    "Usage: ": "用法：",
    "Options:": "选项：",
    "Commands:": "命令：",
    "Arguments:": "参数：",
    "Show this message and exit.": "显示本说明后退出。",
    "[required]": "［必填］",
    "Error: ": "错误：",
}
"""What Typer itself says in every help."""

_PATTERNS = (
    (re.compile(r"\[default: (.*?)\]"), r"［默认：\1］"),
    (re.compile(r"Try '(.*?)' for help\."), r"用“\1”查看帮助。"),
    (re.compile(r"No such option: (\S+?)\.?(?=\s|$)"), r"没有选项 \1。"),
    (re.compile(r"No such command '(.*?)'\."), r"没有命令“\1”。"),
    (re.compile(r"Missing argument '(.*?)'\."), r"缺少参数“\1”。"),
    (re.compile(r"Missing option '(.*?)'\."), r"缺少选项“\1”。"),
    (re.compile(r"Missing command\."), "缺少命令。"),
    (re.compile(r"Option '(.*?)' requires an argument\."), r"选项“\1”需要取值。"),
    (re.compile(r"Got unexpected extra argument \((.*?)\)"), r"多余的参数（\1）"),
    (re.compile(r"Invalid value for '(.*?)': (.*)"), r"“\1”的值不对：\2"),
    (re.compile(r"Did you mean (\S+)\?"), r"是否想写 \1？"),
)


class _Speech:
    """The language of this process's command, once it is known."""

    language: Language | None = None


def speak(arguments: Sequence[str]) -> list[str]:
    """Choose by what was typed, the settings and the locale; what was typed without `--language`.

    Raises `unknown_language`.
    """
    rest: list[str] = []
    asked: str | None = None
    given = iter(arguments)
    for word in given:
        if word == OPTION:
            asked = next(given, "")
        elif word.startswith(f"{OPTION}="):
            asked = word.partition("=")[2]
        else:
            rest.append(word)
    _Speech.language = language_of(os.environ) if asked is None else known_language(asked)
    if asked is not None and _Speech.language is None:
        raise TierwiseError(
            "unknown_language", f'unknown language "{asked}"', remedy=f"{OPTION} with one of {', '.join(LANGUAGES)}"
        )
    return rest


def forget() -> None:
    """As before the first word: the process's next command, if any, chooses anew."""
    _Speech.language = None


def is_chosen() -> bool:
    """Whether anything but the project has a say."""
    return _Speech.language is not None


def choose(language: Language) -> None:
    """The project's language, where nothing else has been said."""
    _Speech.language = _Speech.language or language


def language() -> Language:
    """What is spoken now."""
    return _Speech.language or "en"


def told(text: str) -> str:
    """A sentence of ours as the reader has it."""
    return in_language(text, language())


def given(text: str | None) -> str:
    """What somebody wrote, of two languages (`中文；English`) the reader's."""
    return one_language(text, language())


def word(text: str) -> str:
    """A word of ours by itself, such as a heading."""
    return word_in_language(text, language())


def translate(command: Any) -> None:
    """The helps of a command and of all below it, in place; and what Typer itself says."""
    for each in (command, *getattr(command, "commands", {}).values()):
        if each is not command:
            translate(each)
            continue
        each.help, each.epilog = _or_none(each.help), _or_none(each.epilog)
        each.short_help = _or_none(each.short_help) or each.help
        for parameter in each.params:
            if getattr(parameter, "help", None):
                parameter.help = told(parameter.help)
        plain_help = each.get_help
        each.get_help = lambda context, plain_help=plain_help: fixed(plain_help(context))


def _or_none(text: str | None) -> str | None:
    return told(text) if text else text


def fixed(text: str) -> str:
    """What Typer says, in Chinese: whole words of its own at the beginnings of lines, and its ends of lines."""
    for english, chinese in _FIXED.items():
        text = re.sub(rf"(?m)(?<!\S){re.escape(english)}(?=\s|$|(?<=: ))", chinese, text)
    for pattern, said in _PATTERNS:
        text = pattern.sub(said, text)
    return text
