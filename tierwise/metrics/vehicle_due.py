"""What each vehicle is due for, and when: by time or by mileage, whichever comes first, as a table of rules says.

A rule holds for one model or, without a model, for all that have none of their own. Services count from the last one
(the first from delivery), warranty and the end of a loan once from delivery, insurance and inspection again and again
from delivery. A date that the vehicle itself carries (`KNOWN_DATES`) comes before any rule.

How far a car goes in a day comes of its own readings: between the first and the last, when they lie `_APART` days
apart, else from delivery to the last, when that is `_SINCE` days. A reading below an earlier one means another odometer
and tells nothing. Cars that tell nothing get the median of their model, where enough of it tell something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import narwhals as nw

from tierwise.definitions.due_rules import BY_MILEAGE, DueKind
from tierwise.facts.known_words import pattern_of
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.customer import Keep, lazily
from tierwise.metrics.due import DUE, LAPSED, UPCOMING
from tierwise.metrics.frame import (
    Frame,
    columns_of,
    count_where,
    days_between,
    days_until,
    missing,
    require_columns,
    rounded_quotient,
)

KINDS: tuple[DueKind, ...] = ("first_service", "service", "insurance", "warranty", "inspection", "loan_end")

KNOWN_DATES: dict[DueKind, str] = {
    "insurance": "insured_until",
    "warranty": "warranty_until",
    "inspection": "inspection_due_on",
    "loan_end": "loan_ends_on",
}
"""The column of vehicles that has the date itself, where the business knows it."""

NO_RULE, NO_DELIVERY_DATE, NO_MILEAGE = "no_rule", "no_delivery_date", "no_mileage"

_REPEATED = ("insurance", "inspection")
_APART, _SINCE = 90, 30
_MODEL_CARS = 5


@dataclass(frozen=True, slots=True)
class DueRule:
    """When something is due: after so many days, or kilometres, whichever comes first. model: None for all others.
    source: where the figures come from, for who reads them."""

    kind: DueKind
    days: int | None = None
    km: int | None = None
    model: str | None = None
    source: str = ""


DEFAULT_RULES = (
    DueRule("first_service", 182, 5_000, source="a usual interval for mineral oil; unverified, set yours per model"),
    DueRule("service", 182, 5_000, source="a usual interval for mineral oil; unverified, set yours per model"),
    DueRule("insurance", 365, source="compulsory insurance runs for a year"),
    DueRule("warranty", 1_095, 60_000, source="three years or 60,000 km; unverified, ask the maker"),
    DueRule("inspection", 730, source="every second year; unverified, the law differs by age and kind of vehicle"),
)
"""Editable beginnings, no benchmarks. A loan's end has no default: its term is the contract's."""


def vehicle_due(
    vehicles: Frame,
    visits: Frame,
    *,
    as_of: date,
    rules: Sequence[DueRule] = DEFAULT_RULES,
    key: str = "customer_key",
    service_kinds: Sequence[str] | None = None,
    keep: Keep = lazily,
) -> Frame:
    """One row per vehicle and kind of the rules: `vin, key, model, kind, since_on, due_on, due_by, interval_days,
    overdue_days, state, metres_per_day, pace_basis, reason`.

    vehicles: one row per vehicle with `vin, model, delivered_on`, and any of `KNOWN_DATES`. visits: `vin, visited_day,
    kind, mileage_km`; those of service_kinds are services, without it those whose kind says so by its words
    (`facts/known_words.py`). A vehicle without a service is due for `first_service`, another for `service`, never for
    both; delivered after as_of it is not there.

    due_by: `time`, `mileage` or `known_date`. since_on: what the interval counts from. pace_basis: `own` or `model`.
    overdue_days: as_of - due_on. state: as in `metrics/due.py`, lapsed once a further whole interval has passed; null
    without a date, with the reason `no_delivery_date`, `no_rule`, or `no_mileage` (a rule by kilometres alone).

    Executes nothing but what `keep` does. Raises `missing_column`, `bad_rule` for all rules that are wrong.
    """
    _check(rules)
    require_columns(vehicles, ("vin", key, "model", "delivered_on"), "vehicles")
    require_columns(visits, ("vin", "visited_day", "kind", "mileage_km"), "visits")
    there = columns_of(vehicles)
    known = [name for name in KNOWN_DATES.values() if name in there]
    cars = vehicles.filter(nw.col("delivered_on").is_null() | (nw.col("delivered_on") <= nw.lit(as_of)))
    cars = cars.select("vin", key, "model", "delivered_on", *known)
    paced = keep("paced_cars", _paced(cars, _workshop(visits, as_of, service_kinds)))
    kinds = [kind for kind in KINDS if any(rule.kind == kind for rule in rules) or KNOWN_DATES.get(kind) in known]
    parts = [_due(paced, kind, [rule for rule in rules if rule.kind == kind], known, as_of) for kind in kinds]
    return nw.concat(parts).select(
        "vin", key, "model", "kind", "since_on", "due_on", "due_by", "interval_days", "overdue_days", "state",
        "metres_per_day", "pace_basis", "reason",
    )  # fmt: skip


def _check(rules: Sequence[DueRule]) -> None:
    problems = []
    for place, rule in enumerate(rules):
        at = f"rules.{place}"
        if rule.kind not in KINDS:
            problems.append(Problem("bad_rule", f'unknown kind "{rule.kind}"', at, f"known: {', '.join(KINDS)}"))
        if rule.days is None and rule.km is None:
            problems.append(Problem("bad_rule", "neither days nor km", at, "give one or both"))
        if any(value is not None and value < 1 for value in (rule.days, rule.km)):
            problems.append(Problem("bad_rule", "days and km are 1 or more", at, "leave out what does not count"))
        if rule.km is not None and rule.kind not in BY_MILEAGE:
            problems.append(Problem("bad_rule", f"{rule.kind} is not due by km", at, "give days alone"))
        if any((rule.kind, rule.model) == (other.kind, other.model) for other in rules[:place]):
            problems.append(Problem("bad_rule", f"{rule.kind} of {rule.model or 'all models'} twice", at, "keep one"))
    if not rules:
        problems.append(Problem("bad_rule", "no rules", "rules", "give one or more"))
    if problems:
        raise TierwiseError.of(problems)


def _workshop(visits: Frame, as_of: date, service_kinds: Sequence[str] | None) -> Frame:
    """One row per vehicle that came: services so far, the last one, the first and the last reading, the largest."""
    came = visits.filter(~nw.col("vin").is_null(), nw.col("visited_day") <= nw.lit(as_of))
    kind = nw.col("kind")
    by_words = kind.str.contains(pattern_of("visits.kind", "service"))
    is_service = by_words if service_kinds is None else kind.is_in(list(service_kinds))
    read = nw.when(~nw.col("mileage_km").is_null()).then(nw.col("visited_day"))
    came = came.with_columns(
        nw.when(is_service).then(nw.col("visited_day")).alias("service_day"), read.alias("read_day")
    )
    ends = came.group_by("vin").agg(
        nw.col("service_day").max().alias("last_service_on"),
        count_where(is_service).alias("service_count"),
        nw.col("read_day").min().alias("first_read"),
        nw.col("read_day").max().alias("last_read"),
        nw.col("mileage_km").max().alias("largest_km"),
    )
    at_ends = came.select("vin", "read_day", "mileage_km").join(
        ends.select("vin", "first_read", "last_read"), on="vin", how="inner"
    )
    readings = at_ends.with_columns(
        nw.when(nw.col("read_day") == nw.col("first_read")).then(nw.col("mileage_km")).alias("early"),
        nw.when(nw.col("read_day") == nw.col("last_read")).then(nw.col("mileage_km")).alias("late"),
    )
    readings = readings.group_by("vin").agg(
        nw.col("early").min().alias("first_km"), nw.col("late").max().alias("last_km")
    )  # fmt: skip
    return ends.join(readings, on="vin", how="left")


def _paced(cars: Frame, workshop: Frame) -> Frame:
    """The cars with `service_count`, `last_service_on`, `metres_per_day`, `pace_basis`."""
    seen = cars.join(workshop, on="vin", how="left")
    apart = days_between(nw.col("first_read"), nw.col("last_read"))
    since = days_between(nw.col("delivered_on"), nw.col("last_read"))
    between = rounded_quotient((nw.col("last_km") - nw.col("first_km")) * 1000, apart)
    whole = rounded_quotient(nw.col("last_km") * 1000, since)
    sound = nw.col("last_km") >= nw.col("largest_km")
    pace = nw.when(sound & (apart >= _APART)).then(between).when(sound & (since >= _SINCE)).then(whole)
    own = seen.with_columns(pace.otherwise(missing(nw.Int64)).alias("pace"))
    own = own.with_columns(nw.when(nw.col("pace") > 0).then(nw.col("pace")).alias("own_pace"))
    models = (
        own.filter(~nw.col("own_pace").is_null(), ~nw.col("model").is_null())
        .group_by("model")
        .agg(nw.len().alias("cars"), nw.col("own_pace").quantile(0.5, interpolation="linear").alias("median"))
        .filter(nw.col("cars") >= _MODEL_CARS)
        .select("model", nw.col("median").round(0).cast(nw.Int64).alias("model_pace"))
    )
    basis = (
        nw.when(~nw.col("own_pace").is_null())
        .then(nw.lit("own"))
        .when(~nw.col("model_pace").is_null())
        .then(nw.lit("model"))
        .otherwise(missing(nw.String))
    )
    services = nw.coalesce(nw.col("service_count"), nw.lit(0).cast(nw.Int64))
    return own.join(models, on="model", how="left").select(
        *columns_of(cars),
        services.alias("service_count"),
        "last_service_on",
        nw.coalesce(nw.col("own_pace"), nw.col("model_pace")).alias("metres_per_day"),
        basis.alias("pace_basis"),
    )


def _figure(rules: Sequence[DueRule], name: Literal["days", "km"]) -> nw.Expr:
    """The rule's figure for the row's model, or that of all other models, as Int64; null where neither has one."""
    general = next((getattr(rule, name) for rule in rules if rule.model is None), None)
    found = nw.lit(general).cast(nw.Int64)
    for rule in rules:
        if rule.model is not None:
            own = nw.lit(getattr(rule, name)).cast(nw.Int64)
            found = nw.when(nw.col("model") == rule.model).then(own).otherwise(found)
    return found


def _due(cars: Frame, kind: DueKind, rules: Sequence[DueRule], known: Sequence[str], as_of: date) -> Frame:
    if kind == "first_service":
        cars = cars.filter(nw.col("service_count") == 0)
    if kind == "service":
        cars = cars.filter(nw.col("service_count") > 0)
    since = nw.col("last_service_on" if kind == "service" else "delivered_on")
    date_name = KNOWN_DATES.get(kind)
    date_itself = nw.col(date_name) if date_name is not None and date_name in known else missing(nw.Date)
    metres, pace = nw.col("km__") * 1000, nw.col("metres_per_day")
    by_distance = ((metres - metres % pace) / pace).cast(nw.Int64)
    figures = cars.with_columns(
        since.alias("since_on"), date_itself.alias("known__"), _figure(rules, "days").alias("days__"),
        _figure(rules, "km").alias("km__"),
    ).with_columns(nw.when(pace > 0).then(by_distance).alias("distance__"))  # fmt: skip
    sooner = nw.col("days__").is_null() | (nw.col("distance__") < nw.col("days__"))
    by_mileage = ~nw.col("distance__").is_null() & sooner
    once = nw.when(by_mileage).then(nw.col("distance__")).otherwise(nw.col("days__"))
    if kind in _REPEATED:
        # The next one on as_of or after it.
        age = days_until(nw.col("since_on"), as_of)
        begun = age + (once - age % once) % once
        once = nw.when(age > 0).then(begun).otherwise(once)
    dated = figures.with_columns(
        by_mileage.alias("by_mileage__"),
        nw.when(nw.col("known__").is_null() & ~nw.col("since_on").is_null()).then(once).alias("interval_days"),
    ).with_columns((nw.col("since_on") + nw.col("interval_days").cast(nw.Int32)).alias("told__"))
    return _told(dated, kind, as_of)


def _told(dated: Frame, kind: DueKind, as_of: date) -> Frame:
    due_by = (
        nw.when(~nw.col("known__").is_null())
        .then(nw.lit("known_date"))
        .when(nw.col("interval_days").is_null())
        .then(missing(nw.String))
        .when(nw.col("by_mileage__"))
        .then(nw.lit("mileage"))
        .otherwise(nw.lit("time"))
    )
    reason = (
        nw.when(~nw.col("due_on").is_null())
        .then(missing(nw.String))
        .when(nw.col("days__").is_null() & nw.col("km__").is_null())
        .then(nw.lit(NO_RULE))
        .when(nw.col("since_on").is_null())
        .then(nw.lit(NO_DELIVERY_DATE))
        .otherwise(nw.lit(NO_MILEAGE))
    )
    overdue = nw.col("overdue_days")
    state = (
        nw.when(overdue.is_null())
        .then(missing(nw.String))
        .when(overdue < 0)
        .then(nw.lit(UPCOMING))
        .when(nw.col("interval_days").is_null() | (overdue < nw.col("interval_days")))
        .then(nw.lit(DUE))
        .otherwise(nw.lit(LAPSED))
    )
    return (
        dated.with_columns(nw.coalesce(nw.col("known__"), nw.col("told__")).alias("due_on"), due_by.alias("due_by"))
        .with_columns(days_until(nw.col("due_on"), as_of).alias("overdue_days"), reason.alias("reason"))
        .with_columns(state.alias("state"), nw.lit(kind).alias("kind"))
    )
