"""From definitions and a date to named steps: which function gives which columns of the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw

from tierwise.definitions.activity import Activity
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.activity import activity_classes
from tierwise.metrics.customer import customer_metrics
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame
from tierwise.metrics.lifecycle import lifecycle_stages
from tierwise.metrics.population import ranked_by
from tierwise.metrics.rfm import rfm_columns, rfm_scales, rfm_scores, rfm_windows
from tierwise.metrics.store_totals import store_totals

KEY = "customer_key"

SNAPSHOTS = ("profile", "store_totals")
"""The tables that a run writes."""

ProfileDefinition = Rfm | Deciles | Activity | Lifecycle


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the tables it reads, the table it writes, and the pure function between them.

    widens: the function takes the profile as far as it is (`profile_rows`) and gives more columns of it.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    compute: Callable[[Mapping[str, Frame]], Frame]
    widens: bool = False


def plan(
    definitions: Sequence[ProfileDefinition], as_of: date, windows_days: Sequence[int], *, digits: int = 2
) -> tuple[Step, ...]:
    """The steps of a run, in order. digits: decimals of the currency."""
    windows = windows_of_profile(definitions, windows_days)
    return (
        Step(
            "customer metrics",
            ("orders", "refunds", "order_lines", "products", "visits", "interactions", "people"),
            "customer_metrics",
            lambda t: customer_metrics(
                t["orders"],
                as_of=as_of,
                refunds=t["refunds"],
                lines=t["order_lines"],
                products=t["products"],
                visits=t["visits"],
                interactions=t["interactions"],
                customers=t["people"],
                windows=windows,
            ),
        ),
        *[
            Step(
                f"{kind_of(definition)} {definition.name}",
                ("profile_rows",),
                f"tier_{definition.name}",
                _widening(definition, as_of, digits),
                widens=True,
            )
            for definition in in_order(definitions)
        ],
        Step(
            "store totals",
            ("orders", "refunds", "stores"),
            "store_totals",
            lambda t: store_totals(t["orders"], as_of=as_of, refunds=t["refunds"], stores=t["stores"]),
        ),
    )


def windows_of_profile(definitions: Sequence[ProfileDefinition], windows_days: Sequence[int]) -> tuple[int, ...]:
    """The windows that metrics count: the project's, and those that an RFM needs."""
    needed = {days for d in definitions if isinstance(d, Rfm) for days in rfm_windows(d)}
    return tuple(sorted(needed | set(windows_days)))


def in_order(definitions: Sequence[ProfileDefinition]) -> list[ProfileDefinition]:
    """RFM, deciles, activity, then lifecycles, which may read the others."""
    kinds = (Rfm, Deciles, Activity, Lifecycle)
    return sorted(definitions, key=lambda d: (next(i for i, kind in enumerate(kinds) if isinstance(d, kind)), d.name))


def _widening(definition: ProfileDefinition, as_of: date, digits: int) -> Callable[[Mapping[str, Frame]], Frame]:
    """The one place that knows which function serves which kind."""

    def compute(tables: Mapping[str, Frame]) -> Frame:
        profile = tables["profile_rows"]
        match definition:
            case Rfm():
                return rfm_scores(profile, definition, rfm_scales(profile, definition, digits=digits))
            case Deciles():
                return decile_parts(ranked_by(profile, definition.metric), definition)
            case Activity():
                return activity_classes(profile, definition)
            case Lifecycle():
                return lifecycle_stages(profile, definition, as_of=as_of)

    return compute
