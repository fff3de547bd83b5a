"""From definitions and a date to named steps: which function gives which columns of the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.due_rules import DueRules
from tierwise.definitions.graph import in_order, label_of, links
from tierwise.definitions.identities import Identities
from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.level import Level
from tierwise.definitions.lifecycle import Lifecycle
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.project import Project
from tierwise.definitions.read import kind_of
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.engine.bought_lines import BOUGHT
from tierwise.metrics.activity import activity_classes, activity_windows
from tierwise.metrics.customer import CATEGORY_DAYS, Keep, completed, customer_metrics
from tierwise.metrics.deciles import decile_parts
from tierwise.metrics.frame import Frame
from tierwise.metrics.level import GradedScales, level_scales, with_levels
from tierwise.metrics.lifecycle import lifecycle_stages, lifecycle_windows
from tierwise.metrics.matrix import MatrixScales, matrix_scales, with_matrix
from tierwise.metrics.population import ranked_by
from tierwise.metrics.price_band import with_price_band
from tierwise.metrics.rfm import RfmScales, rfm_scores, rfm_windows
from tierwise.metrics.rules import Schema, windows_in
from tierwise.metrics.store_totals import store_totals

KEY = "customer_key"

SNAPSHOTS = ("profile", "store_totals", "tags", "segments", "junk", CATEGORY_DAYS, BOUGHT)
"""The tables that a run writes whole; the last one where lines and products are known."""

HISTORY = "history"
"""The table to which a run adds what changed."""

Tables: TypeAlias = Mapping[str, Frame]
Compute: TypeAlias = Callable[[Tables, Keep], Frame]
"""`keep` executes an intermediate under a name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the tables it reads, the table it writes, and the pure function between them.

    Of the tables that it reads, those of which no fact was ever imported may be lacking.

    definition: whose columns these are; and again: the same function for the definition in other terms.

    widens: the function takes what it reads of the profile as far as it is (`profile_rows`) and gives more columns of
    it: by row, where a customer's own row is enough, or by rank, where all rows are looked at and some may be left out.
    Without a definition these are columns of the metrics themselves, and it takes all.
    """

    name: str
    reads: tuple[str, ...]
    writes: str
    compute: Compute
    widens: Literal["by row", "by rank"] | None = None
    definition: Definition | None = None
    again: Callable[[Definition], Compute] | None = None


@dataclass(frozen=True, slots=True)
class CleaningStep:
    """Junk accounts are found by rules and leave the profile before anything is counted on it."""

    name: str
    cleaning: Cleaning
    writes: str = "junk_rows"


@dataclass(frozen=True, slots=True)
class RuleStep:
    """Tags and segments whose rules read nothing that is not there yet: their rules are planned together."""

    name: str
    tags: tuple[Tag, ...]
    segments: tuple[Segment, ...]
    writes: str = "tag_rows"


AnyStep: TypeAlias = Step | CleaningStep | RuleStep


def plan(
    definitions: Sequence[Definition],
    as_of: date,
    windows_days: Sequence[int],
    *,
    digits: int = 2,
    traits: Schema | None = None,
) -> tuple[AnyStep, ...]:
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
        return store_totals(t["orders"], as_of=as_of, refunds=t.get("refunds"), junk=t.get("junk_rows"))

    def others(t: Tables, keep: Keep) -> Frame:
        return completed(t["profile_rows"], windows)

    cleanings = [each for each in definitions if isinstance(each, Cleaning)]
    return (
        Step("customer metrics", facts, "customer_metrics", metrics),
        Step("attributes of no facts", ("profile_rows",), "completed", others, widens="by row"),
        *(CleaningStep(f"cleaning {each.name}", each) for each in cleanings),
        *(step for wave in waves(definitions) for step in _steps_of(wave, as_of, digits, traits)),
        Step("store totals", ("orders", "refunds", *(["junk_rows"] if cleanings else [])), "totals_of_stores", totals),
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


def waves(definitions: Sequence[Definition]) -> list[list[Definition]]:
    """Those of the profile in waves: each reads only what earlier waves give. Equal inputs give equal waves.

    There must be no ring (`graph.ring_problems`).
    """
    of_profile = [each for each in definitions if not isinstance(each, _APART)]
    needed: dict[str, set[str]] = {label_of(each): set() for each in of_profile}
    for link in links(of_profile):
        needed[label_of(link.reader)].add(label_of(link.giver))
    depth: dict[str, int] = {}
    for each in in_order(of_profile):
        label = label_of(each)
        depth[label] = max((depth[giver] + 1 for giver in needed[label]), default=0)
    found: dict[int, list[Definition]] = {}
    for each in in_order(of_profile):
        found.setdefault(depth[label_of(each)], []).append(each)
    return [found[at] for at in sorted(found)]


_APART = (Project, Cleaning, Profiling, Kpi, DueRules, Identities, ImportSource)
"""Those that give the profile nothing to read."""


def _steps_of(wave: Sequence[Definition], as_of: date, digits: int, traits: Schema | None) -> Iterator[Step | RuleStep]:
    """First what widens the profile, then all rules of the wave at once."""
    tags = tuple(each for each in wave if isinstance(each, Tag))
    segments = tuple(each for each in wave if isinstance(each, Segment))
    for definition in wave:
        if not isinstance(definition, Tag | Segment):
            yield Step(
                f"{kind_of(definition)} {definition.name}",
                ("profile_rows", *(("bought_lines", "products") if isinstance(definition, PriceBand) else ())),
                f"tier_{definition.name}",
                _widening(definition, as_of, digits, traits),
                widens="by rank" if isinstance(definition, Deciles | PriceBand) else "by row",
                definition=definition,
                again=lambda told: _widening(told, as_of, digits, traits),
            )
    if tags or segments:
        said = [f"{len(found)} {what}" for found, what in ((tags, "tags"), (segments, "segments")) if found]
        yield RuleStep(f"rules of {' and '.join(said)}", tags, segments)


def _widening(definition: Definition, as_of: date, digits: int, traits: Schema | None) -> Compute:
    """Learnt of all, and told of each, both from the frame that is given."""

    def compute(tables: Tables, keep: Keep) -> Frame:
        profile = tables["profile_rows"]
        match definition:
            case Deciles():
                return decile_parts(ranked_by(profile, definition.metric), definition)
            case Activity():
                return activity_classes(profile, definition, as_of=as_of)
            case PriceBand():
                lines, products = tables["bought_lines"], tables["products"]
                return with_price_band(profile, definition, lines, products, as_of=as_of, keep=keep)
            case Lifecycle():
                return lifecycle_stages(profile, definition, as_of=as_of, digits=digits, schema=traits)
        if not isinstance(definition, Rfm | Level | Matrix):
            raise AssertionError(f"no step for {kind_of(definition)}")
        learnt = learn(definition, profile, as_of=as_of, digits=digits, traits=traits, keep=keep)
        return place(definition, learnt, profile, as_of=as_of, digits=digits, traits=traits)

    return compute


Learnt: TypeAlias = RfmScales | GradedScales | MatrixScales


def learn(
    definition: Rfm | Level | Matrix, population: Frame, *, as_of: date, digits: int, traits: Schema | None, keep: Keep
) -> Learnt:
    """The cuts that all customers together give, by which each is then placed."""
    match definition:
        case Rfm():
            from tierwise.metrics.rfm_scales import rfm_scales  # loads NumPy, which readers of a plan need not

            return rfm_scales(population, definition, digits=digits)
        case Level():
            return level_scales(population, definition, schema=traits, as_of=as_of, digits=digits, keep=keep)
        case Matrix():
            return matrix_scales(population, definition, schema=traits, as_of=as_of, digits=digits)


def place(
    definition: Rfm | Level | Matrix,
    learnt: Learnt,
    profile: Frame,
    *,
    as_of: date,
    digits: int,
    traits: Schema | None,
) -> Frame:
    """The profile with the definition's columns, by cuts that `learn` gave for it."""
    match definition, learnt:
        case Rfm(), RfmScales():
            return rfm_scores(profile, definition, learnt)
        case Level(), GradedScales():
            return with_levels(profile, definition, learnt, schema=traits, as_of=as_of, digits=digits)
        case Matrix(), MatrixScales():
            return with_matrix(profile, definition, learnt, schema=traits, as_of=as_of, digits=digits)
    raise AssertionError(f"cuts of something else than {kind_of(definition)}")
