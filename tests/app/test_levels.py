"""Levels and matrices as the doors show them, over a snapshot of which every number is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest
from sqlalchemy import create_engine

from tierwise.app import levels, matrices
from tierwise.app.context import Context
from tierwise.app.defining import gather
from tierwise.app.principal import Principal
from tierwise.app.reading import Reader
from tierwise.app.views import Label
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.level import level_scales, with_levels
from tierwise.metrics.matrix import matrix_scales, with_matrix
from tierwise.metrics.rules import RuleColumn
from tierwise.state.runs import Run

LEVEL = Level.model_validate(
    {
        "name": "customer_level",
        "title": {"zh": "客户分级", "en": "Customer level"},
        "owner": "crm",
        "population": {"attribute": "frequency_count", "op": ">=", "value": 1},
        "scorecard": {
            "indicators": [
                {"attribute": "monetary_amount", "normalise": "min_max", "low": 0, "high": 1000, "weight": "0.6"},
                {"attribute": "recency_days", "normalise": "min_max", "low": 0, "high": 100, "direction": "lower",
                 "weight": "0.3"},
                {"attribute": "trait.房产", "name": "home", "normalise": "bands", "weight": "0.1",
                 "bands": [{"values": ["有"], "points": 100}, {"points": 0}]},
            ]
        },
        "levels": [
            {"name": "core", "title": {"zh": "核心"}, "at_least": 75, "benefits": {"zh": "专线"}, "owner": "vip desk"},
            {"name": "important", "title": {"zh": "重要"}, "at_least": 50, "strategy": {"zh": "升级礼"}},
            {"name": "patch", "title": {"zh": "补丁"}},
        ],
    }
)  # fmt: skip
MATRIX = Matrix.model_validate(
    {
        "name": "spend_by_orders",
        "dimensions": [
            {"attribute": "monetary_amount", "name": "spend",
             "parts": [{"name": "high", "from": 500}, {"name": "low"}]},
            {"attribute": "customer_level", "name": "tier",
             "parts": [{"name": "top", "values": ["core"]}, {"name": "others"}], "missing": "others"},
        ],
        "cells": [{"name": "best", "at": ["high", "top"], "strategy": {"zh": "专属"}, "owner": "vip desk"}],
        "otherwise": {"name": "rest"},
    }
)  # fmt: skip

ROWS = [
    # customer_id, orders, spend in fen, recency, home; 0.6 x spend / 10 + 0.3 x (100 - recency) + 10 for a home
    ("a", 5, 100_000, 0, "有"),  # 60 + 30 + 10 = 100
    ("b", 3, 70_000, 10, "有"),  # 42 + 27 + 10 = 79
    ("c", 3, 80_000, 20, None),  # 48 + 24 + 0 = 72, lacks 3
    ("d", 2, 50_000, 50, "无"),  # 30 + 15 + 0 = 45, lacks 5
    ("e", 1, 5_000, 100, None),  # 3 + 0 + 0 = 3, lacks 47
    ("f", 0, 0, None, None),  # no order
]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = duckdb.connect()
    columns = list(zip(*ROWS, strict=True))
    opened.register(
        "arrow_rows",
        pa.table(
            {
                "customer_key": pa.array(range(len(ROWS)), pa.int64()),
                "customer_id": pa.array(columns[0]),
                "frequency_count": pa.array(columns[1], pa.int64()),
                "monetary_amount_minor": pa.array(columns[2], pa.int64()),
                "recency_days": pa.array(columns[3], pa.int64()),
                "trait_1": pa.array(columns[4]),
            }
        ),
    )
    profile: Frame = nw.from_native(opened.sql("SELECT * FROM arrow_rows"))
    schema = {"trait.房产": RuleColumn("trait_1", "text")}
    leveled = with_levels(profile, LEVEL, level_scales(profile, LEVEL, schema=schema), schema=schema)
    placed: Any = nw.to_native(with_matrix(leveled, MATRIX, matrix_scales(leveled, MATRIX)))
    placed.create("profile")
    yield opened
    opened.close()


@pytest.fixture
def ctx(connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    context = Context(tmp_path, Principal("test", "administrator"), create_engine("sqlite://"), Lake(tmp_path / "lake"))
    at = datetime(2026, 7, 1, tzinfo=UTC)
    run = Run(7, date(2026, 6, 30), "done", True, None, at, at, {}, {}, {}, {}, {}, None, None, None, None)
    definitions = gather([LEVEL, MATRIX], {})

    @contextmanager
    def reading(asked: Context, run_id: int | None = None) -> Iterator[Reader]:
        yield Reader(asked, run, definitions, connection, {"trait_1": "房产"})

    monkeypatch.setattr(levels, "reading", reading)
    monkeypatch.setattr(matrices, "reading", reading)
    return context


def test_a_ladder_with_its_scorecard_and_headroom(ctx: Context) -> None:
    view = levels.level(ctx, "customer_level")
    assert (view.title, view.weights, view.cut, view.customers, view.outside) == (
        Label("客户分级", "Customer level"), "set", "score", 5, 1
    )  # fmt: skip
    assert [(row.name, row.customers, row.at_least, row.mean_score) for row in view.rows] == [
        ("core", 2, 75.0, 89.5),
        ("important", 1, 50.0, 72.0),
        ("patch", 2, None, 24.0),
    ]
    core, important, patch = view.rows
    assert (core.owner, core.benefits, core.mean_points_to_next, core.needs) == (
        "vip desk", Label("专线", "专线"), None, ()
    )  # fmt: skip
    assert (important.owner, important.strategy) == ("crm", Label("升级礼", "升级礼"))
    assert (important.mean_points_to_next, important.near, important.beyond) == (3.0, 1, 0)
    assert {need.indicator: (need.customers, need.mean_change) for need in important.needs} == {
        "monetary_amount": (1, 49.95),  # 849.95 of 1,000 are 85.00 points, rounded half up
        "recency_days": (1, -10.0),
        "home": (1, None),
    }
    assert (patch.mean_points_to_next, patch.near, patch.beyond) == (26.0, 1, 0)
    assert sum(row.share or 0 for row in view.rows) == 1
    assert core.monetary_amount == Decimal("1700.00")
    assert [(each.name, each.weight, each.highest) for each in view.indicators] == [
        ("monetary_amount", 0.6, 60.0), ("recency_days", 0.3, 30.0), ("home", 0.1, 10.0)
    ]  # fmt: skip
    assert view.indicators[0].unit == "CNY"


def test_the_nearest_first_and_what_would_close_it(ctx: Context) -> None:
    view = levels.near_miss(ctx, "customer_level")
    assert [(row.customer_id, row.level, row.next_level, row.score, row.points_to_next) for row in view.rows] == [
        ("c", "important", "core", 72.0, 3.0),
        ("d", "patch", "important", 45.0, 5.0),
    ]
    assert (view.of, view.within) == (2, Decimal(5))
    spend, recency, home = view.rows[0].closings
    assert (spend.now, spend.how, spend.needed, spend.unit) == (Decimal("800.00"), "at_least", Decimal("849.95"), "CNY")
    assert (recency.now, recency.how, recency.needed) == (20, "at_most", 10)
    assert (home.now, home.how, home.needed) == (None, "one_of", ("有",))
    assert [each.how for each in view.rows[1].closings] == ["at_least", "at_most", "one_of"]
    assert [row.customer_id for row in levels.near_miss(ctx, "customer_level", within=Decimal("4.99")).rows] == ["c"]
    few = levels.near_miss(ctx, "customer_level", limit=1)
    assert (len(few.rows), few.of) == (1, 2)


def test_the_value_told_would_do(ctx: Context, connection: duckdb.DuckDBPyConnection) -> None:
    """The rows again, each changed as told, graded by the same scales."""
    from tierwise.app.levels import schema_of

    for row in levels.near_miss(ctx, "customer_level", within=Decimal(100)).rows:
        for closing in row.closings:
            if closing.how is None:
                continue
            column = {"monetary_amount": "monetary_amount_minor", "recency_days": "recency_days", "home": "trait_1"}
            value = closing.needed[0] if isinstance(closing.needed, tuple) else closing.needed
            inside = int(Decimal(str(value)) * 100) if closing.indicator == "monetary_amount" else value
            changed: Frame = nw.from_native(
                connection.sql(
                    "SELECT * EXCLUDE (customer_level, customer_level_score, customer_level_points_to_next, "
                    "customer_level_reason, customer_level_monetary_amount_points, customer_level_recency_days_points, "
                    f"customer_level_home_points) REPLACE ($value AS {column[closing.indicator]}) FROM profile "
                    "WHERE customer_id = $id",
                    params={"value": inside, "id": row.customer_id},
                )
            )
            with levels.reading(ctx) as reader:
                schema = schema_of(reader, changed)
            graded = with_levels(changed, LEVEL, level_scales(changed, LEVEL, schema=schema), schema=schema)
            ((name,),) = nw.to_native(graded.select("customer_level")).fetchall()  # type: ignore[attr-defined]
            assert name == row.next_level, (row.customer_id, closing)


def test_a_matrix_with_every_combination(ctx: Context) -> None:
    view = matrices.matrix(ctx, "spend_by_orders")
    assert [(row.parts, row.cell, row.customers) for row in view.rows] == [
        (("high", "top"), "best", 2),
        (("high", "others"), "rest", 2),
        (("low", "top"), "rest", 0),
        (("low", "others"), "rest", 2),
    ]
    assert [(cell.name, cell.customers, cell.monetary_amount) for cell in view.cells] == [
        ("best", 2, Decimal("1700.00")),
        ("rest", 4, Decimal("1350.00")),
    ]
    assert (view.customers, view.outside) == (6, {})
    assert [part.at_least for part in view.dimensions[0].parts] == [Decimal(500), None]
    assert view.dimensions[1].parts[0].values == ("core",)
    assert view.dimensions[1].title == Label("客户分级", "Customer level")


def test_who_may_see_whom(ctx: Context) -> None:
    reader = replace(ctx, principal=Principal("somebody", "reader"))
    assert levels.level(reader, "customer_level").customers == 5
    with pytest.raises(TierwiseError, match="does not include") as raised:
        levels.near_miss(reader, "customer_level")
    assert raised.value.code == "not_allowed"


def test_unknown_names_and_distances(ctx: Context) -> None:
    with pytest.raises(TierwiseError, match='did you mean "customer_level"'):
        levels.level(ctx, "costumer_level")
    with pytest.raises(TierwiseError, match='unknown matrix "x"'):
        matrices.matrix(ctx, "x")
    for within in (Decimal(0), Decimal("-1"), Decimal("Infinity")):
        with pytest.raises(TierwiseError, match="above 0"):
            levels.level(ctx, "customer_level", within=within)


def test_every_column_has_a_title_and_points_their_unit(ctx: Context) -> None:
    with levels.reading(ctx) as reader:
        assert reader.label("customer_level_score").zh == "客户分级：得分"
        assert reader.label("customer_level_points_to_next").en == "Customer level: points to the next level"
        assert reader.label("customer_level_home_points").en == "Customer level: points for home"
        assert reader.label("spend_by_orders_tier").en == "spend_by_orders: tier"
        assert (reader.unit("customer_level_home_points"), reader.unit("customer_level")) == ("points", "")
