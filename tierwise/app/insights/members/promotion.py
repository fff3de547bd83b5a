"""Promotion dependence: who buys only on promotion, and what it has cost (`metrics/promotion.py`)."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pyarrow as pa

from tierwise.app.insights.insight import Answer, Asked, Column, Figure, Insight, Label, Parameter, Row
from tierwise.metrics.frame import Frame
from tierwise.metrics.promotion import CLASSES, promotion_classes, promotion_dependence
from tierwise.plots.plot import Bars, Series

_FEW = "too_few_orders"
_TITLES = {
    "only": Label("只在促销时买", "only on promotion"),
    "mostly": Label("多在促销时买", "mostly"),
    "sometimes": Label("偶尔在促销时买", "sometimes"),
    "never": Label("从不在促销时买", "never"),
    _FEW: Label("订单太少，看不出", "too few orders to tell"),
}
_CLASS = Column("class", Label("类别", "class"), "text", "promotion_class", values=_TITLES)
_ORDERS = Column("orders", Label("订单数", "orders"), "count", "order_count")
_ON = Column("promotion_orders", Label("促销订单数", "on promotion"), "count", "promotion_order_count")
_GROSS = Column("gross_amount", Label("原价金额", "gross"), "money")
_BENEFIT = Column("benefit_amount", Label("优惠金额", "benefit"), "money")
_SHARE = Column("benefit_share", Label("优惠占原价", "benefit share"), "rate")


def promotion(asked: Asked) -> Answer:
    """One row per class; with `per_customer` one row per customer, the most benefit first."""
    dependence = asked.keep(
        "dependence",
        promotion_dependence(
            asked.frame("orders"),
            as_of=asked.as_of,
            mostly_from=asked["mostly_from"],
            min_orders=asked["min_orders"],
        ),
    )
    classes = _classes(dependence)
    note = Label(
        f"促销订单：有折扣或优惠券；少于 {asked['min_orders']} 单不归类，因为一次说明不了习惯",
        f"on promotion: with a discount or a coupon; below {asked['min_orders']} orders there is no class, "
        "since one order is no habit",
    )
    if asked["per_customer"]:
        return Answer(
            columns=_OF_CUSTOMERS,
            rows=dependence,
            order='benefit_amount_minor DESC, "customer_key"',
            figures=_figures(classes),
            notes=(note,),
            bar="promotion_order_share",
        )
    return Answer(
        columns=(
            _CLASS,
            Column("customers", Label("客户数", "customers"), "count"),
            Column("share", Label("客户占比", "share"), "rate"),
            _ORDERS,
            _ON,
            _GROSS,
            _BENEFIT,
            _SHARE,
        ),
        rows=classes,
        figures=_figures(classes),
        notes=(note,),
        bar="customers",
        picture=_picture,
        known_by=("class",),
        who={"customers": lambda row: dependence.filter(_of_class(row["class"])).select("customer_key")},
    )


def _of_class(name: str) -> nw.Expr:
    known = nw.col("promotion_class")
    return known.is_null() if name == _FEW else known == nw.lit(name)


_OF_CUSTOMERS = (
    Column("customer_id", Label("客户", "customer"), "customer"),
    _CLASS,
    _ORDERS,
    _ON,
    Column("promotion_order_share", Label("促销订单占比", "share"), "rate"),
    _GROSS,
    _BENEFIT,
    _SHARE,
    Column("coupon_amount", Label("优惠券金额", "coupons"), "money", detail=True),
    Column("coupon_share", Label("优惠券占实付", "coupon share"), "rate", detail=True),
    Column("reason", Label("为空的原因", "reason"), "text", "promotion_reason", detail=True),
)


def _classes(dependence: Frame) -> pa.Table:
    """The classes in their order, those without customers too, then those of whom it cannot be told."""
    found: pa.Table = promotion_classes(dependence).collect(backend="pyarrow").to_native()
    by_class = {row["promotion_class"]: row for row in found.to_pylist()}
    everybody = sum(row["customers"] for row in by_class.values())
    rows = []
    for name in (*CLASSES, None):
        row = by_class.get(name) or dict.fromkeys(found.column_names, 0) | {"benefit_share": None}
        share = row["customers"] / everybody if everybody else None
        rows.append({**row, "promotion_class": name or _FEW, "share": share})
    return pa.Table.from_pylist(rows, schema=found.schema.append(pa.field("share", pa.float64())))


def _figures(classes: pa.Table) -> tuple[Figure, ...]:
    orders, on, gross, benefit = (
        sum(classes.column(name).to_pylist())
        for name in ("order_count", "promotion_order_count", "gross_amount_minor", "benefit_amount_minor")
    )
    return (
        Figure("promotion_order_share", Label("促销订单占比", "orders on promotion"), _of(on, orders), "rate"),
        Figure("benefit_amount", Label("优惠总额", "benefit"), int(benefit), "money"),
        Figure("benefit_share", Label("优惠占原价", "of gross"), _of(benefit, gross), "rate"),
    )


def _of(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _picture(rows: Sequence[Row], language: str) -> Bars:
    names = tuple(_TITLES[row["class"]].in_language(language) for row in rows)
    customers = Series(Label("客户数", "customers").in_language(language), tuple(row["customers"] for row in rows))
    title = Label("促销依赖（客户数）", "Promotion dependence (customers)").in_language(language)
    return Bars(names, (customers,), title)


INSIGHT = Insight(
    name="promotion",
    title=Label("促销依赖", "Promotion dependence"),
    answers=Label("谁只在促销时买？优惠花了多少？", "Who buys only on promotion, and what has it cost?"),
    needs=("orders",),
    compute=promotion,
    parameters=(
        Parameter("per_customer", Label("按客户列出", "one row per customer"), "yes_no", False),
        Parameter(
            "mostly_from", Label("“多在促销”的订单占比", "share of orders from which it is mostly"), "number", 0.5,
            0.000_001, 1,
        ),
        Parameter("min_orders", Label("至少几单才归类", "fewest orders for a class"), "integer", 2, 1, 1000),
    ),
)  # fmt: skip
