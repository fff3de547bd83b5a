"""What the use cases of insights answer with: plain frozen values, the same for every door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tierwise.app.insights.insight import ColumnKind, ParameterKind
from tierwise.app.views import Label


@dataclass(frozen=True, slots=True)
class ParameterView:
    """One thing that may be set, with its default and bounds; null where there is none."""

    name: str
    meaning: Label
    kind: ParameterKind
    default: Any
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InsightSummary:
    """One insight of the catalogue. needs: tables of facts; missing: those of them that nobody has imported yet."""

    name: str
    title: Label
    answers: Label
    needs: tuple[str, ...]
    missing: tuple[str, ...]
    parameters: tuple[ParameterView, ...]
    page: str


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column. values: of codes, what they mean. detail: for files and programs rather than for a screen."""

    name: str
    title: Label
    kind: ColumnKind
    values: dict[str, Label] = field(default_factory=dict)
    detail: bool = False


@dataclass(frozen=True, slots=True)
class FigureView:
    """A headline number; money in currency units, null where it cannot be told. told: it is of customers that can be
    listed, `among` of `GET /customers`."""

    name: str
    title: Label
    value: Any
    kind: ColumnKind
    told: bool = False


@dataclass(frozen=True, slots=True)
class InsightView:
    """An answer.

    rows: the first of them, `of` in all; money in currency units, rates 0..1. chart: ECharts options, texts in the
    project's language; null where there is nothing to draw. notes: reasons and warnings. told: columns whose numbers
    are of customers that can be listed, `among` of `GET /customers`; known_by: by what their row is known there."""

    name: str
    title: Label
    answers: Label
    run_id: int
    as_of: date
    currency: str
    parameters: dict[str, Any]
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[Any, ...], ...]
    of: int
    figures: tuple[FigureView, ...]
    notes: tuple[Label, ...]
    bar: str | None = None
    chart: dict[str, Any] | None = None
    told: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
