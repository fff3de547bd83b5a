"""A mapping: how one kind of file becomes facts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from tierwise.definitions.base import Part
from tierwise.definitions.identities import OWN
from tierwise.definitions.rule import PlainRule

Sheets = str | int | tuple[str | int, ...]
"""A sheet by its name or its place from 1, several, or `*` for each that is not hidden."""


def _header(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 1):
        return value
    raise ValueError("true, false, or the line on which the header stands, from 1")


class Mapping(Part):
    """How the columns of a file become the columns of a table.

    table: the table that the file's rows are. columns: canonical name -> source column, by its header or, in a file
    without one, by its position from 1. A canonical name may belong to another table that the rows carry along
    (`product_name`, `customer.city`); see docs/import.md. constants: canonical name -> the same value for every row.

    decimal: the sign between whole and part; with "," thousands are grouped by ".".

    encoding: `auto` (BOM, else UTF-8, else GB18030) or a Python codec name. delimiter: `auto`, `space` (runs of
    blanks), or one character. header: whether there is a line that names the columns, or which line it is, from 1.
    sheet: of a workbook, by its name or its place from 1; several of them; or `*` for each.

    formats: canonical date -> a strptime format, where the file's dates are ambiguous. timezone: of the file's naive
    times, and whose days its orders, refunds and visits fall on; currency: of its amounts; the project's where null.

    scope: whose ids `customer_id` holds, of those that a definition of kind `identities` knows; the business's own
    where nothing is said. A canonical name `identity.SCOPE` is a further id of the row's customer: the two are linked,
    and a row without a customer_id belongs to the best of them.

    order_key: what tells one order from another where no order id is mapped: `line` (each line is an order), or
    source columns that together name an order. refunds, ignore: rules over the source columns (as text; numbers
    where the rule compares with a number): rows that are refunds, rows to leave out and count; refunds first.
    """

    table: str
    encoding: str = "auto"
    delimiter: str = "auto"
    decimal: Literal[".", ","] = "."
    header: Annotated[bool | int, BeforeValidator(_header)] = True
    sheet: Sheets | None = None
    timezone: str | None = None
    currency: str | None = None
    scope: str = OWN
    columns: dict[str, str | int] = Field(default_factory=dict)
    constants: dict[str, str | int] = Field(default_factory=dict)
    formats: dict[str, str] = Field(default_factory=dict)
    order_key: Literal["line"] | tuple[str, ...] | None = None
    refunds: PlainRule | None = None
    ignore: PlainRule | None = None

    @model_validator(mode="after")
    def _not_both(self) -> Mapping:
        both = sorted(set(self.columns) & set(self.constants))
        if both:
            raise ValueError(f"both a column and a constant: {', '.join(both)}")
        return self
