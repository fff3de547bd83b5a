"""KPIs: a number over the customers of a run, its target, and what others have published of themselves."""

from __future__ import annotations

import datetime
import re
from calendar import monthrange
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from tierwise.definitions.base import Definition, Part
from tierwise.definitions.rule import All, AnyRule, Rule

Unit = Literal["count", "rate", "money", "days", "number"]
"""count: how many; rate: a share, 0.35 for 35 %; money: currency units; days; number: any other, such as visits a
customer."""

Better = Literal["higher", "lower"]

_WRITTEN = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")

Said = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Benchmark(Part):
    """A figure that somebody else gives for the same number: a value, or a range that may be open on one side.

    source: who says so and where it can be read. date: of which time it is, as its source has it: a year, a month or a
    day. stage: the stage of a company that it suits, in your own words; none where its source does not say.
    """

    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    source: Said
    date: str
    stage: Said | None = None

    @field_validator("date", mode="before")
    @classmethod
    def _as_written(cls, written: Any) -> str:
        text = written.isoformat() if isinstance(written, datetime.date) else str(written).strip()
        _last_day(text)
        return text

    @model_validator(mode="after")
    def _value_or_range(self) -> Benchmark:
        if (self.value is None) == (self.low is None and self.high is None):
            raise ValueError("a benchmark has a value, or low and high (either may be left out)")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        return self

    @property
    def day(self) -> datetime.date:
        """The last day of the time that it is of."""
        return _last_day(self.date)

    @property
    def numbers(self) -> tuple[Decimal, ...]:
        """Those that it names."""
        return tuple(number for number in (self.value, self.low, self.high) if number is not None)


def _last_day(written: str) -> datetime.date:
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError("a year, a month or a day: 2025, 2025-09 or 2025-09-30")
    year, month = int(found[1]), int(found[2] or 12)
    try:
        return datetime.date(year, month, int(found[3]) if found[3] else monthrange(year, month)[1])
    except (ValueError, IndexError):
        raise ValueError(f"{written} is not in the calendar") from None


class Target(Part):
    """What the business wants, and by when."""

    value: Decimal
    by: datetime.date | None = None


class Counted(Part):
    """What the number is: of customers, or of an attribute of theirs.

    customers: a rule; how many customers it is true of. share_of: a rule; a rate is then the share of these of whom
    `customers` is true too. A rate without it is of all customers.

    metric: an attribute that is a number; its sum, average or median over the customers of `among` who have it (all
    customers where that is left out).
    """

    customers: Rule | None = None
    share_of: Rule | None = None
    metric: str | None = None
    aggregate: Literal["sum", "average", "median"] | None = None
    among: Rule | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Counted:
        if (self.customers is None) == (self.metric is None):
            raise ValueError("of customers (a rule) or of a metric (an attribute), one of them")
        if self.customers is not None and (self.aggregate is not None or self.among is not None):
            raise ValueError("aggregate and among belong to a metric; customers have share_of")
        if self.metric is not None and self.share_of is not None:
            raise ValueError("share_of belongs to customers; a metric has among")
        if self.metric is not None and self.aggregate is None:
            raise ValueError("a metric needs an aggregate: sum, average or median")
        return self


class Kpi(Definition):
    """A number that is looked at against its target and against benchmarks. It gives the profile nothing: it is counted
    over a run when it is asked for.

    better: whether more or less of it is what one wants. target: the business's own; none until somebody sets it.
    """

    kind: Literal["kpi"] = "kpi"
    unit: Unit
    of: Counted
    better: Better = "higher"
    target: Target | None = None
    benchmarks: Annotated[tuple[Benchmark, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _fits_its_unit(self) -> Kpi:
        of = self.of
        if of.customers is not None and self.unit not in ("count", "rate"):
            raise ValueError(f"customers are a count or a rate, not {self.unit}")
        if of.share_of is not None and self.unit != "rate":
            raise ValueError("share_of makes a rate")
        if of.metric is not None and self.unit == "count" and of.aggregate != "sum":
            raise ValueError(f"the {of.aggregate} of a metric is no count: its unit is number")
        if of.metric is not None and self.unit == "rate" and of.aggregate == "sum":
            raise ValueError("a sum of rates means nothing: average or median")
        if self.unit == "rate":
            numbers = [number for each in self.benchmarks for number in each.numbers]
            numbers += [] if self.target is None else [self.target.value]
            wrong = [f"{number}" for number in numbers if abs(number) > 1]
            if wrong:
                raise ValueError(f"a rate is 0.35 for 35 %, not {', '.join(wrong)}")
        return self

    def rules(self) -> dict[str, AnyRule]:
        """What must be told to count it: `part` and `of`, for a metric `of` alone; of everybody there is no rule."""
        of = self.of
        if of.metric is not None:
            return {} if of.among is None else {"of": of.among}
        assert of.customers is not None
        if of.share_of is None:
            return {"part": of.customers}
        return {"part": All(all=(of.share_of, of.customers)), "of": of.share_of}
