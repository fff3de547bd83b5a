"""Made data: tables to import, the truths planted in them, and their files."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa
from pyarrow import csv

from tierwise.kernel.errors import TierwiseError
from tierwise.testing.headers import CHINESE_HEADERS

AS_OF = date(2026, 6, 30)
"""The default last day of made data."""

Headers = Literal["zh", "en"]
Encoding = Literal["utf-8", "gb18030"]


@dataclass(frozen=True, slots=True)
class MadeData:
    """What one maker made from one seed.

    kind: `dealer` or `retail`. customers, seed, as_of: what it was made of; the same three give the same bytes.
    tables: canonical import name -> table with canonical columns (money as decimals of the currency unit, times as
    naive Shanghai time, ids as text); nothing in them is later than as_of.
    truths: what was planted, by name, which no business would know; each table's grain is told by its maker.
    """

    kind: str
    customers: int
    seed: int
    as_of: date
    tables: Mapping[str, pa.Table]
    truths: Mapping[str, pa.Table]

    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        return {name: table.num_rows for name, table in self.tables.items()}

    def write(self, folder: Path | str, headers: Headers = "zh", encoding: Encoding = "utf-8") -> dict[str, Path]:
        """Write `TABLE.csv` for every table into `folder`, and the truths into `folder/truth`; table -> path.

        The folder is made where missing; files of the same names are replaced. headers: Chinese or the canonical
        names; values are the same in both. Truths always have English headers and UTF-8. Raises `unknown_headers`
        and `unknown_encoding` before anything is written.
        """
        if headers not in ("zh", "en"):
            raise TierwiseError("unknown_headers", f'unknown headers "{headers}"', remedy="choose zh or en")
        if encoding not in ("utf-8", "gb18030"):
            raise TierwiseError("unknown_encoding", f'unknown encoding "{encoding}"', remedy="choose utf-8 or gb18030")
        home = Path(folder)
        (home / "truth").mkdir(parents=True, exist_ok=True)
        written = {}
        for name, table in self.tables.items():
            if headers == "zh":
                table = table.rename_columns([CHINESE_HEADERS[name][column] for column in table.column_names])
            written[name] = home / f"{name}.csv"
            _write_csv(table, written[name], encoding)
        for name, table in self.truths.items():
            _write_csv(table, home / "truth" / f"{name}.csv", "utf-8")
        return written


class _Transcoded:
    """A binary file that takes UTF-8 and keeps another encoding; a character may be cut between two writes."""

    closed = False

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._encoding = encoding

    def write(self, data: bytes) -> int:
        self._file.write(self._decoder.decode(bytes(data)).encode(self._encoding))
        return len(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._decoder.decode(b"", final=True)


@contextmanager
def _sink(path: Path, encoding: str) -> Iterator[object]:
    with path.open("wb") as file:
        if encoding == "utf-8":
            yield file
        else:
            transcoded = _Transcoded(file, encoding)
            yield transcoded
            transcoded.close()


def _write_csv(table: pa.Table, path: Path, encoding: str) -> None:
    """No value of made data holds a comma, a quote or a line break; the writer refuses one that does."""
    options = csv.WriteOptions(quoting_style="none", quoting_header="none", batch_size=65_536)
    with _sink(path, encoding) as sink:
        csv.write_csv(table, sink, options)


def check_wish(customers: int, seed: int, as_of: date) -> None:
    """Raise `out_of_range` unless customers is 1 to 20,000,000, seed 0 or more, as_of a day of 2000 to 2099."""
    if not 1 <= customers <= 20_000_000:
        raise TierwiseError("out_of_range", f"cannot make {customers} customers", remedy="ask for 1 to 20,000,000")
    if seed < 0:
        raise TierwiseError("out_of_range", f"seed {seed} is negative", remedy="choose 0 or more")
    if not 2000 <= as_of.year <= 2099:
        raise TierwiseError("out_of_range", f"as_of {as_of} is too far away", remedy="choose a day of 2000 to 2099")
