"""Rules in Python: the same frozen objects that YAML and JSON give, with less to type.

    >>> from tierwise.definitions.rule_builders import all_of, attribute, count, never
    >>> loyal = all_of(
    ...     attribute("city") == "上海",
    ...     count("orders", last_days=90, where=attribute("channel") == "web") >= 2,
    ...     never("refunds", last_days=365),
    ... )
    >>> from tierwise.definitions.read import parse_rule
    >>> loyal == parse_rule({"all": [
    ...     {"attribute": "city", "op": "=", "value": "上海"},
    ...     {"behaviour": {"fact": "orders", "aggregate": "count", "window": {"last_days": 90},
    ...                    "where": {"attribute": "channel", "op": "=", "value": "web"}}, "op": ">=", "value": 2},
    ...     {"behaviour": {"fact": "refunds", "aggregate": "never", "window": {"last_days": 365}}},
    ... ]})
    True

Windows are `last_days` with `ending_days_ago`, or `from_` and `to`; none is the whole life. All raise pydantic's
ValidationError for what the forms of `docs/rules.md` would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from tierwise.definitions.rule import (
    All,
    AnyOf,
    AnyRule,
    Behaviour,
    Comeback,
    Comparison,
    Events,
    FirstTime,
    Habit,
    InList,
    InSegment,
    Measured,
    Not,
    NotFollowed,
    Occurrence,
    Operator,
    Quiet,
    Regularly,
    Restarted,
    Scalar,
    Sequence,
    Span,
    Stopped,
)

_R = TypeVar("_R", Comparison, Behaviour)


@dataclass(frozen=True, eq=False)
class Compared(Generic[_R]):
    """What is to be compared: an operator makes a rule of it. Not hashable, since `==` makes a rule too."""

    _rule: Callable[[Operator, Any], _R]

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, value: Any) -> _R:  # type: ignore[override]
        return self._rule("=", value)

    def __ne__(self, value: Any) -> _R:  # type: ignore[override]
        return self._rule("!=", value)

    def __lt__(self, value: Any) -> _R:
        return self._rule("<", value)

    def __le__(self, value: Any) -> _R:
        return self._rule("<=", value)

    def __gt__(self, value: Any) -> _R:
        return self._rule(">", value)

    def __ge__(self, value: Any) -> _R:
        return self._rule(">=", value)

    def between(self, low: Scalar, high: Scalar) -> _R:
        return self._rule("between", (low, high))

    def is_in(self, values: Iterable[Scalar]) -> _R:
        return self._rule("in", tuple(values))

    def not_in(self, values: Iterable[Scalar]) -> _R:
        return self._rule("not_in", tuple(values))

    def contains(self, text: str) -> _R:
        return self._rule("contains", text)

    def starts_with(self, text: str) -> _R:
        return self._rule("starts_with", text)

    def ends_with(self, text: str) -> _R:
        return self._rule("ends_with", text)

    def matches(self, pattern: str) -> _R:
        return self._rule("matches", pattern)

    def missing(self) -> _R:
        return self._rule("missing", None)

    def present(self) -> _R:
        return self._rule("present", None)

    def before(self, day: date) -> _R:
        return self._rule("before", day)

    def after(self, day: date) -> _R:
        return self._rule("after", day)

    def within_last_days(self, days: int) -> _R:
        return self._rule("within_last_days", days)

    def day_of_year_within_days(self, days: int) -> _R:
        return self._rule("day_of_year_within_days", days)


def attribute(name: str) -> Compared[Comparison]:
    """An attribute or tag of the customer; in a `where`, a column of the fact."""
    return Compared(lambda op, value: Comparison(attribute=name, op=op, value=value))


def all_of(*parts: AnyRule) -> All:
    return All(all=parts)


def any_of(*parts: AnyRule) -> AnyOf:
    return AnyOf(any=parts)


def not_(part: AnyRule) -> Not:
    return Not(not_=part)


def _span(window: dict[str, Any]) -> Span:
    return Span(**window)


def _measured(
    aggregate: Any,
    fact: str,
    column: str | None,
    where: AnyRule | None,
    window: dict[str, Any],
    per: str | None = None,
) -> Measured:
    return Measured(fact=fact, aggregate=aggregate, column=column, where=where, window=_span(window), per=per)


def _compared(
    aggregate: str,
    fact: str,
    column: str | None,
    where: AnyRule | None,
    window: dict[str, Any],
    per: str | None = None,
) -> Compared[Behaviour]:
    what = _measured(aggregate, fact, column, where, window, per)
    return Compared(lambda op, value: Behaviour(behaviour=what, op=op, value=value))


def count(fact: str, *, where: AnyRule | None = None, per: str | None = None, **window: Any) -> Compared[Behaviour]:
    """How many rows; 0 for who has none. per: the most of any one value of that column."""
    return _compared("count", fact, None, where, window, per)


def sum_of(
    fact: str, column: str, *, where: AnyRule | None = None, per: str | None = None, **window: Any
) -> Compared[Behaviour]:
    """The sum of a column; 0 for who has no row. per: the largest of any one value of that column."""
    return _compared("sum", fact, column, where, window, per)


def average(fact: str, column: str, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    """The mean of a column over the rows that have it; missing for who has none."""
    return _compared("average", fact, column, where, window)


def min_of(fact: str, column: str, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    return _compared("min", fact, column, where, window)


def max_of(fact: str, column: str, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    return _compared("max", fact, column, where, window)


def distinct(fact: str, column: str, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    """How many different values; 0 for who has no row."""
    return _compared("distinct", fact, column, where, window)


def days_since(fact: str, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    """Days from the last row to as_of; missing for who has none."""
    return _compared("days_since", fact, None, where, window)


def first(fact: str, column: str | None = None, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    """The day of the first row, or with a column what it held."""
    return _compared("first", fact, column, where, window)


def last(fact: str, column: str | None = None, *, where: AnyRule | None = None, **window: Any) -> Compared[Behaviour]:
    """The day of the last row, or with a column what it held."""
    return _compared("last", fact, column, where, window)


def ever(fact: str, *, where: AnyRule | None = None, **window: Any) -> Behaviour:
    return Behaviour(behaviour=_measured("ever", fact, None, where, window))


def never(fact: str, *, where: AnyRule | None = None, **window: Any) -> Behaviour:
    return Behaviour(behaviour=_measured("never", fact, None, where, window))


def first_time(fact: str, *, where: AnyRule | None = None, **window: Any) -> FirstTime:
    """The first such row of the customer's life lies in the window."""
    return FirstTime(first_time=Events(fact=fact, where=where, window=_span(window)))


def stopped(
    fact: str, *, quiet_days: int, before_days: int, at_least: int = 1, where: AnyRule | None = None
) -> Stopped:
    """Did it in the before_days before the last quiet_days, and not in these."""
    quiet = Quiet(fact=fact, where=where, quiet_days=quiet_days, before_days=before_days, at_least=at_least)
    return Stopped(stopped=quiet)


def restarted(fact: str, *, within_days: int, quiet_days: int, where: AnyRule | None = None) -> Restarted:
    """Did it again within the last within_days, after at least quiet_days without."""
    return Restarted(restarted=Comeback(fact=fact, where=where, within_days=within_days, quiet_days=quiet_days))


def regularly(
    fact: str, *, every: Literal["week", "month"], at_least: int, of_last: int, where: AnyRule | None = None
) -> Regularly:
    """Did it in at least so many of the last weeks or months."""
    return Regularly(regularly=Habit(fact=fact, where=where, every=every, at_least=at_least, of_last=of_last))


def step(fact: str, *, where: AnyRule | None = None) -> Occurrence:
    """One step of `sequence` and `not_followed`."""
    return Occurrence(fact=fact, where=where)


def sequence(one: Occurrence, two: Occurrence, *, within_days: int, same: str | None = None, **window: Any) -> Sequence:
    """The first step in the window, and after it, at most within_days later, the second. same: of one such value."""
    return Sequence(sequence=(one, two), within_days=within_days, window=_span(window), same=same)


def not_followed(
    one: Occurrence, two: Occurrence, *, within_days: int, same: str | None = None, **window: Any
) -> NotFollowed:
    """The first step in the window, and not the second within within_days, which have all passed."""
    return NotFollowed(not_followed=(one, two), within_days=within_days, window=_span(window), same=same)


def in_segment(name: str) -> InSegment:
    return InSegment(segment=name)


def in_list(name: str) -> InList:
    return InList(list=name)
