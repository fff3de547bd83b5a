"""What stands above the columns of a file: names for programs, or words for people in either language.

Names are the same in every language and locale, so that the same run gives the same bytes; words are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Literal, get_args

import duckdb

from tierwise.app.views import Label
from tierwise.engine.duckdb_session import literal, quoted
from tierwise.facts.synonyms import SYNONYMS
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.kernel.wording import chinese
from tierwise.metrics.attributes import CATALOGUE

Headings = Literal["names", "zh", "en"]

HEADINGS: tuple[Headings, ...] = get_args(Headings)

UNITS = {
    "days": Label("天", "days"),
    "orders": Label("单", "orders"),
    "refunds": Label("笔", "refunds"),
    "lines": Label("行", "lines"),
    "units": Label("件", "units"),
    "products": Label("种", "products"),
    "categories": Label("类", "categories"),
    "stores": Label("家", "stores"),
    "visits": Label("次", "visits"),
    "interactions": Label("次", "interactions"),
    "seconds": Label("秒", "s"),
    "years": Label("岁", "years"),
    "points": Label("分", "points"),
    "CNY": Label("元", "CNY"),
    "day": Label("", ""),
    "share": Label("", ""),
    "share 0-1": Label("", ""),
}
"""Units of attributes as people read them; others, such as currencies, by their code. A share is shown in hundredths,
and a day says that it is one."""

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


def worded(
    connection: duckdb.DuckDBPyConnection,
    relation: duckdb.DuckDBPyRelation,
    headings: Headings,
    titles: Callable[[str], Mapping[str, Label]],
) -> duckdb.DuckDBPyRelation:
    """The same rows with words for the values that have some; other values stay, and all under `names`.

    titles: of a column's values, those that are called otherwise than they are.
    """
    if headings == "names":
        return relation
    parts = []
    for name in relation.columns:
        words = {value: title.in_language(headings).strip() for value, title in titles(name).items()}
        cases = "".join(f" WHEN {literal(value)} THEN {literal(word)}" for value, word in words.items() if word)
        own = quoted(name)
        parts.append(f"CASE {own}{cases} ELSE {own} END AS {own}" if cases else own)
    relation.create_view("with_values", replace=True)
    return connection.sql(f"SELECT {', '.join(parts)} FROM with_values")


def column_label(table: str, name: str) -> Label:
    """A column of a table: the attribute of that name, else the first header that an import takes for it, else its word
    in the catalogue."""
    if name != (plain := name.removeprefix("trait.")):
        return Label(plain, plain)
    if (known := _attributes().get(name)) is not None:
        return known
    words = SYNONYMS.get(table, {}).get(name) or next((each[name] for each in SYNONYMS.values() if name in each), ())
    recognised = next((word for word in words if _CHINESE.search(word)), None)
    return Label(recognised or chinese().words.get(name.replace("_", " "), name), _in_english(name))


def with_unit(of: Label, unit: str) -> Label:
    """A column with the unit of its numbers, in brackets as each language sets them."""
    said = UNITS.get(unit, Label(unit, unit))
    return Label(f"{of.zh}（{said.zh}）" if said.zh else of.zh, f"{of.en} ({said.en})" if said.en else of.en)


def reason_label(of: Label) -> Label:
    """The column that says why another has no value."""
    return Label(f"{of.zh}缺失原因", f"{of.en}: why there is none")


@cache
def _attributes() -> dict[str, Label]:
    return {each.name: Label(each.title.in_language("zh"), each.title.in_language("en")) for each in CATALOGUE}


def _in_english(name: str) -> str:
    """order_id as Order ID."""
    first, *others = name.split("_")
    return " ".join((_TITLED.get(first, first.capitalize()), *(_TITLED.get(each, each) for each in others)))
