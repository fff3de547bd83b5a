"""Tags as a run would have told them on past days, and what their customers did afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import narwhals as nw

from tierwise.definitions.base import Definition
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.graph import label_of, links, reads
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.definitions.tag_claim import Hypothesis
from tierwise.engine.duckdb_session import literal
from tierwise.engine.execute import Inputs, execute
from tierwise.engine.lake import Lake
from tierwise.engine.plan import KEY
from tierwise.engine.sources import frame, keep
from tierwise.facts.contract import TABLES
from tierwise.kernel import clock
from tierwise.kernel.money import exponent
from tierwise.metrics.fact_columns import fact_frames, fact_schemas
from tierwise.metrics.frame import Frame
from tierwise.metrics.rule_sets import World, rule_sets
from tierwise.metrics.tag_outcomes import ValueCounts, tag_outcomes

Watch = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class DayOfTag:
    """A tag as of a day, and what came until `until`: one entry per value, and one for those without the tag."""

    tag: str
    day: date
    until: date
    values: tuple[ValueCounts, ...]


def tag_backtest(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    lake: Lake,
    inputs: Inputs,
    claims: Mapping[str, Hypothesis],
    days: Mapping[str, Sequence[date]],
    watch: Watch = lambda done, total, said: None,
) -> list[DayOfTag]:
    """Each tag on each of its days, in the order of tags and days.

    The run's own plan is executed as of each day, by the definitions of `inputs` that the tags need, and nothing is
    written. Verdicts by hand that were not given yet on the day are not seen. claims: tag -> its hypothesis; of whom it
    speaks is told as a segment would be, as of the day; the outcome by its rule as of the last of its days. Raises what
    a run raises, and what is wrong with these rules.
    """
    every = sorted({day for each in days.values() for day in each})
    found: dict[tuple[str, date], DayOfTag] = {}
    for done, day in enumerate(every):
        watch(done, len(every), f"as of {day}")
        tags = [name for name in claims if day in days[name]]
        connection = connect()
        try:
            for each in _on_day(connection, lake, inputs, {name: claims[name] for name in tags}, day):
                found[each.tag, day] = each
        finally:
            connection.close()
    return [found[name, day] for name in claims for day in sorted(days[name])]


def needed(definitions: Sequence[Definition], wanted: Collection[str]) -> tuple[Definition, ...]:
    """The definitions with these labels (`kind name`), all that they read, and cleaning: what a run of them needs."""
    givers: dict[str, set[str]] = {}
    for link in links(definitions):
        givers.setdefault(label_of(link.reader), set()).add(label_of(link.giver))
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        label = waiting.pop()
        if label not in found:
            found.add(label)
            waiting += sorted(givers.get(label, ()))
    return tuple(each for each in definitions if isinstance(each, Cleaning) or label_of(each) in found)


def not_as_of(definitions: Sequence[Definition], traits: Collection[str]) -> list[str]:
    """What these definitions read that is known only as it is now, so that a past day sees today's: in words.

    traits: by their names, plain.
    """
    found: dict[str, None] = {}
    for each in definitions:
        for read in reads(each):
            plain = read.name.removeprefix("trait.")
            if read.what == "list":
                found[f'{label_of(each)} reads the list "{read.name}": who is on it today'] = None
            elif read.what == "attribute" and (plain in traits or plain == "gender"):
                found[f'{label_of(each)} reads "{plain}" of the customers file: as it is today'] = None
        if isinstance(each, Tag) and each.when_empty == "keep_last":
            found[f"{label_of(each)} keeps its last value, and on a past day has none to keep"] = None
    return list(found)


def _on_day(
    connection: duckdb.DuckDBPyConnection, lake: Lake, inputs: Inputs, claims: Mapping[str, Hypothesis], day: date
) -> Iterator[DayOfTag]:
    spoken_of = {
        name: Segment(name=f"of_{place}", when=claim.who, history=False)
        for place, (name, claim) in enumerate(claims.items())
        if claim.who is not None
    }
    taken = {each.name for each in inputs.definitions}
    spoken_of = {name: _apart(each, taken) for name, each in spoken_of.items()}
    definitions = (*inputs.definitions, *spoken_of.values())
    wanted = [*(f"tag {name}" for name in claims), *(label_of(each) for each in spoken_of.values())]
    of_day = replace(
        inputs, as_of=day, definitions=needed(definitions, wanted), previous_tags=None, remember=False, base=None
    )
    executed = execute(
        connection,
        lake,
        of_day,
        lambda done, total, said: None,
        registered=lambda registered: _unsay(registered, day),
        leave_out=("totals_of_stores",),
    )
    people = keep(connection, "people_of_day", frame(connection, "profile_rows").select(KEY))
    # Nobody who is unknown, or junk, on the day can do anything of what is claimed.
    facts = {name: frame(connection, name) for name in TABLES if name in inputs.versions}
    rows = frame(connection, "tag_rows")
    segments = frame(connection, "segment_rows")
    for place, (name, claim) in enumerate(claims.items()):
        until = day + timedelta(days=claim.within_days)
        world = World(
            people=people,
            schema={},
            as_of=until,
            facts=fact_frames(facts),
            fact_schemas=fact_schemas(exponent(executed.currency)),
            zone=clock.zone(inputs.project.timezone),
        )
        did = rule_sets({"outcome": claim.outcome_as_of_its_end}, world, _keeper(connection), f"outcome_{place}")
        of = people
        if name in spoken_of:
            inside = segments.filter(nw.col("segment") == spoken_of[name].name)
            of = people.join(inside.select(KEY), on=KEY, how="semi")
        tagged = rows.filter(nw.col("tag") == name).select(KEY, "value")
        yield DayOfTag(name, day, until, tuple(tag_outcomes(of, tagged, did["outcome"], claim.values)))


def _keeper(connection: duckdb.DuckDBPyConnection) -> Callable[[str, Frame], Frame]:
    return lambda name, computed: keep(connection, name, computed)


def _apart(segment: Segment, taken: Collection[str]) -> Segment:
    """Under a name that nothing else has."""
    while segment.name in taken:
        segment = segment.model_copy(update={"name": f"{segment.name}_"})
    return segment


def _unsay(connection: duckdb.DuckDBPyConnection, day: date) -> None:
    """Verdicts by hand as they stood on the day."""
    until = f"DATE {literal(day.isoformat())}"
    connection.execute("ALTER VIEW manual_tags RENAME TO manual_tags_of_today")
    connection.execute(
        "CREATE VIEW manual_tags AS SELECT * REPLACE "
        f"(CASE WHEN removed_day <= {until} THEN removed_day END AS removed_day) "
        f"FROM manual_tags_of_today WHERE given_day <= {until}"
    )
