"""Learnt models of customer lifetime value, and what they say of customers: `tierwise.clv.fit` gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw
import numpy as np

from tierwise.engine.frames import ask
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, require_columns
from tierwise.stats.clv import gamma_gamma, prediction
from tierwise.stats.clv.calibration import HeldGroup, RepeatCount, TrackedPeriod, held_out, repeat_counts, tracked
from tierwise.stats.clv.families import FAMILIES, Family
from tierwise.stats.clv.fitting import Fit
from tierwise.stats.clv.fitting import profile_interval as profile_of
from tierwise.stats.clv.histories import Histories, histories
from tierwise.stats.clv.prediction import Rows, Total, checked_horizon, rows_of
from tierwise.stats.special import Floats

Whole = np.ndarray[tuple[int], np.dtype[np.int64]]

HISTORY = ("repeat_orders", "age_at_last_order", "age")
SPENDING = ("repeat_orders", "mean_order_value")


@dataclass(frozen=True, slots=True, eq=False)
class OrderModel:
    """How often customers order, as learnt from their histories.

    kind: bg_nbd, mbg_nbd, pareto_nbd. problems: why the data bear the model badly; look at them before any figure.
    Ages and horizons have the unit of the frame that it was learnt from. `frame=None` means the rows that it was
    learnt from, in their order; else a frame with the same three columns.
    """

    kind: str
    learnt: Fit
    _data: Histories = field(repr=False)
    _columns: tuple[Floats, Floats, Floats] = field(repr=False)

    @property
    def params(self) -> dict[str, float]:
        """By the paper's names: r, alpha, a, b; or r, alpha, s, beta."""
        return dict(zip(self.learnt.names, self.learnt.params.tolist(), strict=True))

    @property
    def log_likelihood(self) -> float:
        """At the parameters; constants that the papers leave out are left out."""
        return self.learnt.log_likelihood

    @property
    def customers(self) -> int:
        return self.learnt.customers

    @property
    def repeat_buyers(self) -> int:
        return self.learnt.repeat_buyers

    @property
    def problems(self) -> tuple[Problem, ...]:
        """`not_converged`, `at_border`, `not_identified`, `few_repeat_buyers`, `poor_fit`; empty where nothing is."""
        return self.learnt.problems

    def expected_orders(self, t: float, frame: Any = None) -> Floats:
        """The orders expected of each customer within t from now, given the customer's history."""
        rows = self._of(frame)
        return prediction.expected_orders(self._family, self.learnt.params, rows, self._horizon(t, rows))

    def expected_orders_new(self, t: float) -> float:
        """The repeat orders expected of a customer within t after the first order."""
        far = np.array([checked_horizon(t, float(self._data.age.max()))])
        return float(self._family.new(self.learnt.params, far)[0])

    def probability_alive(self, frame: Any = None) -> Floats:
        """The probability that each customer will still order."""
        return prediction.probability_alive(self._family, self.learnt.params, self._of(frame))

    def order_distribution(self, t: float, most: int, frame: Any = None) -> Floats:
        """P(Y = 0) … P(Y = most) orders within t: one row per customer, one column per number."""
        rows = self._of(frame)
        shares = prediction.order_shares(self._family, self.learnt.params, rows, self._horizon(t, rows))
        return np.stack([share for share, _ in zip(shares, range(most + 1), strict=False)], axis=1)

    def prediction_interval(self, t: float, frame: Any = None, *, level: float = 0.95) -> tuple[Whole, Whole]:
        """The least and the most orders of each customer within t, at the level at least; the parameters as learnt."""
        rows = self._of(frame)
        far = self._horizon(t, rows)
        return prediction.prediction_interval(self._family, self.learnt.params, rows, far, level)

    def expected_total(self, t: float, frame: Any = None, *, level: float = 0.95) -> Total:
        """The orders of all customers together within t, with a prediction interval that knows both chances: that of
        each customer's orders, and that the parameters are not quite as learnt."""
        rows = self._of(frame)
        return prediction.expected_total(self._family, self.learnt, rows, self._horizon(t, rows), level)

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float] | None]:
        """Of each parameter, from the observed information of its logarithm; null where the likelihood is flat."""
        return self.learnt.intervals(level)

    def profile_interval(self, name: str, level: float = 0.95) -> tuple[float | None, float | None]:
        """Of one parameter, by the likelihood ratio; an end is null where the data set no bound. Raises
        `unknown_parameter`."""
        if name not in self.learnt.names:
            raise TierwiseError.of([unknown_name("parameter", name, self.learnt.names)])
        return profile_of(self._family, self._data, self.learnt, name, level)

    def lifetime_value(
        self,
        spending: SpendingModel,
        frame: Any = None,
        *,
        horizon: float,
        discount_rate: float,
        margin: float = 1.0,
        step: float = 1.0,
    ) -> Floats:
        """What the orders of each customer within the horizon are worth today, in the unit of mean_order_value.

        Expected orders of each step × expected value × margin, discounted from the step's end at discount_rate per unit
        of age. frame: with `mean_order_value` besides; None where both models were learnt from the same rows. nan where
        the value cannot be told. Raises `bad_value`, `different_rows`.
        """
        rows = self._of(frame)
        far = self._horizon(horizon, rows)
        if not (step > 0 and np.isfinite(step) and discount_rate > -1 and np.isfinite(margin)):
            raise TierwiseError("bad_value", "step must be above 0, discount_rate above -1, and margin finite")
        value = spending.expected_value(frame)
        if len(value) != len(rows.orders):
            raise TierwiseError(
                "different_rows",
                f"orders of {len(rows.orders):,} customers and values of {len(value):,}",
                remedy="give one frame with all four columns",
            )
        return prediction.lifetime_value(
            self._family, self.learnt.params, rows, value,
            horizon=far, step=step, discount_rate=discount_rate, margin=margin,
        )  # fmt: skip

    def calibration(self, most: int = 7) -> tuple[RepeatCount, ...]:
        """Customers by their repeat orders, as they were and as the model has it; the last row is `most` and above."""
        return repeat_counts(self._family, self.learnt.params, self._data, most)

    def holdout(self, t: float, frame: Any, *, most: int = 7) -> tuple[HeldGroup, ...]:
        """Orders within t after the models' date, as they came and as they were foreseen, by repeat orders before.

        frame: the three columns and `holdout_orders` (`summary` with `holdout_until`).
        """
        x, last, age, held = numbers_of(frame, (*HISTORY, "holdout_orders"))
        histories(x, last, age)
        rows = rows_of(x, last, age)
        foreseen = prediction.expected_orders(self._family, self.learnt.params, rows, self._horizon(t, rows))
        return held_out(x, held, foreseen, most)

    def tracking(self, until: float, step: float = 1.0) -> tuple[TrackedPeriod, ...]:
        """Repeat orders of all customers that the model expects, by period from the first customer's first order on,
        and cumulated: the line to hold against what came, beyond the models' date too."""
        checked_horizon(until, float(self._data.age.max()))
        return tracked(self._family, self.learnt.params, self._data, until, step)

    @property
    def _family(self) -> Family:
        return FAMILIES[self.kind]

    def _of(self, frame: Any) -> Rows:
        if frame is None:
            return rows_of(*self._columns)
        x, last, age = numbers_of(frame, HISTORY)
        histories(x, last, age)
        return rows_of(x, last, age)

    def _horizon(self, t: float, rows: Rows) -> float:
        watched = max(float(self._data.age.max()), float(rows.age.max()) if len(rows.age) else 0.0)
        return checked_horizon(t, watched)


@dataclass(frozen=True, slots=True, eq=False)
class SpendingModel:
    """What an order of each customer is worth on average, as learnt from repeat orders (Gamma-Gamma).

    problems: as of `OrderModel`, `no_mean` where the mean of all is not finite, `worth_depends_on_orders`. left_out:
    customers without a repeat order, from whom nothing was learnt; worthless: whose repeat orders are worth nothing, or
    less. correlation: of x and the logarithm of z, which the model takes to be 0; null where there is none to tell.
    """

    learnt: Fit
    left_out: int
    worthless: int
    correlation: float | None
    _orders: Floats = field(repr=False)
    _mean: Floats = field(repr=False)

    kind: str = "gamma_gamma"

    @property
    def params(self) -> dict[str, float]:
        """By the paper's names: p, q, v."""
        return dict(zip(self.learnt.names, self.learnt.params.tolist(), strict=True))

    @property
    def log_likelihood(self) -> float:
        return self.learnt.log_likelihood

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.learnt.problems

    @property
    def population_mean(self) -> float | None:
        """The mean worth of an order over all customers, p v / (q - 1); null where q is not above 1."""
        p, q, v = self.learnt.params.tolist()
        return p * v / (q - 1) if q > 1 else None

    def expected_value(self, frame: Any = None) -> Floats:
        """The mean worth of an order of each customer, E(M | x, z); nan where it cannot be told."""
        orders, mean = (self._orders, self._mean) if frame is None else spending_columns(frame)
        return gamma_gamma.expected(self.learnt.params, orders, mean)

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float] | None]:
        """Of each parameter, from the observed information of its logarithm."""
        return self.learnt.intervals(level)


def spending_columns(frame: Any) -> tuple[Floats, Floats]:
    """What Gamma-Gamma reads: repeat orders and their mean worth. Raises as `numbers_of`."""
    orders, mean = numbers_of(frame, SPENDING)
    return orders, mean


def numbers_of(frame: Any, names: Sequence[str]) -> list[Floats]:
    """The columns as floats in the order of the rows, nan where a value is missing. Raises `missing_column`,
    `not_a_number`, and what `ask` raises."""
    known = nw.from_native(frame, pass_through=True)
    if isinstance(known, nw.DataFrame) and _are_plain(known, names):
        return [np.asarray(known[name].to_numpy(), dtype=np.float64) for name in names]

    def question(given: Mapping[str, Frame], _: Keep) -> list[Floats]:
        rows = given["frame"]
        require_columns(rows, names, "the frame's rows")
        schema = rows.collect_schema()
        if wrong := [name for name in names if not schema[name].is_numeric()]:
            problems = [Problem("not_a_number", f'"{name}" is {schema[name]}, not a number', name) for name in wrong]
            raise TierwiseError.of(problems)
        found = rows.select(*(nw.col(name).cast(nw.Float64) for name in names)).collect(backend="pyarrow")
        return [np.asarray(found[name].to_numpy(), dtype=np.float64) for name in names]

    return ask({"frame": frame}, question)


def _are_plain(frame: nw.DataFrame[Any], names: Sequence[str]) -> bool:
    """Whether they are there, once each, as integers or floats, and so need no engine to be read."""
    if any(frame.columns.count(name) != 1 for name in names):
        return False
    return all(frame.schema[name].is_integer() or frame.schema[name].is_float() for name in names)
