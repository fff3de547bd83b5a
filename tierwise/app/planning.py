"""A plan before an apply: what would change, who would move from where to where, what reads it, what it would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from tierwise.app import plans_kept
from tierwise.app.context import Context
from tierwise.app.decided import members_of_lists
from tierwise.app.defining import Definitions, current_definitions, gather, raise_problems, warnings_of
from tierwise.app.run_views import IN_ALL
from tierwise.app.running import base_of
from tierwise.definitions.base import Definition
from tierwise.definitions.check import Place, by_line, by_name
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.graph import label_of, readers_of, reads
from tierwise.definitions.project import Project
from tierwise.definitions.read import FilesRead, kind_of, read_files
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.segment import Segment
from tierwise.definitions.write import body_of
from tierwise.engine.execute import Inputs
from tierwise.engine.incremental import LOOKING, Base
from tierwise.engine.preview import Preview, Shift, Watched, preview
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.state import runs, traits


@dataclass(frozen=True, slots=True)
class Move:
    """So many customers have the value `from_` in the current run and would have `to`; null: none. listed: how many of
    them can be listed (`WouldMove`): of a sample those who were looked at; accounts that the run left out are not."""

    name: str
    from_: str | None
    to: str | None
    customers: int
    listed: int = 0


@dataclass(frozen=True, slots=True)
class RunTime:
    """Seconds of the last run, and of the next as far as can be told: steps that are new are taken from the preview."""

    last: float
    expected: float


@dataclass(frozen=True)
class PlanView:
    """What an apply would do. Definitions as `kind name`.

    moves: of those who would change, by definition, most first; stay: definition -> how many keep their value.
    readers: what is changed or removed -> what reads it. run_id, as_of: the run that moves are counted from; null
    before the first, and moves are then empty. sample: the share of customers that was looked at, null for all; counts
    are then scaled up. plan: under what the movers are kept (`plans_kept.py`); null where nobody moves.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    moves: tuple[Move, ...] = ()
    stay: dict[str, int] = field(default_factory=dict)
    readers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    run_id: int | None = None
    as_of: date | None = None
    customers: int | None = None
    sample: float | None = None
    run_seconds: RunTime | None = None
    plan: str | None = None


@dataclass(frozen=True)
class _Change:
    """The definitions in use, and as they would be."""

    before: Definitions
    after: Definitions
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


def plan(ctx: Context, paths: Sequence[Path], *, prune: bool = False, sample: float | None = None) -> PlanView:
    """What applying these files would do; nothing is stored. What a file does not name stays, unless `prune`.

    Moves are counted by running the new definitions on the inputs of the current run, in memory. sample: of a share of
    the customers only, 0 < sample < 1. Raises all problems of the files at once, with file:line, and `bad_sample`.
    """
    ctx.principal.require("define")
    read = read_files(paths)
    return _planned(ctx, read.definitions, by_line(read.placed), prune=prune, sample=sample, read=read)


def plan_definitions(ctx: Context, new: Sequence[Definition], *, sample: float | None = None) -> PlanView:
    """As `plan`, of definitions at hand, such as one that is edited in a page; the others stay as they are."""
    ctx.principal.require("define")
    return _planned(ctx, new, by_name, prune=False, sample=sample, read=None)


def _planned(
    ctx: Context,
    new: Sequence[Definition],
    place_of: Place,
    *,
    prune: bool,
    sample: float | None,
    read: FilesRead | None,
) -> PlanView:
    if sample is not None and not 0 < sample <= 1:
        raise TierwiseError("bad_sample", f"a sample of {sample}", remedy="a share above 0, up to 1, such as 0.1")
    with ctx.database.connect() as connection:
        before = current_definitions(connection)
        removed = left_out(before, read) if prune and read is not None else ()
        raise_problems(connection, before, new, place_of, removed=removed, read=read)
        run = runs.current(connection)
        known_traits = traits.list_traits(connection)
        earlier = runs.newest_before(connection, run.as_of) if run is not None else None
        change = _change(before, new, removed)
        # Lists stand for who is on them now, as where a group is counted: one may have been made since the run.
        lists = members_of_lists(connection) if run is not None and _reads_lists(change.after) else None
    touched = [*change.added, *change.changed, *change.removed]
    warnings = [
        *warnings_of(before, new, place_of),
        *(_not_run_yet(change, run) if touched else []),
    ]
    readers = _readers(change)
    view = PlanView(change.added, change.changed, change.removed, change.unchanged, readers=readers)
    if run is None or run.outputs is None or not touched:
        return replace(view, warnings=tuple(warnings), run_id=run.id if run else None, as_of=run.as_of if run else None)
    share = sample or 1.0
    previous_tags = None if earlier is None else (earlier.outputs or {}).get("tags")
    inputs = Inputs(
        as_of=run.as_of,
        definitions=change.after.of_profile,
        project=change.after.project,
        versions=run.inputs,
        traits={trait.column_name: trait.type for trait in known_traits},
        trait_labels={trait.column_name: trait.name for trait in known_traits},
        previous_tags=previous_tags,
        base=_base(run, change, previous_tags) if share == 1 else None,
    )
    duckdb = ctx.duckdb()
    try:
        found = preview(duckdb, ctx.lake, inputs, run.outputs, _watched(change), share=share, lists=lists)
    finally:
        duckdb.close()
    if share < 1:
        warnings.append(_of_sample(found, share))
    return replace(
        view,
        moves=_moves(found, share),
        plan=plans_kept.keep(ctx, found.movers, run.id) if found.movers.num_rows else None,
        stay=_staying(found, share),
        warnings=tuple(warnings),
        run_id=run.id,
        as_of=run.as_of,
        customers=round(found.customers / share),
        sample=share if share < 1 else None,
        run_seconds=_run_time(run, found, share),
    )


def left_out(before: Definitions, read: FilesRead) -> tuple[str, ...]:
    """Those in use that the files do not name; the project is never left out. What cannot be read may be any."""
    if not read.is_whole:
        return ()
    named = {label_of(each.definition) for each in (*read.placed, *read.mended)}
    return tuple(label for label in sorted(before.versions) if label not in named and not label.startswith("project "))


def _base(run: runs.Run, change: _Change, previous_tags: int | None) -> Base | None:
    """The run itself: its facts and its day are those of the plan, so all metrics are there already.

    Its tags and segments are not taken over: a plan is of definitions that are otherwise.
    """
    if change.after.project != change.before.project:
        return None
    base = base_of(run, change.before.versions, previous_tags)
    return None if base is None else replace(base, same_definitions=False)


def _change(before: Definitions, new: Sequence[Definition], removed: Sequence[str]) -> _Change:
    in_use = {label_of(each): each for each in before.all if label_of(each) in before.versions}
    after = {label: each for label, each in in_use.items() if label not in removed}
    after |= {label_of(each): each for each in new}
    labels = [label_of(each) for each in new]
    return _Change(
        before,
        gather(after.values(), {}),
        added=tuple(label for label in labels if label not in in_use),
        changed=tuple(label for label in labels if label in in_use and not _same(in_use[label], after[label])),
        removed=tuple(removed),
        unchanged=tuple(label for label in labels if label in in_use and _same(in_use[label], after[label])),
    )


def _same(one: Definition, other: Definition) -> bool:
    """Whether they are stored alike: a date that JSON has made a text of is the same date."""
    return body_of(one) == body_of(other)


def _reads_lists(definitions: Definitions) -> bool:
    static = (each.members == "static" for each in definitions.of(Segment))
    return any(static) or any(read.what == "list" for each in definitions.all for read in reads(each))


def _readers(change: _Change) -> dict[str, tuple[str, ...]]:
    """What reads the changed and the removed, as things would be."""
    gone = {label_of(each): each for each in change.before.all}
    there = {label_of(each): each for each in change.after.all}
    return {
        label: tuple(label_of(each) for each in readers_of(there.get(label) or gone[label], change.after.all))
        for label in (*change.changed, *change.removed)
    }


def _watched(change: _Change) -> list[Watched]:
    """What is touched, and all that reads it, from hand to hand."""
    touched = {*change.added, *change.changed, *change.removed}
    every = {label_of(each): each for each in (*change.before.all, *change.after.all)}
    if any(isinstance(every[label], Project | Cleaning) for label in touched):  # what everything is counted on
        touched |= every.keys()
    waiting = sorted(touched)
    for label in waiting:
        for each in readers_of(every[label], change.after.all):
            if label_of(each) not in touched:
                touched.add(label_of(each))
                waiting.append(label_of(each))
    return [watched for label, each in every.items() if label in touched for watched in _values_of(each)]


def _values_of(definition: Definition) -> list[Watched]:
    match kind_of(definition):
        case "project" | "profiling" | "kpi" | "due_rules" | "identities" | "source":
            return []
        case "cleaning":
            return [Watched(definition.name, "junk")]
        case "tag":
            return [Watched(definition.name, "tags")]
        case "segment":
            return [Watched(definition.name, "segments")]
    return [Watched(f"{definition.name}_cell" if isinstance(definition, Rfm) else definition.name)]


def _moves(found: Preview, share: float) -> tuple[Move, ...]:
    each = found.movers.group_by(["name", "before", "after"]).aggregate([([], "count_all")])
    listed = {(row["name"], row["before"], row["after"]): row["count_all"] for row in each.to_pylist()}
    return tuple(
        Move(s.name, s.before, s.after, _scaled(s, share), listed.get((s.name, s.before, s.after), 0))
        for s in found.shifts
        if s.before != s.after
    )


def _scaled(shift: Shift, share: float) -> int:
    return round(shift.customers / share)


def _staying(found: Preview, share: float) -> dict[str, int]:
    staying: dict[str, int] = {}
    for shift in found.shifts:
        same = _scaled(shift, share) if shift.before == shift.after else 0
        staying[shift.name] = staying.get(shift.name, 0) + same
    return staying


def _of_sample(found: Preview, share: float) -> Problem:
    said = f"counted on {found.customers:,} customers, a sample of {share:.1%}, and scaled up"
    return Problem("sampled", said, None, "scores and ranks are learnt from the sample: leave out --sample to be exact")


def _not_run_yet(change: _Change, run: runs.Run | None) -> list[Problem]:
    if run is None:
        return [Problem("no_run", "no run yet, so nobody can be seen to move", None, "tierwise run")]
    later = [label for label, version in change.before.versions.items() if run.definitions.get(label) != version]
    if not later:
        return []
    said = f"applied since run {run.id}, and among the moves: {', '.join(later)}"
    return [Problem("not_run_yet", said, None, "tierwise run, to see this change alone")]


def _run_time(run: runs.Run, found: Preview, share: float) -> RunTime | None:
    timings: Mapping[str, float] = run.timings or {}
    if IN_ALL not in timings:
        return None
    last = float(timings[IN_ALL])
    steps = {name: float(seconds) for name, seconds in timings.items() if name not in (IN_ALL, "write")}
    now = found.executed.timings
    kept = {"store totals"}
    new = sum(seconds / share for name, seconds in now.items() if name not in (*steps, LOOKING))
    gone = sum(seconds for name, seconds in steps.items() if name not in now and name not in kept)
    return RunTime(round(last, 3), round(max(last + new - gone, 0.0), 3))
