"""Software is the same while its sources and its libraries are."""

from pathlib import Path

from tierwise.engine import software


def test_any_source_that_a_profile_comes_of_matters(tmp_path: Path) -> None:
    for room in (*software.ROOMS, "cli"):
        (tmp_path / room / "inner").mkdir(parents=True)
    marks = {software._hash(tmp_path)}
    for room in software.ROOMS:
        (tmp_path / room / "inner" / "one.py").write_text("x = 1\n", "utf-8")
        marks.add(software._hash(tmp_path))
    (tmp_path / "metrics" / "inner" / "one.py").write_text("x = 2\n", "utf-8")
    marks.add(software._hash(tmp_path))
    assert len(marks) == 2 + len(software.ROOMS)
    before = software._hash(tmp_path)
    (tmp_path / "cli" / "inner" / "one.py").write_text("y = 1\n", "utf-8")
    (tmp_path / "metrics" / "notes.txt").write_text("no source", "utf-8")
    assert software._hash(tmp_path) == before


def test_mark_says_the_version_and_is_told_once() -> None:
    version, _, marked = software.mark().partition("+")
    assert (version, len(marked)) == ("0.1.0", 12)
    assert software.mark() is software.mark()
