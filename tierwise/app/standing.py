"""Where everybody stands in a run, at a glance: the sizes of all segments, and to which price bands customers lean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tierwise.app.context import Context
from tierwise.app.reading import Reader, label_of, reading
from tierwise.app.views import Label
from tierwise.definitions.price_band import PRICE_BANDS, PriceBand
from tierwise.definitions.segment import Segment
from tierwise.engine import snapshots

_BANDS = {"high": Label("高", "High"), "mid": Label("中", "Mid"), "low": Label("低", "Low")}


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """One segment. share: of all customers, 0-1; null where there is nobody."""

    name: str
    title: Label
    customers: int
    share: float | None
    strategy: Label | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class BandSize:
    """Customers who lean to one band. share: of those who lean to any, 0-1; null where nobody does."""

    band: str
    title: Label
    customers: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Leaning:
    """One price band definition: its bands from high to low; unknown: customers without a leaning."""

    name: str
    title: Label
    bands: tuple[BandSize, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class StandingView:
    """Segments, the largest first, and price leanings of a run."""

    run_id: int
    as_of: date
    customers: int
    segments: tuple[SegmentSize, ...]
    leanings: tuple[Leaning, ...]


def standing(ctx: Context, run_id: int | None = None) -> StandingView:
    """The segments and price bands that the run computed, each with its size. Raises what `reading` raises."""
    ctx.principal.require("view")
    with reading(ctx, run_id) as reader:
        customers = snapshots.count(reader.connection, "profile")
        return StandingView(
            run_id=reader.run.id,
            as_of=reader.run.as_of,
            customers=customers,
            segments=tuple(_segments(reader, customers)),
            leanings=tuple(_leaning(reader, each, customers) for each in reader.definitions.of(PriceBand)),
        )


def _segments(reader: Reader, customers: int) -> list[SegmentSize]:
    there = "segments" in (reader.run.outputs or {})
    sizes = snapshots.sizes(reader.connection, "segments", "segment") if there else {}
    found = [
        SegmentSize(
            name=each.name,
            title=label_of(each.title, each.name),
            customers=sizes.get(each.name, 0),
            share=sizes.get(each.name, 0) / customers if customers else None,
            strategy=None if each.strategy is None else label_of(each.strategy),
            owner=each.owner,
        )
        for each in reader.definitions.of(Segment)
    ]
    return sorted(found, key=lambda each: (-each.customers, each.name))


def _leaning(reader: Reader, definition: PriceBand, customers: int) -> Leaning:
    sizes = snapshots.sizes(reader.connection, "profile", definition.name)
    known = customers - sizes.get(None, 0)
    return Leaning(
        name=definition.name,
        title=label_of(definition.title, definition.name),
        bands=tuple(
            BandSize(band, _BANDS[band], sizes.get(band, 0), sizes.get(band, 0) / known if known else None)
            for band in PRICE_BANDS
        ),
        unknown=sizes.get(None, 0),
    )
