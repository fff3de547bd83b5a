from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key, rows_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import columns_of, full_join, quotient, require_columns, rounded_quotient


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(-(10**14), 10**14), st.integers(1, 10**6)), min_size=1, max_size=40))
def test_a_rounded_quotient_is_half_away_from_zero(frame: MakeFrame, pairs: list[tuple[int, int]]) -> None:
    table = frame(row=list(range(len(pairs))), a=[pair[0] for pair in pairs], b=[pair[1] for pair in pairs])
    found = rows_of(table.select("row", rounded_quotient(nw.col("a"), nw.col("b")).alias("q")), "row")
    assert [row["q"] for row in found] == [
        int((Decimal(a) / b).quantize(Decimal(1), rounding=ROUND_HALF_UP)) for a, b in pairs
    ]


@pytest.mark.parametrize(("above", "whole"), [(5, 3), (-5, -3), (4, 2), (1, 1), (-1, -1), (0, 0)])
def test_halves_of_two(frame: MakeFrame, above: int, whole: int) -> None:
    table = frame(a=[above], b=[2]).select(rounded_quotient(nw.col("a"), nw.col("b")).alias("q"))
    assert rows_of(table, "q") == [{"q": whole}]


@pytest.mark.parametrize("below", [0, -3, None])
def test_a_share_of_nothing_cannot_be_told(frame: MakeFrame, below: int | None) -> None:
    table = frame(pa.table({"a": [1], "b": pa.array([below], pa.int64())}))
    both = table.select(
        quotient(nw.col("a"), nw.col("b")).alias("q"), rounded_quotient(nw.col("a"), nw.col("b")).alias("r")
    )
    assert rows_of(both, "q") == [{"q": None, "r": None}]


def test_a_full_join_has_each_key_once(frame: MakeFrame) -> None:
    joined = full_join(frame(k=[1, 2], a=[10, 20]), frame(k=[2, 3], b=[200, 300]), "k")
    assert columns_of(joined) == ("k", "a", "b")
    assert by_key(joined, "k") == {
        1: {"k": 1, "a": 10, "b": None},
        2: {"k": 2, "a": 20, "b": 200},
        3: {"k": 3, "a": None, "b": 300},
    }


def test_missing_columns_are_named_at_once(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as raised:
        require_columns(frame(abc=[1]), ("abd", "zzz"), "orders")
    assert [(problem.place, problem.remedy) for problem in raised.value.problems] == [
        ("abd", 'did you mean "abc"?'),
        ("zzz", "there are: abc"),
    ]
