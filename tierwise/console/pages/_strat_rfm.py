"""RFM: the map of the eight cells, how customers score, and the settings with what a change of them would do."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import showing
from tierwise.app.defining import Definitions
from tierwise.app.views import RfmView
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.charts.colours import colour_of
from tierwise.console.charts.tiers import rfm_map
from tierwise.console.pages._live_plan import LivePlan
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_draft import number
from tierwise.console.rule_query import where_is
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit
from tierwise.definitions.base import Definition
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.write import body_of
from tierwise.plots.look import ACCENT

METHODS = ("quantile", "breakpoints", "jenks")
AGAINST = ("mean", "median", "threshold")
MONEY = ("net", "gross", "profit")
SIDES = ("recency", "frequency", "monetary")


async def rfm(visit: Visit, words: Vocabulary, known: Definitions) -> None:
    """The tab."""
    texts = visit.texts
    view = await visit.ask(showing.rfm, visit.ctx)
    definition = known.rfm[0] if known.rfm else Rfm()
    attribute = f"{definition.name}_cell"
    window = texts("last_days", days=view.last_days) if view.last_days else texts("whole_life")
    currency = texts.currency(view.currency)
    aside = " · ".join((texts("as_of", day=texts.day(view.as_of)), window, currency))
    with card(texts("strat_map"), name="rfm-map", lead=texts("strat_map_lead"), aside=aside, excel=visit.excel("rfm")):
        drawn = ui.echart(
            rfm_map(view.cells, currency, texts),
            renderer="svg",
            on_point_click=lambda event: visit.go("/customers", where=where_is(attribute, event.name)),
        )
        drawn.classes("tw-chart").style("height:320px")
        markup(_cells(visit, view, attribute))
        if view.unscored:
            link = visit.link("/customers", where=where_is(attribute, None))
            said = texts("strat_unscored", customers=texts.count(view.unscored))
            markup(f'<p class="foot"><a href="{escape(link)}">{escape(said)}</a></p>')
    _settings(visit, definition, words, view.customers)
    with card(texts("strat_scores"), name="scores", excel=visit.excel("rfm_scores")):
        markup(_scores(visit, view))


def _cells(visit: Visit, view: RfmView, attribute: str) -> str:
    texts = visit.texts
    heads = [
        Column(texts("cell"), "text"),
        Column(texts("customers")),
        Column(texts("ladder_share"), "bar"),
        Column(texts("net_sales")),
        Column(texts("money_share"), "bar"),
        Column(texts("per_head")),
        Column(texts("strat_recency")),
        Column(texts("strat_frequency")),
        Column(texts("seg_strategy"), "text"),
    ]
    rows: list[Sequence[Item]] = []
    for cell in view.cells:
        colour = colour_of(cell.code)
        link = visit.link("/customers", where=where_is(attribute, cell.code))
        strategy = texts.label(cell.strategy)
        rows.append(
            (
                Cell(texts.label(cell.title), colour=colour, badge=cell.code),
                Cell(texts.count(cell.customers), link=link),
                Bar(cell.share, texts.percent(cell.share), colour),
                texts.amount(cell.monetary_amount),
                Bar(cell.monetary_share, texts.percent(cell.monetary_share), colour),
                texts.amount(cell.per_head),
                NONE if cell.mean_recency_days is None else f"{cell.mean_recency_days:,.0f}",
                NONE if cell.mean_frequency is None else f"{cell.mean_frequency:,.1f}",
                Cell(strategy or NONE, "" if strategy else texts("no_strategy"), warn=not strategy),
            )
        )
    return table(heads, rows, name="cells")


def _scores(visit: Visit, view: RfmView) -> str:
    """How many have each score, of each of the three."""
    texts = visit.texts
    heads = [Column(texts("strat_score"), "text"), Column(texts("customers")), Column(texts("share"), "bar")]
    parts = []
    for (column, counts), side in zip(view.scores.items(), SIDES, strict=True):
        of = sum(counts.values())
        rows: list[Sequence[Item]] = [
            (
                score,
                Cell(texts.count(count), link=visit.link("/customers", where=where_is(column, int(score)))),
                Bar(count / of if of else None, texts.percent(count / of if of else None), ACCENT),
            )
            for score, count in sorted(counts.items(), key=lambda each: -int(each[0]))
        ]
        parts.append(f"<div><h3>{escape(texts(f'strat_{side}'))}</h3>{table(heads, rows, name=column)}</div>")
    return f'<div class="tw-three">{"".join(parts)}</div>'


def _settings(visit: Visit, definition: Rfm, words: Vocabulary, customers: int) -> None:
    """What scores and cells are made by; whoever may define changes it and sees at once who would move."""
    texts = visit.texts
    with card(texts("strat_settings"), name="rfm-settings", lead=texts("strat_settings_lead")):
        form = _RfmForm(visit, definition)
        form.draw()
        if visit.may("define"):
            plan = LivePlan(visit, form.edited, words, customers)
            form.changed = plan.changed


class _RfmForm:
    """The fields; `edited` is the definition that they say."""

    def __init__(self, visit: Visit, definition: Rfm) -> None:
        self.visit, self.definition = visit, definition
        self.body = body_of(definition)
        self.changed: Any = lambda: None

    def draw(self) -> None:
        texts, given = self.visit.texts, self.definition
        with ui.element("div").classes("tw-row"):
            days = ui.input(texts("strat_last_days"), value=str(given.last_days or "")).props("outlined dense")
            days.props(f'inputmode=numeric placeholder="{texts("whole_life")}" stack-label').classes("tw-leaf-number")
            days.on_value_change(lambda event: self._set("last_days", number(event.value)))
            self._select("money", {each: texts(f"strat_money_{each}") for each in MONEY}, given.money, ())
        for side in SIDES:
            scale, high = getattr(given, side), getattr(given, f"high_{side}")
            with ui.element("div").classes("tw-row tw-setting"):
                markup(f"<b>{escape(texts(f'strat_{side}'))}</b>")
                methods = {each: texts(f"strat_method_{each}") for each in METHODS}
                method = self._select("method", methods, scale.method, (side,))
                bins = self._text("bins", str(scale.bins), (side,), "tw-narrow")
                cuts = self._text("cuts", ", ".join(str(cut) for cut in scale.cuts), (side,), "tw-leaf-number")
                bins.bind_visibility_from(method, "value", lambda now: now != "breakpoints")
                cuts.bind_visibility_from(method, "value", lambda now: now == "breakpoints")
                against = {each: texts(f"strat_against_{each}") for each in AGAINST}
                high_by = self._select("against", against, high.against, (f"high_{side}",))
                given_score = "" if high.threshold is None else str(high.threshold)
                threshold = self._text("threshold", given_score, (f"high_{side}",), "tw-narrow")
                threshold.bind_visibility_from(high_by, "value", lambda now: now == "threshold")

    def _select(self, name: str, options: dict[str, str], now: str, path: tuple[str, ...]) -> ui.select:
        chosen = ui.select(options, value=now, label=self.visit.texts(f"strat_{name}"))
        chosen.props("outlined dense options-dense").classes("tw-leaf-fact").set_enabled(self.visit.may("define"))
        chosen.props(f"data-setting={'-'.join((*path, name))}")
        chosen.on_value_change(lambda event: self._set(name, event.value, path))
        return chosen

    def _text(self, name: str, now: str, path: tuple[str, ...], wide: str) -> ui.input:
        field = ui.input(self.visit.texts(f"strat_{name}"), value=now).props("outlined dense").classes(wide)
        field.props(f"data-setting={'-'.join((*path, name))}").set_enabled(self.visit.may("define"))
        field.on_value_change(lambda event: self._set(name, _read(name, event.value), path))
        return field

    def _set(self, name: str, value: Any, path: tuple[str, ...] = ()) -> None:
        part = self.body
        for key in path:
            part = part.setdefault(key, {})
        if value is None:
            part.pop(name, None)
        else:
            part[name] = value
        self.changed()

    def edited(self) -> Definition:
        """What the fields say; of settings that do not go together the later one holds. Raises what is wrong."""
        body = dict(self.body)
        for side in SIDES:
            scale = dict(body.get(side, {}))
            if scale.get("method") == "breakpoints":
                scale.pop("bins", None)
            else:
                scale.pop("cuts", None)
            high = dict(body.get(f"high_{side}", {}))
            if high.get("against") != "threshold":
                high.pop("threshold", None)
            body |= {side: scale, f"high_{side}": high}
        return parse_definition(body, f"rfm {self.definition.name}")


def _read(name: str, text: str | None) -> Any:
    if name == "cuts":
        found = [number(each) for each in (text or "").replace("，", ",").split(",") if each.strip()]
        return [each for each in found if each is not None] or None
    return number(text)
