"""What moves a customer's score: as figures that are kept, and in words of either language when somebody reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.metrics.attributes import Attribute, attributes

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Reason:
    """What moves a customer's score: the feature, its value, that of the customer in the middle, and by how much.

    value: null where it is not known; money in minor units. log_odds: positive where it makes the score higher.
    """

    feature: str
    value: float | None
    median: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class ReasonInWords:
    """One reason in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """Raises `unknown_language`."""
        require_language(language)
        return self.zh if language == "zh" else self.en


def require_language(language: str) -> None:
    """Raises `unknown_language`."""
    if language not in LANGUAGES:
        raise TierwiseError.of([unknown_name("language", language, LANGUAGES, "language")])


def in_words(reason: Reason, windows: Sequence[int], currency: str) -> ReasonInWords:
    """The attribute's title, the value, that of the customer in the middle, and which way it moves the score.

    A feature that is none of the profile's (a column of the caller's own) is called as its column.

    >>> in_words(Reason("monetary_amount_minor", 109000.0, 52500.0, 0.7), (), "CNY").zh
    '净消费额 1090.00 元，一般为 525.00 元：分数更高'
    >>> in_words(Reason("steps", None, 3.0, -0.1), (), "CNY").en
    'steps not known, usually 3: lower'
    """
    known = {each.column: each for each in attributes(windows)}.get(reason.feature)
    titles = (reason.feature, reason.feature) if known is None else (known.title.zh, known.title.en)
    zh, en = (
        [_value(known, each, currency, language) for each in (reason.value, reason.median)] for language in LANGUAGES
    )
    higher = reason.log_odds > 0
    return ReasonInWords(
        zh=f"{titles[0]} {zh[0]}，一般为 {zh[1]}：{'分数更高' if higher else '分数更低'}",
        en=f"{titles[1]} {en[0]}, usually {en[1]}: {'higher' if higher else 'lower'}",
    )


def _value(known: Attribute | None, value: float | None, currency: str, language: str) -> str:
    """As people read it: money in currency units, whole numbers without a point."""
    if value is None:
        return "未知" if language == "zh" else "not known"
    if known is not None and known.type == "money":
        digits = exponent(currency)
        called = "元" if (language, currency) == ("zh", "CNY") else currency
        return f"{value / 10**digits:.{digits}f} {called}"
    return f"{value:.0f}" if value == int(value) else f"{value:.3g}"


def to_text(reasons: Iterable[Reason]) -> str | None:
    """Reasons as `model_scores` keeps them; null for none. The same reasons give the same text.

    >>> to_text([Reason("steps", None, 3.0, -0.1234567)])
    '[["steps",null,3.0,-0.123457]]'
    """
    rows = [[each.feature, each.value, each.median, round(each.log_odds, 6)] for each in reasons]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) if rows else None


def told(text: str | None, windows: Sequence[int], currency: str) -> list[ReasonInWords]:
    """A kept text in words. What was kept as English words, before figures were kept, stays as it is.

    >>> [each.zh for each in told('[["steps",4.0,3.0,0.5]]', (), "CNY")]
    ['steps 4，一般为 3：分数更高']
    >>> told("Orders 4, usually 3: higher; steps 1, usually 3: lower", (), "CNY")[1].zh
    'steps 1, usually 3: lower'
    """
    if not text:
        return []
    if not text.startswith("["):
        return [ReasonInWords(part, part) for part in text.split("; ") if part]
    return [in_words(Reason(*row), windows, currency) for row in json.loads(text)]
