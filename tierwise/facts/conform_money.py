"""The money of a row: gross from what was paid, amounts from quantities, the signs of refunds, and what can be wrong."""

from __future__ import annotations

from tierwise.facts import text_sql as t
from tierwise.facts.conform_columns import Columns

_RULE_REMEDY = "add a refunds or an ignore rule to the mapping, or mend the row"


def derived_money(build: Columns) -> tuple[dict[str, str], dict[str, str]]:
    """Two layers of columns that hold the row's money, signs as the file has them, then the contract's."""
    match build.binding.table:
        case "orders":
            return _order_money(build)
        case "order_lines":
            return _line_money(build)
        case "refunds":
            build.refuse(
                "refunds__amount < 0",
                "negative_money",
                "a refund that takes money; positive gives money back",
                _header(build, "amount"),
            )
            return {}, {}
    return {}, {}


def _header(build: Columns, *names: str) -> str | None:
    for name in names:
        field = build.binding.find(build.binding.table, name) or build.binding.find("orders", name)
        if field is not None:
            return field.header
    return None


def _order_money(build: Columns) -> tuple[dict[str, str], dict[str, str]]:
    has = build.binding.has
    gross = "orders__gross" if has("orders", "gross") else "CAST(NULL AS BIGINT)"
    paid = "orders__paid" if has("orders", "paid") else "CAST(NULL AS BIGINT)"
    discount = "coalesce(orders__discount, 0)" if has("orders", "discount") else "CAST(0 AS BIGINT)"
    coupon = "coalesce(orders__coupon, 0)" if has("orders", "coupon") else "CAST(0 AS BIGINT)"
    first = {
        "m_discount": discount,
        "m_coupon": coupon,
        "m_gross": f"coalesce({gross}, {paid} + {discount} + {coupon})",
    }
    back = f"coalesce(abs({paid}), abs(m_gross) - abs(m_discount) - abs(m_coupon))"
    last = {"back": f"CASE WHEN refund THEN {back} END", "positive": "coalesce(m_gross > 0, FALSE)"}
    money_header = _header(build, "gross", "paid")
    build.refuse("m_gross IS NULL", "missing_value", f'"{money_header}" is empty', money_header)
    _signs(
        build, {"m_gross": money_header, "m_discount": _header(build, "discount"), "m_coupon": _header(build, "coupon")}
    )
    if has("orders", "cost"):
        build.refuse(
            "orders__cost < 0 AND NOT refund",
            "negative_money",
            f'"{_header(build, "cost")}" is negative',
            _header(build, "cost"),
        )
    return first, last


def _signs(build: Columns, columns: dict[str, str | None]) -> None:
    for column, header in columns.items():
        if header is not None:
            message = f'"{header}" is negative and no rule says that the row is a refund ({_RULE_REMEDY})'
            build.refuse(f"{column} < 0 AND NOT refund", "negative_money", message, header)
    build.refuse(
        "refund AND back < 0", "negative_money", "discount and coupon are more than the amount given back", None
    )


def _line_money(build: Columns) -> tuple[dict[str, str], dict[str, str]]:
    binding, has = build.binding, build.binding.has
    exponent = build.exponent()
    null = "CAST(NULL AS BIGINT)"
    paid = "order_lines__paid" if has("order_lines", "paid") else null
    amount = "order_lines__amount" if has("order_lines", "amount") else null
    discount = "coalesce(order_lines__discount, 0)" if has("order_lines", "discount") else "CAST(0 AS BIGINT)"
    coupon = (
        "coalesce(orders__coupon, 0)" if has("orders", "coupon") and has("order_lines", "paid") else "CAST(0 AS BIGINT)"
    )
    price = "order_lines__unit_price" if has("order_lines", "unit_price") else None
    given = f"coalesce({amount}, {paid} + {discount} + {coupon})"
    counted = t.minor_of(f"(order_lines__quantity * {price})", exponent) if price else null
    first = {
        "m_discount": discount,
        "m_coupon": coupon,
        "m_amount": f"coalesce({counted}, {given})" if price else given,
    }
    back = f"coalesce(abs({paid}), abs(m_amount) - abs(m_discount) - abs(m_coupon))"
    last = {
        "back": f"CASE WHEN refund THEN {back} END",
        "positive": "coalesce(m_amount > 0, FALSE)",
        "m_price": f"coalesce({price}, {_divided(exponent)})" if price else _divided(exponent),
    }
    q_header, m_header = _header(build, "quantity"), _header(build, "unit_price", "amount", "paid")
    build.refuse(
        "order_lines__quantity < 0 AND NOT refund",
        "negative_quantity",
        f'"{q_header}" is negative and no rule says that the row is a refund ({_RULE_REMEDY})',
        q_header,
    )
    build.refuse("m_amount IS NULL", "missing_value", f'"{m_header}" is empty, or the amount too large', m_header)
    build.refuse(
        "m_price IS NULL AND m_amount IS NOT NULL",
        "bad_number",
        f'"{q_header}" is 0 beside an amount: no price follows',
        q_header,
    )
    _signs(
        build, {"m_amount": m_header, "m_discount": _header(build, "discount"), "m_coupon": _header(build, "coupon")}
    )
    if price:
        build.refuse(
            "order_lines__unit_price < 0 AND NOT refund",
            "negative_money",
            f'"{m_header}" is negative and no rule says that the row is a refund ({_RULE_REMEDY})',
            m_header,
        )
    if binding.has("order_lines", "cost"):
        build.refuse(
            "order_lines__cost < 0 AND NOT refund",
            "negative_money",
            f'"{_header(build, "cost")}" is negative',
            _header(build, "cost"),
        )
    return first, last


def _divided(exponent: str) -> str:
    """Amount by quantity as DECIMAL(18,6), half up, in integers; 0 where both are 0, null where only quantity is."""
    digits = (
        f"CAST(power(10, 6 - {exponent} + 3) AS HUGEINT)"
        if not exponent.isdigit()
        else f"CAST({10 ** (9 - int(exponent))} AS HUGEINT)"
    )
    thousandths = "CAST(abs(order_lines__quantity) * 1000 AS HUGEINT)"
    up = f"(2 * abs(m_amount) * {digits} + {thousandths})"
    return (
        "CASE WHEN order_lines__quantity = 0 THEN CASE WHEN m_amount = 0 THEN CAST(0 AS DECIMAL(18,6)) END "
        f"ELSE TRY_CAST(CAST({up} // (2 * {thousandths}) AS DECIMAL(38,0)) * 0.000001 AS DECIMAL(18,6)) END"
    )
