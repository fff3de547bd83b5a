"""One source column after another as SQL: its value in the contract's type, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tierwise.definitions.identities import OWN
from tierwise.facts import identity_text
from tierwise.facts import text_sql as t
from tierwise.facts.conform import Binding, Field
from tierwise.facts.contract import TABLES
from tierwise.kernel import money

OLDEST_DAY = date(1970, 1, 1)
"""Facts before it are refused: no system kept them, and 1900-01-01 is what programs write for "none"."""

_NO_DATE = ("0000-00-00", "0000-00-00 00:00:00", "1900-01-00", "1900/1/0")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What can be wrong with a row. column: the file's own name of it; None where it is the whole row."""

    code: str
    message: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """A problem and when a row has it. where_null: the column that must be null besides; None for any row."""

    when: str
    problem: RowProblem
    where_null: str | None = None

    @property
    def condition(self) -> str:
        """A CASE, since DuckDB evaluates both sides of an AND for every row."""
        if self.where_null is None:
            return self.when
        return f"CASE WHEN {self.where_null} IS NULL THEN {self.when} ELSE FALSE END"


def column_of(field: Field) -> str:
    """The name of the staged column."""
    if field.type == "trait":
        return f"customers__trait {field.name}"
    return f"{field.table}__{field.name}"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Columns:
    """Collects the columns of the layers and the checks, in the order in which people should see them."""

    def __init__(self, binding: Binding, today: date) -> None:
        self.binding = binding
        self.last_day = today + timedelta(days=1)
        self.today = today
        self.typed: dict[str, str] = {}
        self.aware: dict[str, str] = {}
        self.resolved: dict[str, str] = {}
        self.columns: dict[str, Field] = {}
        self.checks: list[Check] = []
        self.day_month: list[Field] = []
        self.mended: list[str] = []

    def raw(self, field: Field) -> str:
        return f"r{field.position}" if field.position is not None else t.sql_text(field.constant or "")

    def refuse(self, when: str, code: str, message: str, column: str | None, *, where_null: str | None = None) -> None:
        self.checks.append(Check(when, RowProblem(code, message, column), where_null))

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
        if (
            self.binding.comma
            and field.position is not None
            and field.type in ("money", "quantity", "unit_price", "integer")
        ):
            raw = t.with_point(raw)
        match field.type:
            case "identity":
                value, trouble = self._identity(field.name, raw), ("", "")
            case "key" if self.binding.scope != OWN:
                value = self._identity(self.binding.scope, raw)
                present = t.identifier_present(raw, nobody=True)
                trouble = ("bad_identity", f'"{field.header}" is no {self.binding.scope}')
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
                trouble = ("bad_money", f'"{field.header}" is not an amount of money below {t.MOST_MONEY:,}')
            case "quantity":
                value, trouble = t.decimal(raw, 3), ("bad_number", f'"{field.header}" is not a number below {10**15:,}')
            case "unit_price":
                value, trouble = t.decimal(raw, 6), ("bad_number", f'"{field.header}" is not a number below {10**12:,}')
            case "integer" if field.name.endswith("_seconds"):
                value, trouble = t.seconds(raw), ("bad_number", f'"{field.header}" is neither seconds nor 0:02:23')
            case "integer" if field.name.endswith("_km"):
                value, trouble = t.rounded(raw), ("bad_number", f'"{field.header}" is not a number')
            case "integer":
                value, trouble = t.whole_number(raw), ("bad_number", f'"{field.header}" is not a whole number')
            case "boolean":
                value, trouble = t.boolean(raw), ("bad_boolean", f'"{field.header}" is neither yes nor no')
            case _:
                value, trouble = self._text(field, raw), ("", "")
        self.typed[name] = value
        if trouble[0]:
            self.refuse(present, *trouble, field.header, where_null=q)
        if needed:
            message = f'"{field.header}" is empty'
            self.refuse(f"NOT ({present})", "missing_value", message, field.header, where_null=q)
        if field.name == "currency":
            self.refuse(
                f"NOT regexp_full_match({q}, '[A-Z]{{3}}')",
                "bad_currency",
                f'"{field.header}" is not a currency code',
                field.header,
            )
        if field.type in ("integer", "unit_price", "quantity") and self.binding.table != "order_lines":
            self.refuse(f"{q} < 0", "negative_number", f'"{field.header}" is negative', field.header)

    def _identity(self, scope: str, raw: str) -> str:
        who = self.binding.who
        found = None if who is None else who.scope(scope)
        assert who is not None, scope  # looked at before anything is read
        assert found is not None, scope
        return identity_text.identity(raw, found, who.country_code)

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
        self.typed[f"{name}:local"] = t.local_time(raw, field.form, since_1904=self.binding.since_1904)
        local, utc = quoted(f"{name}:local"), quoted(f"{name}:utc")
        self.aware[f"{name}:utc"] = f"CASE WHEN {local} IS NULL THEN {t.utc_time(raw, field.form)} END"
        instant = f"CASE WHEN {utc} IS NOT NULL THEN {utc} ELSE {t.to_utc(local, self.binding.zone)} END"
        day = f"CAST(CASE WHEN {utc} IS NULL THEN {local} ELSE {t.to_local(utc, self.binding.zone)} END AS DATE)"
        if field.type == "day":
            self.resolved[name] = day
            day_name = q
        else:
            self.resolved[name] = instant
            self.resolved[f"{name}:day"] = day
            day_name = quoted(f"{name}:day")
        read = f"coalesce({local}, {utc})"
        empty = f"(({t.cleaned(raw)}) IS NULL OR ({t.cleaned(raw)}) IN ({none}))"
        header, bad = field.header, f"NOT {empty}"
        if field.form is None:
            self.day_month.append(field)
            apart = f'"{header}" is a date whose day and month cannot be told apart'
            self.refuse(t.is_day_month_form(raw), "ambiguous_date", apart, header, where_null=read)
            bad = f"NOT {empty} AND NOT {t.is_day_month_form(raw)}"
        remedy = f"say formats: {{{field.canonical}: …}} in the mapping, or mend the row"
        self.refuse(bad, "bad_date", f'"{header}" is not a date that is understood ({remedy})', header, where_null=read)
        if needed:
            self.refuse(empty, "missing_value", f'"{header}" is empty', header, where_null=read)
        oldest = OLDEST_DAY if field.name != "birth_on" else date(1900, 1, 1)
        self.refuse(
            f"{day_name} < DATE '{oldest}' OR {day_name} > DATE '{self.last_day}'",
            "date_out_of_range",
            f'"{header}" is before {oldest} or later than tomorrow',
            header,
        )
