"""What stands above the columns of a file: names for programs, or words for people in either language.

Names are the same in every language and locale, so that the same run gives the same bytes; words are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, get_args

import duckdb

from tierwise.app.views import Label
from tierwise.engine.duckdb_session import quoted
from tierwise.facts.synonyms import SYNONYMS
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.wording import chinese

Headings = Literal["names", "zh", "en"]

HEADINGS: tuple[Headings, ...] = get_args(Headings)

_CHINESE = re.compile(r"[\u4e00-\u9fff]")

_TITLED = {"id": "ID", "vin": "VIN", "rfm": "RFM", "zh": "(Chinese)", "en": "(English)"}


def known_headings(asked: str) -> Headings:
    """The kind of headings of that name. Raises `unknown_headings`."""
    found = next((one for one in HEADINGS if one == asked), None)
    if found is None:
        raise TierwiseError.of([unknown_name("headings", asked, HEADINGS)])
    return found


def headed(
    connection: duckdb.DuckDBPyConnection,
    relation: duckdb.DuckDBPyRelation,
    headings: Headings,
    label: Callable[[str], Label],
) -> duckdb.DuckDBPyRelation:
    """The same rows under these headings, each of them once whatever the case of its letters.

    label: what a column is called in both languages; of two that are called alike the later has its name behind it.
    """
    if headings == "names":
        return relation
    taken: set[str] = set()
    parts = []
    for name in relation.columns:
        word = label(name).in_language(headings).strip() or name
        if word.casefold() in taken:
            word = f"{word} ({name})"
        taken.add(word.casefold())
        parts.append(f"{quoted(name)} AS {quoted(word)}")
    relation.create_view("under_names", replace=True)
    return connection.sql(f"SELECT {', '.join(parts)} FROM under_names")


def column_label(table: str, name: str) -> Label:
    """A column of a table: the first header that an import recognises as it, else its word in the catalogue."""
    plain = name.removeprefix("trait.")
    words = SYNONYMS.get(table, {}).get(name, ())
    recognised = next((word for word in words if _CHINESE.search(word)), None)
    zh = recognised or chinese().words.get(plain.replace("_", " "), plain)
    return Label(zh, _in_english(plain) if plain == name else plain)


def _in_english(name: str) -> str:
    """order_id as Order ID."""
    first, *others = name.split("_")
    return " ".join((_TITLED.get(first, first.capitalize()), *(_TITLED.get(each, each) for each in others)))
