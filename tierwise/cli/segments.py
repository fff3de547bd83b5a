"""`tierwise segment`: groups of customers by rule and by name. What a command does is in app/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli import memberships

if TYPE_CHECKING:
    from tierwise.app.context import Context
    from tierwise.app.group_reading import GroupReading
    from tierwise.app.segments import Overlap
    from tierwise.definitions.rule import AnyRule

app = typer.Typer(help="Count, sample, compare and freeze groups.", no_args_is_help=True, rich_markup_mode=None)

app.command("of")(memberships.of)
app.command("changes")(memberships.changes)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
RunId = Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")]
Name = Annotated[str | None, typer.Argument(help="A stored segment.")]
RuleFile = Annotated[Path | None, typer.Option("--rule", help="A file with a rule, or with a segment not stored yet.")]
ListName = Annotated[str | None, typer.Option("--list", help="A list.")]
Columns = Annotated[str | None, typer.Option(help="Attributes, separated by commas; else those of the rule.")]


@app.command("show")
def show(as_json: Json = False) -> None:
    """The stored segments, and what each lacks."""
    from tierwise.app import segments
    from tierwise.cli.door import opened, plain, tell
    from tierwise.cli.language import given, told
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table
    from tierwise.definitions.segment import lacking

    with opened() as ctx:
        found = segments.all_segments(ctx)

    def people() -> None:
        if not found:
            say("no segment yet: docs/segments.md")
            return
        rows = [
            (
                each.name,
                both(each.title),
                each.members,
                given(each.owner),
                *(told(p.message) for p in lacking(each)),
            )
            for each in found
        ]
        table("", ["segment", "", "members", "owner", ""], [(*row, "")[:5] for row in rows])

    bodies = [
        {"name": e.name, "title": {"zh": e.title.zh, "en": e.title.en}, "members": e.members, "owner": e.owner}
        | {"history": e.history, "lacks": [problem.message for problem in lacking(e)]}
        for e in found
    ]
    tell({"segments": plain(bodies)}, as_json, people)


@app.command("count")
def count(
    name: Name = None, rule: RuleFile = None, list_name: ListName = None, run_id: RunId = None, as_json: Json = False
) -> None:
    """How many customers."""
    from tierwise.app import segments
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, percent, say

    _one_of(name, rule, list_name)
    with opened() as ctx, group_of(ctx, name, rule, list_name) as asked:
        found = segments.count(ctx, asked, run_id)
    share = percent(found.customers / found.of if found.of else None)
    said = (
        f"{number(found.customers)} of {number(found.of)} customers ({share}), as of {found.as_of}, {found.ms:.0f} ms"
    )

    def people() -> None:
        say(said)
        if found.live is not None:
            say(f"as of now: {number(found.live)}")

    tell(found, as_json, people)


@app.command("sample")
def sample(
    name: Name = None,
    rule: RuleFile = None,
    list_name: ListName = None,
    limit: Annotated[int, typer.Option(min=1, help="So many.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same customers.")] = 1,
    columns: Columns = None,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Some customers by chance."""
    from tierwise.app import segments
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say, table

    _one_of(name, rule, list_name)
    with opened() as ctx, group_of(ctx, name, rule, list_name) as asked:
        found = segments.sample(ctx, asked, limit=limit, seed=seed, columns=_names(columns), run_id=run_id)

    def people() -> None:
        table("", list(found.columns), found.rows)
        say(f"{len(found.rows)} of {number(found.customers)}, as of {found.as_of}")

    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    told = {"customers": found.customers, "seed": seed, "run_id": found.run_id, "as_of": found.as_of}
    tell({"rows": rows, **told}, as_json, people)


@app.command("members")
def members(
    name: Name = None,
    rule: RuleFile = None,
    list_name: ListName = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    after: Annotated[str | None, typer.Option(help="Behind this customer_id.")] = None,
    columns: Columns = None,
    among: Annotated[
        str | None, typer.Option(help="Only those behind a number, as JSON that the API and pages have in `among`.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Write all of them to this .csv, .xlsx or .parquet file.")] = None,
    headings: Annotated[
        str, typer.Option(help="Above the columns: their names, or words in zh or en; auto takes the language spoken.")
    ] = "names",
    order_by: Annotated[str, typer.Option(help="The file's rows by this attribute, name or phone.")] = "customer_id",
    descending: Annotated[bool, typer.Option("--descending", help="The largest first.")] = False,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Who they are, by customer_id."""
    from tierwise.app import segments
    from tierwise.app.among import among_in
    from tierwise.app.headings import known_headings
    from tierwise.cli.door import note, opened, tell
    from tierwise.cli.language import language
    from tierwise.cli.terminal import number, say, table

    who = among_in(among)
    if who is None:
        _one_of(name, rule, list_name)
    with opened() as ctx, group_of(ctx, name, rule, list_name) as asked:
        if to is not None:
            above = known_headings(language() if headings == "auto" else headings)
            done = segments.export_members(
                ctx,
                asked,
                to,
                columns=_names(columns),
                run_id=run_id,
                headings=above,
                among=who,
                order_by=order_by,
                descending=descending,
            )
            tell(done, as_json, lambda: say(f"{number(done.rows)} customers in {done.path}"))
            if done.left_out:
                note(f"note: sensitive, and left out: {', '.join(done.left_out)} (--columns has them in, by name)")
            return
        page = segments.members(ctx, asked, limit=limit, after=after, columns=_names(columns), run_id=run_id, among=who)

    def people() -> None:
        table("", list(page.columns), page.rows)
        say(f"{len(page.rows)} of {number(page.of)}, as of {page.as_of}")

    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    tell({"rows": rows, "of": page.of, "run_id": page.run_id, "as_of": page.as_of}, as_json, people)


@app.command("overlap")
def overlap(
    names: Annotated[list[str] | None, typer.Argument(help="Stored segments.")] = None,
    rules: Annotated[list[Path] | None, typer.Option("--rule", help="A file with a rule; repeat for more.")] = None,
    list_names: Annotated[list[str] | None, typer.Option("--list", help="A list; repeat for more.")] = None,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """How two or more groups lie over each other."""
    from tierwise.app import segments
    from tierwise.cli.door import opened, tell

    with opened() as ctx, ExitStack() as groups:
        sets: dict[str, AnyRule] = {}
        for name in names or []:
            sets[name] = groups.enter_context(group_of(ctx, name, None, None))
        for path in rules or []:
            sets[path.stem] = groups.enter_context(group_of(ctx, None, path, None))
        for list_name in list_names or []:
            sets[f"list {list_name}"] = groups.enter_context(group_of(ctx, None, None, list_name))
        found = segments.overlap(ctx, sets, run_id)
    tell(found, as_json, lambda: print_overlap(found))


def print_overlap(found: Overlap) -> None:
    from tierwise.cli.terminal import percent, table

    largest = max((region.customers for region in found.regions), default=0) or 1
    table(
        f"as of {found.as_of}",
        ["in", "customers", "of all"],
        [
            (
                " + ".join(each.inside) or "(none)",
                each.customers,
                percent(each.customers / found.of if found.of else None),
            )
            for each in found.regions
        ],
        bars=[each.customers / largest for each in found.regions],
    )
    table(
        "",
        ["first", "second", "in both", "of the first", "of the second", "Jaccard"],
        [
            (p.first, p.second, p.both, percent(p.of_first), percent(p.of_second), percent(p.jaccard))
            for p in found.pairs
        ],
    )


@app.command("read")
def read(
    name: Name = None,
    rule: RuleFile = None,
    list_name: ListName = None,
    against: Annotated[str | None, typer.Option(help="Another stored segment; else everybody.")] = None,
    against_rule: Annotated[Path | None, typer.Option(help="A file with another rule.")] = None,
    against_list: Annotated[str | None, typer.Option(help="Another list.")] = None,
    attributes: Annotated[str | None, typer.Option(help="Only these, separated by commas.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Print every row, not only what marks the group.")] = False,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """What its customers have more or less often than others."""
    from tierwise.app import group_reading
    from tierwise.cli.door import opened, tell

    _one_of(name, rule, list_name)
    others = any(each is not None for each in (against, against_rule, against_list))
    if others:
        _one_of(against, against_rule, against_list)
    with opened() as ctx, ExitStack() as groups:
        asked = groups.enter_context(group_of(ctx, name, rule, list_name))
        other = groups.enter_context(group_of(ctx, against, against_rule, against_list)) if others else None
        found = group_reading.read(ctx, asked, other, attributes=_names(attributes), run_id=run_id)
    tell(found, as_json, lambda: print_reading(found, every))


def print_reading(found: GroupReading, every: bool) -> None:
    from tierwise.app.group_reading import strongest
    from tierwise.cli.look import both, sentences
    from tierwise.cli.terminal import number, percent, say, table

    rows = found.rows if every else strongest(found.rows)
    table(
        f"{number(found.group)} customers against {number(found.reference)}, as of {found.as_of}",
        ["attribute", "", "customers", "of the group", "of the others", "TGI", "p"],
        [
            (
                both(row.title),
                both(row.text),
                row.group,
                percent(row.share),
                percent(row.reference_share),
                None if row.index is None else round(row.index),
                "–" if row.p_adjusted is None else "<0.001" if row.p_adjusted < 0.001 else f"{row.p_adjusted:.3f}",
            )
            for row in rows
        ],
        spare=["customers"],
    )
    say(sentences(found.sentence))
    if found.left_out:
        say(f"{number(found.left_out)} values that hardly anybody has are left out.")


@app.command("snapshot")
def snapshot(
    name: Name = None,
    rule: RuleFile = None,
    list_name: ListName = None,
    called: Annotated[str | None, typer.Option("--as", help="The name of the list; else the segment's.")] = None,
    title: Annotated[str, typer.Option(help="For people.")] = "",
    note: Annotated[str, typer.Option(help="Why; kept with the list.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="In place of a list of that name.")] = False,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Freeze who is in it now into a list that stays."""
    from tierwise.app import segments
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say

    _one_of(name, rule, list_name)
    with opened() as ctx, group_of(ctx, name, rule, list_name) as asked:
        made = segments.snapshot(ctx, asked, called, title=title, note=note, replace=replace, run_id=run_id)
    tell(made, as_json, lambda: say(f"list {made.name}: {number(made.members)} customers, as of run {made.run_id}"))


def _one_of(name: str | None, rule: Path | None, list_name: str | None) -> None:
    given = [each for each in (name, rule, list_name) if each is not None]
    if len(given) != 1:
        raise typer.BadParameter("which group? a segment's name, --rule FILE or --list NAME, one of them")


@contextmanager
def group_of(ctx: Context, name: str | None, rule: Path | None, list_name: str | None) -> Iterator[AnyRule]:
    """The one group that is meant; everybody where none is. What is wrong with a rule's file is told all at once, with
    file:line."""
    from tierwise.app import defining
    from tierwise.definitions.read import parse_rule, read_rule_file, rule_of
    from tierwise.kernel.errors import TierwiseError

    if rule is None:
        one = {"segment": name} if name is not None else {"list": list_name}
        every = {"attribute": "customer_id", "op": "present"}
        yield parse_rule(every if name is None and list_name is None else one, "name")
        return
    read = read_rule_file(rule)
    if read.problems:
        defining.raise_rule_problems(ctx, read)
    try:
        yield rule_of(read)
    except TierwiseError:
        defining.raise_rule_problems(ctx, read)
        raise


def _names(columns: str | None) -> list[str] | None:
    names = [name.strip() for name in (columns or "").split(",")]
    return [name for name in names if name] or None
