"""A bound file as one SQL query: raw texts in, typed contract columns out, and for each row what is wrong with it.

One row of the result is one row of the file, in its order. Columns are named `table__name` (the contract's outside
name; traits `customers__trait NAME`); besides them: `refund`, `positive` and `back` (where there is a rule for
refunds), `ignored`, `mended` (ids mended in the row), `problems` (numbers of `Staging.problems`, null where the row
is good), `raw` (the row's texts, only where it is not good), in orders whose money is told three times
`disagrees`, and in a file of mended rows `quarantine_row`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tierwise.facts import text_sql as t
from tierwise.facts.conform import MENDS, Binding, Field
from tierwise.facts.conform_columns import Check, Columns, RowProblem, quoted
from tierwise.facts.conform_money import derived_money, disagreement
from tierwise.facts.source_rules import rule_sql


@dataclass(frozen=True, slots=True)
class Staging:
    """query: SQL over `source`. columns: result column -> the field it comes from. problems: numbered from 1."""

    query: str
    columns: dict[str, Field]
    problems: tuple[RowProblem, ...]
    day_month: tuple[Field, ...]
    """Date fields whose values could begin with day or month, were there any."""


def staging(binding: Binding, *, today: date, numbered_lines: bool = False) -> Staging:
    """The query that types and checks the file. today: where the business is; facts after tomorrow are refused.

    `source` has the columns r0, r1, … of texts, and `line` where numbered_lines.

    A birth date of 1900-01-01 (or Excel's 1900-01-00) is a program's "none" and becomes null; so does 0000-00-00.
    """
    build = Columns(binding, today)
    for field in binding.fields:
        build.add(field)
    if "customers__birth_on" in build.resolved:
        build.resolved["customers__birth_on"] = f"nullif({build.resolved['customers__birth_on']}, DATE '1900-01-01')"
    rows = {name: f"r{at}" for at, name in enumerate(binding.headers)}
    refund = rule_sql(binding.refunds, rows, comma=binding.comma) if binding.refunds is not None else "FALSE"
    ignored = rule_sql(binding.ignore, rows, comma=binding.comma) if binding.ignore is not None else "FALSE"
    derived, last = derived_money(build)
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
    numbered = list(enumerate(build.checks, 1))
    first, problems = "NULL", "CAST(NULL AS INTEGER[])"
    if numbered:
        first = f"CASE WHEN refund OR NOT ignored_rule THEN {_first_problem(numbered)} END"
        each = ", ".join(f"CASE WHEN {check.condition} THEN {number} END" for number, check in numbered)
        problems = f"CASE WHEN first_problem IS NOT NULL THEN list_filter([{each}], lambda x: x IS NOT NULL) END"
    out = {
        **_kept(build),
        **_customer(build),
        **({"refund": "refund"} if binding.refunds is not None else {}),
        "ignored": "NOT refund AND ignored_rule",
        "mended": "mended",
        "problems": problems,
        "raw": f"CASE WHEN first_problem IS NOT NULL THEN [{raws}] END",
        **({"line": "line"} if numbered_lines else {}),
        **({"disagrees": told[0]} if (told := disagreement(binding)) else {}),
        **({MENDS: f"TRY_CAST({rows[MENDS]} AS BIGINT)"} if MENDS in rows else {}),
    }
    query = f"SELECT {_select(out)} FROM (SELECT *, {first} AS first_problem FROM ({query}))"
    return Staging(query, build.columns, tuple(check.problem for check in build.checks), tuple(build.day_month))


def _first_problem(numbered: list[tuple[int, Check]]) -> str:
    """The number of the first check that a row fails. Most rows have no nulls, and so most checks are not looked at."""

    def chosen(checks: list[tuple[int, Check]]) -> str:
        cases = " ".join(f"WHEN {check.condition} THEN {number}" for number, check in checks)
        return f"CASE {cases} END" if cases else "NULL"

    nulls = dict.fromkeys(check.where_null for _, check in numbered if check.where_null)
    if not nulls:
        return chosen(numbered)
    some_null = " OR ".join(f"{value} IS NULL" for value in nulls)
    rest = [(number, check) for number, check in numbered if check.where_null is None]
    return f"CASE WHEN {some_null} THEN ({chosen(numbered)}) ELSE ({chosen(rest)}) END"


def _select(columns: dict[str, str]) -> str:
    return ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())


def _kept(build: Columns) -> dict[str, str]:
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


def _customer(build: Columns) -> dict[str, str]:
    """Where a row has further ids of its customer, and no customer_id: the best of them stands for it."""
    further = {field.name: name for name, field in build.columns.items() if field.type == "identity"}
    own = next((name for name, field in build.columns.items() if field.type == "key"), None)
    who = build.binding.who
    if own is None or who is None or not further:
        return {}
    ranked = [quoted(further[scope.name]) for scope in who.all_scopes if scope.name in further]
    return {own: f"coalesce({', '.join([quoted(own), *ranked])})"}


def _made_id(binding: Binding, build: Columns) -> dict[str, str]:
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
