"""No file breaks the import: it is refused in words, or every row of it comes out somewhere."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import Home
from tests.ingest.hard_files import BAD_PARTS, KINDS, hard_file
from tests.ingest.staged_file import Seen, seen
from tierwise.kernel.errors import TierwiseError

LONGEST_SECONDS = 60
"""Of one file of a few kilobytes in the long form; some are read in milliseconds."""


def staged(folder: Path, number: int) -> Seen | None:
    """What comes of the file; None where it is refused whole, which a file that nobody has damaged is for its dates
    alone, or for letters so odd that nothing tells that they are GB18030."""
    file = hard_file(number)
    unhurt = file.rows is not None and number % len(KINDS) != BAD_PARTS
    try:
        found = seen(folder, file.content, file.name, **file.mapping)
    except TierwiseError as error:
        if unhurt and error.code not in ("ambiguous_dates", "bad_encoding"):
            raise AssertionError(f"{number}: {error}") from error
        return None
    if unhurt:
        assert found.staged.read == file.rows, f"{number}: {file.name}"
    return found


@pytest.mark.parametrize("part", range(6))
def test_a_hard_file_is_refused_in_words_or_read_whole(tmp_path: Path, part: int) -> None:
    read = [staged(tmp_path / str(number), number) for number in range(part, 60, 6)]
    assert any(read)


_letters = st.sampled_from([*list('a1,;\t"\n\r\x00{}[]:\\ \ufeff甲é=-.'), "\r\n", '""', "1e9", "null"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(_letters, max_size=60).map("".join), name=st.sampled_from(["a.csv", "a.jsonl"]))
def test_any_text_is_refused_in_words_or_read_whole(tmp_path: Path, body: str, name: str) -> None:
    head = "order_id,ordered_at,gross\n" if name == "a.csv" else '{"order_id": 1, "ordered_at": 2, "gross": 3}\n'
    with suppress(TierwiseError):
        seen(tmp_path, (head + body).encode("utf-8", "surrogatepass"), name)


@contextmanager
def ended_after(seconds: int) -> Iterator[None]:
    """Fails what hangs."""

    def hang(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.soak
def test_thousands_of_hard_files(tmp_path: Path) -> None:
    whole = 0
    for number in range(60, 3000):
        with ended_after(LONGEST_SECONDS):
            whole += staged(tmp_path, number) is not None
    assert whole > 600


@pytest.mark.soak
def test_hundreds_of_hard_files_are_counted_and_change_nothing_twice(home: Home) -> None:
    taken = 0
    for number in range(350):
        file = hard_file(number)
        try:
            with ended_after(LONGEST_SECONDS):
                first = home.take(file.content, "orders", file.mapping, name=file.name)
                again = home.take(file.content, "orders", file.mapping, name=file.name)
        except TierwiseError:
            continue
        taken += 1
        for report in (first, again):
            parts = (report.accepted, report.replaced, report.unchanged, report.ignored, report.quarantined)
            assert report.read == sum(parts), number
        assert (again.accepted, again.replaced) == (0, 0), number
        assert (again.read, again.quarantined) == (first.read, first.quarantined), number
    assert taken > 100
