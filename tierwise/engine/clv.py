"""Customer lifetime value for Python: `tierwise.clv`.

    >>> import polars as pl
    >>> from tierwise import clv
    >>> made = clv.simulate("bg_nbd", {"r": 0.5, "alpha": 6.0, "a": 0.9, "b": 2.0}, customers=2000, age=52.0, seed=1)
    >>> model = clv.fit("bg_nbd", pl.DataFrame(made))
    >>> sorted(model.params), model.problems
    (['a', 'alpha', 'b', 'r'], ())

`summary` makes of orders what models learn from, `fit` learns, and a model answers: orders to come, who is alive, how
sure that is, what it is worth. Frames are as in `engine/frame_api.py`; what belongs to rows comes back as a NumPy array
in the order of the rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, overload

import narwhals as nw
import numpy as np
from narwhals.typing import IntoFrameT

from tierwise.engine.canonical import KEY, ORDER_COLUMNS, Names, check_values, day_of, minor_of
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import ask, run_on
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.metrics.clv import UNIT_DAYS, clv_summary, purchase_days, weekday_counts
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame, require_columns
from tierwise.stats.clv import beta_geometric, gamma_gamma, pareto, prediction
from tierwise.stats.clv.calibration import HeldGroup, RepeatCount, TrackedPeriod, held_out, repeat_counts, tracked
from tierwise.stats.clv.families import FAMILIES, Family
from tierwise.stats.clv.fitting import Fit, fit_orders, fit_spending
from tierwise.stats.clv.fitting import profile_interval as profile_of
from tierwise.stats.clv.histories import Histories, histories
from tierwise.stats.clv.prediction import Rows, checked_horizon, rows_of
from tierwise.stats.clv.weekdays import Weekdays, weekday_pattern
from tierwise.stats.special import Floats

OrderKind = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]
Whole = np.ndarray[tuple[int], np.dtype[np.int64]]

HISTORY = ("repeat_orders", "age_at_last_order", "age")
SPENDING = ("repeat_orders", "mean_order_value")


class UnevenWeek(UserWarning):
    """Orders follow the days of the week, and ages were asked for in days; the models know no week."""


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
        """`not_converged`, `at_border`, `not_identified`, `few_repeat_buyers`; empty where nothing is wrong."""
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
        x, last, age, held = _numbers(frame, (*HISTORY, "holdout_orders"))
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
        x, last, age = _numbers(frame, HISTORY)
        histories(x, last, age)
        return rows_of(x, last, age)

    def _horizon(self, t: float, rows: Rows) -> float:
        watched = max(float(self._data.age.max()), float(rows.age.max()) if len(rows.age) else 0.0)
        return checked_horizon(t, watched)


@dataclass(frozen=True, slots=True, eq=False)
class SpendingModel:
    """What an order of each customer is worth on average, as learnt from repeat orders (Gamma-Gamma).

    problems: as of `OrderModel`, and `no_mean` where the mean of all is not finite. left_out: customers without a
    repeat order, from whom nothing was learnt; worthless: whose repeat orders are worth nothing, or less. correlation:
    of x and the logarithm of z, which the model takes to be 0; null where there is none to tell.
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
        orders, mean = (self._orders, self._mean) if frame is None else _spending_of_frame(frame)
        return gamma_gamma.expected(self.learnt.params, orders, mean)

    def intervals(self, level: float = 0.95) -> dict[str, tuple[float, float] | None]:
        """Of each parameter, from the observed information of its logarithm."""
        return self.learnt.intervals(level)


@overload
def fit(model: OrderKind, frame: Any) -> OrderModel: ...
@overload
def fit(model: Literal["gamma_gamma"], frame: Any) -> SpendingModel: ...
def fit(model: str, frame: Any) -> OrderModel | SpendingModel:
    """Learn a model by maximum likelihood from one row per customer.

    bg_nbd, mbg_nbd, pareto_nbd: `repeat_orders, age_at_last_order, age`, both ages from the first order and in one
    unit, any. gamma_gamma: `repeat_orders, mean_order_value`, the mean of repeat orders; missing where there is none.

    Raises `unknown_model`, `missing_column`, `bad_value` (all faults at once), `no_customers`, `no_repeat_buyers`,
    `no_time`. What the data bear badly is in `.problems`.
    """
    if model == "gamma_gamma":
        orders, mean = _spending_of_frame(frame)
        spent = gamma_gamma.spending(orders, mean)
        together = _correlation(spent.orders, spent.log_mean)
        return SpendingModel(fit_spending(spent), spent.left_out, spent.worthless, together, orders, mean)
    if model not in FAMILIES:
        raise TierwiseError.of([unknown_name("model", model, (*FAMILIES, "gamma_gamma"))])
    x, last, age = _numbers(frame, HISTORY)
    data = histories(x, last, age)
    return OrderModel(model, fit_orders(FAMILIES[model], data), data, (x, last, age))


def summary(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    unit: str = "week",
    holdout_until: date | str | None = None,
    currency: str = "CNY",
    timezone: str = "UTC",
    **columns: str,
) -> IntoFrameT:
    """One row per customer with an order up to as_of: customer_id, `repeat_orders`, `age_at_last_order`, `age`,
    `mean_order_value`, and with holdout_until `holdout_orders`.

    orders: rows with `customer_id`, `ordered_day` or `ordered_at`, and `net` (else `gross`) for the mean; keywords name
    the columns otherwise. Orders of one day are one. unit: day, week, month, year; fractions of days are not lost. In
    days, a warning `UnevenWeek` tells where orders follow the week.

    Raises `missing_column`, `unknown_column`, `bad_column`, `bad_value`, `unknown_unit`, `bad_window`.

    >>> import polars as pl
    >>> orders = pl.DataFrame({
    ...     "customer_id": ["ann", "ann", "bo"], "ordered_day": [date(2026, 1, 1), date(2026, 1, 15), date(2026, 1, 8)],
    ...     "net": [10.0, 30.0, 5.0],
    ... })
    >>> summary(orders, as_of="2026-01-29").rows()
    [('ann', 1, 2.0, 4.0, 30.0), ('bo', 0, 0.0, 3.0, None)]
    """
    day, until, digits = _day(as_of), None if holdout_until is None else _day(holdout_until), exponent(currency)

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        days = keep("days", purchase_days(_orders(given["orders"], Names(columns), digits), KEY))
        found = clv_summary(days, key=KEY, as_of=day, unit=unit, digits=digits, holdout_until=until)
        if UNIT_DAYS[unit] < 7 and (warning := weekday_pattern(weekday_counts(days, day)).warning):
            warnings.warn(warning, UnevenWeek, stacklevel=5)
        return found

    return run_on(orders, {"orders": orders}, compute, timezone=timezone)


def weekdays(orders: Any, *, as_of: date | str, timezone: str = "UTC", **columns: str) -> Weekdays:
    """Orders by weekday, and a warning where they follow the week. Frames, names and errors as in `summary`."""
    day = _day(as_of)

    def question(given: Mapping[str, Frame], _: Keep) -> Weekdays:
        days = purchase_days(_orders(given["orders"], Names(columns), 2), KEY)
        return weekday_pattern(weekday_counts(days, day))

    return ask({"orders": orders}, question, timezone=timezone)


def simulate(
    model: OrderKind, params: Mapping[str, float], *, customers: int, age: float, seed: int
) -> dict[str, Floats]:
    """Made-up customers of ages evenly between half of `age` and `age`, who order as the model says: the three columns.

    For tests of what a model can learn from so many. Raises `unknown_model`, `bad_value`.
    """
    if model not in FAMILIES:
        raise TierwiseError.of([unknown_name("model", model, FAMILIES)])
    names = FAMILIES[model].names
    if set(params) != set(names) or min(params.values()) <= 0:
        raise TierwiseError("bad_value", f"params must be {', '.join(names)}, each above 0", place="params")
    random = np.random.default_rng(seed)
    ages = age * random.uniform(0.5, 1.0, customers)
    given = np.array([params[name] for name in names])
    if model == "pareto_nbd":
        orders, last = pareto.simulated(given, ages, random)
    else:
        orders, last = beta_geometric.simulated(given, ages, int(model == "mbg_nbd"), random)
    return dict(zip(HISTORY, (orders, last, ages), strict=True))


def _orders(frame: Frame, names: Names, digits: int) -> Frame:
    """customer_id, ordered_day, and net_minor where there is money. Rows of nobody are left out."""
    names.check(frame, ORDER_COLUMNS, [[KEY], ["ordered_day", "ordered_at"]], "orders")
    money = next((name for name in ("net", "gross") if names.has(frame, name)), None)
    day = "ordered_day" if names.has(frame, "ordered_day") else "ordered_at"
    check_values(frame, names, money=[money] if money else [], needed=[day])
    return frame.filter(~nw.col(names.of(KEY)).is_null()).select(
        nw.col(names.of(KEY)).alias(KEY),
        day_of(frame, names.of(day)).alias("ordered_day"),
        *([minor_of(frame, names.of(money), digits).alias("net_minor")] if money else []),
    )


def _spending_of_frame(frame: Any) -> tuple[Floats, Floats]:
    orders, mean = _numbers(frame, SPENDING)
    return orders, mean


def _numbers(frame: Any, names: Sequence[str]) -> list[Floats]:
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


def _correlation(orders: Floats, log_mean: Floats) -> float | None:
    if len(orders) < 3 or not orders.std() or not log_mean.std():
        return None
    return float(np.corrcoef(orders, log_mean)[0, 1])


__all__ = [
    "HeldGroup", "OrderModel", "RepeatCount", "SpendingModel", "TrackedPeriod", "UnevenWeek", "Weekdays", "fit",
    "simulate", "summary", "weekdays",
]  # fmt: skip
