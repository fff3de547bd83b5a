"""The facts that insights read: the same lines with the same promotion as the functions of frames make."""

from __future__ import annotations

from datetime import date
from typing import Any

from tierwise.app.context import Context
from tierwise.app.insights.facts import open_facts
from tierwise.app.reading import reading
from tierwise.metrics.frame import Frame, rows_of
from tierwise.metrics.item_days import bought_items


def test_lines_are_promoted_as_functions_of_frames_have_it(retailer: Context) -> None:
    columns = ("customer_key", "order_id", "product_id", "ordered_day", "quantity", "promoted")

    def told(lines: Frame) -> list[tuple[Any, ...]]:
        return sorted(rows_of(lines.select(*columns)), key=repr)

    with reading(retailer) as reader:
        facts = open_facts(reader, date(2026, 6, 30), {})
        ours = [row for row in told(facts.frame("bought_lines")) if row[0] is not None]
        theirs = told(bought_items(facts.frame("orders"), facts.frame("order_lines")))
        beside = facts.connection.execute(
            "SELECT count(*) FROM bought_lines b JOIN orders o USING (order_id) WHERE o.discount_minor > 0 "
            "AND NOT b.promoted"
        ).fetchone()
    assert ours == theirs
    assert {row[-1] for row in ours} == {True, False}
    assert beside is not None
    assert beside[0] > 0  # full price, beside a line that was lowered
