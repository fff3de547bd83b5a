"""Levels and matrices as the terminal shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tierwise.api.routes.levels import LEVEL, MATRIX, NEAR_MISSES
from tierwise.cli.levels import print_level, print_matrix, print_near_misses
from tierwise.cli.main import app
from tierwise.kernel.errors import TierwiseError


def test_a_ladder_its_headroom_and_its_scorecard(capsys: pytest.CaptureFixture[str]) -> None:
    print_level(LEVEL)
    said = capsys.readouterr().out
    assert "客户分级 Customer level · 2026-06-30 · CNY" in said
    assert "核心 Core" in said
    assert "12 customers are not graded" in said
    assert "weights by pairwise judgements, consistency ratio 0.000" in said
    needs = next(line for line in said.splitlines() if "recency_days" in line and "-24.50" in line)
    assert needs.split()[:4] == ["ordinary", "recency_days", "31", "168"]


def test_near_misses_with_what_would_close_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_near_misses(NEAR_MISSES)
    said = capsys.readouterr().out
    assert "monetary_amount ≥ 1305.50 CNY (now 1210.00)" in said
    assert "recency_days" not in said, "what cannot close it is not offered"
    assert "1 of 11" in said
    hopeless = replace(NEAR_MISSES.rows[0], closings=NEAR_MISSES.rows[0].closings[1:])
    print_near_misses(replace(NEAR_MISSES, rows=(hopeless,)))
    assert "no indicator alone would" in capsys.readouterr().out


def test_a_matrix_with_where_its_parts_begin(capsys: pytest.CaptureFixture[str]) -> None:
    print_matrix(MATRIX)
    said = capsys.readouterr().out
    assert "pay (monetary_amount, CNY): high ≥ 860.01 · low: the rest" in said
    assert "tier (customer_level): top: core · rest: the rest" in said
    assert "In no cell: not_in_population: 12." in said


@pytest.mark.parametrize("words", [["show", "level"], ["show", "matrix"], ["levels", "near-miss"]])
def test_the_commands_are_where_people_look(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app([*words, "--help"], standalone_mode=False) == 0
    assert "{name}" in capsys.readouterr().out


def test_what_is_no_number_of_points_is_refused() -> None:
    from tierwise.cli.levels import _points

    with pytest.raises(TierwiseError, match='"few" is no number'):
        _points("few")
