"""Bodies of the answers on history that the views do not have, and what the OpenAPI document shows of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from tierwise.app.history_views import (
    CountRow,
    CountsView,
    DwellRow,
    DwellView,
    FlowRow,
    FlowsView,
    HistoryView,
    HolderRow,
    HoldersPage,
    IntervalRow,
    MigrationRow,
    MigrationView,
    Named,
    SankeyLink,
    SankeyNode,
    SankeyView,
)
from tierwise.app.views import Label


class Names(BaseModel):
    """What history ever kept, by kind and name."""

    names: tuple[Named, ...]


class Flows(BaseModel):
    """Entries and exits by run; a recorded day without a row changed nothing."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: str
    name: str
    title: Label
    from_: date = Field(alias="from")
    to: date
    days: tuple[date, ...]
    rows: tuple[FlowRow, ...]

    @classmethod
    def of(cls, view: FlowsView) -> Flows:
        return cls(
            kind=view.kind,
            name=view.name,
            title=view.title,
            **{"from": view.from_day},
            to=view.to_day,
            days=view.days,
            rows=view.rows,
        )


class Move(BaseModel):
    """How many customers were at `from` then and at `to` later; null: not there."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: str | None = Field(alias="from")
    to: str | None
    customers: int
    share: float = Field(description="of those who were at `from`, 0..1")


class Migration(BaseModel):
    """The moves of a name between two days. from_as_of, to_as_of: the runs whose states are compared."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: str
    name: str
    title: Label
    from_: date = Field(alias="from")
    to: date
    from_as_of: date
    to_as_of: date
    values: tuple[str, ...]
    rows: tuple[Move, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, view: MigrationView) -> Migration:
        return cls(
            kind=view.kind,
            name=view.name,
            title=view.title,
            **{"from": view.from_day},
            to=view.to_day,
            from_as_of=view.from_as_of,
            to_as_of=view.to_as_of,
            values=view.values,
            rows=tuple(Move.model_validate(asdict(row)) for row in view.rows),
            notes=view.notes,
        )


_KIND, _NAME, _TITLE = "stage", "lifecycle_stage", Label("生命周期", "Lifecycle")
_THEN, _NOW = date(2026, 3, 31), date(2026, 6, 30)

NAMES = Names(
    names=(Named(_KIND, _NAME, _TITLE), Named("segment", "sleeping_vips", Label("沉睡的 VIP", "Sleeping VIPs")))
)
COUNTS = CountsView(
    _KIND, _NAME, _TITLE, _THEN, _THEN, (CountRow("repeat", 3_000, 0.75), CountRow("dormant", 1_000, 0.25)), 4_000
)
HOLDERS = HoldersPage(_KIND, _NAME, _THEN, _THEN, (HolderRow(42, "C000042", "repeat"),), 3_000, 42)
FLOWS = Flows.of(FlowsView(_KIND, _NAME, _TITLE, _THEN, _NOW, (_THEN, _NOW), (FlowRow(_NOW, "dormant", 120, 35),)))
MIGRATION = Migration.of(
    MigrationView(
        kind=_KIND,
        name=_NAME,
        title=_TITLE,
        from_day=_THEN,
        to_day=_NOW,
        from_as_of=_THEN,
        to_as_of=_NOW,
        values=("repeat", "dormant"),
        rows=(
            MigrationRow("repeat", "repeat", 2_880, 0.96),
            MigrationRow("repeat", "dormant", 120, 0.04),
            MigrationRow(None, "repeat", 40, 1.0),
        ),
    )
)
SANKEY = SankeyView(
    _KIND,
    _NAME,
    _TITLE,
    (_THEN, _NOW),
    (
        SankeyNode("2026-03-31/=repeat", _THEN, "repeat", 3_000),
        SankeyNode("2026-06-30/=repeat", _NOW, "repeat", 2_880),
        SankeyNode("2026-06-30/", _NOW, None, 120),
    ),
    (
        SankeyLink("2026-03-31/=repeat", "2026-06-30/=repeat", 2_880),
        SankeyLink("2026-03-31/=repeat", "2026-06-30/", 120),
    ),
)
DWELL = DwellView(_KIND, _NAME, _TITLE, _NOW, (DwellRow("dormant", 35, 42.0, 51.5, 1_085, 91.0, 88.25, 640),))
HISTORY = HistoryView(
    "C000042",
    _THEN,
    _NOW,
    (
        IntervalRow(_KIND, _NAME, _TITLE, "repeat", _THEN, _NOW, 91, True),
        IntervalRow(_KIND, _NAME, _TITLE, "dormant", _NOW, None, 0, False),
    ),
)
