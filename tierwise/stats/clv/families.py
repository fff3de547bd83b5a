"""The three models of how often customers order, by name, each as the same few functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from tierwise.stats.clv import beta_geometric, pareto
from tierwise.stats.clv.histories import Histories
from tierwise.stats.special import Floats


@dataclass(frozen=True, slots=True)
class Family:
    """One model. Arrays have one number a customer; parameters come in the order of `names`.

    in_time: which of the parameters have the unit of the ages; the others have none. curvature: the second derivatives
    of the log-likelihood; where they are null, differences of the gradient serve. alive(params, x, t_x, T), ahead
    (params, x, T, t) and shares (the same) of those alive, new(params, t), staying(params): the probability to be alive
    after the first order.
    """

    kind: str
    names: tuple[str, ...]
    in_time: tuple[bool, ...]
    log_likelihood: Callable[[Floats, Histories], tuple[float, Floats]]
    curvature: Callable[[Floats, Histories], Floats] | None
    alive: Callable[[Floats, Floats, Floats, Floats], Floats]
    ahead: Callable[[Floats, Floats, Floats, Floats], Floats]
    new: Callable[[Floats, Floats], Floats]
    staying: Callable[[Floats], float]
    shares: Callable[[Floats, Floats, Floats, Floats], Iterator[Floats]]

    def starts(self, data: Histories) -> list[Floats]:
        """Where to look for the top from: rates as they are on average, customers very and little different."""
        years = float(data.count @ data.age)
        mean_age = years / data.customers
        rate = max(float(data.count @ data.orders), 0.5) / years
        found = []
        for r, drop, rest in ((1.0, 1.0, 3.0), (0.3, 0.5, 1.0)):
            fourth = rest * mean_age if self.in_time[3] else rest
            found.append(np.array([r, r / rate, drop, fourth]))
        return found


def _beta_geometric(kind: str, first: int) -> Family:
    return Family(
        kind,
        beta_geometric.NAMES,
        (False, True, False, False),
        partial(beta_geometric.log_likelihood, first=first),
        partial(beta_geometric.curvature, first=first),
        partial(beta_geometric.alive, first=first),
        partial(beta_geometric.ahead, first=first),
        partial(beta_geometric.new, first=first),
        partial(beta_geometric.staying, first=first),
        partial(beta_geometric.shares, first=first),
    )


FAMILIES: Mapping[str, Family] = {
    family.kind: family
    for family in (
        _beta_geometric("bg_nbd", 0),
        _beta_geometric("mbg_nbd", 1),
        Family(
            "pareto_nbd",
            pareto.NAMES,
            (False, True, False, True),
            pareto.log_likelihood,
            None,
            pareto.alive,
            pareto.ahead,
            pareto.new,
            lambda _: 1.0,
            pareto.shares,
        ),
    )
}
