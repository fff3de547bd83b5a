"""Erlang C against published tables and a plain sum."""

from __future__ import annotations

import doctest
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tierwise as tw
from tierwise.kernel.errors import TierwiseError
from tierwise.stats import erlang


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(erlang).failed == 0


@pytest.mark.parametrize(
    ("calls", "handling", "agents", "target", "waits", "mean", "level"),
    [(360, 240, 55, 15, 0.2387, 8.18, 0.8459), (100, 180, 14, 20, 0.1741, 7.84, 0.8884)],
)
def test_published_half_hours(
    calls: int, handling: int, agents: int, target: int, waits: float, mean: float, level: float
) -> None:
    found = tw.stats.erlang_c(calls, handling, agents, interval_seconds=1800, target_seconds=target)
    assert found.waiting_probability is not None
    assert found.mean_wait_seconds is not None
    assert found.service_level is not None
    assert round(found.waiting_probability, 4) == waits
    assert round(found.mean_wait_seconds, 2) == mean
    assert round(found.service_level, 4) == pytest.approx(level, abs=5.1e-5)


@given(st.floats(0.01, 40), st.integers(1, 60))
def test_equals_the_plain_sum(load: float, agents: int) -> None:
    found = tw.stats.erlang_c(load, 1, agents, interval_seconds=1, target_seconds=0.5)
    if load >= agents:
        assert (found.reason, found.waiting_probability, found.service_level) == ("overloaded", None, None)
        return
    top = load**agents / factorial(agents) * agents / (agents - load)
    waits = top / (sum(load**n / factorial(n) for n in range(agents)) + top)
    assert found.waiting_probability == pytest.approx(waits, rel=1e-9)
    assert found.service_level == pytest.approx(1 - waits * exp(-(agents - load) * 0.5), rel=1e-9)


def test_no_calls_wait_for_nobody() -> None:
    found = tw.stats.erlang_c(0, 180, 1)
    assert (found.waiting_probability, found.service_level, found.occupancy) == (0, 1, 0)


def test_large_centres_do_not_overflow() -> None:
    found = tw.stats.erlang_c(100_000, 180, 10_100)
    assert found.service_level is not None
    assert 0.7 < found.service_level < 1


def test_the_fewest_agents() -> None:
    found = tw.stats.agents_needed(360, 240, 0.84, target_seconds=15)
    assert found.agents == 55
    fewer = tw.stats.erlang_c(360, 240, 54, target_seconds=15)
    assert fewer.service_level is not None
    assert fewer.service_level < 0.84


@pytest.mark.parametrize("given", [(-1, 180, 5), (10, 0, 5), (10, 180, 0), (10, 180, 2.5), (float("nan"), 180, 5)])
def test_what_cannot_be_is_refused(given: tuple[float, float, int]) -> None:
    with pytest.raises(TierwiseError) as caught:
        tw.stats.erlang_c(*given)
    assert caught.value.code == "bad_value"
    with pytest.raises(TierwiseError):
        tw.stats.agents_needed(10, 180, 1.0)
