"""The Python door for frames: `tierwise.customer_metrics`, `rfm`, `deciles`, `activity`, `lifecycle`.

Frames in: pandas, Polars (eager or lazy), Arrow, a DuckDB relation or a Spark DataFrame; the same type comes out, of
eager frames with rows ordered by `customer_id`. Money is in currency units: integers, decimals or floats in, decimals
out. Dates may be given as `datetime.date` or as "2026-06-30". Nothing after `as_of` is seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from narwhals.typing import IntoFrameT
from pydantic import ValidationError

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import read_definitions
from tierwise.definitions.rfm import Rfm
from tierwise.engine.canonical import (
    KEY,
    ORDER_COLUMNS,
    Names,
    canonical_contacts,
    canonical_customers,
    canonical_orders,
    canonical_refunds,
    null_columns,
    to_inside,
    to_outside,
)
from tierwise.engine.frames import run_on
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.money import exponent
from tierwise.kernel.windows import parse_day
from tierwise.metrics.activity import activity_classes
from tierwise.metrics.attributes import attributes
from tierwise.metrics.customer import Keep
from tierwise.metrics.customer import customer_metrics as metrics_of
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame, columns_of, require_columns
from tierwise.metrics.lifecycle import lifecycle_attributes, lifecycle_stages, lifecycle_windows
from tierwise.metrics.population import ranked_by
from tierwise.metrics.rfm import rfm_columns, rfm_inputs, rfm_scores, rfm_windows
from tierwise.metrics.rfm_scales import rfm_scales

D = TypeVar("D", bound=Definition)


def customer_metrics(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    refunds: Any = None,
    lines: Any = None,
    products: Any = None,
    visits: Any = None,
    interactions: Any = None,
    customers: Any = None,
    windows: Sequence[int] = (30, 90, 365),
    currency: str = "CNY",
    timezone: str = "UTC",
    **columns: str,
) -> IntoFrameT:
    """One row per customer: `customer_id` and every attribute that the frames can tell (`attribute_names`).

    orders: rows with `customer_id`, `order_id`, `ordered_day` (a date) or `ordered_at`, `gross`, `net`, and if there is
    `coupon`, `cost`, `store_id`; keywords name the columns otherwise, as in `customer_id="CustomerID"`. Several rows
    of one order are one order. Further frames, each with `customer_id`: refunds (`refunded_day` or `refunded_at`,
    `amount`), visits (`visited_day` or `visited_at`, `paid`), interactions (`occurred_day` or `occurred_at`,
    `duration_seconds`), customers (`registered_on`, `closed_on`, `birth_on`). lines: `order_id`, `product_id`,
    `quantity`; products: `product_id`, `category`.

    windows: last days that windowed attributes also count. currency: whose minor unit money is rounded to, half away
    from zero, once, on the way in. timezone: whose days instants with an offset fall on. Over no rows counts and
    sums are 0, everything else is null; what was not given cannot be told and is not there.

    Raises TierwiseError: `missing_column` for all at once, `unknown_column`, `bad_column`, `bad_value`, `bad_window`.

    >>> import polars as pl
    >>> lines = pl.DataFrame({
    ...     "Customer": [7, 7, 7], "Invoice": ["A", "A", "B"], "Date": [date(2026, 6, 1)] * 2 + [date(2026, 6, 21)],
    ...     "gross": [10.0, 5.5, 20.0], "net": [10.0, 5.5, 18.0],
    ... })
    >>> names = {"customer_id": "Customer", "order_id": "Invoice", "ordered_day": "Date"}
    >>> found = customer_metrics(lines, as_of="2026-06-30", **names)
    >>> found.select("frequency_count", "monetary_amount", "mean_interval_days", "discount_amount").row(0)
    (2, Decimal('33.50'), 20.0, Decimal('2.00'))
    """
    day, digits = _day(as_of), exponent(currency)

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        bought = keep("bought", canonical_orders(given["orders"], Names(columns), digits=digits))
        facts = _facts(given, digits)
        metrics = metrics_of(
            bought,
            as_of=day,
            refunds=facts.get("refunds"),
            lines=facts.get("lines"),
            products=facts.get("products"),
            visits=facts.get("visits"),
            interactions=facts.get("interactions"),
            customers=facts.get("customers"),
            windows=windows,
            key=KEY,
            keep=keep,
        )
        return to_outside(metrics, digits)

    given = {
        "orders": orders, "refunds": refunds, "lines": lines, "products": products, "visits": visits,
        "interactions": interactions, "customers": customers,
    }  # fmt: skip
    return run_on(orders, given, compute, timezone=timezone)


def _facts(given: Mapping[str, Frame], digits: int) -> dict[str, Frame]:
    facts = {name: given[name] for name in ("lines", "products") if name in given}
    if "refunds" in given:
        facts["refunds"] = canonical_refunds(given["refunds"], digits=digits)
    for name, day in (("visits", "visited_day"), ("interactions", "occurred_day")):
        if name in given:
            facts[name] = canonical_contacts(given[name], day, name)
    if "customers" in given:
        facts["customers"] = canonical_customers(given["customers"])
    return facts


def rfm(
    orders: IntoFrameT,
    *,
    as_of: date | str,
    definition: Rfm | None = None,
    refunds: Any = None,
    currency: str = "CNY",
    timezone: str = "UTC",
    **named: Any,
) -> IntoFrameT:
    """One row per customer: its R, F and M, `r_score`, `f_score`, `m_score`, `rfm_score`, `rfm_cell`, `rfm_reason`.

    orders, refunds, currency, timezone and names of columns as in `customer_metrics`; of `gross`, `net` and `cost` only
    what the definition's money needs. A definition, or its fields as keywords: `last_days=90`, `money="gross"`,
    `monetary={"method": "jenks"}`. Scores are 1 to 5, 5 best; ties share a score; high is strictly above the mean
    score. Who has no order in the window has nulls and the reason `no_orders`; where the profit is not known,
    `unknown_cost`.

    Raises as `customer_metrics`, `bad_definition`, and `too_many_distinct_values` for Jenks.

    >>> import polars as pl
    >>> orders = pl.DataFrame({
    ...     "customer_id": ["ann", "bo", "bo"], "order_id": ["1", "2", "3"],
    ...     "ordered_day": [date(2026, 1, 5), date(2026, 5, 1), date(2026, 6, 1)], "net": [80, 300, 200],
    ... })
    >>> rfm(orders, as_of="2026-06-30").select("customer_id", "recency_days", "rfm_score", "rfm_cell").rows()
    [('ann', 176, '111', '000'), ('bo', 29, '555', '111')]
    """
    day, digits = _day(as_of), exponent(currency)
    fields = {name: value for name, value in named.items() if name in Rfm.model_fields}
    columns = {name: value for name, value in named.items() if name not in fields}
    known = (*ORDER_COLUMNS, *Rfm.model_fields)
    unknown = [name for name in columns if name not in ORDER_COLUMNS]
    if unknown:
        raise TierwiseError.of([unknown_name("column", name, known) for name in unknown])
    asked = definition_from(Rfm, definition, fields)
    needed = {"net": ("net",), "gross": ("gross",), "profit": ("net", "cost")}[asked.money]

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        bought = keep("bought", canonical_orders(given["orders"], Names(columns), digits=digits, needed=needed))
        back = _facts(given, digits).get("refunds")
        metrics = metrics_of(bought, as_of=day, refunds=back, windows=rfm_windows(asked), key=KEY, keep=keep)
        values = keep("values", metrics.select(KEY, *rfm_inputs(asked)))
        scored = rfm_scores(values, asked, rfm_scales(values, asked, digits=digits))
        return to_outside(scored.select(KEY, *rfm_inputs(asked), *rfm_columns(asked).values()), digits)

    return run_on(orders, {"orders": orders, "refunds": refunds}, compute, timezone=timezone)


def deciles(
    frame: IntoFrameT,
    *,
    metric: str = "monetary_amount",
    parts: int = 10,
    name: str = "spend_decile",
    customer_id: str = KEY,
) -> IntoFrameT:
    """The frame, one row per customer, with one more column `name`: 1 (top) to `parts`, by any column of numbers.

    SQL's NTILE over the metric descending, ties by `customer_id`; null where the metric is. `decile_table` gives what
    each part brings. Raises `missing_column`, `not_a_number`, `bad_definition`.

    >>> import polars as pl
    >>> deciles(pl.DataFrame({"customer_id": ["a", "b"], "visits": [3, 9]}), metric="visits", parts=2).rows()
    [('a', 3, 2), ('b', 9, 1)]
    """
    asked = definition_from(Deciles, None, {"metric": metric, "parts": parts, "name": name})

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        require_numbers(given["frame"], metric, customer_id)
        ranked = decile_parts(given["frame"], asked, tie_by=customer_id)
        rest = [column for column in columns_of(ranked) if column != customer_id]
        return ranked.select(customer_id, *rest)

    return run_on(frame, {"frame": frame}, compute)


def require_numbers(frame: Frame, metric: str, *others: str) -> None:
    """Raises `missing_column` for all that are missing, and `not_a_number` where the metric is none."""
    require_columns(frame, (metric, *others), "the frame's rows")
    if not frame.collect_schema()[metric].is_numeric():
        raise TierwiseError("not_a_number", f'"{metric}" is no number to rank by', place=metric)


def activity(
    metrics: IntoFrameT, *, as_of: date | str, definition: Activity | None = None, **fields: Any
) -> IntoFrameT:
    """The metrics (`customer_metrics`, with the definition's window) with one more column: `activity`.

    new, active_high, active_mid, active_low, sleeping or inactive, never null; a definition, or its fields as keywords.
    Raises `missing_column`, `bad_definition`.
    """
    day = _day(as_of)
    asked = definition_from(Activity, definition, fields)

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        there = columns_of(given["metrics"])
        classed = activity_classes(to_inside(given["metrics"], 2), asked, as_of=day)
        return to_outside(classed, 2).select(*there, asked.name)

    return run_on(metrics, {"metrics": metrics}, compute)


def lifecycle(
    metrics: IntoFrameT,
    *,
    as_of: date | str,
    definition: Lifecycle | None = None,
    currency: str = "CNY",
) -> IntoFrameT:
    """The metrics with five more columns: `silent_days`, `normal_silence_days`, `overdue_days`, `lifecycle_stage`
    and the reason for having none.

    definition: an ordered ladder; the general one of the retail template where none is given. Attributes that its rules
    read and the metrics have not are missing to them; of those, spend_decile and the RFM scores are computed as they
    are by default. Raises `unknown_attribute`, `bad_operator`, `bad_value`, `missing_column`.
    """
    day, digits = _day(as_of), exponent(currency)
    asked = definition or general_lifecycle()

    def compute(given: Mapping[str, Frame], keep: Keep) -> Frame:
        there = columns_of(given["metrics"])
        read = set(lifecycle_attributes(asked)) - set(there)
        ranking = Deciles()
        require_columns(given["metrics"], (KEY, ranking.metric) if ranking.name in read else (KEY,), "metrics")
        known = attributes(lifecycle_windows(asked))
        inside = null_columns(to_inside(given["metrics"], digits), [a for a in known if a.name in read])
        staged = lifecycle_stages(_with_defaults(inside, read, digits, keep), asked, as_of=day, digits=digits)
        added = [name for name in columns_of(staged) if name not in columns_of(inside)]
        answer = to_outside(staged, digits)
        return answer.select(*there, *(name for name in added if name not in read))

    return run_on(metrics, {"metrics": metrics}, compute)


def _with_defaults(metrics: Frame, read: set[str], digits: int, keep: Keep) -> Frame:
    """The metrics with what the default definitions of deciles and RFM give, where rules read it."""
    ranking, scoring = Deciles(), Rfm()
    if ranking.name in read:
        part = decile_parts(ranked_by(metrics, ranking.metric), ranking, tie_by=KEY).select(KEY, ranking.name)
        metrics = metrics.join(part, on=KEY, how="left")
    scores = set(rfm_columns(scoring).values())
    if scores & read:
        values = keep("metrics", metrics)
        metrics = rfm_scores(values, scoring, rfm_scales(values, scoring, digits=digits))
    return metrics


@cache
def general_lifecycle() -> Lifecycle:
    """The general ladder: visitor, registered, active, first_purchase, repeat, vip, dormant, lost_presumed, lost."""
    file = resources.files("tierwise") / "templates" / "general" / "lifecycle.yaml"
    with resources.as_file(file) as path:
        found = [d for d in read_definitions([Path(path)]) if isinstance(d, Lifecycle)]
    return found[0]


def _day(as_of: date | str) -> date:
    if isinstance(as_of, str):
        return parse_day(as_of)
    return as_of.date() if isinstance(as_of, datetime) else as_of


def definition_from(kind: type[D], given: D | None, fields: Mapping[str, Any]) -> D:
    """The definition that is given, or the one of those fields. Raises `bad_definition`."""
    if given is not None and fields:
        raise TierwiseError(
            "bad_definition",
            f"a definition and its fields ({', '.join(sorted(fields))}) are both given",
            remedy="give one",
        )
    if given is not None:
        return given
    try:
        return kind(**fields)
    except ValidationError as error:
        raise TierwiseError.of(
            [
                Problem("bad_definition", found["msg"], ".".join(str(part) for part in found["loc"]) or None)
                for found in error.errors(include_url=False)
            ]
        ) from error


__all__ = ["activity", "customer_metrics", "deciles", "general_lifecycle", "lifecycle", "rfm"]
