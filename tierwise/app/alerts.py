"""What wants somebody's attention today, told in a sentence each, with where to do something about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tierwise.app import history, segment_catalogue, showing, tag_catalogue, tasks
from tierwise.app.context import Context
from tierwise.app.history_views import CountsView
from tierwise.app.insights import asking
from tierwise.app.reading import label_of
from tierwise.app.views import Label, LadderView
from tierwise.app.warming import KPIS
from tierwise.definitions.segment import lacking
from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state import lake_tables, quarantine, runs
from tierwise.stats.drift import LARGE_DRIFT

MONTH = timedelta(days=28)

MOVED_RATE = 0.2
"""A stage that has grown or shrunk by so much of itself since a month ago is told …"""

MOVED_SHARE = 0.01
"""… where as many have come or gone as this share of all customers."""

STALE = timedelta(hours=36)
"""Facts that came before so long and are in no run are told as urgent."""


@dataclass(frozen=True, slots=True)
class Alert:
    """name: which check found it. urgent: somebody acts today, else at their leisure. said: a sentence with its
    numbers. count: of what it is about: rows, customers, definitions. page: of the console, below /console, with its
    query; empty where there is none."""

    name: str
    urgent: bool
    said: Label
    count: int
    page: str = ""


@dataclass(frozen=True, slots=True)
class Alerts:
    """The urgent ones first."""

    rows: tuple[Alert, ...]


def alerts(ctx: Context) -> Alerts:
    """Everything that wants attention, as far as one who asks may see it. Nothing to tell is an empty answer."""
    ctx.principal.require("view")
    found: list[Alert] = []
    for check in _CHECKS:
        try:
            found += check(ctx)
        except TierwiseError as nothing:
            if nothing.code not in _NOTHING_TO_SAY:
                raise
    return Alerts(tuple(sorted(found, key=lambda each: not each.urgent)))


_NOTHING_TO_SAY = frozenset({"no_run", "no_history", "bad_days", "before_history", "unknown_name", "no_kpis"})


def _run(ctx: Context) -> Iterator[Alert]:
    """The newest run failed; facts have come that no run has seen."""
    with ctx.database.connect() as state:
        newest = next((each for each in runs.list_runs(state, limit=5) if each.state != "running"), None)
        current = runs.current(state)
        now = lake_tables.versions(state)
    if newest is not None and newest.state in ("failed", "crashed"):
        day, page = newest.as_of, f"/data/runs/{newest.id}"
        said = Label(f"第 {newest.id} 次跑批（截止 {day}）没有完成", f"Run {newest.id}, as of {day}, did not end well")
        yield Alert("run_failed", True, said, 1, page)
    if current is None:
        return
    # What a run writes itself is not among its inputs.
    came = sorted(name for name, version in current.inputs.items() if now.get(name, version) > version)
    if came:
        old = current.finished_at is not None and utc_now() - current.finished_at > STALE
        said = Label(
            f"{len(came)} 类数据在当前跑批之后有更新，数字截止 {current.as_of}",
            f"{len(came)} kinds of facts have changed since the current run; numbers are as of {current.as_of}",
        )
        yield Alert("facts_since", old, said, len(came), "/data/runs")


def _quarantine(ctx: Context) -> Iterator[Alert]:
    with ctx.database.connect() as state:
        rows = sum(quarantine.count_by_code(state).values())
    if rows:
        said = Label(f"{rows:,} 行数据被隔离，等待修正", f"{rows:,} rows were refused and wait to be mended")
        yield Alert("quarantine", False, said, rows, "/data/quarantine")


def _kpis(ctx: Context) -> Iterator[Alert]:
    """KPIs that miss their target."""
    view = asking.insight(ctx, "kpis", limit=KPIS)
    names = [column.name for column in view.columns]
    titles = next((column.values for column in view.columns if column.name == "kpi"), {})
    missed = [row[names.index("kpi")] for row in view.rows if row[names.index("reached")] is False]
    if missed:
        called = [titles.get(str(name)) or Label(str(name), str(name)) for name in missed]
        said = _named(called, "未达目标的指标", "KPIs that miss their target")
        yield Alert("kpis_missed", True, said, len(missed), "/insight/kpis")


def _moved(ctx: Context) -> Iterator[Alert]:
    """Stages that many have come into or gone from since a month ago."""
    for ladder in showing.overview(ctx).lifecycle:
        before = [day for day in history.days(ctx) if day <= ladder.as_of - MONTH]
        if before:
            yield from _moves_of(ladder, history.counts(ctx, ladder.name, before[-1]))


def _moves_of(ladder: LadderView, before: CountsView) -> Iterator[Alert]:
    held = {row.value: row.customers for row in before.rows}
    for row in ladder.rows:
        was, change = held.get(row.name, 0), row.customers - held.get(row.name, 0)
        if was and abs(change) >= max(MOVED_RATE * was, MOVED_SHARE * ladder.customers):
            zh, en = ("增加", "grown") if change > 0 else ("减少", "shrunk")
            many, rate = f"{abs(change):,}", f"{abs(change) / was:.0%}"
            said = Label(
                f"「{row.title.zh or row.name}」自 {before.on} 起{zh} {many} 人（{rate}）",
                f'"{row.title.en or row.name}" has {en} by {many} customers ({rate}) since {before.on}',
            )
            page = f"/stratification?tab=life&from={before.on}"
            yield Alert("stage_moved", False, said, abs(change), page)


def _left_open(ctx: Context) -> Iterator[Alert]:
    """Stages, cells and segments with customers and without a strategy or an owner."""
    view = showing.overview(ctx)
    bare = [
        row.title
        for ladder in view.lifecycle
        for row in ladder.rows
        if row.customers and not (row.strategy and row.owner)
    ]
    bare += [cell.title for cell in view.rfm.cells if cell.customers and not cell.strategy]
    if bare:
        said = _named(bare, "没有策略或负责人的分层", "Tiers without a strategy or an owner")
        yield Alert("tiers_left_open", False, said, len(bare), "/stratification")
    rows = [row for row in segment_catalogue.catalogue(ctx).rows if lacking(row.segment)]
    if rows:
        titles = [label_of(row.segment.title, row.segment.name) for row in rows]
        said = _named(titles, "没有策略或负责人的客群", "Segments without a strategy or an owner")
        yield Alert("segments_left_open", False, said, len(rows), "/segments")


def _tags(ctx: Context) -> Iterator[Alert]:
    """Tags whose values are spread otherwise than a run before, and such as failed their test and are read."""
    rows = tag_catalogue.catalogue(ctx).tags
    drifted = [row.title for row in rows if row.drift is not None and row.drift >= LARGE_DRIFT]
    if drifted:
        said = _named(drifted, "分布变化很大的标签", "Tags spread quite otherwise than before")
        yield Alert("tags_drifted", False, said, len(drifted), "/tags")
    failed = [row.title for row in rows if row.validation.reason == "dropped" and row.readers]
    if failed:
        said = _named(failed, "未通过验证却被使用的标签", "Tags that are read though their claim has failed")
        yield Alert("tags_unproven", False, said, len(failed), "/tags")


def _tasks(ctx: Context) -> Iterator[Alert]:
    """Open tasks whose day is over, and such as are nobody's."""
    if not ctx.principal.may("task"):
        return
    for name, asked, zh, en in (
        ("tasks_overdue", {"due": "overdue"}, "个任务已逾期", "tasks are overdue"),
        ("tasks_nobodys", {"assignee": ""}, "个任务无人负责", "tasks are nobody's"),
    ):
        count = tasks.list_tasks(ctx, limit=0, **asked).of  # type: ignore[arg-type]
        if count:
            page = "/tasks?tab=all&due=overdue" if name == "tasks_overdue" else "/tasks?tab=all&of=-"
            yield Alert(name, name == "tasks_overdue", Label(f"{count:,} {zh}", f"{count:,} {en}"), count, page)


_CHECKS: tuple[Callable[[Context], Iterator[Alert]], ...] = (
    _run,
    _kpis,
    _tasks,
    _quarantine,
    _moved,
    _tags,
    _left_open,
)

_SOME = 3


def _named(titles: Sequence[Label], zh: str, en: str) -> Label:
    """How many there are, and the first ones by name."""
    more = " …" if len(titles) > _SOME else ""
    first = titles[:_SOME]
    return Label(
        f"{zh}（{len(titles)}）：{'、'.join(each.in_language('zh') for each in first)}{more}",
        f"{en} ({len(titles)}): {', '.join(each.in_language('en') for each in first)}{more}",
    )
