"""`tierwise tag`: tags given by hand; and the catalogue of all tags, `tierwise show tags`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tierwise.app.tag_catalogue import TagCatalogue, TagRow
    from tierwise.app.tag_import import TagImport
    from tierwise.app.tag_scoring import ScoredTag
    from tierwise.app.tag_validation_views import TagValidation
    from tierwise.app.tags import ActView, CustomerTags

app = typer.Typer(help="Give tags by hand and take them back.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with who and when.")]


@app.command("add")
def add(
    customer_id: str,
    tag: str,
    reason: Reason,
    value: Annotated[str | None, typer.Option(help="For a tag that has values: one of them, or its title.")] = None,
    expires: Annotated[str | None, typer.Option(help="The last day on which it holds, 2026-12-31.")] = None,
    as_json: Json = False,
) -> None:
    """Give a customer a tag; the next run heeds it."""
    from tierwise.app import tags
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say
    from tierwise.kernel.windows import parse_day

    last_day = None if expires is None else parse_day(expires)
    with opened() as ctx:
        done = tags.add_tag(ctx, customer_id, tag, value, reason=reason, expires_on=last_day)
    said = {"accepted": "given", "replaced": "given in place of your earlier word", "unchanged": "stands already"}
    named = done.tag if done.value is None else f"{done.tag} = {done.value}"
    tell(done, as_json, lambda: say(f"{done.customer_id}: {named} {said[done.outcome]}; the next run heeds it"))


@app.command("remove")
def remove(
    customer_id: str,
    tag: str,
    reason: Reason,
    rater: Annotated[str | None, typer.Option("--by", help="Only what this person has given; else all of it.")] = None,
    as_json: Json = False,
) -> None:
    """Take a tag back; what was given stays on record."""
    from tierwise.app import tags
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import number, say

    with opened() as ctx:
        done = tags.remove_tag(ctx, customer_id, tag, reason=reason, rater=rater)
    tell(
        done,
        as_json,
        lambda: say(f"{done.customer_id}: {done.tag} taken back ({number(done.removed)} verdicts); see the next run"),
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Columns customer_id, tag, reason, and value and expires_on if needed.")],
    as_json: Json = False,
) -> None:
    """Give tags from a file: every row is accepted, or refused with its line and the reason."""
    from tierwise.app import tag_import
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        done = tag_import.import_tags(ctx, file)
    tell(done, as_json, lambda: print_import(done))


def print_import(done: TagImport) -> None:
    from tierwise.cli.terminal import number, say, table

    say(f"{done.file}: {number(done.read)} rows")
    for name in ("accepted", "replaced", "unchanged", "refused"):
        count = getattr(done, name)
        if count:
            say(f"  {name:<12} {count:>14,}")
    if done.refusals:
        rows = [(row.line, row.column or "", row.code, row.message) for row in done.refusals]
        table("", ["line", "column", "reason", ""], rows)
        say(f"to mend them: tierwise quarantine --import {done.import_id} --to FILE")


@app.command("list")
def list_(
    customer_id: Annotated[str | None, typer.Argument(help="A customer; the newest verdicts where left out.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only of this tag.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those taken back, too.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """A customer's tags with every verdict by hand; or the newest verdicts of all customers."""
    from tierwise.app import tags
    from tierwise.cli.door import opened, plain, tell

    with opened() as ctx:
        if customer_id is not None:
            found = tags.customer_tags(ctx, customer_id)
            tell(found, as_json, lambda: print_customer(found))
            return
        acts = tags.manual_acts(ctx, tag=tag, standing_only=not everything, limit=limit)
    tell({"acts": plain(list(acts))}, as_json, lambda: print_acts(acts))


def print_customer(found: CustomerTags) -> None:
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    if found.tags:
        rows = [(t.tag, both(t.title), both(t.value_title), t.since.isoformat(), t.source) for t in found.tags]
        table(f"{found.customer_id} · {found.as_of}", ["tag", "", "value", "since", "source"], rows)
    else:
        say(f"{found.customer_id} has no tag" + ("" if found.as_of is None else f" as of {found.as_of}"))
    if found.acts:
        print_acts(found.acts)


def print_acts(acts: tuple[ActView, ...]) -> None:
    from tierwise.cli.terminal import say, table

    if not acts:
        say("no tag was given by hand: tierwise tag add CUSTOMER TAG --reason WHY")
        return
    rows = [
        (
            act.customer_id,
            act.tag,
            act.value or "",
            act.rater,
            f"{act.at:%Y-%m-%d %H:%M}",
            act.reason,
            "" if act.expires_on is None else act.expires_on.isoformat(),
            _state(act),
        )
        for act in acts
    ]
    header = ["customer", "tag", "value", "by", "at (UTC)", "why", "until", ""]
    table("by hand", header, rows, spare=["until"])


def _state(act: ActView) -> str:
    if act.undone_at is None:
        return "waits for the next run" if act.waiting else ""
    return f"taken back by {act.undone_by}: {act.undo_reason}"


@app.command("validate")
def validate(
    names: Annotated[list[str] | None, typer.Argument(help="Tags; all that claim something where left out.")] = None,
    dates: Annotated[int, typer.Option(min=1, help="On so many past days, a horizon apart.")] = 4,
    on: Annotated[list[str] | None, typer.Option(help="On this past day instead, 2026-03-31; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Test what tags claim on past days, and keep the verdict."""
    from tierwise.app import tag_validation
    from tierwise.app.step_words import step_words
    from tierwise.cli.door import note, opened, tell
    from tierwise.cli.language import language
    from tierwise.kernel.windows import parse_day

    days = [parse_day(day) for day in on or []]

    def seen(done: int, total: int, said: str) -> None:
        step = step_words(said, language())
        note(f"{done}/{total} {step}")

    with opened() as ctx:
        found = tag_validation.validate_tags(ctx, names or [], dates=dates, days=days, watch=seen)
    tell({"validations": found}, as_json, lambda: print_validations(found))


@app.command("score")
def score(
    name: str,
    as_of: Annotated[str | None, typer.Option("--as-of", help="An earlier day than the current run's.")] = None,
    as_json: Json = False,
) -> None:
    """Learn what a model tag is to tell, and score everybody; the next run heeds it."""
    from tierwise.app import tag_scoring
    from tierwise.cli.door import opened, tell
    from tierwise.kernel.windows import parse_day

    with opened() as ctx:
        done = tag_scoring.score_tag(ctx, name, as_of=None if as_of is None else parse_day(as_of))
    tell(done, as_json, lambda: print_score(done))


def print_score(done: ScoredTag) -> None:
    from tierwise.cli.terminal import number, percent, say, table

    told = done.auc
    held = "" if told.interval is None else f" ({told.interval[0]:.3f} to {told.interval[1]:.3f})"
    measured = "cannot be told" if told.value is None else f"{told.value:.3f}{held}"
    say(f"{done.tag} as of {done.as_of}: {number(done.scored)} scored, {number(done.has_tag)} have it at the next run")
    say(f"AUC {measured}; model {done.model_id}")
    if done.gain:
        rows = [(row.part, row.customers, percent(row.rate), percent(row.score), row.lift) for row in done.gain]
        shown = [(*row[:-1], "–" if row[-1] is None else f"{row[-1]:.2f}") for row in rows]
        table(f"by score, judged as of {done.judged_at}", ["tenth", "customers", "rate", "score", "lift"], shown)
    for problem in done.problems:
        say(problem)


@app.command("validations")
def validations(
    tag: Annotated[str | None, typer.Argument(help="Of this tag; of all where left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """The tests that were made, the newest first."""
    from tierwise.app import tag_validation
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        found = tag_validation.validations(ctx, tag, limit=limit)
    tell({"validations": found}, as_json, lambda: print_validations(found))


def print_validations(found: tuple[TagValidation, ...]) -> None:
    from tierwise.cli.terminal import percent, say, table

    if not found:
        say("no tag was tested: write a `hypothesis` (docs/tag-validation.md), then tierwise tag validate")
    header = ["day", "customers", "tagged", "rate", "of all", "recall", "lift", "95 %", "p (Holm)", ""]
    for one in found:
        rows = [
            (
                day.day.isoformat(),
                day.customers,
                day.tagged,
                percent(day.precision),
                percent(day.base_rate),
                percent(day.recall),
                "–" if day.lift is None else f"{day.lift:.2f}",
                "–" if day.low is None or day.high is None else f"{day.low:.2f} to {day.high:.2f}",
                "–" if day.p_adjusted is None else f"{day.p_adjusted:.2g}",
                (day.reason or "").replace("_", " "),
            )
            for day in one.days
        ]
        table(f"{one.tag} · {one.at:%Y-%m-%d} · {one.verdict or 'no verdict'}", header, rows, spare=["recall"])
        say(f"{one.claim}")
        say(f"{one.said}" + ("" if one.current else "; the tag was changed since"))
        for caution in one.cautions:
            say(f"caution: {caution}")


def catalogue(
    run_id: Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")] = None,
    as_json: Json = False,
) -> None:
    """The catalogue of tags: who has them, how that moved, who reads them, and what they lack."""
    from tierwise.app import tag_catalogue
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        found = tag_catalogue.catalogue(ctx, run_id=run_id)
    tell(found, as_json, lambda: print_catalogue(found))


def print_catalogue(found: TagCatalogue) -> None:
    from tierwise.cli.language import given
    from tierwise.cli.look import both
    from tierwise.cli.terminal import percent, say, table

    if not found.tags:
        say("no tag is defined: write some (docs/tags.md), then tierwise definitions apply -f FILE")
        return
    rows = [
        (
            row.name,
            both(row.title) if row.title.zh != row.name else "",
            row.tag_class,
            row.source,
            row.customers,
            percent(row.coverage),
            _moved(row),
            given(row.owner),
            len(row.readers),
            len(row.warnings),
        )
        for row in found.tags
    ]
    header = ["tag", "", "class", "source", "customers", "coverage", "drift", "owner", "read by", "lacks"]
    title = "tags" if found.as_of is None else f"tags · {found.as_of}"
    table(title, header, rows, spare=["read by", "class", "owner"])
    for row in found.tags:
        for warning in row.warnings:
            say(f"{row.name}: {warning.message}")
        if row.claim is not None:
            say(f"{row.name}: {row.validation.verdict or row.validation.life}; {row.validation.said}")


def _moved(row: TagRow) -> str:
    return "–" if row.drift is None else f"{row.drift:.3f} {row.drift_said}"
