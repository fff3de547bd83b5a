"""A bound file as one SQL query: raw texts in, typed contract columns out, and for each row what is wrong with it.

One row of the result is one row of the file, in its order. Columns are named `table__name` (the contract's outside
name; traits `customers__trait NAME`); besides them: `refund`, `positive` and `back` (where there is a rule for
refunds), `ignored`, `mended` (ids mended in the row), `problems` (numbers of `Staging.problems`, null where the row
is good) and `raw` (the row's texts, only where it is not good).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tierwise.facts import text_sql as t
from tierwise.facts.conform import Binding, Field
from tierwise.facts.contract import TABLES
from tierwise.facts.source_rules import rule_sql
from tierwise.kernel import money

OLDEST_DAY = date(1970, 1, 1)
"""Facts before it are refused: no system kept them, and 1900-01-01 is what programs write for "none"."""

_NO_DATE = ("0000-00-00", "0000-00-00 00:00:00", "1900-01-00", "1900/1/0")
_RULE_REMEDY = "add a refunds or an ignore rule to the mapping, or mend the row"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What can be wrong with a row. column: the file's own name of it; None where it is the whole row."""

    code: str
    message: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Staging:
    """query: SQL over `source`. columns: result column -> the field it comes from. problems: numbered from 1."""

    query: str
    columns: dict[str, Field]
    problems: tuple[RowProblem, ...]
    day_month: tuple[Field, ...]
    """Date fields whose values could begin with day or month, were there any."""


def column_of(field: Field) -> str:
    """The name of the staged column."""
    if field.type == "trait":
        return f"customers__trait {field.name}"
    return f"{field.table}__{field.name}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _where_null(value: str, condition: str) -> str:
    """The condition where the value is null. A CASE, since DuckDB evaluates both sides of an AND for every row."""
    return f"CASE WHEN {value} IS NULL THEN {condition} ELSE FALSE END"


class _Builder:
    """Collects the columns of the layers and the checks, in the order in which people should see them."""

    def __init__(self, binding: Binding, project_zone: str, today: date) -> None:
        self.binding = binding
        self.project_zone = project_zone
        self.last_day = today + timedelta(days=1)
        self.today = today
        self.typed: dict[str, str] = {}
        self.aware: dict[str, str] = {}
        self.resolved: dict[str, str] = {}
        self.columns: dict[str, Field] = {}
        self.checks: list[tuple[str, RowProblem]] = []
        self.day_month: list[Field] = []
        self.mended: list[str] = []

    def raw(self, field: Field) -> str:
        return f"r{field.position}" if field.position is not None else t.sql_text(field.constant or "")

    def refuse(self, when: str, code: str, message: str, column: str | None) -> None:
        self.checks.append((when, RowProblem(code, message, column)))

    def exponent(self) -> str:
        field = self.binding.find("orders", "currency") or self.binding.find("refunds", "currency")
        if field is None:
            return str(money.exponent(self.binding.currency))
        code = f"upper(({t.cleaned(self.raw(field))}))"
        groups: dict[int, list[str]] = {}
        for name, digits in money.EXPONENTS.items():
            groups.setdefault(digits, []).append(t.sql_text(name))
        cases = " ".join(f"WHEN {code} IN ({', '.join(names)}) THEN {digits}" for digits, names in groups.items())
        default = money.exponent(self.binding.currency)
        return f"(CASE WHEN {code} IS NULL THEN {default} {cases} ELSE 2 END)"

    def add(self, field: Field) -> None:
        name = column_of(field)
        self.columns[name] = field
        raw, q = self.raw(field), quoted(name)
        needed = self._needed(field)
        if field.type in ("instant", "day"):
            self._add_time(field, name, needed)
            return
        nobody = field.type == "key"
        present = t.present(raw)
        match field.type:
            case "id" | "key":
                value = t.identifier(raw, nobody=nobody)
                present = t.identifier_present(raw, nobody=nobody)
                if field.position is not None:
                    self.mended.append(t.mended(q, raw))
                trouble = (
                    "digits_lost",
                    f'"{field.header}" is in scientific notation: digits of the id are lost; export it as text',
                )
            case "money":
                value = t.minor(raw, self.exponent())
                trouble = ("bad_money", f'"{field.header}" is not an amount of money')
            case "quantity":
                value, trouble = t.decimal(raw, 3), ("bad_number", f'"{field.header}" is not a number')
            case "unit_price":
                value, trouble = t.decimal(raw, 6), ("bad_number", f'"{field.header}" is not a number')
            case "integer":
                value, trouble = t.whole_number(raw), ("bad_number", f'"{field.header}" is not a whole number')
            case "boolean":
                value, trouble = t.boolean(raw), ("bad_boolean", f'"{field.header}" is neither yes nor no')
            case _:
                value, trouble = self._text(field, raw), ("", "")
        self.typed[name] = value
        if trouble[0]:
            self.refuse(_where_null(q, present), *trouble, field.header)
        if needed:
            self.refuse(_where_null(q, f"NOT ({present})"), "missing_value", f'"{field.header}" is empty', field.header)
        if field.name == "currency":
            self.refuse(
                f"NOT regexp_full_match({q}, '[A-Z]{{3}}')",
                "bad_currency",
                f'"{field.header}" is not a currency code',
                field.header,
            )
        if field.type in ("integer", "unit_price", "quantity") and self.binding.table != "order_lines":
            self.refuse(f"{q} < 0", "negative_number", f'"{field.header}" is negative', field.header)

    def _text(self, field: Field, raw: str) -> str:
        if (field.table, field.name) == ("customers", "gender"):
            return t.gender(raw)
        return f"upper(({t.cleaned(raw)}))" if field.name == "currency" else t.cleaned(raw)

    def _needed(self, field: Field) -> bool:
        if field.type == "trait" or field.table not in (self.binding.table, "orders"):
            return False
        if field.name in (
            "discount",
            "coupon",
            "currency",
            "gross",
            "amount",
            "unit_price",
            "paid",
        ) and field.table in ("orders", "order_lines"):
            return False
        table = TABLES[field.table]
        column = table.importable.get(field.name)
        return column is not None and not column.nullable and field.name != "currency"

    def _add_time(self, field: Field, name: str, needed: bool) -> None:
        raw, q = self.raw(field), quoted(name)
        none = ", ".join(map(t.sql_text, _NO_DATE))
        self.typed[f"{name}:local"] = t.local_time(raw, field.form)
        local, utc = quoted(f"{name}:local"), quoted(f"{name}:utc")
        self.aware[f"{name}:utc"] = f"CASE WHEN {local} IS NULL THEN {t.utc_time(raw, field.form)} END"
        same = self.binding.zone == self.project_zone
        instant = f"CASE WHEN {utc} IS NOT NULL THEN {utc} ELSE {t.to_utc(local, self.binding.zone)} END"
        far = f"CASE WHEN {utc} IS NULL THEN {local} ELSE {t.to_local(utc, self.project_zone)} END"
        if not same and field.type == "instant":
            far = t.to_local(f"({instant})", self.project_zone)
        day = f"CAST({far} AS DATE)"
        if field.type == "day":
            self.resolved[name] = day
            day_name = q
        else:
            self.resolved[name] = instant
            self.resolved[f"{name}:day"] = day
            day_name = quoted(f"{name}:day")
        empty = f"(({t.cleaned(raw)}) IS NULL OR ({t.cleaned(raw)}) IN ({none}))"
        header = field.header
        if field.form is None:
            self.day_month.append(field)
            self.refuse(
                _where_null(q, t.is_day_month_form(raw)),
                "ambiguous_date",
                f'"{header}" is a date whose day and month cannot be told apart',
                header,
            )
            bad = _where_null(q, f"NOT {empty} AND NOT {t.is_day_month_form(raw)}")
        else:
            bad = _where_null(q, f"NOT {empty}")
        self.refuse(bad, "bad_date", f'"{header}" is not a date that is understood', header)
        if needed:
            self.refuse(_where_null(q, empty), "missing_value", f'"{header}" is empty', header)
        oldest = OLDEST_DAY if field.name != "birth_on" else date(1900, 1, 1)
        self.refuse(
            f"{day_name} < DATE '{oldest}' OR {day_name} > DATE '{self.last_day}'",
            "date_out_of_range",
            f'"{header}" is before {oldest} or later than tomorrow',
            header,
        )


def staging(binding: Binding, *, project_zone: str, today: date, numbered_lines: bool = False) -> Staging:
    """The query that types and checks the file. today: where the business is; facts after tomorrow are refused.

    `source` has the columns r0, r1, … of texts, and `line` where numbered_lines.

    A birth date of 1900-01-01 (or Excel's 1900-01-00) is a program's "none" and becomes null; so does 0000-00-00.
    """
    build = _Builder(binding, project_zone, today)
    for field in binding.fields:
        build.add(field)
    if "customers__birth_on" in build.resolved:
        build.resolved["customers__birth_on"] = f"nullif({build.resolved['customers__birth_on']}, DATE '1900-01-01')"
    rows = {name: f"r{at}" for at, name in enumerate(binding.headers)}
    refund = rule_sql(binding.refunds, rows) if binding.refunds is not None else "FALSE"
    ignored = rule_sql(binding.ignore, rows) if binding.ignore is not None else "FALSE"
    derived, last = _money(build)
    made_id = _made_id(binding, build)
    mended = " + ".join(f"CAST({each} AS INTEGER)" for each in build.mended) or "0"
    layers = [
        {**build.typed, "refund": refund, "ignored_rule": ignored},
        {**build.aware, "mended": mended},
        build.resolved,
        {**derived, **made_id},
        last,
    ]
    query = "SELECT * FROM source"
    for layer in layers:
        if layer:
            query = f"SELECT *, {_select(layer)} FROM ({query})"
    raws = ", ".join(f"r{at}" for at in range(len(binding.headers)))
    numbered = [f"WHEN {when} THEN {number}" for number, (when, _) in enumerate(build.checks, 1)]
    first, problems = "NULL", "CAST(NULL AS INTEGER[])"
    if numbered:
        first = f"CASE WHEN refund OR NOT ignored_rule THEN (CASE {' '.join(numbered)} END) END"
        each = ", ".join(f"CASE {when} END" for when in numbered)
        problems = f"CASE WHEN first_problem IS NOT NULL THEN list_filter([{each}], lambda x: x IS NOT NULL) END"
    out = {
        **_kept(build),
        **({"refund": "refund"} if binding.refunds is not None else {}),
        "ignored": "NOT refund AND ignored_rule",
        "mended": "mended",
        "problems": problems,
        "raw": f"CASE WHEN first_problem IS NOT NULL THEN [{raws}] END",
        **({"line": "line"} if numbered_lines else {}),
    }
    query = f"SELECT {_select(out)} FROM (SELECT *, {first} AS first_problem FROM ({query}))"
    return Staging(query, build.columns, tuple(problem for _, problem in build.checks), tuple(build.day_month))


def _select(columns: dict[str, str]) -> str:
    return ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())


def _kept(build: _Builder) -> dict[str, str]:
    """The staged columns: those mapped, and the money that was derived. Refunds' signs are taken off here."""
    kept = {
        name: quoted(name) for name in build.columns if not name.endswith("__paid") or build.binding.table == "visits"
    }
    kept |= {f"{name}:day": quoted(f"{name}:day") for name in build.columns if f"{name}:day" in build.resolved}
    both = {"back": "back", "positive": "positive"} if build.binding.refunds is not None else {}
    if build.binding.table == "orders":
        kept |= {"orders__order_id": "orders__order_id", **both}
        kept |= {f"orders__{name}": f"abs(m_{name})" for name in ("gross", "discount", "coupon")}
        if "orders__cost" in kept:
            kept["orders__cost"] = "abs(orders__cost)"
    if build.binding.table == "order_lines":
        kept |= {"order_lines__order_id": "order_lines__order_id", **both}
        kept |= {"order_lines__quantity": "abs(order_lines__quantity)", "order_lines__unit_price": "abs(m_price)"}
        kept |= {f"order_lines__{name}": f"abs(m_{name})" for name in ("amount", "discount")}
        if "order_lines__cost" in kept:
            kept["order_lines__cost"] = "abs(order_lines__cost)"
    return kept


def _made_id(binding: Binding, build: _Builder) -> dict[str, str]:
    """The order id where no column holds it. Of `line` only the content's hash: the occurrence is counted later."""
    if binding.order_key is None:
        return {}
    column_name = f"{binding.table}__order_id"
    name = quoted(column_name)
    if binding.order_key == "line":
        texts = []
        for column, field in sorted(build.columns.items()):
            if field.table not in (binding.table, "orders"):
                continue
            texts.append(f"coalesce(CAST({quoted(column)} AS VARCHAR), '')")
        content = ", ".join(texts)
        return {column_name: f"'L-' || substr(md5(concat_ws(chr(31), {content})), 1, 16)"}
    parts = [f"replace(coalesce({t.cleaned(f'r{at}')}, ''), '|', '\\|')" for at in binding.order_key]
    filled = " OR ".join(t.present(f"r{at}") for at in binding.order_key)
    build.refuse(
        f"{name} IS NULL",
        "missing_value",
        "every column of the order_key is empty",
        binding.headers[binding.order_key[0]],
    )
    return {column_name: f"CASE WHEN {filled} THEN concat_ws('|', {', '.join(parts)}) END"}


def _money(build: _Builder) -> tuple[dict[str, str], dict[str, str]]:
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


def _header(build: _Builder, *names: str) -> str | None:
    for name in names:
        field = build.binding.find(build.binding.table, name) or build.binding.find("orders", name)
        if field is not None:
            return field.header
    return None


def _order_money(build: _Builder) -> tuple[dict[str, str], dict[str, str]]:
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


def _signs(build: _Builder, columns: dict[str, str | None]) -> None:
    for column, header in columns.items():
        if header is not None:
            message = f'"{header}" is negative and no rule says that the row is a refund ({_RULE_REMEDY})'
            build.refuse(f"{column} < 0 AND NOT refund", "negative_money", message, header)
    build.refuse(
        "refund AND back < 0", "negative_money", "discount and coupon are more than the amount given back", None
    )


def _line_money(build: _Builder) -> tuple[dict[str, str], dict[str, str]]:
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
