"""What `tierwise demo` shows of one business: who its customers are, how they are tiered, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from tierwise.app import cleaning, explaining, levels, matrices, profiling, segments, showing, standing, tag_catalogue
from tierwise.app.defining import current_definitions
from tierwise.cli import look
from tierwise.cli.cleaning import print_junk
from tierwise.cli.explain import print_explanation
from tierwise.cli.language import told
from tierwise.cli.levels import print_matrix_cells
from tierwise.cli.look import both, sentences
from tierwise.cli.profiling import said_reward
from tierwise.cli.terminal import clipped, console, fixed, number, percent, say, table, width
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.profiling import Profiling
from tierwise.definitions.rule import InSegment

if TYPE_CHECKING:
    from tierwise.app.context import Context
    from tierwise.app.tag_catalogue import TagRow

VALUES_CELLS = (36, 68)
"""So narrow and so wide may the values of a tag be before they go on in the next line."""

BESIDE_VALUES_CELLS = 62
"""What a tag's name, title and customers take."""

STRATEGY_CELLS = 56
"""So much of a strategy is shown beside figures."""

MOVES = 5


def summary(ctx: Context, earlier: date, now: date, *, stores: bool, explained: str) -> None:
    """Everything that the current run found, from the whole to one customer. Two runs are kept: earlier and now.

    stores: whether the stores are shown. explained: the segment of which one customer is explained.
    """
    _head(ctx, stores)
    _moves(ctx, earlier, now)
    with ctx.database.connect() as connection:
        definitions = current_definitions(connection)
    for level in definitions.of(Level):
        _level(ctx, level.name)
    for matrix in definitions.of(Matrix):
        print_matrix_cells(matrices.matrix(ctx, matrix.name))
        say()
    _standing(ctx)
    _tags(ctx)
    if definitions.of(Cleaning):
        print_junk(cleaning.junk(ctx, examples=0))
        say()
    if definitions.of(Profiling):
        _question(ctx)
    _one(ctx, explained)


def _head(ctx: Context, stores: bool) -> None:
    view = showing.overview(ctx)
    say(
        f"{number(view.customers)} customers, {number(view.buyers)} with an order, net {number(view.monetary_amount)} "
        f"{view.currency}; {percent(view.identified_amount_rate)} of sales identified; as of {view.run.as_of}; "
        f"the run took {view.run.seconds or 0:.2f} s.\n"
    )
    for ladder in view.lifecycle:
        look.print_ladder(ladder)
        say()
    look.print_rfm(view.rfm)
    say()
    say(sentences(view.deciles.sentence) + "\n")
    for ladder in view.activity:
        look.print_ladder(ladder)
        say()
    if stores:
        look.print_stores(view.stores)
        say()


def _moves(ctx: Context, earlier: date, now: date) -> None:
    moves = showing.transitions(ctx, None, earlier, now)
    went = sorted(
        (row for row in moves.rows if row.from_ and row.to and row.from_ != row.to), key=lambda row: -row.customers
    )
    table(
        f"Largest moves on the lifecycle, {moves.from_as_of} → {moves.to_as_of}",
        ["from", "to", "customers"],
        [(row.from_, row.to, row.customers) for row in went[:MOVES]],
    )
    say()


def _level(ctx: Context, name: str) -> None:
    view = levels.level(ctx, name)
    largest = max((row.customers for row in view.rows), default=0) or 1
    table(
        f"{both(view.title)} · {view.as_of} · {view.currency}",
        ["level", "", "customers", "share", "from", "amount", "of amount", "near next", "what is done"],
        [
            (
                row.name,
                both(row.title),
                row.customers,
                percent(row.share),
                fixed(row.at_least, 1),
                row.monetary_amount,
                percent(row.monetary_share),
                row.near,
                clipped(both(row.strategy), STRATEGY_CELLS),
            )
            for row in view.rows
        ],
        bars=[row.customers / largest for row in view.rows],
        spare=["from", "of amount"],
    )
    lines = " · ".join(f"{both(each.title)} {percent(each.weight, 0)}" for each in view.indicators)
    say(f"The score: {lines}.")
    say(f"near next: {number(view.within)} points or fewer to the next level; who: tierwise levels near-miss {name}\n")


def _standing(ctx: Context) -> None:
    view = standing.standing(ctx)
    for leaning in view.leanings:
        bands = " · ".join(f"{both(b.title)} {number(b.customers)} ({percent(b.share, 0)})" for b in leaning.bands)
        say(f"{both(leaning.title)}: {bands}\n")
    largest = max((row.customers for row in view.segments), default=0) or 1
    table(
        f"{number(len(view.segments))} segments",
        ["segment", "", "customers", "share", "what is done"],
        [
            (
                row.name,
                both(row.title),
                row.customers,
                percent(row.share),
                clipped(both(row.strategy), STRATEGY_CELLS),
            )
            for row in view.segments
        ],
        bars=[row.customers / largest for row in view.segments],
    )
    say()


def _tags(ctx: Context) -> None:
    found = tag_catalogue.catalogue(ctx)
    least, most = VALUES_CELLS
    room = min(most, max(least, console().width - BESIDE_VALUES_CELLS))
    rows = [row for tag in found.tags for row in _tag_rows(tag, room)]
    header = ["tag", "", "source", "customers", "coverage", "of them"]
    table(f"{number(len(found.tags))} tags", header, rows, spare=["source", "coverage"])
    say()


def _tag_rows(tag: TagRow, room: int) -> Iterator[tuple[object, ...]]:
    """One row, and one more for each line that its values need."""
    values = [f"{both(value.title)} {number(value.customers)}" for value in tag.values if value.customers]
    if tag.consent is not None and not tag.customers:
        values = [told(f"computed only with the customer's consent ({tag.consent})")]
    elif tag.source == "manual" and not tag.customers:
        values = [told("given by staff")]
    first, *more = list(_lines(values, room)) or [""]
    yield tag.name, both(tag.title), tag.source, tag.customers, percent(tag.coverage), first
    for line in more:
        yield "", "", "", "", "", line


def _lines(values: list[str], room: int) -> Iterator[str]:
    """The values, as many on a line as there is room for."""
    line = ""
    for value in values:
        longer = f"{line} · {value}" if line else value
        if line and width(longer) > room:
            yield line
            longer = value
        line = longer
    if line:
        yield line


def _question(ctx: Context) -> None:
    view = profiling.profiling(ctx)
    table(
        f"{both(view.title)}: the next best question",
        ["question", "", "worth in bits", "next for", "reward", "asked with consent"],
        [
            (
                row.question,
                both(row.ask),
                fixed(row.bits, 3),
                row.asked_next,
                said_reward(row.reward),
                row.needs_consent or "",
            )
            for row in view.questions
        ],
        bars=[row.asked_next / (view.customers or 1) for row in view.questions],
    )
    say(
        f"Of what could be asked {percent(view.mean_completeness)} is known on average; "
        f"{number(view.nothing_to_ask)} customers have gaps and nothing that is worth asking and may be asked.\n"
    )


def _one(ctx: Context, segment: str) -> None:
    drawn = segments.sample(ctx, InSegment(segment=segment), limit=1)
    if drawn.rows:
        console().print(told("Why is this customer in this segment?"), style="bold", highlight=False)
        print_explanation(explaining.explain(ctx, str(drawn.rows[0][0]), f"segment {segment}"))
        say()
