"""The usual picture of an answer: bars that lie, the first rows from the top."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tierwise.app.insights.insight import Label, Picture, Row
from tierwise.plots.plot import Bars, Series, Unit

MOST = 15
"""So many rows, each with its label, are read at a glance."""


def bars(title: Label, named: str | Callable[[Row, str], str], columns: Mapping[str, Label], unit: Unit) -> Picture:
    """Bars of the first rows that have a value in one of these columns; null where none has.

    named: the column that labels a row, or how to label it in a language; of a row without that a dash.
    """

    def drawn(rows: Sequence[Row], language: str) -> Bars | None:
        shown = [row for row in rows if any(row[column] is not None for column in columns)][:MOST]
        if not shown:
            return None
        labels = tuple(str(named(row, language) if callable(named) else row[named] or "–") for row in shown)
        series = tuple(
            Series(
                of.in_language(language), tuple(None if row[column] is None else float(row[column]) for row in shown)
            )
            for column, of in columns.items()
        )
        return Bars(labels, series, title.in_language(language), unit, lying=True)

    return drawn


def counted(title: Label, of: Label, many: Iterable[tuple[Label | str, int]], *, lying: bool = True) -> Picture:
    """Bars of how many there are of each kind, whatever rows are listed; no picture where there are none.

    of: what is counted. many: kinds with their numbers, in the order in which they are drawn.
    """
    listed = tuple(many)

    def drawn(rows: Sequence[Row], language: str) -> Bars | None:
        if not any(number for _, number in listed):
            return None
        labels = tuple(each if isinstance(each, str) else each.in_language(language) for each, _ in listed)
        series = Series(of.in_language(language), tuple(float(number) for _, number in listed))
        return Bars(labels, (series,), title.in_language(language), "count", lying=lying)

    return drawn


CUSTOMERS = Label("客户数", "customers")
