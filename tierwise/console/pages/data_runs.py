"""Runs: each with what it counted and how long its steps took; a new one, which goes on when the page is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape

from nicegui import ui

from tierwise.app import running, showing
from tierwise.app.run_views import IN_ALL
from tierwise.app.views import RunView
from tierwise.console.pages._data import attempt, sections, under_way
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import in_address
from tierwise.console.steps import step_title
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.kernel.wording import in_language
from tierwise.plots.look import ACCENT

SHOWN = 50

_ALL = 2**31 - 1


@page("/data/runs", "title_data")
async def runs(visit: Visit) -> None:
    """Start one, watch what is under way, look at those that were."""
    texts = visit.texts
    sections(visit, "/data/runs")
    found = await visit.ask(showing.runs, visit.ctx, limit=SHOWN)
    await under_way(visit)
    if visit.may("run"):
        _start(visit)
    with card(texts("runs_title"), name="runs", excel=visit.excel("runs")):
        if found:
            markup(_listed(visit, found))
        else:
            markup(f"<p>{escape(texts('data_no_runs'))}</p>")


def _start(visit: Visit) -> None:
    texts = visit.texts
    with card(texts("data_new_run"), name="new-run", lead=texts("data_new_run_lead")):
        wrong = ui.column()
        with ui.row().classes("tw-actions"):
            day = ui.input(texts("data_as_of"), placeholder=texts("data_yesterday"))
            day.props('outlined dense type="date" stack-label').classes("tw-input")
            full = ui.checkbox(texts("data_full"))

            async def begun() -> None:
                as_of = _day(day.value)
                job_id = await visit.ask(running.start_run, visit.ctx, as_of, full=full.value)
                visit.go(f"/data/jobs/{job_id}" if job_id is not None else "/data/runs")

            ui.button(texts("data_start"), on_click=attempt(visit, wrong, begun)).props("unelevated no-caps")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise TierwiseError("bad_value", f'"{text}" is no day', place="as_of", remedy="2026-06-30") from error


def _listed(visit: Visit, found: Sequence[RunView]) -> str:
    texts = visit.texts
    heads = [
        Column(texts("run"), "text"),
        Column(texts("run_as_of"), "text"),
        Column(texts("run_state"), "text"),
        Column(texts("run_started"), "text"),
        Column(texts("customers")),
        Column(texts("data_touched")),
        Column(texts("run_seconds")),
    ]
    rows: list[Sequence[Item]] = [
        (
            Cell(
                str(each.id),
                badge=texts("current") if each.current else "",
                link=visit.link(f"/data/runs/{each.id}"),
            ),
            texts.day(each.as_of),
            Cell(texts(f"state_{each.state}"), _why(each, texts), warn=each.state in ("failed", "crashed")),
            texts.at(each.started_at),
            Cell(texts.count(each.counts.get("customers")), link=_customers(visit, each)),
            texts.count(each.counts.get("touched", each.counts.get("customers"))),
            texts.seconds(each.seconds),
        )
        for each in found
    ]
    return table(heads, rows, name="runs")


def _customers(visit: Visit, run: RunView, where: str | None = None) -> str:
    """The address of a run's customers, as they were then; none of one that did not end well."""
    if run.state != "done" or not visit.may("view_customer"):
        return ""
    return visit.link("/customers", where=where, run=None if run.current else str(run.id))


def _why(run: RunView, texts: Texts) -> str:
    return in_language(str((run.error or {}).get("message", "")), texts.language)


@page("/data/runs/{run}", "title_data")
async def one_run(visit: Visit) -> None:
    """What one run counted, and how long each of its steps took."""
    texts = visit.texts
    wanted = visit.asked["run"]
    every = await visit.ask(showing.runs, visit.ctx, limit=_ALL)
    found = next((each for each in every if str(each.id) == wanted), None)
    if found is None:
        raise TierwiseError("unknown_run", f"there is no run {wanted}")
    sections(visit, "/data/runs")
    aside = f"{texts('as_of', day=texts.day(found.as_of))} · {texts(f'state_{found.state}')}"
    with card(texts("run_number", id=found.id), name="run", aside=aside):
        if found.error:
            tell(TierwiseError.of([Problem(str(found.error.get("code")), str(found.error.get("message")))]), texts)
        else:
            markup(figures(_figures(visit, found)))
        if found.current:
            markup(f'<p><a href="{escape(visit.link("/"))}">{escape(texts("data_to_overview"))}</a></p>')
    if found.timings:
        with card(texts("data_steps"), name="steps", excel=visit.excel("run_steps", run=str(found.id))):
            whole = found.timings.get(IN_ALL) or sum(found.timings.values())
            heads = [Column(texts("data_step"), "text"), Column(texts("run_seconds")), Column(texts("share"), "bar")]
            rows: list[Sequence[Item]] = []
            for name, seconds in found.timings.items():
                if name != IN_ALL and whole:
                    share = Bar(seconds / whole, texts.percent(seconds / whole), ACCENT)
                    rows.append((step_title(name, texts), texts.seconds(seconds), share))
            rows.append((texts("total"), texts.seconds(whole), ""))
            markup(table(heads, rows, name="steps", total=True))


def _figures(visit: Visit, run: RunView) -> tuple[Figure, ...]:
    texts, counts = visit.texts, run.counts
    buyers = in_address(Comparison(attribute="frequency_count", op=">", value=0))
    people = texts("unit_people")
    touched = counts.get("touched")
    note = texts("data_from_run", id=run.base_run_id) if run.base_run_id is not None else ""
    return (
        Figure(
            "customers", texts("customers"), texts.count(counts.get("customers")), people, link=_customers(visit, run)
        ),
        Figure(
            "buyers", texts("buyers"), texts.count(counts.get("buyers")), people, link=_customers(visit, run, buyers)
        ),
        Figure("orders", texts("orders"), texts.count(counts.get("orders"))),
        Figure("touched", texts("data_touched"), texts.count(touched or counts.get("customers")), "", note),
        Figure("seconds", texts("run_seconds"), texts.seconds(run.seconds)),
    )
