"""Which insights are measured, by what parameters, and which facts each of them reads.

Read by the process that measures, which must stay small: nothing of the product is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Read = Literal["lines", "orders", "interactions", "profile"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. reads: the largest of the facts it looks at, which the plain GROUP BY beside it reads as well.

    parameters: those without which it would have nothing to do on these data, or too much for anybody to read.
    per_line: parameters that grow with the data, for one line.
    """

    reads: Read
    parameters: dict[str, Any] = field(default_factory=dict)
    per_line: dict[str, float] = field(default_factory=dict)

    def given(self, lines: int) -> dict[str, Any]:
        """All parameters, for so many lines."""
        return self.parameters | {name: max(1, int(each * lines)) for name, each in self.per_line.items()}


ASKED: dict[str, Asked] = {
    "pairs": Asked("lines", {"min_support": 0.0001}),
    "paths": Asked("lines", {"by": "category"}),
    "next_products": Asked("lines"),
    "common_paths": Asked("lines", per_line={"min_customers": 0.002}),
    "first_purchases": Asked("lines"),
    "replenishment": Asked("lines"),
    "due": Asked("lines"),
    "due_backtest": Asked("lines"),
    "increment": Asked("lines"),
    "ladder": Asked("lines"),
    "abnormal": Asked("lines"),
    "habits": Asked("orders"),
    "promotion": Asked("orders"),
    "cohorts": Asked("orders"),
    "clv": Asked("orders"),
    "sources": Asked("orders"),
    "idle": Asked("orders", {"level": "member_level"}),
    "interactions": Asked("interactions"),
    "funnel": Asked("orders"),
    "funnel_stops": Asked("orders"),
    "wallet": Asked("profile"),
    "panorama": Asked("profile"),
}
"""Insight -> how it is asked; what is not set is the default."""

GROUP_BY: dict[Read, str] = {
    "lines": "SELECT customer_key, count(*), sum(l.amount_minor)::BIGINT, min(ordered_day), max(ordered_day) "
    "FROM order_lines l JOIN orders USING (order_id) GROUP BY customer_key",
    "orders": "SELECT customer_key, count(*), sum(gross_minor - discount_minor - coupon_minor)::BIGINT, "
    "min(ordered_day), max(ordered_day) FROM orders GROUP BY customer_key",
    "interactions": "SELECT customer_key, count(*), sum(duration_seconds)::BIGINT, min(occurred_day), "
    "max(occurred_day) FROM interactions GROUP BY customer_key",
    "profile": "SELECT rfm_cell, count(*), sum(monetary_amount_minor)::BIGINT FROM profile GROUP BY rfm_cell",
}
"""Facts -> one plain GROUP BY over them, kept as a table: what reading them and grouping once takes."""


def measured_name(insight: str) -> str:
    """What a report calls it."""
    return f"insight {insight}"


def plain_name(reads: Read) -> str:
    """What a report calls the GROUP BY over these facts."""
    return f"GROUP BY of {reads}"
