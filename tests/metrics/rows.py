"""A lazy frame as plain Python rows."""

from __future__ import annotations

from typing import Any

from tierwise.metrics.frame import Frame


def rows_of(frame: Frame, *order: str) -> list[dict[str, Any]]:
    """All rows, ordered by those columns."""
    return frame.sort(*order).collect(backend="pyarrow").to_native().to_pylist()


def by_key(frame: Frame, key: str = "customer_key") -> dict[Any, dict[str, Any]]:
    """Rows by their key, which must be unique."""
    rows = frame.collect(backend="pyarrow").to_native().to_pylist()
    found = {row[key]: row for row in rows}
    assert len(found) == len(rows), "a key twice"
    return found
