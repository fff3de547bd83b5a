"""The catalogue of the profile's attributes: what each means, in what unit, when it is null, and what it needs.

An attribute has one name outside (`monetary_amount`, a decimal in currency units) and one column inside
(`monetary_amount_minor`, integer minor units); they differ for money only. A windowed attribute exists over the
whole life up to as_of and, with the suffix `_{n}d`, over each window of days in (as_of - n, as_of].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tierwise.definitions.base import Text
from tierwise.kernel.windows import LIFE, Window

AttributeType = Literal["integer", "number", "money", "date", "text", "boolean"]
"""integer: Int64 · number: Float64 · money: Int64 minor units inside, a decimal outside · date · text · boolean."""

Fact = Literal[
    "orders", "orders.cost_minor", "orders.store_id", "refunds", "lines", "products", "visits", "interactions",
    "customers",
]  # fmt: skip
"""A fact table, or a column of orders, that an attribute needs."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the profile. `null` says when it is missing; empty where it never is."""

    name: str
    type: AttributeType
    unit: str
    needs: Fact
    title: Text
    meaning: Text
    null: str = ""
    windowed: bool = False

    @property
    def column(self) -> str:
        """Its column inside."""
        return f"{self.name}_minor" if self.type == "money" else self.name

    def over(self, window: Window) -> Attribute:
        """The same over that window."""
        if window.last_days is None:
            return self
        n = window.last_days
        title = Text(zh=f"近 {n} 天{self.title.zh}", en=f"{self.title.en}, last {n} days")
        return replace(self, name=f"{self.name}{window.suffix}", title=title)


def _a(
    name: str,
    kind: AttributeType,
    unit: str,
    needs: Fact,
    titles: tuple[str, str],
    meanings: tuple[str, str],
    null: str = "",
    windowed: bool = False,
) -> Attribute:
    return Attribute(
        name, kind, unit, needs, Text(zh=titles[0], en=titles[1]), Text(zh=meanings[0], en=meanings[1]), null, windowed
    )


_NO_ORDER = "no order"
_NO_GROSS = "gross is not positive"

CATALOGUE: tuple[Attribute, ...] = (
    _a("recency_days", "integer", "days", "orders", ("最近消费间隔", "Recency"),
       ("统计截止日距最近一单的天数", "as_of minus the day of the last order"), _NO_ORDER),
    _a("frequency_count", "integer", "orders", "orders", ("订单数", "Orders"),
       ("不同订单的数量", "distinct orders"), windowed=True),
    _a("monetary_amount", "money", "currency", "orders", ("净消费额", "Net sales"),
       ("原价减折扣、优惠券和退款", "gross less discount, coupon and refunds; may be negative"), windowed=True),
    _a("monetary_amount_gross", "money", "currency", "orders", ("原价消费额", "Gross sales"),
       ("折扣、优惠券和退款之前的金额", "before discount, coupon and refunds"), windowed=True),
    _a("profit_amount", "money", "currency", "orders.cost_minor", ("毛利", "Gross profit"),
       ("净消费额减成本",
        "net sales less cost of goods; goods that came back are not credited"),
       "the cost of an order is not known", True),
    _a("promotion_order_count", "integer", "orders", "orders", ("促销订单数", "Orders on promotion"),
       ("有折扣或优惠券的订单数", "orders with a discount or a coupon"), windowed=True),
    _a("refund_amount", "money", "currency", "refunds", ("退款额", "Refunds"),
       ("按退款日统计的退款金额", "money given back, by the day it was given back"), windowed=True),
    _a("refund_count", "integer", "refunds", "refunds", ("退款笔数", "Refund count"),
       ("退款或取消的笔数", "refunds and cancellations"), windowed=True),
    _a("first_ordered_on", "date", "day", "orders", ("首单日期", "First order on"),
       ("第一单的日期", "day of the first order"), _NO_ORDER),
    _a("last_ordered_on", "date", "day", "orders", ("末单日期", "Last order on"),
       ("最近一单的日期", "day of the last order"), _NO_ORDER),
    _a("tenure_days", "integer", "days", "orders", ("客龄", "Tenure"),
       ("统计截止日距首单的天数", "as_of minus the day of the first order"), _NO_ORDER),
    _a("order_days_count", "integer", "days", "orders", ("消费天数", "Days with an order"),
       ("有订单的不同日期数", "distinct days with an order")),
    _a("mean_interval_days", "number", "days", "orders", ("平均复购间隔", "Mean interval"),
       ("相邻消费日之间的平均天数",
        "mean of the days between one day with an order and the next"), "fewer than two days with an order"),
    _a("interval_deviation_days", "number", "days", "orders", ("复购间隔标准差", "Deviation of intervals"),
       ("相邻消费日间隔的样本标准差",
        "sample standard deviation of those intervals"), "fewer than three days with an order"),
    _a("net_sales_per_order", "money", "currency", "orders", ("笔单价", "Net sales per order"),
       ("净消费额除以订单数,四舍五入到分", "net sales / orders, rounded half away from zero"), _NO_ORDER),
    _a("max_order_amount", "money", "currency", "orders", ("最大单笔金额", "Largest order"),
       ("单笔折后金额的最大值,未减退款", "largest order after discount and coupon, before refunds"), _NO_ORDER),
    _a("min_order_amount", "money", "currency", "orders", ("最小单笔金额", "Smallest order"),
       ("单笔折后金额的最小值,未减退款", "smallest order after discount and coupon, before refunds"), _NO_ORDER),
    _a("discount_amount", "money", "currency", "orders", ("折扣额", "Discounts"),
       ("优惠券之外的折扣总额", "given off prices, coupons apart")),
    _a("coupon_amount", "money", "currency", "orders", ("优惠券额", "Coupons"),
       ("用优惠券支付的总额", "paid by coupon")),
    _a("discount_share", "number", "share 0-1", "orders", ("折扣占比", "Discount share"),
       ("折扣额除以原价消费额", "discounts / gross sales"), _NO_GROSS),
    _a("coupon_share", "number", "share 0-1", "orders", ("优惠券占比", "Coupon share"),
       ("优惠券额除以原价消费额", "coupons / gross sales"), _NO_GROSS),
    _a("coupon_order_count", "integer", "orders", "orders", ("用券订单数", "Orders with a coupon"),
       ("使用优惠券的订单数", "orders paid in part by coupon")),
    _a("promotion_order_share", "number", "share 0-1", "orders", ("促销订单占比", "Share of orders on promotion"),
       ("促销订单数除以订单数", "orders on promotion / orders"), _NO_ORDER),
    _a("cost_amount", "money", "currency", "orders.cost_minor", ("成本", "Cost"),
       ("所购商品的成本", "cost of what was bought"), "the cost of an order is not known"),
    _a("profit_share", "number", "share", "orders.cost_minor", ("毛利率", "Margin"),
       ("毛利除以净消费额", "gross profit / net sales"), "profit is not known, or net sales are not positive"),
    _a("distinct_store_count", "integer", "stores", "orders.store_id", ("消费门店数", "Stores"),
       ("有订单的不同门店数,门店不详的不计", "distinct stores with an order; unknown ones do not count")),
    _a("main_store_id", "text", "", "orders.store_id", ("主要门店", "Main store"),
       ("订单最多的门店,并列取编号小者",
        "the store with the most orders; of equals the smaller id"), "no order in a known store"),
    _a("refund_share", "number", "share 0-1", "refunds", ("退款占比", "Refund share"),
       ("退款额除以折后消费额",
        "refunds / sales after discount and coupon"), "sales after discount and coupon are not positive"),
    _a("last_refunded_on", "date", "day", "refunds", ("最近退款日期", "Last refund on"),
       ("最近一次退款的日期", "day of the last refund"), "no refund"),
    _a("line_count", "integer", "lines", "lines", ("明细行数", "Order lines"),
       ("订单明细的行数", "order lines")),
    _a("unit_count", "number", "units", "lines", ("件数", "Units"),
       ("购买数量之和", "sum of quantities")),
    _a("units_per_order", "number", "units", "lines", ("连带率", "Units per order"),
       ("件数除以订单数", "units / orders"), "no order, or the lines of orders were never imported"),
    _a("distinct_product_count", "integer", "products", "lines", ("商品数", "Products"),
       ("购买过的不同商品数", "distinct products bought")),
    _a("distinct_category_count", "integer", "categories", "products", ("品类数", "Categories"),
       ("购买过的不同品类数,品类不详的不计", "distinct categories bought; unknown ones do not count")),
    _a("main_category", "text", "", "products", ("主要品类", "Main category"),
       ("购买天数最多的品类,并列取名称小者",
        "the category bought on the most days; of equals the smaller name"), "no known category"),
    _a("category_interval_days", "number", "days", "products", ("品类复购间隔", "Category's interval"),
       ("主要品类在全体客户中的平均复购间隔",
        "mean interval of the main category over all customers"), "nobody bought that category on two days"),
    _a("visit_count", "integer", "visits", "visits", ("到店次数", "Visits"),
       ("到店的次数", "visits"), windowed=True),
    _a("paid_visit_count", "integer", "visits", "visits", ("付费到店次数", "Paid visits"),
       ("客户付费的到店次数,是否付费不详的不计",
        "visits that the customer paid for; unknown ones do not count"), windowed=True),
    _a("first_visited_on", "date", "day", "visits", ("首次到店日期", "First visit on"),
       ("第一次到店的日期", "day of the first visit"), "no visit"),
    _a("last_visited_on", "date", "day", "visits", ("最近到店日期", "Last visit on"),
       ("最近一次到店的日期", "day of the last visit"), "no visit"),
    _a("days_since_last_visit", "integer", "days", "visits", ("距最近到店天数", "Days since last visit"),
       ("统计截止日距最近到店的天数", "as_of minus the day of the last visit"), "no visit"),
    _a("last_paid_visited_on", "date", "day", "visits", ("最近付费到店日期", "Last paid visit on"),
       ("最近一次付费到店的日期", "day of the last paid visit"), "no paid visit"),
    _a("days_since_last_paid_visit", "integer", "days", "visits", ("距最近付费到店天数", "Days since last paid visit"),
       ("统计截止日距最近付费到店的天数", "as_of minus the day of the last paid visit"), "no paid visit"),
    _a("visit_days_count", "integer", "days", "visits", ("到店天数", "Days with a visit"),
       ("到店的不同日期数", "distinct days with a visit")),
    _a("mean_visit_interval_days", "number", "days", "visits", ("平均到店间隔", "Mean visit interval"),
       ("相邻到店日之间的平均天数",
        "mean of the days between one day with a visit and the next"), "fewer than two days with a visit"),
    _a("interaction_count", "integer", "interactions", "interactions", ("互动次数", "Interactions"),
       ("非购买互动的次数", "contacts that are not purchases"), windowed=True),
    _a("interaction_seconds", "integer", "seconds", "interactions", ("互动时长", "Interaction time"),
       ("互动时长之和,时长不详的不计", "sum of durations; unknown ones do not count")),
    _a("first_interacted_on", "date", "day", "interactions", ("首次互动日期", "First interaction on"),
       ("第一次互动的日期", "day of the first interaction"), "no interaction"),
    _a("last_interacted_on", "date", "day", "interactions", ("最近互动日期", "Last interaction on"),
       ("最近一次互动的日期", "day of the last interaction"), "no interaction"),
    _a("days_since_last_interaction", "integer", "days", "interactions",
       ("距最近互动天数", "Days since last interaction"),
       ("统计截止日距最近互动的天数", "as_of minus the day of the last interaction"), "no interaction"),
    _a("interaction_days_count", "integer", "days", "interactions", ("互动天数", "Days with an interaction"),
       ("有互动的不同日期数", "distinct days with an interaction")),
    _a("mean_interaction_interval_days", "number", "days", "interactions",
       ("平均互动间隔", "Mean interaction interval"),
       ("相邻互动日之间的平均天数", "mean of the days between one day with an interaction and the next"),
       "fewer than two days with an interaction"),
    _a("registered_on", "date", "day", "customers", ("注册日期", "Registered on"),
       ("客户注册的日期", "day on which the customer registered"), "not registered by as_of"),
    _a("days_since_registered", "integer", "days", "customers", ("注册天数", "Days since registration"),
       ("统计截止日距注册日的天数", "as_of minus the day of registration"), "not registered by as_of"),
    _a("closed_on", "date", "day", "customers", ("注销日期", "Left on"),
       ("客户明确离开(注销、退卡)的日期", "day of an explicit sign of leaving"), "no such sign by as_of"),
    _a("birth_on", "date", "day", "customers", ("出生日期", "Born on"),
       ("出生的日期", "day of birth"), "the day of birth is not known"),
    _a("age_years", "integer", "years", "customers", ("年龄", "Age"),
       ("统计截止日的周岁", "completed years on as_of"), "the day of birth is not known"),
)  # fmt: skip
"""Every attribute, in the order of the profile's columns."""


def windows_of(days: Iterable[int]) -> tuple[Window, ...]:
    """The whole life, then each window once, the shortest first."""
    return (LIFE, *(Window(n) for n in sorted(set(days))))


def attributes(windows: Iterable[int], facts: Iterable[Fact] | None = None) -> tuple[Attribute, ...]:
    """The attributes that those facts give (all facts where None), windowed ones expanded, in the profile's order."""
    there = None if facts is None else frozenset(facts)
    spans = windows_of(windows)
    return tuple(
        attribute.over(window)
        for attribute in CATALOGUE
        if there is None or attribute.needs in there
        for window in (spans if attribute.windowed else (LIFE,))
    )


def attribute_names(windows: Sequence[int] = (30, 90, 365), facts: Iterable[Fact] | None = None) -> tuple[str, ...]:
    """The names, as they stand outside.

    >>> [name for name in attribute_names((30,)) if name.startswith("monetary")]
    ['monetary_amount', 'monetary_amount_30d', 'monetary_amount_gross', 'monetary_amount_gross_30d']
    """
    return tuple(attribute.name for attribute in attributes(windows, facts))
