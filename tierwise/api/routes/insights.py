"""Insights: what can be asked of orders and interactions, an answer, an answer as a file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

from tierwise.api import examples
from tierwise.api.context import Asked, HeadingsQuery, RunQuery
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import drop_folder, new_folder
from tierwise.app.insights import asking
from tierwise.app.insights.insight_views import (
    ColumnView,
    FigureView,
    InsightSummary,
    InsightView,
    ParameterView,
)
from tierwise.app.insights.settling import assignments
from tierwise.app.views import Label

router = APIRouter(tags=["insights"])


class Insights(BaseModel):
    """Everything that can be asked, by name."""

    insights: tuple[InsightSummary, ...]


_STOP = Label("流失占比", "stop")
_LADDER = Label("忠诚阶梯", "Loyalty ladder")
_ASKS = Label("大多数人停在第几次购买？", "After which purchase do people stop?")

INSIGHTS = Insights(
    insights=(
        InsightSummary(
            name="ladder",
            title=_LADDER,
            answers=_ASKS,
            needs=("orders",),
            missing=(),
            parameters=(
                ParameterView(
                    "within_days",
                    Label("多少天没买算停下", "so many days without a purchase are a stop"),
                    "integer",
                    180,
                    1,
                    3650,
                ),
            ),
            page="insight.md",
        ),
    )
)

INSIGHT = InsightView(
    name="ladder",
    title=_LADDER,
    answers=_ASKS,
    run_id=7,
    as_of=date(2026, 6, 30),
    currency="CNY",
    parameters={"within_days": 180},
    columns=(
        ColumnView("purchase", Label("第几次购买", "purchase"), "count"),
        ColumnView("customers", Label("客户数", "customers"), "count"),
        ColumnView("stop_share", _STOP, "rate"),
        ColumnView("net", Label("本次净额", "net"), "money"),
        ColumnView("gap_days", Label("距上次天数（中位数）", "days since last"), "days"),
    ),
    rows=((1, 1832, 0.261, Decimal("283.02"), None), (2, 1500, 0.19, Decimal("250.61"), 32.0)),
    of=10,
    figures=(FigureView("bottleneck", Label("流失人数最多的一次", "most stop after purchase"), 1, "count"),),
    notes=(Label("180 天内没有再买算停下", "stopped: no purchase within 180 days"),),
    bar="customers",
    chart={
        "xAxis": {"type": "category", "data": ["1", "2"]},
        "yAxis": {"type": "value"},
        "series": [{"name": "停下", "type": "bar", "data": [432, 259]}],
    },
)


class Extension(StrEnum):
    """The kinds of file: tables, and pictures where the server has the extra `plot`."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"
    svg = "svg"
    png = "png"


MEDIA_TYPES = {
    Extension.csv: "text/csv; charset=utf-8",
    Extension.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Extension.parquet: "application/vnd.apache.parquet",
    Extension.svg: "image/svg+xml",
    Extension.png: "image/png",
}

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file; X-Tierwise-Rows says how many rows it has",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "purchase,customers,stop_share,net\n1,1832,0.261,283.02\n",
            },
        }
        | {
            MEDIA_TYPES[kind]: {"schema": {"type": "string", "format": "binary"}}
            for kind in (Extension.xlsx, Extension.parquet, Extension.svg, Extension.png)
        },
    }
}

Name = Annotated[str, Path(max_length=63, pattern=r"^[A-Za-z0-9_-]+$", examples=["ladder"])]
Settings = Annotated[
    list[str] | None,
    Query(alias="set", max_length=50, description="a parameter, once for each", examples=[["within_days=90"]]),
]
AsOf = Annotated[date | None, Query(description="an earlier day than the run's", examples=["2026-03-31"])]


@router.get("/insights", operation_id="insights", responses=examples.ok(INSIGHTS) | problem_responses())
def insights(ctx: Asked) -> Insights:
    """What can be asked: each insight with its parameters, and the facts that it still lacks."""
    return Insights(insights=asking.list_insights(ctx))


@router.get(
    "/insights/{name}.{extension}",
    operation_id="insight_file",
    response_class=FileResponse,
    responses=_FILE | problem_responses(403, 404),
)
def insight_file(
    ctx: Asked,
    name: Name,
    extension: Extension,
    settings: Settings = None,
    as_of: AsOf = None,
    run_id: RunQuery = None,
    headings: HeadingsQuery = "names",
) -> FileResponse:
    """All rows of an answer, or its picture. The same run and parameters give the same bytes. Audited."""
    given = assignments(settings or [])
    folder = new_folder(ctx)
    file = folder / f"{name}.{extension}"
    try:
        with told_as(folder):
            exported = asking.export_insight(ctx, name, file, given, as_of=as_of, run_id=run_id, headings=headings)
    except BaseException:
        drop_folder(folder)
        raise
    return FileResponse(
        file,
        media_type=MEDIA_TYPES[extension],
        filename=file.name,
        headers={"x-tierwise-rows": str(exported.rows)},
        background=BackgroundTask(drop_folder, folder),
    )


@router.get("/insights/{name}", operation_id="insight", responses=examples.ok(INSIGHT) | problem_responses(403, 404))
def insight(
    ctx: Asked,
    name: Name,
    settings: Settings = None,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=0, le=1000, description="at most so many rows; `of` says how many there are")] = 50,
    run_id: RunQuery = None,
) -> InsightView:
    """An answer: its first rows, headline figures, notes, and a chart as ECharts options.

    Rows about single customers take the right to see one.
    """
    given = assignments(settings or [])
    return asking.insight(ctx, name, given, as_of=as_of, run_id=run_id, limit=limit)
