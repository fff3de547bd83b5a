"""What an insight is: a named question with typed parameters, the facts it needs, and a function that answers it.

A member computes with the pure functions of `metrics/` and `stats/` and says how its rows are to be read; permission,
facts, parameters, money, customers' own ids, export and audit are dealt with once, in `asking.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pyarrow as pa

from tierwise.app.insights.known import Known
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.metrics.frame import Frame
from tierwise.metrics.group_profile import GroupRow, Value
from tierwise.plots.plot import Plot

if TYPE_CHECKING:
    from tierwise.app.rule_world import Ground
    from tierwise.definitions.due_rules import DueRules
    from tierwise.definitions.kpi import Kpi
    from tierwise.definitions.rule import AnyRule

ColumnKind = Literal["text", "customer", "count", "money", "rate", "days", "number", "p_value", "day", "yes_no"]
"""How a value is read: `rate` is 0..1, `p_value` a probability under chance, `day` a date, `days` a length of time.
`customer`: the column is `customer_key` inside and the business's own id outside; showing it takes the right to see
one customer's facts."""

ParameterKind = Literal["integer", "number", "choice", "text", "names", "yes_no"]
"""`names`: several texts in their order, between commas where they are written as one."""

Row = Mapping[str, Any]
"""A row as the outside sees it, by the columns' names."""

Picture = Callable[[Sequence[Row], str], Plot | None]
"""Makes a picture of the first rows, its texts in `zh` or `en`; None where there is nothing to draw."""

PICTURED = 30
"""So many of the first rows a picture is given, unless an answer says otherwise."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that may be set. default: a value, or None where not set means what `meaning` says.

    least, most: bounds of numbers, themselves allowed. choices: of a `choice`, the whole list.
    """

    name: str
    meaning: Label
    kind: ParameterKind
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer. name: outside.

    source: the column that the answer's rows have; None for the same name, with `_minor` where money is in minor units
    there, and `customer_key` for a customer. Money in a source without `_minor` is a number of currency units, and is
    rounded to the currency's digits. values: of codes, what they mean. detail: for files and programs, not for a
    terminal.
    """

    name: str
    title: Label
    kind: ColumnKind
    source: str | None = None
    values: Mapping[str, Label] = field(default_factory=dict)
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline number. value: of kind `money` whole minor units; null where it cannot be told. who: the customers
    whom it counts, or who have what it counts, by `customer_key`; None where it counts something else."""

    name: str
    title: Label
    value: Any
    kind: ColumnKind
    who: Callable[[], Frame] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an insight found.

    rows: all of them; of a table in its order, of a frame in that of `order`, which must leave no ties (SQL over source
    columns, such as `"count" DESC`). bar: the column that the terminal shows as bars. notes:
    what to know before using the numbers, reasons for what is null among them. pictured: so many of the first rows its
    picture is given. who: column -> of a row, by the names outside, the customers whom that column counts there, or who
    have what it counts, by `customer_key`. known_by: the columns that tell such a row from the others.
    """

    columns: tuple[Column, ...]
    rows: Frame | pa.Table
    order: str = ""
    figures: tuple[Figure, ...] = ()
    notes: tuple[Label, ...] = ()
    bar: str | None = None
    picture: Picture | None = None
    pictured: int = PICTURED
    who: Mapping[str, Callable[[Row], Frame]] = field(default_factory=dict)
    known_by: tuple[str, ...] = ()


class Asked(Protocol):
    """What a member is asked: its parameters' values by name, the facts up to as_of, and words of the run."""

    @property
    def as_of(self) -> date: ...

    @property
    def of_run(self) -> date:
        """The day of the run, of which the profile is; never before as_of."""
        ...

    @property
    def digits(self) -> int:
        """Of the currency's minor unit."""
        ...

    def __getitem__(self, parameter: str) -> Any:
        """The value of a parameter, valid and of its kind."""
        ...

    def frame(self, name: str) -> Frame:
        """A table of facts without junk accounts, as lazy rows by `customer_key`; empty where nothing was imported.

        Besides the tables of facts: `people` (one row per customer, with days), the run's own `profile`, `tags` and
        `segments`; orders and interactions have `hour` as well, 0-23, of the business's day. And `bought_lines`: order
        lines with `customer_key, ordered_day, channel, store_id` of their order, `product_name, category, brand` of
        their product, and whether the line was `promoted` (`metrics/item_days.py`).
        """
        ...

    def with_junk(self, name: str) -> Frame:
        """The same table of facts, or `people`, with the accounts that the run left out."""
        ...

    def given(self, name: str, table: pa.Table) -> Frame:
        """A small table of the member's own as a frame beside the facts."""
        ...

    @property
    def definitions(self) -> Sequence[Definition]:
        """Those that the run computed, as it did."""
        ...

    def kpis(self) -> Sequence[Kpi]:
        """The KPIs as they are defined now, by name."""
        ...

    def due_rules(self) -> DueRules | None:
        """When vehicles are due, as it is defined now; None where nobody has said it."""
        ...

    def rules(
        self, rules: Sequence[AnyRule], columns: Iterable[str], *, before: bool = False
    ) -> AbstractContextManager[Ground | None]:
        """The run as these rules see it, with these attributes; segments and lists as they are now.

        before: the newest run of an earlier day instead; None where none is kept.
        """
        ...

    def column(self, attribute: str) -> str:
        """The column that an attribute of the profile has inside; a trait's is the same in `customers`. Raises
        `unknown_attribute`."""
        ...

    @property
    def attributes(self) -> Mapping[str, Known]:
        """The attributes of the run's profile and its tags, by name; traits as `trait.NAME`."""
        ...

    def called(self, attribute: str, value: Value) -> Label:
        """A value of an attribute or a tag, as its definition calls it; else as it is."""
        ...

    def text(self, row: GroupRow) -> Label:
        """The value that a row of a group's reading is about, for people."""
        ...

    def keep(self, name: str, frame: Frame) -> Frame:
        """Execute a frame once, and give it back."""
        ...

    def has(self, name: str) -> bool:
        """Whether that table has a row."""
        ...

    def titles(self, of: str) -> dict[str, str]:
        """Names by id: of `product` or `store`; empty where none are known."""
        ...


@dataclass(frozen=True, slots=True)
class Insight:
    """A member of the catalogue. name: as its file is called. answers: the question, one sentence. needs: the tables of
    facts without which there is no answer. codes: of the mission, such as D4. page: of the docs."""

    name: str
    title: Label
    answers: Label
    needs: tuple[str, ...]
    compute: Callable[[Asked], Answer]
    parameters: tuple[Parameter, ...] = ()
    page: str = "insight.md"


__all__ = [
    "PICTURED", "Answer", "Asked", "Column", "ColumnKind", "Figure", "Insight", "Label", "Parameter", "ParameterKind",
    "Picture", "Row",
]  # fmt: skip
