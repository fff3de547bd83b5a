"""`tierwise answer`: what customers say when asked, stored, taken back, shown and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tierwise.app.answer_numbers import AnswerNumbers, AskedRow
    from tierwise.app.answers import CustomerWords

app = typer.Typer(
    help="Store what customers say when asked, and take it back.", no_args_is_help=True, rich_markup_mode=None
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
How = Annotated[str, typer.Option(help="On what occasion: visit, call, message, form or other.")]
Name = Annotated[str | None, typer.Option(help="A definition of kind profiling, where several have the question.")]


@app.command("add")
def add(
    customer_id: str,
    question: str,
    value: Annotated[str, typer.Argument(help="One of the choices, or a text, number or day.")],
    how: How = "visit",
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Store what a customer said; it counts at once."""
    from tierwise.app import answering
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        done = answering.answer(ctx, customer_id, question, value, how=how, name=name)
    said = "stored" if done.stored else "stands already"
    tell(done, as_json, lambda: say(f"{done.customer_id}: {done.question} = {done.value} {said}"))


@app.command("decline")
def decline(customer_id: str, question: str, how: How = "visit", name: Name = None, as_json: Json = False) -> None:
    """Store that a customer was asked and did not want to say: they are not asked again for a while."""
    from tierwise.app import answering
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        done = answering.decline(ctx, customer_id, question, how=how, name=name)
    tell(done, as_json, lambda: say(f"{done.customer_id}: {done.question} is not asked again before {done.again_on}"))


@app.command("remove")
def remove(
    customer_id: str,
    question: str,
    reason: Annotated[str, typer.Option(help="Why; it is kept with who and when.")],
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Take a customer's newest word on a question back; it stays on record."""
    from tierwise.app import answering
    from tierwise.cli.door import opened, tell
    from tierwise.cli.terminal import say

    with opened() as ctx:
        done = answering.take_back(ctx, customer_id, question, reason=reason, name=name)
    told = f"{done.customer_id}: {done.question} taken back"
    again = "" if done.again is None else f"; {done.again} counts again"
    tell(done, as_json, lambda: say(f"{told}{again}"))


@app.command("list")
def list_(customer_id: str, as_json: Json = False) -> None:
    """Everything that a customer said when asked, and what counts."""
    from tierwise.app import answers
    from tierwise.cli.door import opened, tell

    with opened() as ctx:
        view = answers.customer_words(ctx, customer_id)
    tell(view, as_json, lambda: print_words(view))


@app.command("numbers")
def numbers(
    from_day: Annotated[str | None, typer.Option("--from", help="29 days before --to where left out.")] = None,
    to_day: Annotated[str | None, typer.Option("--to", help="Today where left out.")] = None,
    as_json: Json = False,
) -> None:
    """How many were asked, answered and did not want to say, by question and by who asked."""
    from tierwise.app import answer_numbers
    from tierwise.cli.door import opened, tell
    from tierwise.kernel.windows import parse_day

    days = [None if each is None else parse_day(each) for each in (from_day, to_day)]
    with opened() as ctx:
        view = answer_numbers.answer_numbers(ctx, *days)
    tell(view, as_json, lambda: print_numbers(view))


def print_words(view: CustomerWords) -> None:
    """One row a word, the newest first."""
    from tierwise.cli.language import told
    from tierwise.cli.look import both
    from tierwise.cli.terminal import say, table

    if not view.words:
        say("nothing was asked of this customer yet; tierwise profiling CUSTOMER tells what to ask")
        return
    rows = [
        (
            each.question,
            both(each.text) if each.text is not None else "–",
            told(_STANDINGS[each.standing]),
            both(each.how_title),
            each.author.removeprefix("person:"),
            str(each.at.date()),
            each.undo_reason or "",
        )
        for each in view.words
    ]
    table("", ["question", "said", "standing", "how", "by", "day", "reason"], rows, spare=("reason",))


_STANDINGS = {
    "counts": "counts now",
    "overtaken": "a newer word counts",
    "declined": "did not want to say",
    "undone": "taken back",
}


def print_numbers(view: AnswerNumbers) -> None:
    """A table by question, and one by who asked."""
    from tierwise.cli.terminal import say

    if not view.questions:
        say(f"nobody was asked from {view.from_day} to {view.to_day}")
        return
    _print_rows(f"{view.from_day} – {view.to_day}", "question", view.questions)
    _print_rows("", "asked by", view.people)


def _print_rows(title: str, head: str, rows: Sequence[AskedRow]) -> None:
    from tierwise.cli.look import both
    from tierwise.cli.terminal import percent, table

    told = [
        (
            row.name.rpartition(" ")[2].removeprefix("person:"),
            both(row.title),
            row.asked,
            row.answered,
            percent(row.answered_rate),
            row.declined,
            row.undone,
        )
        for row in rows
    ]
    table(title, [head, "", "asked", "answered", "share", "did not want to say", "taken back"], told)
