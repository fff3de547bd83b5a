"""What a clause says, with the titles of what it names: people know 最近消费间隔, and not recency_days."""

from __future__ import annotations

import re

from tierwise.app.headings import column_label
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.texts import Texts
from tierwise.kernel.wording import in_language

_NAME = re.compile(r"(?<![A-Za-z0-9_.])[a-z][a-z0-9]*(?:[_.][a-z0-9]+)*(?![A-Za-z0-9_])")

_BETWEEN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")

_FACTS = frozenset(
    {
        "orders",
        "order_lines",
        "refunds",
        "refund_lines",
        "interactions",
        "leads",
        "calls",
        "surveys",
        "visits",
        "consents",
    }
)


def clause_words(says: str, of: str, texts: Texts, words: Vocabulary) -> str:
    """In the reader's language. of: the attribute that is explained, whose values have titles too.

    In English a name of one word stays, unless the clause begins with it: it may be a word of the sentence. Names that
    nothing is known of stay.
    """
    said = in_language(says, texts.language)

    def title(match: re.Match[str]) -> str:
        name = match[0]
        if texts.language == "en" and not {"_", "."} & set(name) and not _leads(match):
            return name
        return _title(name, of, texts, words) or name

    return _BETWEEN_CHINESE.sub("", _NAME.sub(title, said))


def _leads(match: re.Match[str]) -> bool:
    """Whether it is all that is said, or stands before a colon at the beginning."""
    return match.start() == 0 and match.string[match.end() :][:1] in ("", ":")


def _title(name: str, of: str, texts: Texts, words: Vocabulary) -> str:
    if name in words.attributes:
        return texts.label(words.title(name))
    if (value := words.value(of, name)) is not None:
        return texts.label(value)
    if name in _FACTS:
        return texts(f"fact_{name}")
    return texts.label(column_label("", name)) if "_" in name and texts.language == "zh" else ""
