"""The money of a row: gross and discount from what was paid, amounts from quantities, signs, and what can be wrong."""

from __future__ import annotations

from tierwise.facts import text_sql as t
from tierwise.facts.conform import Binding
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
            header = _header(build, "amount")
            build.refuse(
                "refunds__amount < 0",
                "negative_money",
                f'"{header}" is negative; a refund is positive where it gives money back (turn the sign)',
                header,
            )
            return {}, {}
    return {}, {}


def disagreement(binding: Binding) -> tuple[str, str] | None:
    """Where an order's money is told three times: SQL for rows in which it disagrees, and the sentence of them."""
    fields = [binding.find("orders", name) for name in ("gross", "discount", "paid")]
    if binding.table != "orders" or None in fields:
        return None
    gross, discount, paid = (field.header for field in fields if field is not None)
    return (
        "coalesce(m_gross - m_discount - m_coupon <> orders__paid, FALSE)",
        f'"{gross}" less "{discount}" (and coupons) is not "{paid}"; the first two count. If "{gross}" is after '
        "discounts, leave it out of a mapping: paid and discount are enough",
    )


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
        "m_discount": discount if has("orders", "discount") else _unpaid(gross, paid, coupon),
        "m_coupon": coupon,
        "m_gross": f"coalesce({gross}, {paid} + {discount} + {coupon})",
    }
    back = _back("m_gross", paid)
    last = {"back": f"CASE WHEN refund THEN {back} END", "positive": "coalesce(m_gross > 0, FALSE)"}
    money_header = _header(build, "gross", "paid")
    _missing(build, "m_gross", money_header, ("gross", "paid"))
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


def _unpaid(full: str, paid: str, coupon: str) -> str:
    """The discount where no column tells it: what of the full amount was not paid; never less than none."""
    gap = f"{full} - {paid} - {coupon}"
    return f"coalesce(CASE WHEN {full} < 0 THEN least({gap}, 0) ELSE greatest({gap}, 0) END, 0)"


def _back(full: str, paid: str) -> str:
    """What a refund gives back. A row that is an order too (positive) gives back what that order brought."""
    net = f"abs({full}) - abs(m_discount) - abs(m_coupon)"
    return f"CASE WHEN {full} > 0 THEN {net} ELSE coalesce(abs({paid}), {net}) END"


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
    counted = t.product("order_lines__quantity", price, exponent) if price else null
    full = f"coalesce({counted}, {amount})" if price else amount
    first = {
        "m_discount": discount if has("order_lines", "discount") else _unpaid(full, paid, coupon),
        "m_coupon": coupon,
        "m_amount": f"coalesce({counted}, {given})" if price else given,
    }
    back = _back("m_amount", paid)
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
    _missing(build, "m_amount", m_header, ("unit_price", "amount", "paid"))
    if price:
        build.refuse(
            f"order_lines__quantity IS NOT NULL AND {price} IS NOT NULL",
            "bad_money",
            f'"{q_header}" times "{m_header}" is not less than {t.MOST_MONEY:,}',
            m_header,
            where_null="m_amount",
        )
    build.refuse(
        "m_amount IS NOT NULL AND order_lines__quantity IS NOT NULL",
        "bad_number",
        f'"{q_header}" is 0, or too small, beside an amount: no price follows',
        q_header,
        where_null="m_price",
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


def _missing(build: Columns, derived: str, header: str | None, names: tuple[str, ...]) -> None:
    """Refuse rows in which every column is empty of which the money could be made; what is no money is told apart."""
    table = build.binding.table
    given = [build.raw(field) for name in names if (field := build.binding.find(table, name)) is not None]
    empty = " AND ".join(f"NOT ({t.present(raw)})" for raw in given)
    build.refuse(empty, "missing_value", f'"{header}" is empty', header, where_null=derived)


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
