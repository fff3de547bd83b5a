"""What the use cases answer with: plain frozen values that every door shows in its own way.

Money is a decimal in currency units; shares are 0..1, null where they cannot be told; texts are in both languages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tierwise.kernel.errors import Problem

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


@dataclass(frozen=True, slots=True)
class RunView:
    """One run: what it saw (as_of), what it counted, how long each step took (seconds). notes: of a run just made.

    base_run_id: the run whose rows it took over for customers of whom nothing had changed; `counts["touched"]` says how
    many were computed from their facts. Null where everybody was.
    """

    id: int
    as_of: date
    state: str
    current: bool
    started_at: datetime
    seconds: float | None
    counts: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    base_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store's totals up to as_of, with the orders of nobody and of junk accounts. store_id null: at no known place.

    junk_orders, junk_amount_rate: orders of junk accounts, and their part of gross sales; null where the run looked for
    no junk.
    """

    store_id: str | None
    store_name: str | None
    orders: int
    monetary_amount_gross: Decimal
    monetary_amount: Decimal
    identified_orders: int
    identified_order_rate: float | None
    identified_amount_rate: float | None
    junk_orders: int | None = None
    junk_amount_rate: float | None = None


@dataclass(frozen=True, slots=True)
class StoresView:
    """The stores, and the total over all of them."""

    run_id: int
    as_of: date
    currency: str
    rows: tuple[StoreRow, ...]
    total: StoreRow


@dataclass(frozen=True, slots=True)
class DecileRow:
    """One part, 1 = top. share, cumulative_share: of the total over all parts; null where that is not positive."""

    decile: int
    customers: int
    total: Number
    share: float | None
    cumulative_share: float | None
    per_head: Number | None
    lowest: Number | None
    highest: Number | None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class DecileGroup:
    """Parts first_decile..last_decile together, G1 from the top; figures as in `DecileRow`."""

    group: str
    first_decile: int
    last_decile: int
    customers: int
    total: Number
    share: float | None
    cumulative_share: float | None
    per_head: Number | None


@dataclass(frozen=True, slots=True)
class DecilesView:
    """Parts of those who have the metric; unscored: customers without it (no order, or not known). unit: `money`, of
    the currency; else the metric's own, such as orders or days, empty where it has none."""

    run_id: int
    as_of: date
    metric: str
    title: Label
    unit: str
    currency: str
    rows: tuple[DecileRow, ...]
    groups: tuple[DecileGroup, ...]
    customers: int
    total: Number
    unscored: int
    sentence: Label


@dataclass(frozen=True, slots=True)
class CellRow:
    """One of the eight RFM cells; empty ones are there too."""

    code: str
    name: str
    title: Label
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None
    per_head: Decimal | None
    mean_recency_days: float | None
    mean_frequency: float | None
    strategy: Label | None


@dataclass(frozen=True, slots=True)
class RfmView:
    """The cells in the order 111, 101, 011, 001, 110, 100, 010, 000; unscored: customers with the reason why.
    last_days: of the window that frequency and money are counted in; null for the whole life."""

    run_id: int
    as_of: date
    currency: str
    money: str
    cells: tuple[CellRow, ...]
    customers: int
    unscored: int
    unscored_reasons: dict[str, int]
    scores: dict[str, dict[str, int]]
    last_days: int | None = None


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage or class of a ladder, in its order; empty ones are there too."""

    name: str
    title: Label
    customers: int
    share: float | None
    monetary_amount: Decimal
    monetary_share: float | None
    strategy: Label | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class LadderView:
    """A ladder (lifecycle or activity): how many customers are where, and what they brought."""

    run_id: int
    as_of: date
    name: str
    title: Label
    currency: str
    rows: tuple[StageRow, ...]
    customers: int
    outside: int


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """How many customers were in one stage then and in another now; null: not a customer then, or no longer."""

    from_: str | None
    to: str | None
    customers: int
    share: float | None


@dataclass(frozen=True, slots=True)
class TransitionsView:
    """Moves on a ladder between two runs; share: of those who were in `from_`."""

    name: str
    from_as_of: date
    to_as_of: date
    stages: tuple[str, ...]
    rows: tuple[TransitionRow, ...]


@dataclass(frozen=True, slots=True)
class AttributeValue:
    """One attribute of one customer, for people and for programs."""

    name: str
    title: Label
    value: Any
    unit: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """That more is known than a run saw: as of a day, from all events up to `until`; told at `at`."""

    as_of: date
    until: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer: base facts, profile and the latest facts. Personal data: `view_customer` is needed.

    live: where events or imports after the run have changed the customer, who is then told as of that day. relations:
    roles that the customer has or had at vehicles, companies and in households.
    """

    customer_id: str
    run_id: int
    as_of: date
    currency: str
    base: dict[str, Any]
    traits: dict[str, Any]
    attributes: tuple[AttributeValue, ...]
    orders: tuple[dict[str, Any], ...]
    refunds: tuple[dict[str, Any], ...]
    visits: tuple[dict[str, Any], ...]
    vehicles: tuple[dict[str, Any], ...]
    live: Live | None = None
    relations: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Some rows of the profile in the order of customer_id, money in currency units."""

    run_id: int
    as_of: date
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    of: int


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The manager's page in one answer."""

    run: RunView
    currency: str
    customers: int
    buyers: int
    monetary_amount: Decimal
    identified_amount_rate: float | None
    deciles: DecilesView
    rfm: RfmView
    lifecycle: tuple[LadderView, ...]
    activity: tuple[LadderView, ...]
    stores: StoresView


@dataclass(frozen=True, slots=True)
class Exported:
    """A table written to a file. left_out: the sensitive attributes that are not in it, since nobody asked for them."""

    table: str
    path: str
    rows: int
    bytes: int
    seconds: float
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    name: str
    verdict: str
    seen: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What `doctor` found: each check with its verdict (ok, warning, failed), what was seen, and the remedy."""

    checks: tuple[HealthCheck, ...]

    @property
    def ok(self) -> bool:
        return all(check.verdict != "failed" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Quarantined rows, the newest file first, with how many there are by reason."""

    rows: tuple[dict[str, Any], ...]
    total: int
    by_reason: dict[str, int]
    warnings: tuple[Problem, ...] = ()
