"""A distribution: the distinct values of one column, ascending, and how many rows have each. Exact arithmetic on it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Ascending distinct values with the number of rows of each; nulls are not in it.

    Values are int64 where the column is an integer (money in minor units), else float64. All that is asked of it is
    computed in integers or fractions of them, so it does not depend on the engine or on the order of rows.
    """

    values: NDArray[Any]
    counts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many rows."""
        return int(self.counts.sum())

    def total(self) -> int | float:
        """The sum over all rows."""
        return _dot(self.values, self.counts)

    def at(self, position: int) -> int | float:
        """The value at that position of the rows in ascending order, from 0."""
        found = int(np.searchsorted(np.cumsum(self.counts), position, side="right"))
        return _plain(self.values[found])

    def quantile(self, above: int, below: int) -> Fraction:
        """The type-7 quantile at above / below, exactly. Type 7 (Hyndman and Fan 1996; the default of R and NumPy): the
        value at (n - 1) p, linear between the two rows around it.

        >>> Distribution(np.array([10, 20, 30, 40]), np.array([1, 1, 1, 1])).quantile(1, 2)
        Fraction(25, 1)
        """
        whole, part = divmod((self.size - 1) * above, below)
        low = Fraction(self.at(whole))
        if part == 0:
            return low
        return low + (Fraction(self.at(whole + 1)) - low) * Fraction(part, below)

    def top(self, rows: int) -> int | float:
        """The sum of the largest `rows` rows."""
        rows = max(0, min(rows, self.size))
        values, counts = self.values[::-1], self.counts[::-1]
        before = np.concatenate(([0], np.cumsum(counts)[:-1]))
        return _dot(values, np.clip(rows - before, 0, counts))


def distribution_of(frame: Frame, column: str) -> Distribution:
    """Executes one grouping of the frame by that column. Raises `not_a_number` on NaN or infinity."""
    grouped = (
        frame.filter(~nw.col(column).is_null())
        .group_by(column)
        .agg(nw.len().alias("rows__"))
        .collect(backend="pyarrow")
    )
    values, counts = grouped.get_column(column).to_numpy(), grouped.get_column("rows__").to_numpy()
    values = values.astype(np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64)
    if not np.isfinite(values).all():
        raise TierwiseError(
            "not_a_number", f'"{column}" has values that are not numbers (NaN or infinite)', place=column
        )
    order = np.argsort(values, kind="stable")
    return Distribution(values[order], counts[order].astype(np.int64))


def _plain(value: Any) -> int | float:
    found: int | float = value.item()
    return found


def _dot(values: NDArray[Any], counts: NDArray[np.int64]) -> int | float:
    if np.issubdtype(values.dtype, np.integer):
        largest = int(np.abs(values).max(initial=0))
        if largest * int(counts.sum()) < 2**63:
            return int(np.dot(values, counts))
        return sum(int(value) * int(count) for value, count in zip(values, counts, strict=True))
    return float(np.dot(values, counts))
