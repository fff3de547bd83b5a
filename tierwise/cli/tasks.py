"""`tierwise task`: what somebody is to do about single customers. What a command does is in app/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tierwise.app.context import Context
    from tierwise.app.task_numbers import AdvisorsView
    from tierwise.app.task_views import Share, TaskCounts, TaskPage, TaskView
    from tierwise.definitions.rule import AnyRule

app = typer.Typer(help="Tasks of advisors about single customers.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Kind = Annotated[str, typer.Option(help="call, message, visit or other.")]
Title = Annotated[str, typer.Option(help="What is to be done.")]
Script = Annotated[str, typer.Option(help="What to say.")]
DueOn = Annotated[str | None, typer.Option("--due-on", help="By which day, 2026-07-31.")]
Priority = Annotated[int, typer.Option(help="1 first, 3 last.")]
Number = Annotated[int, typer.Argument(help="The task's number.")]
Note = Annotated[str | None, typer.Option(help="A word on what came of it.")]


@app.command("make")
def make(
    segment: Annotated[str | None, typer.Option("--segment", help="For a stored segment.")] = None,
    rule: Annotated[Path | None, typer.Option("--rule", help="For those of a file with a rule.")] = None,
    list_name: Annotated[str | None, typer.Option("--list", help="For a list.")] = None,
    insight: Annotated[
        str | None, typer.Option("--insight", help="For those on a list of who is due: due or vehicle_due.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Of the insight, as within_days=14.")] = None,
    title: Title = "",
    script: Script = "",
    kind: Kind = "call",
    due_on: DueOn = None,
    priority: Priority = 2,
    give: Annotated[
        list[str] | None,
        typer.Option("--give", help="To this one, a staff number or a person; repeat to deal them in turn."),
    ] = None,
    own_first: Annotated[
        bool, typer.Option("--own-first", help="With --give: each customer's own advisor first, the rest to these.")
    ] = False,
    pool: Annotated[bool, typer.Option("--pool", help="To nobody yet.")] = False,
    key: Annotated[str | None, typer.Option(help="Asked again with the same key, nothing is made twice.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Count; make nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make a task for each customer of a group; to each one's own advisor unless --give or --pool says otherwise."""
    from tierwise.app import task_making
    from tierwise.app.insights.settling import assignments
    from tierwise.app.task_views import TaskOrder
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say

    groups = [each for each in (segment, rule, list_name, insight) if each is not None]
    if len(groups) != 1:
        raise typer.BadParameter("for whom? --segment, --rule, --list or --insight, one of them")
    if pool and give:
        raise typer.BadParameter("to nobody, or to these; not both", param_hint="--pool")
    with opened() as ctx, _group(ctx, segment, rule, list_name) as asked:
        order = TaskOrder(
            rule=asked,
            insight=insight,  # type: ignore[arg-type]
            parameters=assignments(settings or []),
            kind=kind,  # type: ignore[arg-type]
            title=title,
            script=script,
            due_on=_day(due_on),
            priority=priority,
            to="pool" if pool else "people" if give and not own_first else "advisor",
            people=tuple(give or ()),
        )
        if preview:
            seen = task_making.preview_tasks(ctx, order)
            tell(seen, as_json, lambda: print_counts(seen.counts, seen.shares, f"as of {seen.as_of}, would make"))
            return
        made = task_making.make_tasks(ctx, order, key=key)

    def told() -> None:
        if made.repeated:
            say(f'made before with the key "{made.key}": nothing was made now')
        print_counts(made.counts, made.shares, f"batch {made.batch_id}: made")

    tell(made, as_json, told)
    if not as_json and made.counts.made:
        say(f"{number(made.counts.made)} tasks: tierwise task list")


@app.command("add")
def add(
    customer_id: str,
    title: Title,
    script: Script = "",
    kind: Kind = "call",
    due_on: DueOn = None,
    priority: Priority = 2,
    give: Annotated[
        str | None, typer.Option("--give", help='To this one; "" for nobody yet; else the customer\'s own advisor.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Make one task for one customer."""
    from tierwise.app import task_making
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        made = task_making.make_task(
            ctx,
            customer_id,
            kind=kind,  # type: ignore[arg-type]
            title=title,
            script=script,
            due_on=_day(due_on),
            priority=priority,
            assignee=give,
        )
    tell(made, as_json, lambda: print_task(made))


@app.command("list")
def list_(
    of: Annotated[str | None, typer.Option("--of", help='Of this one; "" for nobody\'s yet.')] = None,
    due: Annotated[str | None, typer.Option(help="overdue, today, soon or later.")] = None,
    kind: Annotated[str | None, typer.Option(help="call, message, visit or other.")] = None,
    state: Annotated[str, typer.Option(help="open, done, dropped or all.")] = "open",
    limit: Annotated[int, typer.Option(min=0, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Tasks by the day on which they are due."""
    from tierwise.app import tasks
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        page = tasks.list_tasks(
            ctx,
            assignee=of,
            due=due,  # type: ignore[arg-type]
            kind=kind,  # type: ignore[arg-type]
            state=None if state == "all" else state,  # type: ignore[arg-type]
            limit=limit,
        )
    tell(page, as_json, lambda: print_page(page))


@app.command("done")
def done(
    task_id: Number,
    outcome: Annotated[str, typer.Argument(help="reached, appointment, bought, no_answer, refused or wrong_number.")],
    note: Note = None,
    again_on: Annotated[
        str | None, typer.Option("--again-on", help="With no_answer: it stays open and is due on this day.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what came of a task."""
    from tierwise.app import tasks
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        seen = tasks.act(ctx, task_id, outcome, note=note, again_on=_day(again_on))  # type: ignore[arg-type]
    tell(seen, as_json, lambda: print_task(seen))


@app.command("snooze")
def snooze(
    task_id: Number,
    until: Annotated[str, typer.Argument(help="The day on which it is due then, 2026-07-31.")],
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Put a task off."""
    from tierwise.app import tasks
    from tierwise.cli.door import opened, tell
    from tierwise.kernel.windows import parse_day

    with opened() as ctx:
        seen = tasks.snooze(ctx, task_id, parse_day(until), note=note)
    tell(seen, as_json, lambda: print_task(seen))


@app.command("drop")
def drop(
    task_id: Number, reason: Annotated[str, typer.Option(help="Why it is not to be done.")], as_json: Json = False
) -> None:
    """Close a task that is not to be done."""
    from tierwise.app import tasks
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        seen = tasks.drop(ctx, task_id, reason=reason)
    tell(seen, as_json, lambda: print_task(seen))


@app.command("undo")
def undo(task_id: Number, as_json: Json = False) -> None:
    """Take the newest change of a task back."""
    from tierwise.app import tasks
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        seen = tasks.undo(ctx, task_id)
    tell(seen, as_json, lambda: print_task(seen))


@app.command("assign")
def assign(
    to: Annotated[list[str] | None, typer.Option("--to", help="A staff number or a person; repeat to deal.")] = None,
    pool: Annotated[bool, typer.Option("--pool", help="To nobody yet.")] = False,
    task: Annotated[list[int] | None, typer.Option("--task", help="A task's number; repeat for more.")] = None,
    all_of: Annotated[str | None, typer.Option("--all-of", help="All open tasks of this one, who leaves.")] = None,
    as_json: Json = False,
) -> None:
    """Give tasks, or all of one's, to others."""
    from tierwise.app import task_giving
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say

    if bool(to) == pool:
        raise typer.BadParameter("to whom? --to or --pool, one of them")
    if (task is None) == (all_of is None):
        raise typer.BadParameter("which? --task or --all-of, one of them")
    with opened() as ctx:
        if all_of is not None:
            given = task_giving.hand_over(ctx, all_of, to or ())
        else:
            given = task_giving.assign(ctx, task or (), to or ())

    def told() -> None:
        say(f"{number(given.changed)} tasks given, {number(given.unchanged)} as they were")
        _shares(given.shares)

    tell(given, as_json, told)


@app.command("advisors")
def advisors(
    days: Annotated[int, typer.Option(min=1, help="What was done within so many days.")] = 30,
    order_days: Annotated[int, typer.Option("--order-days", min=1, help="Orders within so many days after.")] = 14,
    as_json: Json = False,
) -> None:
    """Each advisor: what is due, what was done, what came of it, and how soon."""
    from tierwise.app import task_numbers
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = task_numbers.advisors(ctx, days=days, order_days=order_days)
    tell(view, as_json, lambda: print_advisors(view))


def print_counts(counts: TaskCounts, shares: Sequence[Share], said: str) -> None:
    """What an order came to, line by line."""
    from tierwise.cli.terminal import number, say

    say(f"{said} {number(counts.made)} tasks for {number(counts.found)} customers")
    lines = {
        "have one already": counts.already,
        "closed accounts": counts.closed,
        "no customers of the run": counts.left_out,
        "nobody's yet": counts.nobodys,
        "without a phone": counts.without_phone,
    }
    for words, count in lines.items():
        if count:
            say(f"  {number(count)} {words}")
    _shares(shares)


def print_task(seen: TaskView) -> None:
    """One task in a few lines."""
    from tierwise.cli.language import given
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say

    whose = seen.assignee.title if seen.assignee is not None else "–"
    say(f"{seen.id}  {seen.customer_id or '–'}  {given(seen.title) or both(seen.reason)}")
    say(f"  {_how_far(seen)}, due {seen.due_on}, {whose}")
    if seen.note:
        say(f"  {seen.note}")


def print_page(page: TaskPage) -> None:
    """One row a task."""
    from tierwise.cli.language import given, language
    from tierwise.cli.terminal import number, say, table

    if not page.rows:
        say("no such task; tierwise task make makes some")
        return
    heads = ["task", "customer", "due on", "what to do", "why", "whose", "state"]
    rows = [
        (
            each.id,
            each.customer_id or "–",
            str(each.due_on),
            given(each.title),
            each.reason.in_language(language()),
            each.assignee.title if each.assignee is not None else "–",
            _how_far(each),
        )
        for each in page.rows
    ]
    table("", heads, rows)
    if page.of > len(page.rows):
        say(f"{number(len(page.rows))} of {number(page.of)} tasks; --limit for more")


def print_advisors(view: AdvisorsView) -> None:
    """One row an advisor."""
    from tierwise.cli.terminal import fixed, percent, say, table

    if not view.rows:
        say("nobody has a task; tierwise task make makes some")
        return
    heads = [
        "advisor", "open tasks", "overdue", "due today", "done", "answered", "hours to first act", "ordered after",
        "of customers", "leads", "hours to lead",
    ]  # fmt: skip
    rows = [
        (
            each.assignee.title if each.assignee is not None else "–",
            each.open,
            each.overdue,
            each.due_today,
            each.done,
            percent(each.answered_rate),
            fixed(each.first_act_hours, 1),
            each.ordered,
            each.ordered_of,
            each.leads,
            fixed(each.lead_hours, 1),
        )
        for each in view.rows
    ]
    table("", heads, rows, spare=("hours to lead", "leads"))
    say(f"done within {view.days} days; ordered: of the customers of done tasks within {view.order_days} days after")
    say("that they ordered after is not said to be because")


def _how_far(seen: TaskView) -> str:
    """What came of it, else how far it is, in words."""
    from tierwise.app.task_views import OUTCOME_TITLES, STATE_TITLES
    from tierwise.cli.language import language

    title = STATE_TITLES[seen.state] if seen.outcome is None else OUTCOME_TITLES[seen.outcome]
    return title.in_language(language())


def _shares(shares: Sequence[Share]) -> None:
    from tierwise.cli.terminal import table

    if shares:
        rows: list[Sequence[Any]] = [
            (each.assignee.id, each.assignee.title, each.tasks) if each.assignee is not None else ("–", "", each.tasks)
            for each in shares
        ]
        table("", ["whose", "", "tasks"], rows)


def _day(text: str | None) -> Any:
    from tierwise.kernel.windows import parse_day

    return None if text is None else parse_day(text)


@contextmanager
def _group(ctx: Context, segment: str | None, rule: Path | None, list_name: str | None) -> Iterator[AnyRule | None]:
    """The rule that is meant; None where an insight says who."""
    from tierwise.cli.segments import group_of

    if segment is None and rule is None and list_name is None:
        yield None
        return
    with group_of(ctx, segment, rule, list_name) as asked:
        yield asked
