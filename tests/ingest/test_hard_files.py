"""No file breaks the import: it is refused in words, or every row of it comes out somewhere."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingest.conftest import Home
from tests.ingest.hard_files import BAD_PARTS, KINDS, hard_file
from tests.ingest.staged_file import Seen, seen
from tierwise.kernel.errors import TierwiseError

LONGEST_SECONDS, LONGEST_WAIT_SECONDS = 60, 600
"""Of one file of a few kilobytes in the long form, of processor time and in all; some are read in milliseconds. A busy
machine stands still for a minute now and then."""

PARTS = ("accepted", "replaced", "unchanged", "ignored", "quarantined")


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
def ended_soon() -> Iterator[None]:
    """Fails what hangs, be it at work or waiting for something."""

    def hang(*_: object) -> None:
        raise AssertionError("it hangs")

    before = [(number, signal.signal(number, hang)) for number in (signal.SIGALRM, signal.SIGPROF)]
    signal.setitimer(signal.ITIMER_REAL, LONGEST_WAIT_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_SECONDS)
    try:
        yield
    finally:
        for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        for number, handler in before:
            signal.signal(number, handler)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(6))
def test_thousands_of_hard_files(tmp_path: Path, part: int, record_property: Callable[[str, object], None]) -> None:
    counts: Counter[str] = Counter()
    for number in range(60 + part, 3000, 6):
        with ended_soon():
            found = staged(tmp_path, number)
        counts["files"] += 1
        if found is not None:
            told = found.staged
            counts.update(taken=1, read=told.read, good=told.good, ignored=told.ignored, refused=len(told.refusals))
    for name, count in counts.items():
        record_property(name, count)
    print(dict(counts))
    assert counts["taken"] > 100


@pytest.mark.soak
def test_hundreds_of_hard_files_are_counted_and_change_nothing_twice(home: Home) -> None:
    counts: Counter[str] = Counter()
    for number in range(350):
        file = hard_file(number)
        try:
            with ended_soon():
                first = home.take(file.content, "orders", file.mapping, name=file.name)
                again = home.take(file.content, "orders", file.mapping, name=file.name)
        except TierwiseError:
            continue
        for report in (first, again):
            parts = {name: getattr(report, name) for name in PARTS}
            assert report.read == sum(parts.values()), number
            counts.update(parts, files=1)
        assert (again.accepted, again.replaced) == (0, 0), number
        assert (again.read, again.quarantined) == (first.read, first.quarantined), number
    print(dict(counts))
    assert counts["files"] > 200
