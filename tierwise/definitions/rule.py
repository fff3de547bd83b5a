"""The one rule tree: all, any, not, and comparisons of one attribute.

The same tree serves mappings (over a file's source columns), lifecycle stages (over the profile) and whatever
needs a condition later. Rules are data: there are no expression strings.

Null rules. A leaf is true or false, never unknown: on a missing value every operator but `missing` is false, and
`not` flips that. So `{attribute: city, op: "!=", value: 上海}` speaks only of those who have a city, and
`{not: {attribute: city, op: "=", value: 上海}}` of everyone else, those without one included.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, Tag, ValidationInfo, field_validator

from tierwise.definitions.base import Part

Scalar = bool | int | Decimal | date | str

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "between", "in", "not_in", "contains", "starts_with", "ends_with", "matches",
    "missing", "present", "before", "after", "within_last_days", "day_of_year_within_days",
]  # fmt: skip

_NO_VALUE = {"missing", "present"}
_LISTS = {"in", "not_in"}
_TEXTS = {"contains", "starts_with", "ends_with", "matches"}
_DATES = {"before", "after"}
_DAY_COUNTS = {"within_last_days", "day_of_year_within_days"}


class Comparison(Part):
    """A leaf: one attribute against a value. `between` takes [low, high], both included; `in` takes a list."""

    attribute: str
    op: Operator
    value: Scalar | tuple[Scalar, ...] | None = Field(default=None, validate_default=True)

    @field_validator("value")
    @classmethod
    def _fits_operator(cls, value: Any, info: ValidationInfo) -> Any:
        op = info.data.get("op")
        if op is None:
            return value
        if op in _NO_VALUE:
            if value is not None:
                raise ValueError(f'"{op}" takes no value')
        elif value is None:
            raise ValueError(f'"{op}" needs a value; to ask for none, use the operator "missing"')
        elif op in _LISTS:
            if not isinstance(value, tuple) or not value:
                raise ValueError(f'"{op}" needs a list of at least one value')
        elif op == "between":
            if not isinstance(value, tuple) or len(value) != 2:
                raise ValueError('"between" needs two values, [low, high]')
        elif isinstance(value, tuple):
            raise ValueError(f'"{op}" needs one value, not a list')
        elif op in _TEXTS and not isinstance(value, str):
            raise ValueError(f'"{op}" needs a text')
        elif op in _DATES:
            return _as_date(op, value)
        elif op in _DAY_COUNTS and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise ValueError(f'"{op}" needs a whole number of days')
        return value


def _as_date(op: str, value: Any) -> date:
    """A date, also where JSON has made a text of it."""
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'"{op}" needs a date such as 2026-06-30') from None


Steps: TypeAlias = tuple[str | int, ...]
"""The way into nested values: keys and positions."""


class All(Part):
    """True where every part is true; an empty list is refused."""

    all: Annotated[tuple[Rule, ...], Field(min_length=1)]


class AnyOf(Part):
    """True where at least one part is true; an empty list is refused."""

    any: Annotated[tuple[Rule, ...], Field(min_length=1)]


class Not(Part):
    """True where the part is false."""

    not_: Annotated[Rule, Field(alias="not")]

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


def _which(value: Any) -> str:
    if isinstance(value, dict):
        return next((key for key in ("all", "any", "not") if key in value), "comparison")
    match value:
        case All():
            return "all"
        case AnyOf():
            return "any"
        case Not():
            return "not"
    return "comparison"


Rule = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Comparison, Tag("comparison")],
    Discriminator(_which),
]

for _part in (All, AnyOf, Not):
    _part.model_rebuild()


def attributes_of(rule: All | AnyOf | Not | Comparison) -> Iterator[str]:
    """The attributes that a rule reads, in order of appearance, repeats included."""
    return (leaf.attribute for _, leaf in leaves_of(rule))


def leaves_of(rule: All | AnyOf | Not | Comparison, path: Steps = ()) -> Iterator[tuple[Steps, Comparison]]:
    """Its comparisons in order of appearance, each with the way to it from the top; `path` comes first."""
    match rule:
        case Comparison():
            yield path, rule
        case All():
            for i, part in enumerate(rule.all):
                yield from leaves_of(part, (*path, "all", i))
        case AnyOf():
            for i, part in enumerate(rule.any):
                yield from leaves_of(part, (*path, "any", i))
        case Not():
            yield from leaves_of(rule.not_, (*path, "not"))
