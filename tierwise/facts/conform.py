"""Bind a mapping to a file's headers: which source column fills which column of which table.

All problems of the binding are told at once; nothing is read here but names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from tierwise.definitions.identities import OWN, Identities
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.rule import AnyRule, attributes_of
from tierwise.facts.contract import IMPORTABLE, TABLES
from tierwise.facts.headers import recognise
from tierwise.facts.names import CARRIED_KEY, NEEDS_ORDER, FieldType, keys_in, resolve
from tierwise.facts.source_rules import check_rule
from tierwise.facts.synonyms import SYNONYMS
from tierwise.facts.text_sql import check_format
from tierwise.kernel import clock, money
from tierwise.kernel.collect import Problems
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name

QUARANTINE_PREFIX = "quarantine_"
"""Headers that begin so are ours, put beside quarantined rows for people to mend; they are never traits."""

MENDS = f"{QUARANTINE_PREFIX}row"
"""The header over the numbers of the quarantined rows that a file's rows are, mended."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table and where its value comes from.

    canonical: as the mapping names it. name: the outside name in `table`, or the trait's own name. position: of the
    source column, from 0; None for a constant. header: for messages. form: `dmy`, `mdy` or a strptime format.
    """

    canonical: str
    table: str
    name: str
    type: FieldType
    position: int | None
    constant: str | None
    header: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A mapping that fits a file. headers: the file's columns, named by position where it has no header line."""

    table: str
    headers: tuple[str, ...]
    fields: tuple[Field, ...]
    zone: str
    currency: str
    order_key: Literal["line"] | tuple[int, ...] | None = None
    refunds: AnyRule | None = None
    ignore: AnyRule | None = None
    notes: tuple[str, ...] = field(default=())
    comma: bool = False
    """Whether numbers have a comma before the decimals."""
    who: Identities | None = None
    """How people are told apart; None where each customer number is a person."""
    scope: str = OWN
    """Whose ids customer_id holds."""
    since_1904: bool = False
    """Whether numbers that stand for dates count from 1904, as in some workbooks."""

    def find(self, table: str, name: str) -> Field | None:
        return next((each for each in self.fields if each.table == table and each.name == name), None)

    def has(self, table: str, name: str) -> bool:
        return self.find(table, name) is not None

    def of(self, table: str) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.table == table)

    @property
    def tells_discount(self) -> bool:
        """Whether orders' or lines' discount is known: by a column, or as what of the full amount was not paid."""
        full = [name for name in ("gross", "unit_price", "amount") if self.has(self.table, name)]
        return self.has(self.table, "discount") or (bool(full) and self.has(self.table, "paid"))

    @property
    def not_imported(self) -> tuple[str, ...]:
        """Headers whose columns fill nothing and are read by no rule."""
        used = {each.position for each in self.fields}
        if isinstance(self.order_key, tuple):
            used |= set(self.order_key)
        read = {name for rule in (self.refunds, self.ignore) if rule is not None for name in attributes_of(rule)}
        return tuple(name for at, name in enumerate(self.headers) if at not in used and name not in read)


def check_table(name: str) -> None:
    """Raises `unknown_table` where `import --as` does not take that name."""
    if name not in IMPORTABLE:
        raise TierwiseError.of([unknown_name("table", name, IMPORTABLE)])


def bind(mapping: Mapping, headers: Sequence[str], *, zone: str, currency: str, place: str) -> Binding:
    """The mapping over these headers (`zone`, `currency`: the project's, where the mapping has none).

    A mapping without columns takes those that are recognised by their headers, and in a customers file every other
    header as a trait. Raises all problems at once: unknown table, columns that the file lacks, names that mean
    nothing, required columns that are missing, headers that stand twice.
    """
    check_table(mapping.table)
    found = Problems()
    names = tuple(str(at) for at in range(1, len(headers) + 1))
    if mapping.header:
        names = tuple(header.strip() or f"column {at}" for at, header in enumerate(headers, 1))
    counted = Counter(names)
    doubled = {name for name, times in counted.items() if times > 1}
    columns = _named(mapping) or _recognised(mapping, names)
    if doubled and (not mapping.columns or doubled & _referred(mapping)):
        shown = ", ".join(f'"{name}"' for name in sorted(doubled))
        found.add("duplicate_header", f"the header names {shown} more than once", place=place,
                  remedy="rename one, or map the columns by position, counted from 1")  # fmt: skip
    fields = [
        made
        for canonical, source in (*columns.items(), *mapping.constants.items())
        if (made := _field(mapping, canonical, source, names, doubled, found, place)) is not None
    ]
    zone, currency = _where(mapping, zone, currency, columns, found, place)
    by_name = {name: name for name in names}
    for label, rule in (("refunds", mapping.refunds), ("ignore", mapping.ignore)):
        if rule is not None:
            check_rule(rule, by_name, found, f"{place}: {label}")
            if label == "refunds" and mapping.table not in ("orders", "order_lines"):
                found.add(
                    "bad_mapping",
                    f"refunds are told apart in orders and order_lines, not in {mapping.table}",
                    place=place,
                )
    order_key = _order_key(mapping, names, found, place)
    notes = () if mapping.columns else _notes(mapping, names, columns)
    binding = Binding(
        mapping.table,
        names,
        tuple(fields),
        zone,
        currency,
        order_key,
        mapping.refunds,
        mapping.ignore,
        notes,
        mapping.decimal == ",",
    )
    _check_required(binding, {each.canonical for each in fields} | set(columns) | set(mapping.constants), found, place)
    found.raise_if_any()
    return binding


def _named(mapping: Mapping) -> dict[str, str | int]:
    """The mapping's columns under names that mean something.

    A name that only a header would have (`description`, `price`) is taken as what it would be recognised as. One that
    means nothing and resembles nothing is not imported, like any column that no mapping names; one that resembles a
    name stays, to be refused with that name.
    """
    columns: dict[str, str | int] = {}
    for canonical, source in mapping.columns.items():
        if resolve(mapping.table, canonical) is not None:
            columns[canonical] = source
            continue
        alike = next(iter(recognise([canonical], mapping.table, taken=mapping.columns).columns), None)
        if alike is not None:
            columns[alike] = source
        elif "." in canonical or get_close_matches(canonical, keys_in(mapping.table), n=1, cutoff=0.75):
            columns[canonical] = source
    return columns


def _recognised(mapping: Mapping, names: tuple[str, ...]) -> dict[str, str | int]:
    if not mapping.header:
        return {}
    seen = recognise(names, mapping.table, taken=mapping.constants)
    columns: dict[str, str | int] = {name: at + 1 for name, at in seen.columns.items()}
    if mapping.table == "customers":
        columns |= {
            names[at]: at + 1 for at in seen.unknown if not names[at].startswith(("column ", QUARANTINE_PREFIX))
        }
    return columns


def _notes(mapping: Mapping, names: tuple[str, ...], columns: dict[str, str | int]) -> tuple[str, ...]:
    """What a person should hear of headers that were looked at by a program alone."""
    known = {*columns, *mapping.constants}
    notes = []
    of_orders = mapping.table != "order_lines" or "ordered_at" in known
    of_people = mapping.table not in ("customers", "vehicles") and "customer_id" in SYNONYMS[mapping.table]
    if of_people and of_orders and "customer_id" not in known:
        notes.append('no column was recognised as "customer_id": these rows are of nobody whom we know')
    for name, at in recognise(names, mapping.table, taken=mapping.constants).alone.items():
        notes.append(f'"{names[at]}" was left out: what it belongs to ("{name}") is told by no column')
    return tuple(notes)


def _referred(mapping: Mapping) -> set[str]:
    from tierwise.definitions.rule import attributes_of

    names = {source for source in mapping.columns.values() if isinstance(source, str)}
    for rule in (mapping.refunds, mapping.ignore):
        if rule is not None:
            names |= set(attributes_of(rule))
    return names | set(mapping.order_key if isinstance(mapping.order_key, tuple) else ())


def _position(source: str | int, names: tuple[str, ...], found: Problems, place: str) -> int | None:
    if isinstance(source, int):
        if 1 <= source <= len(names):
            return source - 1
        found.add(
            "unknown_column", f"the file has no column {source}", place=place, remedy=f"it has {len(names)} columns"
        )
        return None
    if source.strip() in names:
        return names.index(source.strip())
    found.put(unknown_name("column", source, names, place))
    return None


def _field(
    mapping: Mapping,
    canonical: str,
    source: str | int,
    names: tuple[str, ...],
    doubled: set[str],
    found: Problems,
    place: str,
) -> Field | None:
    meant = resolve(mapping.table, canonical)
    constant = canonical in mapping.constants
    position = None if constant else _position(source, names, found, f"{place}: {canonical}")
    if meant is None:
        known = set(TABLES[mapping.table].importable) | keys_in(mapping.table)
        found.put(unknown_name("canonical name", canonical, known, place))
        return None
    if not constant and position is None:
        return None
    if not constant and isinstance(source, str) and names[position or 0] in doubled:
        return None
    table, name, kind = meant
    form = mapping.formats.get(canonical)
    if form is not None:
        try:
            check_format(form)
        except TierwiseError as error:
            found.put(Problem(error.code, error.message, f"{place}: formats: {canonical}", error.remedy))
    header = canonical if position is None else names[position]
    return Field(canonical, table, name, kind, position, str(source) if constant else None, header, form)


def _where(
    mapping: Mapping, zone: str, currency: str, columns: dict[str, str | int], found: Problems, place: str
) -> tuple[str, str]:
    zone, currency = mapping.timezone or zone, mapping.currency or currency
    for check, value in ((clock.zone, zone), (money.exponent, currency)):
        try:
            check(value)
        except TierwiseError as error:
            found.put(Problem(error.code, error.message, place, error.remedy))
    for canonical in mapping.formats:
        if canonical not in columns:
            found.put(unknown_name("column in formats", canonical, columns, place))
    return zone, currency


def _order_key(
    mapping: Mapping, names: tuple[str, ...], found: Problems, place: str
) -> Literal["line"] | tuple[int, ...] | None:
    if mapping.order_key is None:
        return None
    if mapping.table not in ("orders", "order_lines"):
        found.add("bad_mapping", f"order_key is for orders and order_lines, not for {mapping.table}", place=place)
        return None
    if mapping.order_key == "line":
        return "line"
    at = [_position(source, names, found, f"{place}: order_key") for source in mapping.order_key]
    return tuple(each for each in at if each is not None)


def _required(binding: Binding) -> list[tuple[str, ...]]:
    """Alternatives, one of which must be mapped."""
    table = binding.table
    needed: list[tuple[str, ...]] = []
    if table in ("orders", "order_lines") and binding.order_key is None:
        needed.append(("order_id",))
    if table == "orders":
        return [*needed, ("ordered_at",), ("gross", "paid")]
    if table == "order_lines":
        return [*needed, ("product_id",), ("quantity",), ("unit_price", "amount", "paid")]
    if table == "customers":
        return [("customer_id",)]
    given = {"currency"}
    return [
        (column.outside,)
        for column in TABLES[table].columns
        if not column.nullable and column.outside and column.outside not in given
    ]


def _check_required(binding: Binding, mapped: set[str], found: Problems, place: str) -> None:
    missing = [names for names in _required(binding) if not set(names) & mapped]
    for names in missing:
        one_of = " or ".join(f'"{name}"' for name in names)
        has = ", ".join(binding.headers[:30]) + (", …" if len(binding.headers) > 30 else "")
        found.add(
            "missing_column",
            f"{binding.table} need {one_of}, and no column of the file was recognised as such",
            place=place,
            remedy=f"the file has: {has}; write a mapping with columns: {{{names[0]}: THE COLUMN}}"
            + (
                ", or order_key: line where every line is an order"
                if names == ("order_id",) and binding.table == "orders"
                else ""
            ),
        )
    for each in binding.fields:
        key = CARRIED_KEY.get(each.table)
        if each.table != binding.table and key and key not in mapped:
            found.add("bad_mapping", f'"{each.canonical}" needs "{key}", which is not mapped', place=place)
    if binding.table == "order_lines" and "ordered_at" not in mapped:
        for each in binding.of("orders"):
            if each.name in NEEDS_ORDER:
                found.add(
                    "bad_mapping", f'"{each.canonical}" belongs to the order, which needs "ordered_at"', place=place
                )
