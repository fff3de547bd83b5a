"""Levels: who is where, the weights with what other ones would do, and who lacks little; and matrices."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from nicegui import ui

from tierwise.app import levels as level_cases
from tierwise.app import matrices as matrix_cases
from tierwise.app.defining import Definitions
from tierwise.app.level_views import CombinationView, LevelView, MatrixView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.colours import colour_of
from tierwise.console.charts.structure import Piece, structure_chart
from tierwise.console.pages._later import later
from tierwise.console.pages._live_plan import LivePlan
from tierwise.console.pages._strat_parts import choices
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.sentence import sentence
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_draft import number
from tierwise.console.rule_query import in_address, where_is, where_part
from tierwise.console.shown import value_text
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit
from tierwise.definitions.base import Definition
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rule import All, Comparison
from tierwise.definitions.write import body_of
from tierwise.plots.look import ACCENT

NEAR_SHOWN = 20


async def levels(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab. In the address: name, of the level."""
    texts = visit.texts
    every = {each.name: each for each in known.of(Level)}
    definition = every.get(visit.asked.get("name", "")) or next(iter(every.values()))
    titles = {name: each.title.in_language(texts.language) or name for name, each in every.items()}
    choices(visit, "levels", titles, definition.name)
    view = await visit.ask(level_cases.level, visit.ctx, definition.name)
    aside = f"{texts('as_of', day=texts.day(view.as_of))} · {texts.currency(view.currency)}"
    with card(texts.label(view.title), name="level", aside=aside, excel=visit.excel("levels", name=definition.name)):
        pieces = [Piece(row.name, texts.label(row.title), row.share, row.monetary_share) for row in view.rows]
        chart(structure_chart(pieces, texts), 56)
        markup(f'<div class="tw-scroll" tabindex="0">{_level_rows(visit, view)}</div>')
        if view.outside:
            link = visit.link("/customers", where=where_is(view.name, None))
            said = sentence(texts, "outside", {"customers": link}, customers=texts.count(view.outside))
            markup(f'<p class="foot">{said}</p>')
    with ui.element("div").classes("tw-columns"):
        with ui.element("div"):
            _weights(visit, view, definition, words)
        with ui.element("div"):
            if visit.may("view_customer"):
                later(visit, lambda: _near(visit, view))


def _level_rows(visit: Visit, view: LevelView) -> str:
    texts = visit.texts
    heads = [
        Column(texts("strat_level"), "text"),
        Column(texts("customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts("net_sales")),
        Column(texts("money_share"), "bar"),
        Column(texts("strat_at_least")),
        Column(texts("strat_mean_score")),
        Column(texts("strat_near_next", points=value_text(view.within, texts))),
    ]
    rows: list[Sequence[Item]] = []
    for place, row in enumerate(view.rows):
        colour = colour_of(row.name, place)
        link = visit.link("/customers", where=where_is(view.name, row.name))
        rows.append(
            (
                Cell(texts.label(row.title), texts.label(row.strategy), colour=colour),
                Cell(texts.count(row.customers), link=link),
                Bar(row.share, texts.percent(row.share), colour),
                texts.amount(row.monetary_amount),
                Bar(row.monetary_share, texts.percent(row.monetary_share), colour),
                NONE if row.at_least is None else f"{row.at_least:.1f}",
                NONE if row.mean_score is None else f"{row.mean_score:.1f}",
                Cell(texts.count(row.near), link=_near_link(visit, view, row.name)) if place else NONE,
            )
        )
    return table(heads, rows, name="levels")


def _near_link(visit: Visit, view: LevelView, level: str) -> str:
    """Those of a level who lack little."""
    near = _nearer(view.name, view.within)
    return visit.link("/customers", where=in_address(All(all=(where_part(view.name, level), near))))


def _nearer(level: str, points: Decimal) -> Comparison:
    return Comparison(attribute=f"{level}_points_to_next", op="<=", value=points)


def _weights(visit: Visit, view: LevelView, definition: Level, words: Vocabulary) -> None:
    """Weights that somebody set may be set otherwise; those that were derived are shown."""
    texts = visit.texts
    by_hand = view.weights == "set"
    lead = texts("strat_weights_lead") if by_hand else texts(f"strat_weights_{view.weights}")
    excel = visit.excel("level_weights", name=view.name)
    with card(texts("strat_weights"), name="weights", lead=lead, excel=excel):
        if not by_hand or not visit.may("define"):
            heads = [Column(texts("strat_indicator"), "text"), Column(texts("strat_weight"), "bar")]
            markup(
                table(
                    heads,
                    [
                        (texts.label(each.title), Bar(each.weight, f"{each.weight:.3g}", ACCENT))
                        for each in view.indicators
                    ],
                    name="weights",
                )
            )
            return
        given = {each.name: Decimal(str(round(each.weight, 6))) for each in view.indicators}

        def edited() -> Definition:
            body = body_of(definition)
            for indicator, line in zip(body["scorecard"]["indicators"], view.indicators, strict=True):
                indicator["weight"] = given[line.name]
            return parse_definition(body, f"level {definition.name}")

        fields = {}
        with ui.element("div").classes("tw-weights"):
            for each in view.indicators:
                field = ui.input(texts.label(each.title), value=f"{given[each.name].normalize():f}")
                field.props(f'outlined dense inputmode=decimal data-weight="{each.name}"')
                fields[each.name] = field
        plan = LivePlan(visit, edited, words, view.customers + view.outside)

        def put(name: str, text: str) -> None:
            found = number(text)
            if found is not None:
                given[name] = Decimal(found)
                plan.changed()

        for name, field in fields.items():
            field.on_value_change(lambda event, name=name: put(name, event.value or ""))


async def _near(visit: Visit, view: LevelView) -> None:
    texts = visit.texts
    near = await visit.ask(level_cases.near_miss, visit.ctx, view.name, limit=NEAR_SHOWN)
    titles = {row.name: texts.label(row.title) for row in view.rows}
    lines = {each.name: texts.label(each.title) for each in view.indicators}
    link = visit.link("/customers", where=in_address(_nearer(view.name, near.within)))
    count, points = texts.count(near.of), value_text(near.within, texts)
    said = sentence(texts, "strat_near_lead", {"customers": link}, customers=count, points=points)
    with card(texts("strat_near"), name="near", said=said, excel=visit.excel("near_misses", name=view.name)):
        heads = [
            Column(texts("column_customer_id"), "text"),
            Column(texts("strat_next"), "text"),
            Column(texts("strat_lacks")),
            Column(texts("strat_would_do"), "text"),
        ]
        rows: list[Sequence[Item]] = []
        for row in near.rows:
            done = next((each for each in row.closings if each.how is not None), None)
            said = ""
            if done is not None:
                sign = {"at_least": "≥", "at_most": "≤", "one_of": "="}[str(done.how)]
                said = f"{lines.get(done.indicator, done.indicator)} {sign} {value_text(done.needed, texts)}"
            now = "" if done is None else texts("strat_now", value=value_text(done.now, texts))
            rows.append(
                (
                    Cell(row.customer_id, link=visit.link(f"/customers/{row.customer_id}")),
                    titles.get(row.next_level, row.next_level),
                    f"{row.points_to_next:.2f}",
                    Cell(said or NONE, now),
                )
            )
        markup(table(heads, rows, name="near") if rows else f"<p>{escape(texts('nobody_found'))}</p>")


async def matrices(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab. In the address: name, of the matrix."""
    texts = visit.texts
    every = {each.name: each for each in known.of(Matrix)}
    definition = every.get(visit.asked.get("name", "")) or next(iter(every.values()))
    titles = {name: each.title.in_language(texts.language) or name for name, each in every.items()}
    choices(visit, "matrices", titles, definition.name)
    view = await visit.ask(matrix_cases.matrix, visit.ctx, definition.name)
    aside = f"{texts('as_of', day=texts.day(view.as_of))} · {texts.currency(view.currency)}"
    with card(texts.label(view.title), name="matrix", aside=aside, excel=visit.excel("matrix", name=definition.name)):
        pieces = [Piece(row.name, texts.label(row.title), row.share, row.monetary_share) for row in view.cells]
        chart(structure_chart(pieces, texts), 56)
        markup(_cells(visit, view))
    excel = visit.excel("combinations", name=definition.name)
    with card(texts("strat_combinations"), name="combinations", lead=texts("strat_combinations_lead"), excel=excel):
        markup(_crossed(visit, view) if len(view.dimensions) == 2 else _listed(visit, view))


def _cells(visit: Visit, view: MatrixView) -> str:
    texts = visit.texts
    heads = [
        Column(texts("cell"), "text"),
        Column(texts("customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts("net_sales")),
        Column(texts("money_share"), "bar"),
    ]
    rows: list[Sequence[Item]] = []
    for place, cell in enumerate(view.cells):
        colour = colour_of(cell.name, place)
        link = visit.link("/customers", where=where_is(view.name, cell.name))
        rows.append(
            (
                Cell(texts.label(cell.title), texts.label(cell.strategy), colour=colour),
                Cell(texts.count(cell.customers), link=link),
                Bar(cell.share, texts.percent(cell.share), colour),
                texts.amount(cell.monetary_amount),
                Bar(cell.monetary_share, texts.percent(cell.monetary_share), colour),
            )
        )
    return table(heads, rows, name="matrix")


def _link(visit: Visit, view: MatrixView, row: CombinationView) -> str:
    parts = tuple(
        Comparison(attribute=f"{view.name}_{dimension.name}", op="=", value=part)
        for dimension, part in zip(view.dimensions, row.parts, strict=True)
    )
    return visit.link("/customers", where=in_address(All(all=parts)))


def _crossed(visit: Visit, view: MatrixView) -> str:
    """Two dimensions: rows and columns; in each field its customers and the cell that it belongs to."""
    texts = visit.texts
    down, across = view.dimensions
    cells = {cell.name: (texts.label(cell.title), colour_of(cell.name, at)) for at, cell in enumerate(view.cells)}
    found = {row.parts: row for row in view.rows}
    corner = f"{texts.label(down.title)} ↓ · {texts.label(across.title)} →"
    heads = [Column(corner, "text"), *(Column(texts.label(part.title), "text") for part in across.parts)]
    rows: list[Sequence[Item]] = []
    for part in down.parts:
        line: list[Item] = [texts.label(part.title)]
        for other in across.parts:
            row = found[part.name, other.name]
            title, colour = cells[row.cell]
            line.append(
                Cell(
                    texts.count(row.customers),
                    f"{title} · {texts.percent(row.share)}",
                    colour=colour,
                    link=_link(visit, view, row),
                )
            )
        rows.append(line)
    return table(heads, rows, name="combinations")


def _listed(visit: Visit, view: MatrixView) -> str:
    texts = visit.texts
    titles = [{part.name: texts.label(part.title) for part in each.parts} for each in view.dimensions]
    cells = {cell.name: texts.label(cell.title) for cell in view.cells}
    heads = [Column(texts.label(each.title), "text") for each in view.dimensions]
    heads += [Column(texts("cell"), "text"), Column(texts("customers")), Column(texts("share"), "bar")]
    rows: list[Sequence[Item]] = [
        (
            *(names[part] for names, part in zip(titles, row.parts, strict=True)),
            cells[row.cell],
            Cell(texts.count(row.customers), link=_link(visit, view, row)),
            Bar(row.share, texts.percent(row.share), ACCENT),
        )
        for row in view.rows
    ]
    return table(heads, rows, name="combinations")
