"""A rule as a page tells it: attributes and values by their titles, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.app.vocabulary import Vocabulary
from tierwise.console.clause_words import clause_words
from tierwise.console.shown import attribute_text
from tierwise.console.texts import Texts
from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, InList, InSegment, Not
from tierwise.definitions.words import in_words

SIGNS = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


_NOTHING: Mapping[str, str] = {}


def rule_words(rule: AnyRule, words: Vocabulary, texts: Texts, titles: Mapping[str, str] = _NOTHING) -> str:
    """One line. What customers did is told as explanations tell it. titles: of segments, by name."""
    match rule:
        case All():
            return texts("rule_and").join(_bracketed(part, words, texts, titles) for part in rule.all)
        case AnyOf():
            return texts("rule_or").join(_bracketed(part, words, texts, titles) for part in rule.any)
        case Not():
            return texts("rule_not", rule=rule_words(rule.not_, words, texts, titles))
        case Comparison():
            title = texts.label(words.title(rule.attribute))
            return texts(
                "rule_part", attribute=title, op=operator_words(rule.op, texts), value=_value(rule, words, texts)
            ).strip()
        case InSegment():
            return texts("rule_segment", name=titles.get(rule.segment) or rule.segment)
        case InList():
            return texts("rule_list", name=rule.list)
    return clause_words(in_words(rule), "", texts, words)


def operator_words(op: str, texts: Texts) -> str:
    """A sign where there is one, else a word."""
    return SIGNS[op] if op in SIGNS else texts(f"op_{op}")


def _value(rule: Comparison, words: Vocabulary, texts: Texts) -> str:
    def one(value: Any) -> str:
        return attribute_text(rule.attribute, value, words, texts)

    if rule.value is None:
        return ""
    if isinstance(rule.value, tuple):
        return (" – " if rule.op == "between" else ", ").join(one(value) for value in rule.value)
    return one(rule.value)


def _bracketed(rule: AnyRule, words: Vocabulary, texts: Texts, titles: Mapping[str, str]) -> str:
    text = rule_words(rule, words, texts, titles)
    return f"({text})" if isinstance(rule, All | AnyOf) else text
