"""Small files of a table put together as they come, so that ten thousand small imports leave some dozens of files.

By size classes, each eight times the one below: as soon as a class has so many files, they are written as one. So a row
is written again about once in each class, in the lowest, of tiny files, more often, and no append is followed by much
work. The rows stay as they are, in the order in which they came. Versions before stay readable: no file is deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

MANY = 16
"""So many files of one class become one."""

_SMALLEST, _STEP, _CLASSES = 128 * 1024, 8, 4
"""Bytes of the lowest class, the factor from one to the next, and how many there are: up to 64 MiB."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a version. path: inside the table's folder. written: milliseconds."""

    path: str
    bytes: int
    written: int


def to_put_together(files: Collection[DataFile]) -> list[DataFile]:
    """The files of the lowest class that has `MANY`, in the order in which they were written; else none."""
    for number in range(_CLASSES):
        found = [each for each in files if class_of(each.bytes) == number]
        if len(found) >= MANY:
            return sorted(found, key=lambda each: (each.written, each.path))
    return []


def class_of(size: int) -> int:
    """0 for the smallest files; the number of classes for those that are left as they are."""
    number = 0
    while number < _CLASSES and size >= _SMALLEST * _STEP**number:
        number += 1
    return number
