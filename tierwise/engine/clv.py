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
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal, overload

import narwhals as nw
import numpy as np
from narwhals.typing import IntoFrameT

from tierwise.engine.canonical import KEY, ORDER_COLUMNS, Names, check_values, day_of, minor_of
from tierwise.engine.clv_models import HISTORY, OrderModel, SpendingModel, numbers_of, spending_columns
from tierwise.engine.frame_api import _day
from tierwise.engine.frames import ask, run_on
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.metrics.clv import UNIT_DAYS, clv_summary, purchase_days, repeat_days, weekday_counts
from tierwise.metrics.customer import Keep
from tierwise.metrics.frame import Frame
from tierwise.stats.clv import beta_geometric, gamma_gamma, pareto
from tierwise.stats.clv.calibration import (
    CountedPeriod,
    HeldGroup,
    RepeatCount,
    TrackedPeriod,
    counted_periods,
    misfit,
)
from tierwise.stats.clv.families import FAMILIES
from tierwise.stats.clv.fitting import Fit, fit_orders, fit_spending
from tierwise.stats.clv.histories import histories
from tierwise.stats.clv.prediction import Total
from tierwise.stats.clv.weekdays import Weekdays, weekday_pattern
from tierwise.stats.special import Floats

OrderKind = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]


class UnevenWeek(UserWarning):
    """Orders follow the days of the week, and ages were asked for in days; the models know no week."""


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
        orders, mean = spending_columns(frame)
        spent = gamma_gamma.spending(orders, mean)
        together = _correlation(spent.orders, spent.log_mean)
        learnt = _with_problem(fit_spending(spent), _dependence(together, len(spent.orders)))
        return SpendingModel(learnt, spent.left_out, spent.worthless, together, orders, mean)
    if model not in FAMILIES:
        raise TierwiseError.of([unknown_name("model", model, (*FAMILIES, "gamma_gamma"))])
    x, last, age = numbers_of(frame, HISTORY)
    data, family = histories(x, last, age), FAMILIES[model]
    learnt = fit_orders(family, data)
    return OrderModel(model, _with_problem(learnt, misfit(family, learnt.params, data)), data, (x, last, age))


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
            warnings.warn(warning, UnevenWeek, stacklevel=4)
        return found

    return run_on(orders, {"orders": orders}, compute, timezone=timezone)


def weekdays(orders: Any, *, as_of: date | str, timezone: str = "UTC", **columns: str) -> Weekdays:
    """Orders by weekday, and a warning where they follow the week. Frames, names and errors as in `summary`."""
    day = _day(as_of)

    def question(given: Mapping[str, Frame], _: Keep) -> Weekdays:
        days = purchase_days(_orders(given["orders"], Names(columns), 2), KEY)
        return weekday_pattern(weekday_counts(days, day))

    return ask({"orders": orders}, question, timezone=timezone)


def tracked_orders(
    orders: Any,
    *,
    as_of: date | str,
    until: date | str,
    unit: str = "week",
    step: float = 1.0,
    timezone: str = "UTC",
    **columns: str,
) -> tuple[CountedPeriod, ...]:
    """The repeat orders that came, by period from the first customer's first order to `until`: what lies beside
    `OrderModel.tracking`, with the same unit and step.

    Of the customers with an order up to as_of, as in `summary`; days with an order after the first such day, also after
    as_of. Frames, names and errors as in `summary`.
    """
    day, end = _day(as_of), _day(until)
    if unit not in UNIT_DAYS:
        raise TierwiseError.of([unknown_name("unit", unit, UNIT_DAYS)])

    def question(given: Mapping[str, Frame], keep: Keep) -> tuple[CountedPeriod, ...]:
        days = keep("days", purchase_days(_orders(given["orders"], Names(columns), 2), KEY))
        first, counts = repeat_days(days, key=KEY, as_of=day, until=end)
        if first is None:
            return ()
        return counted_periods(counts, UNIT_DAYS[unit], (end - first).days / UNIT_DAYS[unit], step)

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


def _with_problem(learnt: Fit, problem: Problem | None) -> Fit:
    return learnt if problem is None else replace(learnt, problems=(*learnt.problems, problem))


DEPENDENT = 0.3
"""From so strong a correlation on, of either sign and three times what chance brings, the worth of an order depends on
how often one orders."""


def _dependence(correlation: float | None, customers: int) -> Problem | None:
    if correlation is None or abs(correlation) < max(DEPENDENT, 3 / customers**0.5):
        return None
    how = "more" if correlation > 0 else "less"
    return Problem(
        "worth_depends_on_orders",
        f"who orders often spends {how} an order (correlation {correlation:.2f}); the model takes it not to matter",
        None,
        "learn from customers of a kind by themselves, such as one tier",
    )


def _correlation(orders: Floats, log_mean: Floats) -> float | None:
    if len(orders) < 3 or not orders.std() or not log_mean.std():
        return None
    return float(np.corrcoef(orders, log_mean)[0, 1])


__all__ = [
    "CountedPeriod", "HeldGroup", "OrderModel", "RepeatCount", "SpendingModel", "Total", "TrackedPeriod", "UnevenWeek",
    "Weekdays", "fit", "simulate", "summary", "tracked_orders", "weekdays",
]  # fmt: skip
