"""Insights as the terminal shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tierwise.api.routes.insights import INSIGHT, INSIGHTS
from tierwise.app.insights.insight_views import ColumnView
from tierwise.app.views import Label
from tierwise.cli.insight import print_catalogue, print_insight, print_parameters


def test_figures_rows_with_bars_and_notes(capsys: pytest.CaptureFixture[str]) -> None:
    print_insight(INSIGHT)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "忠诚阶梯 Loyalty ladder · 2026-06-30 · CNY"
    assert "流失人数最多的一次 most stop after purchase 1" in said
    rows = [line.split() for line in said]
    assert ["purchase", "customers", "stop", "net", "(CNY)", "days", "since", "last"] in rows
    one, two = (row for row in rows if row[:2] in (["1", "1,832"], ["2", "1,500"]))
    assert one[:6] == ["1", "1,832", "26.1", "%", "283.02", "–"]
    assert two[:7] == ["2", "1,500", "19.0", "%", "250.61", "32", "████████████████▍"]
    assert "2 of 10 rows; --limit for more, --to FILE for all" in said
    assert said[-2:] == ["· 180 天内没有再买算停下", "  stopped: no purchase within 180 days"]


def test_codes_small_probabilities_and_details(capsys: pytest.CaptureFixture[str]) -> None:
    columns = (
        ColumnView("class", Label("类别", "class"), "text", {"only": Label("只在促销买", "only")}),
        ColumnView("p", Label("p", "p"), "p_value"),
        ColumnView("lift", Label("提升度", "lift"), "number", detail=True),
    )
    view = replace(INSIGHT, columns=columns, rows=(("only", 0.0001, 2.346), (None, 0.25, None)), of=2, bar=None)
    print_insight(view)
    said = capsys.readouterr().out
    assert "只在促销买 only  <0.001" in said
    assert "0.250" in said
    assert "lift" not in said
    print_insight(view, wide=True)
    assert "2.35" in capsys.readouterr().out


def test_the_catalogue_and_what_may_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = INSIGHTS.insights
    print_catalogue((one, replace(one, name="pairs", missing=("orders", "order_lines"))))
    said = capsys.readouterr().out
    assert "After which purchase do people stop?" in said
    assert "pairs: import orders, order_lines first" in said
    assert "ladder: import" not in said
    print_parameters(one)
    said = capsys.readouterr().out
    assert ["within_days", "180", "1", "…", "3,650"] in [line.split()[:5] for line in said.splitlines()]
    print_parameters(replace(one, parameters=()))
    assert "nothing may be set" in capsys.readouterr().out
