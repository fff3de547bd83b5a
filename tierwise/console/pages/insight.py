"""Insight: every question that can be asked, and one page that answers any of them, its settings in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import ui

from tierwise.app import tag_catalogue
from tierwise.app.among import InAnswer, among_address
from tierwise.app.insights import asking
from tierwise.app.insights.insight_views import ColumnView, FigureView, InsightSummary, InsightView, ParameterView
from tierwise.app.insights.steps import STEP_TITLES
from tierwise.app.insights.who import rules_of_row
from tierwise.console.charts.answers import height_px, in_fixed_colours
from tierwise.console.pages._kpis import kpis_by_name
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import in_address
from tierwise.console.shown import decimals_of, value_text, with_unit
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page, tell
from tierwise.definitions.kpi import Kpi
from tierwise.definitions.rule import AnyRule
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import in_language
from tierwise.plots.look import ACCENT

QUESTIONS: dict[str, tuple[str, ...]] = {
    "due": ("due", "vehicle_due", "replenishment", "due_backtest"),
    "together": ("pairs", "paths", "next_products", "common_paths", "first_purchases"),
    "promotion": ("promotion", "increment", "abnormal"),
    "steps": ("ladder", "funnel", "funnel_stops"),
    "stay": ("cohorts", "idle", "habits", "sources", "interactions"),
    "worth": ("clv", "wallet"),
    "structure": ("kpis", "panorama"),
}
"""Insights by what people want to know, in the order in which they mostly ask."""

CHOICES = frozenset(
    {
        "all",
        "benchmarks",
        "brand",
        "category",
        "channel",
        "customers",
        "events",
        "first_order",
        "first_service",
        "fit",
        "inspection",
        "insurance",
        "kpis",
        "lead_stages",
        "loan_end",
        "matrix",
        "product",
        "promotion",
        "registration",
        "service",
        "store",
        "values",
        "warranty",
    }
)
"""Choices with words of their own; others, such as the names of models, are shown as they are."""

STEP = 50

MOST = 1000

_WRITTEN_NUMBERS = ("said", "said_target", "said_ahead", "said_change", "said_benchmark")
"""Columns of KPIs that hold numbers as text, each in its own unit."""

_NUMBERS = ("count", "money", "rate", "days", "number", "p_value")


@page("/insight", "title_insight")
async def start(visit: Visit) -> None:
    """The questions, and which of them want facts that nobody has imported yet."""
    texts = visit.texts
    known = {each.name: each for each in await visit.ask(asking.list_insights, visit.ctx)}
    grouped = {group: [known[name] for name in names if name in known] for group, names in QUESTIONS.items()}
    named = {name for names in QUESTIONS.values() for name in names}
    grouped["others"] = [each for name, each in known.items() if name not in named]
    with ui.element("div").classes("tw-questions"):
        for group, members in grouped.items():
            if members:
                with card(texts(f"ins_group_{group}"), name=f"group-{group}"):
                    markup(f"<ul>{''.join(_line(visit, each) for each in members)}</ul>")
        with card(texts("ins_group_potential"), name="group-potential"):
            markup(await _potential(visit))


def _line(visit: Visit, each: InsightSummary) -> str:
    texts = visit.texts
    said = texts.label(each.answers)
    if each.missing:
        said = texts("ins_wants", tables=_tables(each, texts))
    link = escape(visit.link(f"/insight/{each.name}"))
    wrong = ' class="tw-wrong"' if each.missing else ""
    return f'<li><a href="{link}">{escape(texts.label(each.title))}</a><small{wrong}>{escape(said)}</small></li>'


async def _potential(visit: Visit) -> str:
    """Who is like the best: tags that a model has learned."""
    texts = visit.texts
    found = await visit.ask(tag_catalogue.catalogue, visit.ctx)
    learned = [each for each in found.tags if each.source == "model"]
    if not learned:
        return f"<p>{escape(texts('ins_no_model'))}</p>"
    lines = []
    for each in learned:
        link = escape(visit.link(f"/tags/{quote(each.name, safe='')}"))
        said = in_language(each.claim, texts.language) if each.claim else texts("ins_model_tag")
        title = escape(texts.label(each.title))
        lines.append(f'<li><a href="{link}">{title}</a><small>{escape(said)}</small></li>')
    return f"<ul>{''.join(lines)}</ul>"


@page("/insight/{name}", "title_insight", wide=True)
async def one(visit: Visit) -> None:
    """One question: its settings, and the answer when it is there. Others' pages do not wait for it."""
    texts = visit.texts
    found = await visit.ask(asking.summary, visit.ctx, visit.asked["name"])
    back = f'<a href="{escape(visit.link("/insight"))}">{escape(texts("ins_all"))}</a>'
    markup(f'<p class="tw-under">{back}{_tasks(visit, found)}</p>')
    with card(texts.label(found.title), name="asked", lead=texts.label(found.answers)):
        markup(_form(visit, found))
    answer = ui.column().classes("tw-answer")
    with answer:
        markup(f'<p class="tw-waiting" role="status" data-waiting>{escape(texts("ins_counting"))}</p>')

    async def ask() -> None:
        try:
            view = await visit.ask(
                asking.insight,
                visit.ctx,
                found.name,
                _given(visit, found),
                limit=_rows_asked(visit),
                language="zh" if texts.language == "zh" else "en",
            )
            kpis = await kpis_by_name(visit) if found.name == "kpis" else {}
        except TierwiseError as error:
            if not answer.is_deleted:
                answer.clear()
                with answer:
                    tell(error, texts)
            return
        if answer.is_deleted:  # whoever asked has left the page
            return
        answer.clear()
        with answer:
            _answer(visit, found, view, kpis)

    ui.timer(0, ask, once=True)


def _tasks(visit: Visit, found: InsightSummary) -> str:
    """The way to tasks for those who are due, with the settings of the address."""
    if found.name not in ("due", "vehicle_due") or not visit.ctx.principal.may("assign"):
        return ""
    link = visit.link("/tasks/new", insight=found.name, **_given(visit, found))
    return f'<a href="{escape(link)}">{escape(visit.texts("task_make"))}</a>'


def _given(visit: Visit, found: InsightSummary) -> dict[str, str]:
    """The settings of the address."""
    return {each.name: visit.asked[each.name] for each in found.parameters if each.name in visit.asked}


def _rows_asked(visit: Visit) -> int:
    text = visit.asked.get("rows", "")
    return min(max(int(text), 1), MOST) if text.isascii() and text.isdigit() and len(text) < 6 else STEP


def _form(visit: Visit, found: InsightSummary) -> str:
    """A form whose answer is the same page, asked otherwise."""
    texts = visit.texts
    if not found.parameters:
        return ""
    fields = "".join(
        f"<label>{escape(texts.label(each.meaning))}{_field(each, visit.asked.get(each.name), texts)}</label>"
        for each in found.parameters
    )
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(visit.asked[name])}">'
        for name in ("lang", "wide")
        if name in visit.asked
    )
    action = escape(f"/console/insight/{found.name}")
    return (
        f'<form class="tw-fields" method="get" action="{action}" data-form="settings">{kept}{fields}'
        f"<button>{escape(texts('ins_ask'))}</button></form>"
    )


def _field(each: ParameterView, given: str | None, texts: Texts) -> str:
    name = escape(each.name)
    if each.kind in ("choice", "yes_no"):
        choices = each.choices or ("no", "yes")
        default = ("yes" if each.default else "no") if each.kind == "yes_no" else str(each.default)
        options = "".join(
            f'<option value="{escape(choice)}"{" selected" if choice == (given or default) else ""}>'
            f"{escape(_choice(each, choice, texts))}</option>"
            for choice in choices
        )
        return f'<select name="{name}">{options}</select>'
    value = given if given is not None else _written(each.default)
    bounds = "".join(
        f' {bound}="{number:g}"' for bound, number in (("min", each.least), ("max", each.most)) if number is not None
    )
    kind = {"integer": f'type="number" step="1"{bounds}', "number": f'type="number" step="any"{bounds}'}
    typed = kind.get(each.kind, 'type="text"') if _is_number(value) else 'type="text"'
    return f'<input name="{name}" {typed} value="{escape(value)}">'


def _is_number(text: str) -> bool:
    """Whether a field of numbers can show it; empty is one too."""
    try:
        float(text or 0)
    except ValueError:
        return False
    return True


def _choice(each: ParameterView, choice: str, texts: Texts) -> str:
    if each.kind == "yes_no":
        return texts("yes") if choice == "yes" else texts("no")
    return texts(f"ins_choice_{choice}") if choice in CHOICES else choice


def _written(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(str(part) for part in value) if isinstance(value, list | tuple) else f"{value}"


def _answer(visit: Visit, found: InsightSummary, view: InsightView, kpis: Mapping[str, Kpi]) -> None:
    texts = visit.texts
    said = [texts("as_of", day=texts.day(view.as_of)), texts("run_number", id=view.run_id)]
    with card(texts("ins_answer"), name="answer", aside=" · ".join(said)):
        if view.figures:
            markup(figures([_figure(visit, each, view) for each in view.figures]))
        if found.missing:
            markup(_missing(visit, found))
        elif view.notes:
            listed = "".join(f"<li>{escape(texts.label(note))}</li>" for note in view.notes)
            markup(f'<ul class="tw-notes">{listed}</ul>')
        if not view.rows and not found.missing:
            markup(f'<p data-notice="none">{escape(texts("ins_nothing"))}</p>')
        if not view.rows:
            return
        if view.chart is not None:
            chart(in_fixed_colours(view.chart, view.columns, texts), height_px(view.chart))
    with card(
        texts("ins_rows"),
        name="rows",
        aside=texts("ins_shown", shown=texts.count(len(view.rows)), of=texts.count(view.of)),
    ):
        markup(_rows(visit, view, kpis))
        markup(_beneath(visit, found, view))


def _missing(visit: Visit, found: InsightSummary) -> str:
    """Which facts nobody has imported yet, and the way there."""
    texts = visit.texts
    said = texts("ins_wants", tables=_tables(found, texts))
    link = ""
    if visit.may("import"):
        way = texts("go_on_to", place=texts("data_import"))
        link = f' <a href="{escape(visit.link("/data"))}">{escape(way)}</a>'
    return f'<p data-notice="none">{escape(said)}{link}</p>'


def _tables(found: InsightSummary, texts: Texts) -> str:
    return ("、" if texts.language == "zh" else ", ").join(texts(f"data_table_{table}") for table in found.missing)


def _figure(visit: Visit, each: FigureView, view: InsightView) -> Figure:
    texts = visit.texts
    unit = texts.currency(view.currency) if each.kind == "money" and each.value is not None else ""
    if each.kind == "days" and each.value is not None:
        unit = texts("ins_days")
    text = _text(each.value, each.kind, texts)
    if each.kind == "text":  # a value of a column, such as a step
        called = next((column.values[text] for column in view.columns if text in column.values), None)
        text = texts.label(called or STEP_TITLES.get(text)) or text
    link = ""
    if each.told and each.value and visit.may("view_customer"):
        among = InAnswer(view.name, each.name, None, _settings(visit, view))
        link = visit.link("/customers", among=among_address(among))
    return Figure(each.name, texts.label(each.title), text, unit, link=link)


def _rows(visit: Visit, view: InsightView, kpis: Mapping[str, Kpi]) -> str:
    texts = visit.texts
    wide = visit.asked.get("wide") == "1"
    places = [place for place, column in enumerate(view.columns) if wide or not column.detail]
    heads = [_head(view.columns[place], view, texts) for place in places]
    most = _most(view)
    names = [column.name for column in view.columns]
    rows: list[Sequence[Item]] = []
    for row in view.rows:
        who = rules_of_row(view, dict(zip(names, row, strict=True)), kpis)
        rows.append([_cell(visit, view, row, place, most, who) for place in places])
    return f'<div class="tw-scroll" tabindex="0">{table(heads, rows, name="answer")}</div>'


def _head(column: ColumnView, view: InsightView, texts: Texts) -> Column:
    title = texts.label(column.title)
    if column.kind == "money":
        title = with_unit(title, view.currency, texts)
    if column.kind == "days" and texts("ins_days") not in title:
        title = with_unit(title, "days", texts)
    if column.name == view.bar and column.kind == "rate":
        return Column(title, "bar")
    return Column(title, "number" if column.kind in _NUMBERS or column.name in _WRITTEN_NUMBERS else "text")


def _most(view: InsightView) -> float:
    """The longest bar."""
    place = next((at for at, column in enumerate(view.columns) if column.name == view.bar), None)
    values = [float(row[place]) for row in view.rows if place is not None and row[place] is not None]
    return max(values, default=0.0)


def _cell(
    visit: Visit, view: InsightView, row: tuple[Any, ...], place: int, most: float, who: Mapping[str, AnyRule]
) -> Item:
    texts, column, value = visit.texts, view.columns[place], row[place]
    if column.kind == "customer":
        if value is None:
            return NONE
        return Cell(str(value), link=visit.link(f"/customers/{quote(str(value), safe='')}"))
    if column.values and value is not None:
        title = column.values.get(str(value))
        return texts.label(title) if title is not None else str(value)
    text = _text(value, column.kind, texts)
    if isinstance(value, float) and column.kind not in _OWN_DIGITS:
        text = f"{value:,.{decimals_of(each[place] for each in view.rows)}f}"
    if column.name == view.bar and column.kind == "rate":
        return Bar(float(value) / most if value is not None and most > 0 else None, text, ACCENT)
    rule = who.get(column.name)
    if rule is not None and value is not None and visit.may("view_customer"):
        return Cell(text, link=visit.link("/customers", where=in_address(rule)))
    if column.name in view.told and value and visit.may("view_customer"):
        return Cell(text, link=visit.link("/customers", among=among_address(_among(visit, view, row, column.name))))
    return text


def _among(visit: Visit, view: InsightView, row: tuple[Any, ...], column: str) -> InAnswer:
    values = dict(zip((each.name for each in view.columns), row, strict=True))
    known = tuple((name, None if values[name] is None else str(values[name])) for name in view.known_by)
    return InAnswer(view.name, column, known, _settings(visit, view))


def _settings(visit: Visit, view: InsightView) -> tuple[tuple[str, str], ...]:
    return tuple((name, visit.asked[name]) for name in sorted(view.parameters) if visit.asked.get(name))


_OWN_DIGITS = frozenset({"rate", "p_value", "days"})


def _text(value: Any, kind: str, texts: Texts) -> str:
    if value is None:
        return NONE
    if kind == "rate":
        return texts.percent(float(value))
    if kind == "p_value":
        return "<0.001" if float(value) < 0.001 else f"{float(value):.3f}"
    if kind == "days" and isinstance(value, float):
        return f"{value:,.1f}"
    return value_text(value, texts)


def _beneath(visit: Visit, found: InsightSummary, view: InsightView) -> str:
    """More rows, all columns, the file."""
    texts = visit.texts
    given: dict[str, str | None] = {**_given(visit, found), "wide": visit.asked.get("wide")}
    shown = visit.asked.get("rows")
    parts = []
    if view.of > len(view.rows) and len(view.rows) < MOST:
        more = visit.link(f"/insight/{found.name}", **given, rows=str(min(len(view.rows) * 4, MOST)))
        parts.append(f'<a href="{escape(more)}">{escape(texts("ins_more"))}</a>')
    if any(column.detail for column in view.columns):
        wide = given["wide"] == "1"
        other = visit.link(f"/insight/{found.name}", **given | {"wide": None if wide else "1", "rows": shown})
        parts.append(f'<a href="{escape(other)}">{escape(texts("ins_narrow" if wide else "ins_wide"))}</a>')
    if visit.may("export"):
        asked = [("set", f"{name}={value}") for name, value in _given(visit, found).items() if value]
        file = f"/api/v1/insights/{found.name}.xlsx?{urlencode([*asked, ('headings', texts.language)])}"
        parts.append(f'<a href="{escape(file)}" download>{escape(texts("ins_excel"))}</a>')
    return f'<p class="tw-under">{"".join(f"<span>{part}</span>" for part in parts)}</p>'
