"""What we write for Excel, as another spreadsheet program reads it: LibreOffice, which judges without a window."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import which
from xml.etree import ElementTree

import pytest

from tierwise.engine.duckdb_session import connect
from tierwise.engine.tabular import FORMULA_STARTS, write_table
from tierwise.ingest.quarantine_workbook import write_workbook

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        which("soffice") is None,
        reason="LibreOffice is missing: apt-get install --no-install-recommends libreoffice-calc (300 MB)",
    ),
]

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1:A9)",
    '=HYPERLINK("http://example.invalid";"x")',
    "=cmd|'/C calc'!A0",
    "\t=1+1",
    "{=1+1}",
    "'=1+1",
    "0012",
    "1.50",
    "1E5",
    "2026-03-05",
    "3/4",
    "TRUE",
    "110101199003071234",
    "a\nb",
    "  x  ",
    "客户🚗",
    "<b>&amp;",
]
"""Texts that a spreadsheet program would take for something else, had they been typed."""

ROWS = """
SELECT * FROM (VALUES
    ('a', DATE '2026-06-30', TIMESTAMP '2026-06-30 08:26:05', 1234567.50::DECIMAL(18,2), 3::BIGINT, true, 0.25::DOUBLE),
    ('客户客户客户客户客户', DATE '1899-12-31', NULL, -0.05::DECIMAL(18,2), 1234567890123456, false, NULL)
) t(customer_id, day, "at", amount, orders, paid, share)
"""

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"

YES_OR_NO = ("of:=TRUE()", "of:=FALSE()")
"""How LibreOffice takes in a boolean cell."""


@dataclass(frozen=True)
class Cell:
    """kind: as LibreOffice types it. value: what it holds; shown: what stands on the screen."""

    kind: str
    value: str
    shown: str


def converted(book: Path, to: str) -> Path:
    """The workbook as LibreOffice writes it in another format, beside it."""
    profile = f"-env:UserInstallation={(book.parent / 'libreoffice').as_uri()}"
    words = ["soffice", profile, "--headless", "--convert-to", to, "--outdir", str(book.parent), str(book)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    found = book.with_suffix(f".{to.split(':')[0]}")
    assert found.is_file(), done.stderr
    return found


def cells(tree: ElementTree.ElementTree) -> Iterator[list[Cell]]:
    """Row by row; repeated and empty cells at the end are left out. None of them is a formula."""
    for row in tree.iter(f"{_TABLE}table-row"):
        found: list[Cell] = []
        for cell in row.iter(f"{_TABLE}table-cell"):
            assert cell.get(f"{_TABLE}formula") in (None, *YES_OR_NO), "no cell is a formula"
            kind = cell.get(f"{_OFFICE}value-type", "")
            told = next(
                (
                    cell.get(f"{_OFFICE}{name}")
                    for name in ("value", "date-value", "boolean-value")
                    if cell.get(f"{_OFFICE}{name}") is not None
                ),
                None,
            )
            shown = "\n".join("".join(_letters(each)) for each in cell.findall(f"{_TEXT}p"))
            many = int(cell.get(f"{_TABLE}number-columns-repeated", "1")) if kind else 1
            found += [Cell(kind, shown if told is None else told, shown)] * many
        while found and not found[-1].kind:
            found.pop()
        if found:
            yield found


def _letters(element: ElementTree.Element) -> Iterator[str]:
    """Text as it is shown: runs of blanks and tabs are elements of their own."""
    yield element.text or ""
    for each in element:
        if each.tag == f"{_TEXT}s":
            yield " " * int(each.get(f"{_TEXT}c", "1"))
        elif each.tag == f"{_TEXT}tab":
            yield "\t"
        else:
            yield from _letters(each)
        yield each.tail or ""


def widths(tree: ElementTree.ElementTree) -> list[float]:
    """Of the columns, in inches or centimetres as they are told."""
    styles = {
        style.get(f"{_STYLE}name"): each.get(f"{_STYLE}column-width", "")
        for style in tree.iter(f"{_STYLE}style")
        for each in style.iter(f"{_STYLE}table-column-properties")
    }
    return [
        float("".join(letter for letter in styles[column.get(f"{_TABLE}style-name")] if letter in "0123456789."))
        for column in tree.iter(f"{_TABLE}table-column")
        for _ in range(min(int(column.get(f"{_TABLE}number-columns-repeated", "1")), 20))
    ]


def test_an_export_has_its_dates_money_and_widths(tmp_path: Path) -> None:
    con = connect(tmp_path / "spill")
    write_table(con, con.sql(ROWS), tmp_path / "x.xlsx", sheet="profile", dated=date(2026, 6, 30))
    con.close()
    tree = ElementTree.parse(converted(tmp_path / "x.xlsx", "fods"))
    head, first, second = cells(tree)
    assert [cell.value for cell in head] == ["customer_id", "day", "at", "amount", "orders", "paid", "share"]
    assert [(cell.kind, cell.value) for cell in first] == [
        ("string", "a"),
        ("date", "2026-06-30"),
        ("date", "2026-06-30T08:26:05"),
        ("float", "1234567.5"),
        ("float", "3"),
        ("float", "1"),
        ("float", "0.25"),
    ]
    assert [cell.shown for cell in first[1:4]] == ["2026-06-30", "2026-06-30 08:26:05", "1,234,567.50"]
    assert (first[5].shown, second[5].shown) == ("TRUE", "FALSE")
    assert (second[1].kind, second[1].value) == ("string", "1899-12-31"), "Excel counts such days wrongly"
    assert (second[3].value, second[3].shown) == ("-0.05", "-0.05")
    assert (second[4].kind, second[4].value) == ("string", "1234567890123456"), "more digits than a number has"
    wide = widths(tree)
    assert wide[0] > 1.5 * wide[1], "a Chinese letter takes two"
    assert wide[2] > wide[1], "an instant is wider than a day"


@pytest.mark.parametrize("kind", ["export", "quarantine"])
def test_texts_stay_texts(tmp_path: Path, kind: str) -> None:
    book = tmp_path / "x.xlsx"
    if kind == "export":
        con = connect(tmp_path / "spill")
        con.execute("CREATE TABLE t (said VARCHAR)")
        con.executemany("INSERT INTO t VALUES (?)", [[text] for text in HOSTILE])
        write_table(con, con.table("t"), book, sheet="x", dated=date(2026, 6, 30))
        con.close()
    else:
        write_workbook(book, ["said"], [[text] for text in HOSTILE], name=book)
    head, *rows = cells(ElementTree.parse(converted(book, "fods")))
    assert [cell.value for cell in head] == ["said"]
    assert [row[0].kind for row in rows] == ["string"] * len(HOSTILE)
    assert [row[0].value for row in rows] == HOSTILE
    told = converted(book, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,false")
    with told.open(encoding="utf-8", newline="") as stream:
        assert [row[0] for row in csv.reader(stream)][1:] == HOSTILE
    assert {text[0] for text in HOSTILE} >= set(FORMULA_STARTS) - {"\r"}
