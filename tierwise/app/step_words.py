"""What a job says of its step, in the reader's language: the same words on the command line, in pages and workbooks."""

from __future__ import annotations

import re

from tierwise.app.run_views import IN_ALL
from tierwise.definitions.read import KINDS
from tierwise.kernel.wording import word_in_language

_RULES = re.compile(r"rules of (?:(\d+) tags)?(?: and )?(?:(\d+) segments)?")

_DAY = re.compile(r"as of (\d{4}-\d{2}-\d{2})")


def step_words(said: str, language: str) -> str:
    """A step as it is told in that language; as the job says it where there are no words for it.

    >>> step_words("rules of 14 tags and 3 segments", "zh"), step_words("rfm rfm", "zh"), step_words("reading", "en")
    ('规则：14 个标签、3 个客群', 'RFM 模型 rfm', 'reading')
    """
    if language != "zh":
        return said
    if (rules := _RULES.fullmatch(said)) is not None:
        parts = ((rules[1], "个标签"), (rules[2], "个客群"))
        return "规则：" + "、".join(f"{count} {what}" for count, what in parts if count)
    if (day := _DAY.fullmatch(said)) is not None:
        return f"截至 {day[1]}"
    kind, _, name = said.partition(" ")
    if kind in KINDS and name:
        return f"{_KINDS.get(kind) or word_in_language(kind.replace('_', ' '), language)} {name}"
    return "合计" if said == IN_ALL else word_in_language(said, language)


_KINDS = {"rfm": "RFM 模型", "level": "客户分级", "activity": "活跃度", "kpi": "指标"}
"""Kinds whose word by itself is the heading of something else."""
