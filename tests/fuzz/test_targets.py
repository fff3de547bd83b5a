"""What fuzzing found stays mended, and the targets take what they begin with."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from tests.fuzz.targets import MAPPINGS, TARGETS, seeds
from tests.ingest.staged_file import seen
from tierwise.kernel.errors import TierwiseError

UTF_16 = next(at for at, each in enumerate(MAPPINGS) if each.encoding == "utf-16")

FOUND = [
    ("text", bytes([UTF_16]) + "order_id,gross\n1,2\n".encode("utf-16-le")),
    ("text", bytes([UTF_16]) + b"order_id,gross\n\x00\xd81,2\n"),
]
"""Inputs that once broke a target."""


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_what_it_begins_with(name: str) -> None:
    for data in (b"", *islice(seeds(name), 4)):
        TARGETS[name](data)


@pytest.mark.parametrize(("name", "data"), FOUND, ids=range(len(FOUND)))
def test_what_was_found_stays_mended(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_utf_16_may_lack_its_mark_where_one_says_that_it_is_utf_16(tmp_path: Path) -> None:
    for kind in ("utf-16-le", "utf-16-be", "utf-16"):
        found = seen(
            tmp_path, "order_id,ordered_at,gross\n甲1,2026-03-05,10\n".encode(kind), "a.csv", encoding="utf-16"
        )
        assert [row[0] for row in found.rows] == ["甲1"], kind


@pytest.mark.parametrize("encoding", ["hex", "rot13", "utf-32", "utf-7"])
def test_what_makes_no_text_is_refused_in_words(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(TierwiseError) as refused:
        seen(tmp_path, b"order_id,ordered_at,gross\n+2AA-,2026-03-05,10\n", "a.csv", encoding=encoding)
    assert refused.value.code in ("unknown_encoding", "bad_encoding")


@pytest.mark.soak
def test_nothing_breaks_for_a_while() -> None:
    """`make fuzz` with more time finds more."""
    pytest.importorskip("atheris", reason="pip install atheris: on Linux, of Python up to 3.13")
    words = [sys.executable, "-m", "tests.fuzz", "--seconds", "60"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
