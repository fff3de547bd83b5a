"""What is said in English, said in Chinese.

Whoever finds that something is wrong says so in English, once, where it is found. The catalogue `sentences_zh.yaml` has
each such sentence with places for what varies, `table "{name}" could not be written: {error}`, and its Chinese with
the same places. A door (command line, API, console) gives what is to be read to `in_language`, which finds the sentence
that was filled in and fills in the Chinese one. So stored messages, too, are read in whatever language the reader has.
A test reads the source and finds every sentence that the catalogue lacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from typing import Literal

from tierwise.kernel.errors import Problem

Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")

SETTING = "TIERWISE_LANGUAGE"

PLACE = re.compile(r"\{(\w+)\}")

_BOTH = re.compile(r"(?P<zh>.*[\u4e00-\u9fff].*)；(?P<en>[^\u4e00-\u9fff；]*[A-Za-z][^\u4e00-\u9fff；]*)", re.DOTALL)

LEAST_WEIGHT = 6
"""A sentence with fewer letters of its own, `{name} is {value}`, would fit what it is not: its places hold one word."""

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


def known_language(name: str | None) -> Language | None:
    """zh_CN.UTF-8 as zh, en-GB as en; None for what is neither.

    >>> known_language("zh_CN.UTF-8"), known_language("C.UTF-8")
    ('zh', None)
    """
    first = re.split(r"[-_.@]", (name or "").strip().lower())[0]
    return next((language for language in LANGUAGES if language == first), None)


def language_of(environment: Mapping[str, str]) -> Language | None:
    """The setting's language, else the locale's; None where neither says.

    >>> language_of({"TIERWISE_LANGUAGE": "en", "LANG": "zh_CN.UTF-8"})
    'en'
    """
    if (asked := known_language(environment.get(SETTING))) is not None:
        return asked
    decides = next((environment[name] for name in _LOCALE if environment.get(name)), None)
    return known_language(decides)


def accepted_language(header: str | None) -> Language | None:
    """The best of a browser's Accept-Language that we have; None where it names none of ours.

    >>> accepted_language("fr, en-GB;q=0.8, zh;q=0.9")
    'zh'
    """
    ranked = []
    for place, part in enumerate((header or "").split(",")):
        name, _, quality = part.strip().partition(";")
        weight = quality.strip().removeprefix("q=") or "1"
        told = known_language(name)
        if told is not None and re.fullmatch(r"[01](\.\d*)?", weight) and float(weight) > 0:
            ranked.append((-float(weight), place, told))
    return min(ranked)[2] if ranked else None


def in_language(text: str, language: str) -> str:
    """A sentence, or several lines of them, in that language; as it is where the catalogue does not have it."""
    return chinese().said(text) if language == "zh" else text


def word_in_language(text: str, language: str) -> str:
    """A word of ours (a column's heading) in that language."""
    return chinese().words.get(text, text) if language == "zh" else text


def one_language(text: str | None, language: str) -> str:
    """A text that somebody wrote in both languages in one line, `中文；English`, in one of them; any other as it is.

    >>> one_language("售后部；after-sales", "en"), one_language("售后部；门店", "en"), one_language(None, "zh")
    ('after-sales', '售后部；门店', '')
    """
    ours = _BOTH.fullmatch(text or "")
    if ours is None:
        return text or ""
    return ours["zh" if language == "zh" else "en"].strip()


def problem_in_language(problem: Problem, language: str) -> Problem:
    """The same problem, its message and remedy in that language; place and code stay."""
    if language != "zh":
        return problem
    remedy = None if problem.remedy is None else in_language(problem.remedy, language)
    return replace(problem, message=in_language(problem.message, language), remedy=remedy)


@dataclass(frozen=True)
class Sentence:
    """One sentence with its places, and what it is in the other language."""

    source: str
    target: str

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """What does not vary, in order."""
        return tuple(piece for piece in PLACE.split(self.source)[::2] if piece)

    @cached_property
    def weight(self) -> int:
        """How much of it does not vary: of two sentences that fit, the heavier is the one that was said."""
        return sum(len(piece) for piece in self.pieces)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        anything = ".*?" if self.weight >= LEAST_WEIGHT else r"\S*?"
        parts = PLACE.split(self.source)
        return re.compile(
            "".join(f"(?P<{p}>{anything})" if i % 2 else re.escape(p) for i, p in enumerate(parts)), re.DOTALL
        )

    def said(self, text: str, inner: Callable[[str], str]) -> str | None:
        """The other language's sentence filled in as `text` is; None where `text` is not this sentence."""
        if any(piece not in text for piece in self.pieces):
            return None
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        values = {name: inner(value) for name, value in found.groupdict().items()}
        return PLACE.sub(lambda place: values[place.group(1)], self.target)


class Catalogue:
    """Sentences by what they say; words by themselves."""

    def __init__(self, sentences: Mapping[str, str], words: Mapping[str, str]) -> None:
        self.plain = {source: target for source, target in sentences.items() if not PLACE.search(source)}
        varying = (Sentence(source, target) for source, target in sentences.items() if PLACE.search(source))
        self.varying = sorted(varying, key=lambda sentence: (-sentence.weight, sentence.source))
        self.words = dict(words)

    def said(self, text: str) -> str:
        """The text in the other language: as a whole, else line by line; indents stay."""
        stripped = text.strip()
        if not stripped:
            return text
        if (whole := self._sentence(stripped)) is not None:
            return text.replace(stripped, whole, 1)
        return "\n".join(map(self.said, text.split("\n"))) if "\n" in stripped else text

    def _sentence(self, text: str) -> str | None:
        if (found := self.plain.get(text)) is not None:
            return found
        return next((said for each in self.varying if (said := each.said(text, self._inner)) is not None), None)

    def _inner(self, value: str) -> str:
        """What was filled in: ours to say where it is several words, else somebody's name."""
        return self.said(value) if " " in value.strip() else value


@cache
def chinese() -> Catalogue:
    """The catalogue of Chinese; read when the first sentence is to be said."""
    sentences: dict[str, str] = {}
    for name in ("sentences_zh.yaml", "clauses_zh.yaml", "command_line_zh.yaml"):
        sentences |= _read(name)
    return Catalogue(sentences, _read("words_zh.yaml"))


def _read(name: str) -> dict[str, str]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = resources.files("tierwise").joinpath("locales", name).read_text("utf-8")
    return {str(source): str(target) for source, target in (yaml.load(text, loader) or {}).items()}  # noqa: S506
