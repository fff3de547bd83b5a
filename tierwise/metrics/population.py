"""Who is ranked by a metric: those of whom the metric says something."""

from __future__ import annotations

import narwhals as nw

from tierwise.metrics.attributes import CATALOGUE
from tierwise.metrics.frame import Frame, columns_of

COUNTED = "frequency_count"
"""By which a customer with an order is known."""

_OF_BUYERS = ("orders", "orders.cost_minor", "orders.store_id", "refunds", "lines", "products")


def ranked_by(metrics: Frame, metric: str) -> Frame:
    """The customers who are ranked by that metric; others get no part.

    A metric of orders ranks customers with an order: without one, money and counts are 0 by definition and would
    fill the last parts with people who never bought. Any other metric ranks those who have it.
    """
    needs = next((a.needs for a in CATALOGUE if metric == a.name or metric.startswith(f"{a.name}_")), None)
    if needs in _OF_BUYERS and COUNTED in columns_of(metrics):
        return metrics.filter(nw.col(COUNTED) > 0)
    return metrics
