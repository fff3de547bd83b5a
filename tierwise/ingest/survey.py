"""What of a file's rows is less than nothing, and the rules by which a mapping could say what such rows are.

A file of sales tells returns in one of few ways: a number before the order's, `C536379`; a word in a column of its own,
退货; or nothing but the sign. Each that this file shows becomes a suggestion with its counts; what is true, a person
says. Money is that of the file's own columns, a line's quantity times its price, each rounded half up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from tierwise.definitions.rule import Comparison
from tierwise.facts.conform import Binding
from tierwise.facts.source_rules import rule_sql
from tierwise.facts.text_sql import cleaned, exact, with_point
from tierwise.ingest.source_file import SourceFile
from tierwise.ingest.staging import clean_copy, rows_sql
from tierwise.kernel.money import exponent

NEARLY_ALL = 0.95
"""So large a share of the rows with a word must be less than nothing for the word to mean a return."""

MANY = 0.2
"""So large a share of the rows less than nothing must have the word."""

MOST_WORDS = 50
"""A column with more different texts holds no words for kinds of rows."""

By = Literal["prefix", "word", "sign", "price"]

_SIGNED = ("quantity", "gross", "amount", "paid", "unit_price")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rule that may be true of the file. role: where in a mapping it would stand.

    by: what shows it: the beginning of the order's number, a word, the sign, or a price of nothing. rows: for which it
    is true; less: of these, less than nothing. left: rows less than nothing that it leaves to quarantine; left_beside:
    that it leaves where rows at a price of nothing are left out too. amount: what its rows come to without sign, in the
    file's currency; null where no money is mapped.
    """

    role: Literal["refunds", "ignore"]
    by: By
    rule: Comparison
    rows: int
    less: int
    left: int
    left_beside: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Survey:
    """rows: of the file. less: those with a quantity or an amount less than nothing. currency: of amounts.

    suggestions: rules for refunds, the likeliest first, then for rows to leave out.
    """

    rows: int
    less: int
    currency: str
    suggestions: tuple[Suggestion, ...]


def survey(con: duckdb.DuckDBPyConnection, source: SourceFile, binding: Binding, temporary: Path) -> Survey:
    """Look through all rows of a file of orders or order lines; of any other nothing is less than nothing.

    con: of which the tables `surveyed` and `looked_through` are made. temporary: where a copy may stand.
    """
    places = {each.name: each.position for each in binding.fields if each.table == binding.table}
    signed = {name: at for name in _SIGNED if (at := places.get(name)) is not None}
    if binding.table not in ("orders", "order_lines") or not signed:
        return Survey(0, 0, binding.currency, ())
    _read(con, source, temporary, binding.comma)
    columns = {name: f"r{at}" for at, name in enumerate(binding.headers)}
    less = " OR ".join(f"coalesce({_number(at, binding)} < 0, FALSE)" for at in signed.values())
    con.execute(f"CREATE TABLE surveyed AS SELECT *, ({less}) AS less, {_amount(signed, binding)} AS amount FROM read")
    rows, below = _one(con, "SELECT count(*), count(*) FILTER (less) FROM surveyed")
    free = _free(signed, binding)
    beside = "FALSE" if free is None else rule_sql(free, columns, comma=binding.comma)
    found: list[tuple[By, Comparison]] = list(_refunds(con, signed, binding)) if below else []
    found += [("price", free)] if free is not None else []
    made = []
    for by, rule in found:
        true = rule_sql(rule, columns, comma=binding.comma)
        counted, of_less, amount, left, left_beside = _one(
            con,
            f"SELECT count(*) FILTER ({true}), count(*) FILTER ({true} AND less), sum(amount) FILTER ({true}), "
            f"count(*) FILTER (less AND NOT {true}), count(*) FILTER (less AND NOT {true} AND NOT {beside}) "
            "FROM surveyed",
        )
        if counted:
            role: Literal["refunds", "ignore"] = "ignore" if by == "price" else "refunds"
            made.append(Suggestion(role, by, rule, counted, of_less, left, left_beside, amount))
    return Survey(rows, below, binding.currency, tuple(made))


def _read(con: duckdb.DuckDBPyConnection, source: SourceFile, temporary: Path, comma: bool) -> None:
    """The rows as texts in the view `read`; from a clean copy where DuckDB does not take the file as it is."""
    if source.rows != "delimited" or source.plain:
        lined = source.rows == "numbered"
        try:
            con.execute(f"CREATE TABLE read AS {rows_sql(con, source, source.text, lined, comma)}")
            return
        except duckdb.InvalidInputException:
            if source.rows != "delimited":
                raise
    copy = temporary / "surveyed.csv"
    clean_copy(source, copy, None)
    con.execute(f"CREATE TABLE read AS {rows_sql(con, source, copy, True, comma)}")


def _refunds(
    con: duckdb.DuckDBPyConnection, signed: dict[str, int], binding: Binding
) -> Iterator[tuple[By, Comparison]]:
    """Rules of refunds that the rows less than nothing show."""
    order = binding.find(binding.table, "order_id")
    if order is not None and order.position is not None:
        begin = f"regexp_extract({cleaned(f'r{order.position}')}, '^[^0-9]+')"
        if (prefix := _telling(con, begin)) is not None:
            yield "prefix", Comparison(attribute=order.header, op="starts_with", value=prefix)
    told = {each.position for each in binding.fields if each.type not in ("text", "trait")}
    for at, header in enumerate(binding.headers):
        if at not in told and _is_of_words(con, at) and (word := _telling(con, cleaned(f"r{at}"))) is not None:
            yield "word", Comparison(attribute=header, op="=", value=word)
    for at in signed.values():
        if _one(con, f"SELECT count(*) FROM surveyed WHERE {_number(at, binding)} < 0")[0]:
            yield "sign", Comparison(attribute=binding.headers[at], op="<", value=0)
            return


def _is_of_words(con: duckdb.DuckDBPyConnection, at: int) -> bool:
    return bool(_one(con, f"SELECT approx_count_distinct(r{at}) <= {MOST_WORDS} FROM surveyed")[0])


def _telling(con: duckdb.DuckDBPyConnection, text: str) -> str | None:
    """The text that hardly any row has but those less than nothing, and many of these; None where there is none."""
    found = con.execute(
        f"SELECT told FROM (SELECT ({text}) AS told, less FROM surveyed) WHERE told <> '' GROUP BY told "
        f"HAVING count(*) FILTER (less) >= {NEARLY_ALL} * count(*) "
        f"AND count(*) FILTER (less) >= {MANY} * (SELECT count(*) FROM surveyed WHERE less) "
        "ORDER BY count(*) FILTER (less) DESC, told LIMIT 1"
    ).fetchone()
    return None if found is None else str(found[0])


def _free(signed: dict[str, int], binding: Binding) -> Comparison | None:
    at = signed.get("unit_price")
    return None if at is None else Comparison(attribute=binding.headers[at], op="<=", value=0)


def _number(at: int, binding: Binding) -> str:
    return f"({exact(with_point(f'r{at}') if binding.comma else f'r{at}')})"


def _amount(signed: dict[str, int], binding: Binding) -> str:
    """A row's money without sign."""
    digits = exponent(binding.currency)
    parts = []
    if binding.table == "order_lines" and {"quantity", "unit_price"} <= set(signed):
        quantity, price = (_number(signed[name], binding) for name in ("quantity", "unit_price"))
        parts.append(f"CAST({quantity} AS DECIMAL(18,3)) * CAST({price} AS DECIMAL(18,6))")
    parts += [_number(signed[name], binding) for name in ("gross", "amount", "paid") if name in signed]
    if not parts:
        return "CAST(NULL AS DECIMAL(38,2))"
    listed = ", ".join(f"CAST({part} AS DECIMAL(38,9))" for part in parts)
    return f"CAST(round(abs(coalesce({listed})), {digits}) AS DECIMAL(38,{digits}))"


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = con.execute(query).fetchone()
    assert found is not None
    return found
