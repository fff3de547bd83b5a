"""The one rule tree: all, any, not, comparisons of one attribute, and what a customer did.

The same tree serves mappings (over a file's source columns), lifecycle stages (over the profile), tags, segments and
whatever needs a condition later. Rules are data: there are no expression strings. `docs/rules.md` has every form.

Null rules. A leaf is true or false, never unknown: on a missing value every operator but `missing` is false, and
`not` flips that. So `{attribute: city, op: "!=", value: 上海}` speaks only of those who have a city, and
`{not: {attribute: city, op: "=", value: 上海}}` of everyone else, those without one included. Over no rows a count, a
sum and a number of distinct values are 0; every other aggregate is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from tierwise.definitions.base import Name, Part

Scalar = bool | int | Decimal | date | str

Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "between", "in", "not_in", "contains", "starts_with", "ends_with", "matches",
    "missing", "present", "before", "after", "within_last_days", "day_of_year_within_days",
]  # fmt: skip

_NO_VALUE = {"missing", "present"}
_LISTS = {"in", "not_in"}
_TEXTS = {"contains", "starts_with", "ends_with", "matches"}
_DATES = {"before", "after"}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
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
        return value if op in _TEXTS else _with_dates(value)


def _with_dates(value: Any) -> Any:
    """JSON has no dates: a text that is one becomes it, as in YAML. Where texts are compared it is a text again."""
    if isinstance(value, tuple):
        return tuple(_with_dates(item) for item in value)
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
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


Days = Annotated[int, Field(ge=1, le=36_600)]
"""A number of days; n days back from as_of are (as_of - n, as_of], as_of's own day counted whole."""


class Span(Part):
    """Which days count, none after as_of: the last `last_days`, or `from` to `to` (both included, either may be left
    out), or the whole life. ending_days_ago moves the end of `last_days` back: 90 ending 90 days ago are the 90 days
    before the last 90."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    last_days: Days | None = None
    ending_days_ago: Annotated[int, Field(ge=0, le=36_600)] = 0
    from_: Annotated[date | None, Field(alias="from")] = None
    to: date | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Span:
        if self.last_days is not None and (self.from_ or self.to):
            raise ValueError("a window has last_days, or from and to, not both")
        if self.ending_days_ago and self.last_days is None:
            raise ValueError("ending_days_ago needs last_days")
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError("the window ends before it begins")
        return self


class Events(Part):
    """Rows of one fact, filtered by its own columns; of order lines also by those of the order and the product."""

    fact: Name
    where: Annotated[PlainRule | None, Field()] = None
    window: Span = Span()


Aggregate = Literal["count", "sum", "average", "min", "max", "distinct", "days_since", "first", "last", "ever", "never"]
_OF_COLUMN = {"sum", "average", "min", "max", "distinct"}


class Measured(Events):
    """A number, day or value per customer. sum, average, min, max and distinct need a column; days_since is of the last
    row; first and last are the day of that row, or with a column what it held.

    per: count or sum the rows of each value of that column apart, and take the largest; rows without one are left out.
    """

    aggregate: Aggregate
    column: str | None = None
    per: str | None = None

    @model_validator(mode="after")
    def _column_fits(self) -> Measured:
        if self.aggregate in _OF_COLUMN and self.column is None:
            raise ValueError(f'"{self.aggregate}" needs a column')
        if self.column is not None and self.aggregate not in _OF_COLUMN | {"first", "last"}:
            raise ValueError(f'"{self.aggregate}" takes no column')
        if self.per is not None and self.aggregate not in ("count", "sum"):
            raise ValueError(f'"{self.aggregate}" takes no "per": a count or a sum does')
        return self


class Behaviour(Part):
    """A leaf: what a customer did, against a value as in a comparison. ever and never stand alone."""

    behaviour: Measured
    op: Operator | None = None
    value: Scalar | tuple[Scalar, ...] | None = None

    @field_validator("value")
    @classmethod
    def _dates(cls, value: Any, info: ValidationInfo) -> Any:
        op = info.data.get("op")
        return value if op in _TEXTS else _with_dates(value)

    @model_validator(mode="after")
    def _compares(self) -> Behaviour:
        alone = self.behaviour.aggregate in ("ever", "never")
        if alone and (self.op is not None or self.value is not None):
            raise ValueError(f'"{self.behaviour.aggregate}" stands alone, without op and value')
        if not alone:
            if self.op is None:
                raise ValueError(f'"{self.behaviour.aggregate}" needs an op')
            Comparison(attribute="behaviour", op=self.op, value=self.value)
        return self


class FirstTime(Part):
    """A leaf: the first such row of the customer's life lies in the window."""

    first_time: Events


class Quiet(Part):
    """At least so many such rows in the before_days before the last quiet_days, and none in these."""

    fact: Name
    where: PlainRule | None = None
    quiet_days: Days
    before_days: Days
    at_least: Annotated[int, Field(ge=1)] = 1


class Stopped(Part):
    """A leaf: did it, and does it no more."""

    stopped: Quiet


class Comeback(Part):
    """A row within the last within_days that came after at least quiet_days without any, and after an earlier one."""

    fact: Name
    where: PlainRule | None = None
    within_days: Days
    quiet_days: Days


class Restarted(Part):
    """A leaf: had stopped, and does it again."""

    restarted: Comeback


class Habit(Part):
    """Such a row in at least `at_least` of the last `of_last` weeks or months."""

    fact: Name
    where: PlainRule | None = None
    every: Literal["week", "month"]
    at_least: Annotated[int, Field(ge=1)]
    of_last: Annotated[int, Field(ge=1, le=520)]

    @model_validator(mode="after")
    def _can_be(self) -> Habit:
        if self.at_least > self.of_last:
            raise ValueError("at_least is larger than of_last: that can never be")
        return self


class Regularly(Part):
    """A leaf: does it as a habit."""

    regularly: Habit


class Occurrence(Part):
    """One step of a sequence: rows of one fact."""

    fact: Name
    where: PlainRule | None = None


Pair = Annotated[tuple[Occurrence, Occurrence], Field()]


class Sequence(Part):
    """A leaf: the first step in the window, and after it, at most within_days later, the second.

    same: a column of which both rows hold the same value; rows without one are left out.
    """

    sequence: Pair
    within_days: Days
    window: Span = Span()
    same: str | None = None


class NotFollowed(Part):
    """A leaf: the first step in the window, and not the second within within_days, which have all passed by as_of.

    same: as in `Sequence`: a first step without that value is left out, since nobody can say what would follow it.
    """

    not_followed: Pair
    within_days: Days
    window: Span = Span()
    same: str | None = None


class InSegment(Part):
    """A leaf: in that segment."""

    segment: Name


class InList(Part):
    """A leaf: in that imported list."""

    list: Name


Deed: TypeAlias = Behaviour | FirstTime | Stopped | Restarted | Regularly | Sequence | NotFollowed
"""A leaf about the rows of facts."""

Leaf: TypeAlias = Comparison | Deed | InSegment | InList

_KEYS = (
    "all", "any", "not", "behaviour", "first_time", "stopped", "restarted", "regularly", "sequence", "not_followed",
    "segment", "list",
)  # fmt: skip
_CLASSES: dict[type[Part], str] = {
    All: "all", AnyOf: "any", Not: "not", Behaviour: "behaviour", FirstTime: "first_time", Stopped: "stopped",
    Restarted: "restarted", Regularly: "regularly", Sequence: "sequence", NotFollowed: "not_followed",
    InSegment: "segment", InList: "list",
}  # fmt: skip


def _which(value: Any) -> str:
    if isinstance(value, dict):
        return next((key for key in _KEYS if key in value), "comparison")
    return _CLASSES.get(type(value), "comparison")


Rule = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Comparison, Tag("comparison")]
    | Annotated[Behaviour, Tag("behaviour")]
    | Annotated[FirstTime, Tag("first_time")]
    | Annotated[Stopped, Tag("stopped")]
    | Annotated[Restarted, Tag("restarted")]
    | Annotated[Regularly, Tag("regularly")]
    | Annotated[Sequence, Tag("sequence")]
    | Annotated[NotFollowed, Tag("not_followed")]
    | Annotated[InSegment, Tag("segment")]
    | Annotated[InList, Tag("list")],
    Discriminator(_which),
]

AnyRule: TypeAlias = All | AnyOf | Not | Leaf
"""What a field of type `Rule` holds."""


def _plain(rule: AnyRule) -> AnyRule:
    for _, leaf in leaves_of(rule):
        if not isinstance(leaf, Comparison):
            raise ValueError(f'only comparisons fit here, not "{_CLASSES[type(leaf)]}"')
    return rule


PlainRule = Annotated[Rule, AfterValidator(_plain)]
"""A rule of comparisons alone: over the columns of a file or of a fact."""

for _part in (
    All, AnyOf, Not, Events, Measured, Behaviour, FirstTime, Quiet, Stopped, Comeback, Restarted, Habit, Regularly,
    Occurrence, Sequence, NotFollowed,
):  # fmt: skip
    _part.model_rebuild()


def attributes_of(rule: AnyRule) -> Iterator[str]:
    """The attributes that a rule compares, in order of appearance, repeats included; columns of facts are not."""
    return (leaf.attribute for _, leaf in leaves_of(rule) if isinstance(leaf, Comparison))


def leaves_of(rule: AnyRule, path: Steps = ()) -> Iterator[tuple[Steps, Leaf]]:
    """Its leaves in order of appearance, each with the way to it from the top; `path` comes first."""
    match rule:
        case All():
            for i, part in enumerate(rule.all):
                yield from leaves_of(part, (*path, "all", i))
        case AnyOf():
            for i, part in enumerate(rule.any):
                yield from leaves_of(part, (*path, "any", i))
        case Not():
            yield from leaves_of(rule.not_, (*path, "not"))
        case _:
            yield path, rule


def is_plain(rule: AnyRule) -> bool:
    """Whether it is made of comparisons alone."""
    return all(isinstance(leaf, Comparison) for _, leaf in leaves_of(rule))


_P = TypeVar("_P", bound=Part)


def in_terms_of(part: _P, terms: Mapping[AnyRule, AnyRule]) -> _P:
    """The same definition or rule with these leaves put in other terms, wherever they stand."""
    changed = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        other = _other(value, terms)
        if other is not value:
            changed[name] = other
    return part.model_copy(update=changed) if changed else part


def _other(value: Any, terms: Mapping[AnyRule, AnyRule]) -> Any:
    if isinstance(value, tuple):
        others = tuple(_other(item, terms) for item in value)
        return others if any(a is not b for a, b in zip(value, others, strict=True)) else value
    if isinstance(value, Part):
        return terms[value] if isinstance(value, _LEAVES) and value in terms else in_terms_of(value, terms)
    return value


_LEAVES = get_args(Leaf)
