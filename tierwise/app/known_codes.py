"""Codes that sources of customers, channels and kinds of customers are mostly given by, and what they mean.

A business that has words of its own in its files sees those: what is not here is shown as it is.
"""

from __future__ import annotations

from tierwise.app.views import Label

KNOWN_CODES: dict[str, Label] = {
    # channels of orders and interactions
    "sales": Label("销售", "sales"),
    "aftersales": Label("售后", "after-sales"),
    "counter": Label("柜台", "counter"),
    "store": Label("门店", "store"),
    "app": Label("App", "app"),
    "mini_program": Label("小程序", "mini program"),
    "official_account": Label("公众号", "official account"),
    "marketplace": Label("电商平台", "marketplace"),
    "live_stream": Label("直播", "live stream"),
    # where customers come from
    "walk_in": Label("自然到店", "walk-in"),
    "vertical_media": Label("垂直媒体", "car portals"),
    "website": Label("官网", "website"),
    "referral": Label("转介绍", "referral"),
    "car_show": Label("车展", "car show"),
    "phone": Label("电话", "phone"),
    "giveaway": Label("赠品活动", "giveaway"),
    # what customers are
    "person": Label("个人", "person"),
    "company": Label("企业", "company"),
}
"""Code -> its words."""


def code_label(value: object) -> Label:
    """A code by its words; any other value by itself.

    >>> code_label("walk_in").en, code_label("S001").zh
    ('walk-in', 'S001')
    """
    return KNOWN_CODES.get(str(value)) or Label(str(value), str(value))
