"""Which software computes: two runs may lend each other rows only where it is the same."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import tierwise

ROOMS = ("kernel", "definitions", "stats", "facts", "metrics", "engine")
"""The packages that a profile comes of."""

LIBRARIES = ("duckdb", "narwhals", "numpy")
"""What they compute with: another release may round otherwise."""


@cache
def mark() -> str:
    """The version, and a short hash of the sources and of the libraries' releases that a profile comes of.

    The version alone would not do: whoever works on the sources, or mends a line of them, changes what a run finds
    without changing it. Read once a process.
    """
    return f"{tierwise.__version__}+{_hash(Path(tierwise.__file__).parent)}"


def _hash(package: Path) -> str:
    seen = sha256(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    for room in ROOMS:
        for file in sorted((package / room).rglob("*.py")):
            seen.update(f"\n{file.relative_to(package).as_posix()}\n".encode())
            seen.update(file.read_bytes())
    return seen.hexdigest()[:12]
