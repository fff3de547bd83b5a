from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.definitions.deciles import Deciles, Groups
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.deciles import (
    PartTable,
    concentration_curve,
    decile_parts,
    decile_sentence,
    decile_table,
    metric_column,
    top_share,
)
from tierwise.metrics.distribution import Distribution
from tierwise.metrics.frame import Frame


def spenders(frame: MakeFrame, money: list[int | None]) -> Frame:
    ids = [f"c{number}" for number in range(len(money))]
    return frame(pa.table({"customer_id": ids, "monetary_amount_minor": pa.array(money, pa.int64())}))


def table(frame: MakeFrame, money: list[int | None], **fields: Any) -> PartTable:
    definition = Deciles(**fields)
    return decile_table(decile_parts(spenders(frame, money), definition), definition)


@pytest.mark.parametrize("customers", [1, 4, 9, 10, 11, 23, 100])
@pytest.mark.parametrize("parts", [2, 10])
def test_parts_are_sql_ntile(
    connection: duckdb.DuckDBPyConnection, frame: MakeFrame, customers: int, parts: int
) -> None:
    money: list[int | None] = [int(value) for value in np.random.default_rng(customers).integers(-5, 20, customers)]
    found = by_key(decile_parts(spenders(frame, money), Deciles(parts=parts)), "customer_id")
    sql = f"SELECT customer_id, ntile({parts}) OVER (ORDER BY monetary_amount_minor DESC, customer_id) FROM made_1"
    assert {key: row["spend_decile"] for key, row in found.items()} == dict(connection.execute(sql).fetchall())


def test_ties_are_ordered_by_the_text_of_the_id(frame: MakeFrame) -> None:
    found = by_key(decile_parts(spenders(frame, [7] * 11), Deciles(parts=11)), "customer_id")
    assert sorted(found, key=lambda key: found[key]["spend_decile"]) == sorted(found)


def test_who_has_no_metric_has_no_part(frame: MakeFrame) -> None:
    found = by_key(decile_parts(spenders(frame, [None, 5, None, 9]), Deciles(parts=2)), "customer_id")
    assert [found[f"c{i}"]["spend_decile"] for i in range(4)] == [None, 2, None, 1]
    summary = table(frame, [None, 5, None, 9])
    assert (summary.customers, summary.unranked, summary.total) == (2, 2, 14)


def test_each_part_with_its_figures(frame: MakeFrame) -> None:
    found = table(frame, [50, 30, 10, 10], parts=2)
    first, second = found.parts
    assert (first.part, first.customers, first.total, first.share, first.cumulative_share) == (1, 2, 80, 0.8, 0.8)
    assert (second.per_head, second.lowest, second.highest, second.cumulative_share) == (10.0, 10, 10, 1.0)
    assert (found.is_money, found.column, found.reason) == (True, "monetary_amount_minor", None)


def test_fewer_customers_than_parts_leave_the_last_parts_out(frame: MakeFrame) -> None:
    assert [row.part for row in table(frame, [3, 2, 1]).parts] == [1, 2, 3]


@pytest.mark.parametrize(
    ("money", "reason"), [([], "no_customers"), ([0, 0], "total_not_positive"), ([5, -9], "total_not_positive")]
)
def test_shares_that_cannot_be_told_are_null_with_a_reason(
    frame: MakeFrame, money: list[int | None], reason: str
) -> None:
    found = table(frame, money)
    assert found.reason == reason
    assert all(row.share is None and row.cumulative_share is None for row in found.parts)
    assert decile_sentence(found, "en")
    assert "%" not in decile_sentence(found, "zh")


def test_one_negative_customer_takes_from_the_total(frame: MakeFrame) -> None:
    found = table(frame, [100, 50, -50], parts=3)
    assert [row.share for row in found.parts] == [1.0, 0.5, -0.5]
    assert [row.cumulative_share for row in found.parts] == [1.0, 1.5, 1.0]


def test_groups_by_hand(frame: MakeFrame) -> None:
    groups = table(frame, list(range(100, 0, -10)), groups=Groups(by_hand=(1, 3, 10))).groups
    assert [(g.group, g.first_part, g.last_part, g.customers, g.total) for g in groups] == [
        ("G1", 1, 1, 1, 100),
        ("G2", 2, 3, 2, 170),
        ("G3", 4, 10, 7, 280),
    ]
    assert groups[-1].cumulative_share == 1.0


def test_groups_at_the_largest_gaps(frame: MakeFrame) -> None:
    money: list[int | None] = [1000, 990, 500, 490, 480, 20, 19, 18, 17, 16]
    groups = table(frame, money, groups=Groups(largest_gaps=3)).groups
    assert [(g.first_part, g.last_part) for g in groups] == [(1, 2), (3, 5), (6, 10)]


def test_equal_gaps_are_cut_from_the_top(frame: MakeFrame) -> None:
    groups = table(frame, [40, 30, 20, 10], parts=4, groups=Groups(largest_gaps=2)).groups
    assert [(g.first_part, g.last_part) for g in groups] == [(1, 1), (2, 4)]


def test_the_sentence_in_two_languages(frame: MakeFrame) -> None:
    found = table(frame, [50, 20, 13, 5, 4, 3, 2, 1, 1, 1])
    assert decile_sentence(found, "zh", noun="净消费额") == "前 30% 的客户贡献了 83% 的净消费额。"
    assert decile_sentence(found, "en", noun="net sales") == "The top 30% of customers bring 83% of net sales."
    assert decile_sentence(found, "en", parts=1) == "The top 10% of customers bring 50% of the total."


def test_any_column_of_numbers_can_be_ranked(frame: MakeFrame) -> None:
    ranked = frame(customer_id=["a", "b"], mean_interval_days=[3.5, 10.25])
    definition = Deciles(metric="mean_interval_days", parts=2, name="slow")
    found = decile_table(decile_parts(ranked, definition), definition)
    assert (found.parts[0].total, found.is_money) == (10.25, False)


def test_an_unknown_metric_is_refused_with_the_nearest_name(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match='did you mean "monetary_amount"'):
        metric_column(spenders(frame, [1]), "monetary_ammount")


def whole(values: list[int]) -> Distribution:
    return Distribution(*np.unique(np.array(values), return_counts=True))


@pytest.mark.parametrize(
    ("top", "customers", "total"), [(0.1, 1, 50), (0.15, 2, 70), (0.2, 2, 70), (1, 10, 100), (0.01, 1, 50)]
)
def test_what_the_top_brings(top: float, customers: int, total: int) -> None:
    found = top_share(whole([50, 20, 13, 5, 4, 3, 2, 1, 1, 1]), top)
    assert (found.customers, found.total, found.share) == (customers, total, total / 100)


@pytest.mark.parametrize("top", [0, -0.5, 1.01])
def test_a_fraction_lies_above_0_up_to_1(top: float) -> None:
    with pytest.raises(TierwiseError, match="the top"):
        top_share(whole([1]), top)


def test_the_curve_rises_to_one() -> None:
    curve = concentration_curve(whole([50, 20, 13, 5, 4, 3, 2, 1, 1, 1]), 10)
    assert [point.share for point in curve] == [0.5, 0.7, 0.83, 0.88, 0.92, 0.95, 0.97, 0.98, 0.99, 1.0]
    assert concentration_curve(whole([]), 10) == ()
