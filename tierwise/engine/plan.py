"""From definitions and a date to named steps: which function gives which columns of the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.metrics.activity import activity_classes, activity_windows
from tierwise.metrics.customer import Keep, completed, customer_metrics
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame
from tierwise.metrics.lifecycle import lifecycle_stages, lifecycle_windows
from tierwise.metrics.population import ranked_by
from tierwise.metrics.rfm import rfm_scores, rfm_windows
from tierwise.metrics.rules import Schema, windows_in
from tierwise.metrics.store_totals import store_totals

KEY = "customer_key"

SNAPSHOTS = ("profile", "store_totals")
"""The tables that a run writes."""

Tables: TypeAlias = Mapping[str, Frame]
Compute: TypeAlias = Callable[[Tables, Keep], Frame]
"""`keep` executes an intermediate under a name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the tables it reads, the table it writes, and the pure function between them.

    Of the tables that it reads, those of which no fact was ever imported may be lacking.

    widens: the function takes the profile as far as it is (`profile_rows`) and gives more columns of it: by row, where
    a customer's own row is enough, or by rank, where all rows are looked at and some may be left out.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    compute: Compute
    widens: Literal["by row", "by rank"] | None = None


def plan(
    definitions: Sequence[Definition],
    as_of: date,
    windows_days: Sequence[int],
    *,
    digits: int = 2,
    traits: Schema | None = None,
) -> tuple[Step, ...]:
    """The steps of a run, in order. digits: decimals of the currency. traits: what rules may read besides."""
    windows = windows_of_profile(definitions, windows_days)
    facts = ("orders", "refunds", "order_lines", "products", "visits", "interactions", "people")

    def metrics(t: Tables, keep: Keep) -> Frame:
        return customer_metrics(
            t["orders"],
            as_of=as_of,
            refunds=t.get("refunds"),
            lines=t.get("order_lines"),
            products=t.get("products"),
            visits=t.get("visits"),
            interactions=t.get("interactions"),
            customers=t["people"],
            windows=windows,
            keep=keep,
        )

    def totals(t: Tables, keep: Keep) -> Frame:
        return store_totals(t["orders"], as_of=as_of, refunds=t.get("refunds"))

    def others(t: Tables, keep: Keep) -> Frame:
        return completed(t["profile_rows"], windows)

    return (
        Step("customer metrics", facts, "customer_metrics", metrics),
        Step("attributes of no facts", ("profile_rows",), "completed", others, widens="by row"),
        *(
            Step(
                f"{kind_of(definition)} {definition.name}",
                ("profile_rows",),
                f"tier_{definition.name}",
                _widening(definition, as_of, digits, traits),
                widens="by rank" if isinstance(definition, Deciles) else "by row",
            )
            for definition in in_order(definitions)
        ),
        Step("store totals", ("orders", "refunds"), "totals_of_stores", totals),
    )


def windows_of_profile(definitions: Sequence[Definition], windows_days: Sequence[int]) -> tuple[int, ...]:
    """The windows that metrics count: the project's, and those that a definition reads."""
    needed = set(windows_days)
    for definition in definitions:
        match definition:
            case Rfm():
                needed |= set(rfm_windows(definition))
            case Deciles():
                needed |= set(windows_in((definition.metric,)))
            case Activity():
                needed |= set(activity_windows(definition))
            case Lifecycle():
                needed |= set(lifecycle_windows(definition))
    return tuple(sorted(needed))


def in_order(definitions: Sequence[Definition]) -> list[Definition]:
    """RFM, deciles, activity, then lifecycles, which may read the others."""
    kinds = (Rfm, Deciles, Activity, Lifecycle)
    return sorted(definitions, key=lambda d: (next(i for i, kind in enumerate(kinds) if isinstance(d, kind)), d.name))


def _widening(definition: Definition, as_of: date, digits: int, traits: Schema | None) -> Compute:
    """The one place that knows which function serves which kind."""

    def compute(tables: Tables, keep: Keep) -> Frame:
        profile = tables["profile_rows"]
        match definition:
            case Rfm():
                from tierwise.metrics.rfm_scales import rfm_scales  # loads NumPy, which readers of a plan need not

                return rfm_scores(profile, definition, rfm_scales(profile, definition, digits=digits))
            case Deciles():
                return decile_parts(ranked_by(profile, definition.metric), definition)
            case Activity():
                return activity_classes(profile, definition, as_of=as_of)
            case Lifecycle():
                return lifecycle_stages(profile, definition, as_of=as_of, digits=digits, schema=traits)
        raise AssertionError(f"no step for {kind_of(definition)}")

    return compute
