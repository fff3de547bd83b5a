"""Names and identifiers: what a definition, a trait or a column may be called."""

from __future__ import annotations

import re
import unicodedata

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NOT_IN_COLUMN = re.compile(r"[^\w]+")


def is_name(text: str) -> bool:
    """Whether `text` may name a definition: snake_case ASCII, at most 63 letters."""
    return _NAME.fullmatch(text) is not None


def column_name(prefix: str, label: str, taken: frozenset[str] | set[str]) -> str:
    """A column name for a label in any language, unique after case-folding among `taken`.

    Letters of every script stay; what Parquet and SQL trip over (spaces, punctuation) becomes `_`.
    `column_name("trait_", "收入 (元)", set())` is `trait_收入_元`.
    """
    plain = _NOT_IN_COLUMN.sub("_", unicodedata.normalize("NFKC", label)).strip("_") or "unnamed"
    base = f"{prefix}{plain}"
    folded = {name.casefold() for name in taken}
    name, k = base, 2
    while name.casefold() in folded:
        name, k = f"{base}_{k}", k + 1
    return name
