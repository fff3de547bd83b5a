"""By value: deciles of any number and their Pareto curve; and the simpler tiers, activity and price bands."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from tierwise.app import segments, showing
from tierwise.app.among import InDeciles, among_address
from tierwise.app.defining import Definitions
from tierwise.app.views import DecilesView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.colours import colour_of
from tierwise.console.charts.deciles import decile_chart
from tierwise.console.charts.structure import Piece, structure_chart
from tierwise.console.pages._strat_parts import stage_rows
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.sentence import sentence
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import in_address, rule_in, where_is
from tierwise.console.shown import is_number
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.price_band import PriceBand
from tierwise.definitions.rule import Comparison
from tierwise.plots.look import ACCENT


async def deciles(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab. In the address: metric."""
    texts = visit.texts
    defined = {each.metric: each for each in known.deciles}
    metric = visit.asked.get("metric") or next(iter(defined), Deciles().metric)
    view = await visit.ask(showing.deciles, visit.ctx, metric)
    unit = texts.currency(view.currency) if view.unit == "money" else ""
    numbers = {
        name: texts.label(each.title)
        for name, each in words.attributes.items()
        if is_number(each.type) and each.group in ("attribute", "trait")
    }
    numbers.setdefault(metric, texts.label(view.title))
    chosen = ui.select(numbers, value=metric, label=texts("strat_metric"), with_input=True)
    chosen.props("outlined dense").classes("tw-leaf-what")
    chosen.on_value_change(lambda event: visit.go("/stratification", tab="value", metric=event.value))
    aside = " · ".join(part for part in (texts("as_of", day=texts.day(view.as_of)), unit) if part)
    excel = visit.excel("deciles", metric=metric)
    with card(texts("decile_title"), name="deciles", lead=texts.label(view.sentence), aside=aside, excel=excel):
        chart(decile_chart(view, texts), 260)
        markup(_parts(visit, view, defined.get(metric)))
        if view.unscored:
            link = visit.link("/customers", among=among_address(InDeciles(metric, 0, 0)))
            said = sentence(texts, "unscored", {"customers": link}, customers=texts.count(view.unscored))
            markup(f'<p class="foot">{said}</p>')
    if view.groups:
        excel = visit.excel("decile_groups", metric=metric)
        with card(texts("strat_groups"), name="groups", lead=texts("strat_groups_lead"), excel=excel):
            markup(_groups(visit, view, defined.get(metric)))


def _parts(visit: Visit, view: DecilesView, definition: Deciles | None) -> str:
    texts = visit.texts
    heads = (
        Column(texts("decile"), "text"),
        Column(texts("group"), "text"),
        Column(texts("customers")),
        Column(texts.label(view.title)),
        Column(texts("share"), "bar"),
        Column(texts("cumulative"), "bar"),
        Column(texts("per_head")),
        Column(texts("strat_lowest")),
    )
    rows: list[Sequence[Item]] = []
    for row in view.rows:
        link = visit.link("/customers", among=among_address(InDeciles(view.metric, row.decile, row.decile)))
        if definition is not None:
            link = visit.link("/customers", where=where_is(definition.name, row.decile))
        rows.append(
            (
                str(row.decile),
                row.group or NONE,
                Cell(texts.count(row.customers), link=link),
                texts.amount(row.total),
                Bar(row.share, texts.percent(row.share), ACCENT),
                Bar(row.cumulative_share, texts.percent(row.cumulative_share), "#9fced6"),
                texts.amount(row.per_head),
                texts.amount(row.lowest),
            )
        )
    return table(heads, rows, name="deciles")


def _groups(visit: Visit, view: DecilesView, definition: Deciles | None) -> str:
    texts = visit.texts
    heads = (
        Column(texts("group"), "text"),
        Column(texts("customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts.label(view.title)),
        Column(texts("share"), "bar"),
        Column(texts("per_head")),
    )
    rows: list[Sequence[Item]] = []
    for group in view.groups:
        heads_share = group.customers / view.customers if view.customers else None
        ends = (group.first_decile, group.last_decile)
        link = visit.link("/customers", among=among_address(InDeciles(view.metric, *ends)))
        if definition is not None:
            link = visit.link(
                "/customers", where=in_address(Comparison(attribute=definition.name, op="between", value=ends))
            )
        rows.append(
            (
                Cell(group.group, badge="–".join(str(end) for end in dict.fromkeys(ends))),
                Cell(texts.count(group.customers), link=link),
                Bar(heads_share, texts.percent(heads_share), ACCENT),
                texts.amount(group.total),
                Bar(group.share, texts.percent(group.share), ACCENT),
                texts.amount(group.per_head),
            )
        )
    return table(heads, rows, name="groups")


async def others(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab of what is told in one table each: activity, and leanings to a price band."""
    texts = visit.texts
    with ui.element("div").classes("tw-columns"):
        for view in await visit.ask(showing.ladders, visit.ctx, "activity"):
            with card(
                texts.label(view.title),
                name=view.name,
                aside=texts.currency(view.currency),
                excel=visit.excel("activity"),
            ):
                pieces = [Piece(row.name, texts.label(row.title), row.share, row.monetary_share) for row in view.rows]
                chart(structure_chart(pieces, texts), 56)
                markup(stage_rows(visit, view, texts("activity_class")))
        for band in known.of(PriceBand):
            with card(texts.label(words.title(band.name)), name=band.name, excel=visit.excel("values", name=band.name)):
                markup(await _bands(visit, words, band.name))


async def _bands(visit: Visit, words: Vocabulary, name: str) -> str:
    texts = visit.texts
    found = words.attributes.get(name)
    values = list(found.values) if found is not None else []
    heads = [Column(texts("value"), "text"), Column(texts("customers")), Column(texts("share"), "bar")]
    rows: list[Sequence[Item]] = []
    for place, value in enumerate(values):
        where = where_is(name, value)
        rule = rule_in(where)
        assert rule is not None
        counted = await visit.ask(segments.count, visit.ctx, rule)
        share = counted.customers / counted.of if counted.of else None
        title = words.value(name, value)
        colour = colour_of(value, place)
        rows.append(
            (
                Cell(texts.label(title) or value, colour=colour),
                Cell(texts.count(counted.customers), link=visit.link("/customers", where=where)),
                Bar(share, texts.percent(share), colour),
            )
        )
    return table(heads, rows, name=name)
