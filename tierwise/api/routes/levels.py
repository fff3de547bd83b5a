"""Levels and matrices: who is where, what moving up would need, who is near."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Query

from tierwise.api import examples
from tierwise.api.context import Asked, RunQuery
from tierwise.api.problems import problem_responses
from tierwise.app import levels as cases
from tierwise.app import matrices
from tierwise.app.level_views import (
    ClosingView,
    CombinationView,
    DimensionView,
    IndicatorView,
    LevelRowView,
    LevelView,
    MatrixCellView,
    MatrixView,
    NearMissesView,
    NearMissRow,
    NeedView,
    PartView,
)
from tierwise.app.views import Label

router = APIRouter(tags=["levels"])

_AS_OF = date(2026, 6, 30)
_SPEND, _RECENCY = Label("净消费额", "Net sales"), Label("最近消费间隔", "Recency")

LEVEL = LevelView(
    run_id=7,
    as_of=_AS_OF,
    name="customer_level",
    title=Label("客户分级", "Customer level"),
    currency="CNY",
    weights="ahp",
    consistency_ratio=0.0,
    cut="share",
    within=Decimal(5),
    indicators=(
        IndicatorView("monetary_amount", _SPEND, "monetary_amount", "CNY", "percentile", "higher", 0.75, 75.0),
        IndicatorView("recency_days", _RECENCY, "recency_days", "days", "min_max", "lower", 0.25, 25.0),
    ),
    rows=(
        LevelRowView(
            name="core",
            title=Label("核心", "Core"),
            customers=42,
            share=0.2,
            monetary_amount=Decimal("126000.00"),
            monetary_share=0.6,
            at_least=81.25,
            mean_score=90.4,
            mean_points_to_next=None,
            near=0,
            beyond=0,
            needs=(),
            strategy=Label("专属顾问", "An adviser of their own"),
            owner="crm",
            benefits=Label("优先交付", "Delivered first"),
        ),
        LevelRowView(
            name="ordinary",
            title=Label("普通", "Ordinary"),
            customers=168,
            share=0.8,
            monetary_amount=Decimal("84000.00"),
            monetary_share=0.4,
            at_least=None,
            mean_score=44.1,
            mean_points_to_next=37.15,
            near=11,
            beyond=23,
            needs=(NeedView("monetary_amount", 145, 812.4), NeedView("recency_days", 31, -24.5)),
            strategy=None,
            owner="crm",
            benefits=None,
        ),
    ),
    customers=210,
    outside=12,
)

NEAR_MISSES = NearMissesView(
    run_id=7,
    as_of=_AS_OF,
    name="customer_level",
    title=Label("客户分级", "Customer level"),
    within=Decimal(5),
    of=11,
    rows=(
        NearMissRow(
            customer_id="C000042",
            level="ordinary",
            next_level="core",
            score=79.5,
            points_to_next=1.75,
            closings=(
                ClosingView("monetary_amount", "CNY", Decimal("1210.00"), 62.0, 63.75, "at_least", Decimal("1305.50")),
                ClosingView("recency_days", "days", 0, 25.0, 26.75, None, None),
            ),
        ),
    ),
)

MATRIX = MatrixView(
    run_id=7,
    as_of=_AS_OF,
    name="pay_by_visits",
    title=Label("消费意愿 × 到店", "Spend × visits"),
    currency="CNY",
    dimensions=(
        DimensionView(
            "pay",
            _SPEND,
            "monetary_amount",
            "CNY",
            (
                PartView("high", Label("高", "High"), Decimal("860.01"), ()),
                PartView("low", Label("低", "Low"), None, ()),
            ),
        ),
        DimensionView(
            "tier",
            Label("客户分级", "Customer level"),
            "customer_level",
            "",
            (
                PartView("top", Label("核心", "Core"), None, ("core",)),
                PartView("rest", Label("其他", "The others"), None, ()),
            ),
        ),
    ),
    cells=(
        MatrixCellView("best", Label("核心", "Core"), 40, 0.2, Decimal("120000.00"), 0.6, Label("专属", "Own"), "crm"),
        MatrixCellView("others", Label("其他", "The others"), 160, 0.8, Decimal("80000.00"), 0.4, None, None),
    ),
    rows=(
        CombinationView(("high", "top"), "best", 40, 0.2, Decimal("120000.00"), 0.6),
        CombinationView(("high", "rest"), "others", 20, 0.1, Decimal("40000.00"), 0.2),
        CombinationView(("low", "top"), "others", 2, 0.01, Decimal("1000.00"), 0.005),
        CombinationView(("low", "rest"), "others", 138, 0.69, Decimal("39000.00"), 0.195),
    ),
    customers=200,
    outside={"not_in_population": 12},
)

Name = Annotated[str, Path(max_length=63)]
Within = Annotated[
    Decimal, Query(gt=0, le=1_000_000, description="so many points from the next level count as near", examples=["5"])
]


@router.get("/levels/{name}", operation_id="level", responses=examples.ok(LEVEL) | problem_responses(404))
def level(ctx: Asked, name: Name, within: Within = cases.WITHIN, run_id: RunQuery = None) -> LevelView:
    """Levels by scorecard, the best first: customers, money, and what moving each level up would need."""
    return cases.level(ctx, name, within=within, run_id=run_id)


@router.get(
    "/levels/{name}/near-misses",
    operation_id="near_misses",
    responses=examples.ok(NEAR_MISSES) | problem_responses(403, 404),
)
def near_misses(
    ctx: Asked,
    name: Name,
    within: Within = cases.WITHIN,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    run_id: RunQuery = None,
) -> NearMissesView:
    """Who lacks few points to the next level, the nearest first, and what one indicator alone would have to become."""
    return cases.near_miss(ctx, name, within=within, limit=limit, run_id=run_id)


@router.get("/matrices/{name}", operation_id="matrix", responses=examples.ok(MATRIX) | problem_responses(404))
def matrix(ctx: Asked, name: Name, run_id: RunQuery = None) -> MatrixView:
    """A matrix: its named cells, and every combination of its dimensions' parts, empty ones too."""
    return matrices.matrix(ctx, name, run_id=run_id)
