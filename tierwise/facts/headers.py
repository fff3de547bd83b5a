"""Headers that people's exports have, in Chinese and English, and the canonical columns that they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tierwise.facts.synonyms import SYNONYMS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETS = re.compile(r"[(\[【<{][^)\]】>}]*[)\]】>}]")
_NOT_WORD = re.compile(r"[\W_]+")


def normalised(header: str) -> str:
    """What is left of a header when case, blanks, punctuation, full width, a BOM and brackets are taken away.

    >>> normalised("\\ufeffInvoiceNo") == normalised("invoice_no") == normalised("INVOICE NO")
    True
    >>> normalised("金额（元）")
    '金额'
    """
    plain = unicodedata.normalize("NFKC", header).replace("\ufeff", "").strip()
    without = _BRACKETS.sub("", plain) or plain
    return _NOT_WORD.sub("", _CAMEL.sub(" ", without).casefold())


@dataclass(frozen=True, slots=True)
class Recognised:
    """columns: canonical name -> position from 0 of the header that means it. unknown: positions that mean nothing."""

    columns: dict[str, int] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()


def recognise(headers: Sequence[str], table: str, taken: Iterable[str] = ()) -> Recognised:
    """Which header means which canonical column of `table` or of what its rows carry along.

    A header means at most one column and a column takes one header: where several headers could mean it, the one
    that stands first in `SYNONYMS` wins, then the leftmost. `taken` are canonical names not to look for.
    Empty headers mean nothing. Of `gross`, `amount` and `paid` those present are all taken.
    """
    by_word: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        word = normalised(header)
        if word:
            by_word.setdefault(word, []).append(position)
    claims: list[tuple[int, int, str, int]] = []
    skip = set(taken)
    for order, (canonical, words) in enumerate(SYNONYMS[table].items()):
        if canonical in skip:
            continue
        ranked = dict.fromkeys(normalised(word) for word in (canonical, *words))
        for rank, word in enumerate(ranked):
            claims.extend((rank, order, canonical, position) for position in by_word.get(word, ()))
    columns: dict[str, int] = {}
    used: set[int] = set()
    for _rank, _order, canonical, position in sorted(claims):
        if canonical not in columns and position not in used:
            columns[canonical] = position
            used.add(position)
    ordered = {name: columns[name] for name in SYNONYMS[table] if name in columns}
    return Recognised(ordered, tuple(at for at in range(len(headers)) if at not in used))
