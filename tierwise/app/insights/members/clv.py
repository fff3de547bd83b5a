"""Customer lifetime value: orders to come, who is alive, what they are worth (`stats/clv`, `engine/clv.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.engine import clv as learning
from tierwise.engine.clv_models import HISTORY, OrderModel, SpendingModel
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.kernel.wording import problem_in_language
from tierwise.metrics.clv import UNIT_DAYS, clv_summary, purchase_days
from tierwise.metrics.frame import Frame
from tierwise.plots.plot import Bars, Series

_KEY = "customer_key"
_UNIT = "week"
_CANNOT = ("no_customers", "no_repeat_buyers", "no_time")


def clv(asked: Asked) -> Answer:
    """One row per customer, the most valuable first; with `show=fit` how the model fits, by number of repeat orders."""
    table = _learnt_from(asked)
    try:
        orders = learning.fit(asked["model"], table.select([*HISTORY]))
    except TierwiseError as error:
        if error.code not in _CANNOT:
            raise
        return Answer((), table.slice(0, 0), notes=_told(error.problems))
    if _unusable(orders.problems):
        return Answer((), table.slice(0, 0), notes=_told(orders.problems))
    spending: SpendingModel | None
    try:
        spending = learning.fit("gamma_gamma", table.select(["repeat_orders", "mean_order_value"]))
        problems = (*orders.problems, *spending.problems)
        if _unusable(spending.problems):
            spending = None
    except TierwiseError as error:
        if error.code not in _CANNOT:
            raise
        spending, problems = None, (*orders.problems, *error.problems)
    far = asked["horizon_days"] / UNIT_DAYS[_UNIT]
    figures = _figures(asked, orders, spending, far, table)
    if asked["show"] == "fit":
        return _fit(orders, figures, _told(problems))
    return Answer(
        columns=_COLUMNS,
        rows=_customers(asked, table, orders, spending, far),
        figures=figures,
        notes=(*_told(problems), _note(asked)),
        bar="value",
    )


def _unusable(problems: Sequence[Problem]) -> bool:
    """Whether the parameters are no answer at all, so that what comes of them would only look like one."""
    return any(problem.code == "not_converged" for problem in problems)


def _learnt_from(asked: Asked) -> pa.Table:
    """One row per customer, by key: the three columns of order models, and the mean worth of repeat orders."""
    net = nw.col("gross_minor") - nw.col("discount_minor") - nw.col("coupon_minor")
    orders = asked.frame("orders").filter(~nw.col(_KEY).is_null())
    days = asked.keep("days", purchase_days(orders.select(_KEY, "ordered_day", net.alias("net_minor")), _KEY))
    found = clv_summary(days, key=_KEY, as_of=asked.as_of, unit=_UNIT, digits=asked.digits).sort(_KEY)
    table: pa.Table = found.collect(backend="pyarrow").to_native()
    return table


_COLUMNS = (
    Column("customer_id", Label("客户", "customer"), "customer"),
    Column("repeat_orders", Label("复购次数", "repeat orders"), "count"),
    Column("silent_weeks", Label("距上次购买周数", "weeks silent"), "number"),
    Column("probability_alive", Label("仍活跃概率", "alive"), "rate"),
    Column("expected_orders", Label("预计订单", "orders to come"), "number"),
    Column("expected_order_value", Label("预计单价", "order value"), "money", "expected_order_value"),
    Column("value", Label("未来价值", "value"), "money", "value"),
)


def _customers(
    asked: Asked, table: pa.Table, orders: OrderModel, spending: SpendingModel | None, far: float
) -> pa.Table:
    many = table.num_rows
    worth = np.full(many, np.nan) if spending is None else spending.expected_value()
    value = np.full(many, np.nan)
    if spending is not None:
        rate = (1 + asked["discount_rate"]) ** (UNIT_DAYS[_UNIT] / UNIT_DAYS["year"]) - 1
        value = orders.lifetime_value(
            spending, horizon=far, discount_rate=rate, margin=asked["margin"], step=min(4.0, far)
        )
    expected = orders.expected_orders(far)
    silent = table.column("age").to_numpy() - table.column("age_at_last_order").to_numpy()
    first = np.where(np.isfinite(value), value, -np.inf) if spending is not None else expected
    columns: dict[str, Any] = {
        _KEY: table.column(_KEY),
        "repeat_orders": table.column("repeat_orders"),
        "silent_weeks": silent,
        "probability_alive": orders.probability_alive(),
        "expected_orders": expected,
        "expected_order_value": worth,
        "value": value,
    }
    return pa.table(columns).take(pa.array(np.lexsort((table.column(_KEY).to_numpy(), -first))))


def _figures(
    asked: Asked, orders: OrderModel, spending: SpendingModel | None, far: float, table: pa.Table
) -> tuple[Figure, ...]:
    again = pc.field("repeat_orders") > 0
    total = orders.expected_total(far)
    low, high = (None, None) if total.interval is None else total.interval
    mean = None if spending is None else spending.population_mean
    told = [
        Figure("customers", Label("客户数", "customers"), orders.customers, "count", partial(_keys, asked, table)),
        Figure(
            "repeat_buyers",
            Label("复购客户", "repeat buyers"),
            orders.repeat_buyers,
            "count",
            partial(_keys, asked, table.filter(again)),
        ),
        Figure("expected_orders", Label("预计订单总数", "orders to come"), round(total.expected, 1), "number"),
        Figure("at_least", Label("95% 下限", "at least (95 %)"), low, "number"),
        Figure("at_most", Label("95% 上限", "at most (95 %)"), high, "number"),
        Figure("mean_order_value", Label("平均单价", "mean order"), None if mean is None else round(mean, 2), "number"),
    ]
    told += [Figure(name, Label(name, name), value, "number") for name, value in orders.params.items()]
    if spending is not None:
        told += [Figure(name, Label(name, name), value, "number") for name, value in spending.params.items()]
    return tuple(told)


def _keys(asked: Asked, table: pa.Table) -> Frame:
    return asked.given("they", table.select([_KEY]))


def _fit(orders: OrderModel, figures: tuple[Figure, ...], notes: tuple[Label, ...]) -> Answer:
    rows = [
        {
            "repeat_orders": f"{group.repeat_orders}{'+' if group.and_more else ''}",
            "observed": group.customers,
            "expected": group.expected,
        }
        for group in orders.calibration()
    ]
    return Answer(
        columns=(
            Column("repeat_orders", Label("复购次数", "repeat orders"), "text"),
            Column("observed", Label("实际客户数", "customers"), "count"),
            Column("expected", Label("模型客户数", "as the model has it"), "number"),
        ),
        rows=pa.Table.from_pylist(rows),
        figures=figures,
        notes=notes,
        bar="observed",
        picture=_picture,
    )


def _picture(rows: Sequence[Row], language: str) -> Bars:
    names = Label("实际", "as it was"), Label("模型", "as the model has it")
    values = tuple(row["observed"] for row in rows), tuple(row["expected"] for row in rows)
    series = tuple(Series(name.in_language(language), of) for name, of in zip(names, values, strict=True))
    title = Label("模型拟合：按复购次数的客户数", "Fit: customers by repeat orders").in_language(language)
    return Bars(tuple(row["repeat_orders"] for row in rows), series, title)


def _told(problems: Sequence[Problem]) -> tuple[Label, ...]:
    """What the data bear badly, in the words of the model."""
    return tuple(Label(f"模型提示：{problem_in_language(problem, 'zh')}", str(problem)) for problem in problems)


def _note(asked: Asked) -> Label:
    days, margin, rate = asked["horizon_days"], asked["margin"], asked["discount_rate"]
    return Label(
        f"价值：未来 {days} 天的订单 × 单价 × 毛利率 {margin:g}，按年折现率 {rate:g}；模型假定客户随机购买，不适合整车",
        f"value: orders of the next {days} days × worth × margin {margin:g}, discounted at {rate:g} a year; "
        "the models take buying to be at random, which cars are not",
    )


INSIGHT = Insight(
    name="clv",
    title=Label("客户终身价值", "Customer lifetime value"),
    answers=Label("每位客户还会买多少？值多少？", "How much will each customer still buy, and what is that worth?"),
    needs=("orders",),
    compute=clv,
    parameters=(
        Parameter(
            "model", Label("模型", "the model"), "choice", "bg_nbd", choices=("bg_nbd", "mbg_nbd", "pareto_nbd")
        ),
        Parameter("horizon_days", Label("看多少天", "so many days ahead"), "integer", 365, 1, 3650),
        Parameter("margin", Label("毛利率", "margin of an order's worth"), "number", 1.0, 0, 1),
        Parameter("discount_rate", Label("年折现率", "discount a year"), "number", 0.1, 0, 10),
        Parameter(
            "show", Label("列客户，或看拟合", "customers, or how the model fits"), "choice", "customers",
            choices=("customers", "fit"),
        ),
    ),
    page="clv.md",
)  # fmt: skip
