"""`tierwise`: every command with its options. What a command prints is in show.py; what it does is in app/."""

from __future__ import annotations

import gc
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli import (
    answers,
    cleaning,
    definitions,
    explain,
    history,
    identity,
    insight,
    levels,
    lists,
    live,
    people,
    schedule,
    segments,
    tags,
    tasks,
    upkeep,
)
from tierwise.cli.door import guarded, leave_out_pandas

app = typer.Typer(
    help="Know each customer, stratify, treat each tier on purpose, measure, revise.",
    epilog="In Chinese or English: --language zh or en with any command; else TIERWISE_LANGUAGE, else the locale.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
show = typer.Typer(help="Show what the current run found.", no_args_is_help=True, rich_markup_mode=None)
jobs = typer.Typer(help="List and cancel jobs.", no_args_is_help=True, rich_markup_mode=None)
quarantine = typer.Typer(help="Rows that were not accepted.", invoke_without_command=True, rich_markup_mode=None)
app.add_typer(show, name="show")
app.add_typer(definitions.app, name="definitions")
app.add_typer(jobs, name="jobs")
app.add_typer(quarantine, name="quarantine")
app.add_typer(cleaning.app, name="junk")
app.add_typer(tags.app, name="tag")
app.add_typer(answers.app, name="answer")
app.add_typer(tasks.app, name="task")
app.add_typer(segments.app, name="segment")
app.add_typer(lists.app, name="list")
app.add_typer(live.keys, name="keys")
app.add_typer(live.inbox, name="inbox")
app.add_typer(identity.app, name="identity")
app.add_typer(people.app, name="people")
schedule.add_to(app)
levels.add_to(app, show)
history.add_to(app)
explain.add_to(app)
insight.add_to(app)
upkeep.add_to(app)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Limit = Annotated[int, typer.Option(min=0, help="At most so many.")]
RunId = Annotated[int | None, typer.Option("--run", help="A kept run instead of the current one.")]


def _day(text: str | None) -> date | None:
    from tierwise.kernel.windows import parse_day

    return None if text is None else parse_day(text)


@app.command()
def init(
    template: Annotated[str, typer.Option(help="retail, dealer or general.")] = "retail",
    nightly: Annotated[bool, typer.Option(help="With a schedule: a run every night at 02:30.")] = False,
    as_json: Json = False,
) -> None:
    """Make a home with a template's definitions."""
    from tierwise.cli import manage

    manage.init(template, nightly, as_json)


@app.command("import")
def import_(
    file: Annotated[Path | None, typer.Argument(help="The file; of a source none, or one like its rows.")] = None,
    table: Annotated[str | None, typer.Option("--as", help="The table that its rows are; else the mapping's.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="A mapping file; else headers are recognised.")] = None,
    sheet: Annotated[
        list[str] | None,
        typer.Option(help='Of a workbook: a sheet by name or place, again for another; "*" for each.'),
    ] = None,
    source: Annotated[str | None, typer.Option(help="A source that is defined: what is new in it.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Of a source: all of it again.")] = False,
    replace_orders: Annotated[bool, typer.Option(help="Replace orders that are known already.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Count and check; store nothing.")] = False,
    propose_map: Annotated[Path | None, typer.Option(help="Write the recognised mapping here, and stop.")] = None,
    strict: Annotated[bool, typer.Option(help="Exit 1 where rows were quarantined.")] = False,
    as_json: Json = False,
) -> None:
    """Import a file or what is new in a source: each row is accepted, or quarantined with its line and the reason."""
    from tierwise.cli import manage, sources

    if source is not None:
        if table is not None or mapping is not None or sheet or propose_map is not None or replace_orders:
            raise typer.BadParameter("a source says itself how it is read", param_hint="--source")
        if file is not None and from_start:
            raise typer.BadParameter("a file is read whole", param_hint="--from-start")
        sources.import_(source, file, from_start, dry_run, strict, as_json)
    elif file is None:
        raise typer.BadParameter("a file, or --source with the name of a source", param_hint="FILE")
    elif from_start:
        raise typer.BadParameter("belongs to --source", param_hint="--from-start")
    elif propose_map is not None:
        manage.propose(file, table, tuple(sheet or ()), propose_map, as_json)
    else:
        manage.import_(file, table, mapping, tuple(sheet or ()), replace_orders, dry_run, strict, as_json)


@app.command()
def mapping(
    import_id: Annotated[int, typer.Argument(help="The number of an import.")],
    to: Annotated[Path | None, typer.Option(help="Write it to this file; else it is shown.")] = None,
    as_json: Json = False,
) -> None:
    """The mapping by which an import was read, as the file that --map takes."""
    from tierwise.cli import manage

    manage.mapping(import_id, to, as_json)


@app.command("sources")
def sources_(as_json: Json = False) -> None:
    """The sources that are defined, and up to where each was read."""
    from tierwise.cli import sources

    sources.list_(as_json)


@quarantine.callback()
def quarantine_list(
    context: typer.Context,
    limit: Limit = 50,
    import_id: Annotated[int | None, typer.Option("--import", help="Only of this import.")] = None,
    code: Annotated[str | None, typer.Option(help="Only of this reason.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="Write the rows as they were to this CSV or Excel file, to mend them.")
    ] = None,
    headings: Annotated[
        str,
        typer.Option(help="The reasons in the file: English (names, en), or zh; auto takes the language spoken."),
    ] = "names",
    as_json: Json = False,
) -> None:
    """Rows that were not accepted, with file, line, column and reason."""
    if context.invoked_subcommand is None:
        from tierwise.cli import manage

        manage.quarantine(limit, import_id, code, to, headings, as_json)


@app.command()
def run(
    as_of: Annotated[str | None, typer.Option(help="The last day that is seen, 2026-06-30; else yesterday.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Take nothing over from an earlier run.")] = False,
    copies: Annotated[
        bool | None,
        typer.Option(
            "--copies/--no-copies", help="Copy it in the order of customers afterwards; else where that takes little."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute every customer's profile as of a day."""
    from tierwise.cli import manage

    manage.run(_day(as_of), full, copies, as_json)


@app.command()
def runs(limit: Limit = 20, as_json: Json = False) -> None:
    """The runs, newest first."""
    from tierwise.cli import look

    look.runs(limit, as_json)


@show.command("deciles")
def show_deciles(
    metric: Annotated[str, typer.Option(help="An attribute of the profile.")] = "monetary_amount",
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Ten parts by a metric, and what each brings."""
    from tierwise.cli import look

    look.deciles(metric, run_id, as_json)


@show.command("rfm")
def show_rfm(run_id: RunId = None, as_json: Json = False) -> None:
    """The eight RFM cells."""
    from tierwise.cli import look

    look.rfm(run_id, as_json)


@show.command("lifecycle")
def show_lifecycle(
    run_id: RunId = None,
    from_: Annotated[str | None, typer.Option("--from", help="Moves since the kept run as of this day.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Moves up to the kept run as of this day.")] = None,
    as_json: Json = False,
) -> None:
    """The lifecycle's stages, or the moves between two days."""
    from tierwise.cli import look

    if from_ is None and to is None:
        look.ladders("lifecycle", run_id, as_json)
    else:
        look.transitions(None, _day(from_), _day(to), as_json)


@show.command("activity")
def show_activity(run_id: RunId = None, as_json: Json = False) -> None:
    """The activity classes."""
    from tierwise.cli import look

    look.ladders("activity", run_id, as_json)


@show.command("stores")
def show_stores(run_id: RunId = None, as_json: Json = False) -> None:
    """The stores' totals and the share of identified sales."""
    from tierwise.cli import look

    look.stores(run_id, as_json)


@show.command("profile")
def show_profile(
    limit: Limit = 10,
    columns: Annotated[str | None, typer.Option(help="Only these attributes, separated by commas.")] = None,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """Some rows of the profile."""
    from tierwise.cli import look

    names = [name.strip() for name in (columns or "").split(",")]
    look.profile(limit, [name for name in names if name] or None, run_id, as_json)


show.command("tags")(tags.catalogue)


@app.command()
def customer(customer_id: str, run_id: RunId = None, as_json: Json = False) -> None:
    """All that is known about one customer."""
    from tierwise.cli import look

    look.customer(customer_id, run_id, as_json)


@app.command()
def alerts(as_json: Json = False) -> None:
    """What wants attention today: runs, KPIs, tasks, refused rows, stages that moved, tags, what has no owner."""
    from tierwise.cli import alerts as commands

    commands.alerts(as_json)


@app.command()
def profiling(
    customer_id: Annotated[str | None, typer.Argument(help="One customer: what to ask next.")] = None,
    name: Annotated[str | None, typer.Option(help="A definition of kind profiling; else the only one.")] = None,
    run_id: RunId = None,
    as_json: Json = False,
) -> None:
    """What is known of customers, what a missing answer is worth, and what to ask next."""
    from tierwise.cli import profiling as commands

    commands.profiling(customer_id, name, run_id, as_json)


@app.command()
def export(
    table: Annotated[
        str,
        typer.Argument(help="profile, tags, segments, junk, rfm, facts, or a page's table such as tag_catalogue."),
    ],
    to: Annotated[Path, typer.Option(help="A file ending in .csv, .xlsx or .parquet.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="What the table is of, as tag=vip.")] = None,
    run_id: RunId = None,
    sensitive: Annotated[
        bool, typer.Option("--sensitive", help="With sensitive tags and traits; the audit names them.")
    ] = False,
    headings: Annotated[
        str, typer.Option(help="Above the columns: their names, or words in zh or en; auto takes the language spoken.")
    ] = "names",
    as_json: Json = False,
) -> None:
    """Write a table to a file."""
    from tierwise.cli import manage

    manage.export(table, to, settings or [], run_id, sensitive, headings, as_json)


@jobs.command("list")
def jobs_list(limit: Limit = 20, as_json: Json = False) -> None:
    """The jobs, newest first."""
    from tierwise.cli import look

    look.jobs(limit, as_json)


@jobs.command("cancel")
def jobs_cancel(job_id: int, as_json: Json = False) -> None:
    """Ask a running job to stop; nothing of it is kept."""
    from tierwise.cli import manage

    manage.cancel(job_id, as_json)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8321,
    console: Annotated[bool, typer.Option(help="The console beside the API.")] = True,
    worker: Annotated[bool, typer.Option(help="Do what is due meanwhile; see schedule.")] = True,
) -> None:
    """Serve the API and the console until stopped."""
    from tierwise.cli import manage

    manage.serve(host, port, console, worker)


@app.command()
def doctor(as_json: Json = False) -> None:
    """What is there, what is missing, and how to mend it."""
    from tierwise.cli import manage

    manage.doctor(as_json)


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop workers, servers and the embedded PostgreSQL; nothing is left running."""
    from tierwise.cli import manage

    manage.stop(as_json)


@app.command()
def demo(
    dealers: Annotated[int, typer.Option(help="Customers of the made-up dealer group.")] = 3000,
    retail: Annotated[int, typer.Option(help="Customers of the made-up retailer.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data.")] = 7,
) -> None:
    """Made-up dealer and retail data in; tiers out."""
    from tierwise.cli import demo as made_up

    made_up.demo(dealers, retail, seed)


@app.command()
def version() -> None:
    """The version of Tierwise."""
    from tierwise import __version__

    typer.echo(__version__)


def main() -> None:
    """The entry point of the `tierwise` script: this process is a command and nothing else."""
    # A command lives for seconds: looking for cycles while modules load would take a twelfth of them.
    gc.set_threshold(100_000, 50, 50)
    if sys.argv[1:2] not in (["serve"], ["demo"]):  # NiceGUI looks whether it is there
        leave_out_pandas()
    guarded(app)
