"""Customers: looked for, narrowed, put in an order, with the columns of one's choice; all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote, urlencode

from nicegui import ui

from tierwise.app import rule_vocabulary, searching
from tierwise.app.among import AFTER, BEFORE, WouldMove, among_in, columns_of_among
from tierwise.app.among_keys import said_of
from tierwise.app.searching import CONTACTS, ID, Found
from tierwise.app.segments import all_segments
from tierwise.app.vocabulary import Vocabulary, vocabulary
from tierwise.console.among_words import among_place, among_words
from tierwise.console.parts.card import markup
from tierwise.console.parts.copy_address import copy_address
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.rule_query import parts_of, put_together, rule_in
from tierwise.console.rule_words import rule_words
from tierwise.console.shown import attribute_text, is_number, tier_colour, value_text, with_unit
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit, page
from tierwise.definitions.rule import AnyRule, InSegment, attributes_of, leaves_of

PAGE = 50

_FIRST = ("recency_days", "frequency_count", "monetary_amount")


@page("/customers", "title_customers", wide=True)
async def customers(visit: Visit) -> None:
    """What is asked for stands in the address: q, where, among, cols, order, desc, from."""
    words = await visit.ask(vocabulary, visit.ctx)
    texts, asked = visit.texts, visit.asked
    rule, among = rule_in(asked.get("where")), among_in(asked.get("among"))
    columns = chosen_columns(asked.get("cols"), words, columns_of_among(among))
    order, start = asked.get("order") or ID, _whole(asked.get("from"))
    found = await visit.ask(
        searching.search,
        visit.ctx,
        asked.get("q", ""),
        rule=rule,
        among=among,
        columns=columns,
        order_by=order,
        descending=asked.get("desc") == "1",
        offset=start,
        limit=PAGE,
        run_id=_whole(asked.get("run")) or None,
    )
    told = "" if among is None else among_words(among, await visit.ask(said_of, visit.ctx, among), words, texts)
    markup(_form(visit))
    with ui.row().classes("tw-bar"):
        markup(_filters(visit, await _with_tags(visit, words, rule), await _titles(visit, rule), told))
        _columns_button(visit, columns, words)
        if visit.ctx.principal.may("assign") and asked.get("where"):
            making = visit.link("/tasks/new", where=asked["where"])
            markup(f'<a href="{escape(making)}">{escape(texts("task_make"))}</a>')
        copy_address(texts)
        if visit.may("export"):
            link = _file(visit, columns)
            markup(f'<a href="{escape(link)}" download>Excel</a>')
    said = texts("found_customers", customers=texts.count(found.of), day=texts.day(found.as_of))
    by = ", ".join(texts(f"found_by_{how}") for how in found.by)
    if among is not None:
        markup(f'<p class="foot">{escape(texts("among_note"))}</p>')
    if visit.asked.get("run"):
        other = escape(visit.link("/customers", **_asked(visit, run=None, **{"from": None})))
        note = escape(texts("customers_of_run", id=found.run_id))
        markup(f'<p class="foot">{note} <a href="{other}">{escape(texts("customers_now"))}</a></p>')
    markup(f'<p class="tw-under" data-found="{found.of}"><span>{escape(said)}</span><span>{escape(by)}</span></p>')
    if found.rows:
        _rows(visit, found, words, order)
        markup(_pager(visit, found, start))
    else:
        markup(f'<section class="tw-notice" data-notice="none"><p>{escape(texts("nobody_found"))}</p></section>')


def _file(visit: Visit, columns: Sequence[str]) -> str:
    """The address of the page's customers as a workbook, all of them, with its columns and in its order."""
    asked = {name: visit.asked.get(name) for name in ("q", "where", "among", "run", "order", "desc")}
    asked |= {"columns": ",".join(columns), "headings": visit.texts.language}
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"/api/v1/segments/members.xlsx?{query}"


def chosen_columns(given: str | None, words: Vocabulary, told: Sequence[str] = ()) -> list[str]:
    """The columns of an address that there are; else the name, what is told of those who moved, the tiers and the first
    three numbers."""
    known = {*words.attributes, *CONTACTS, *told}
    if given is not None:
        return [name for name in given.split(",") if name in known]
    tiers = [name for name, each in words.attributes.items() if each.group == "tier"]
    return ["name", *told, *tiers[:3], *(name for name in _FIRST if name in known)]


def _rows(visit: Visit, found: Found, words: Vocabulary, order: str) -> None:
    texts = visit.texts
    heads = [
        Column(_title_of(visit, name, words), _kind(name, words), _sorted_by(visit, name, order))
        for name in found.columns
    ]
    rows: list[Sequence[Item]] = []
    for row in found.rows:
        cells: list[Item] = [Cell(row[0], link=visit.link(f"/customers/{_in_path(row[0])}"))]
        for name, value in zip(found.columns[1:], row[1:], strict=True):
            if name in (BEFORE, AFTER):
                cells.append(among_place(among_in(visit.asked.get("among")), value, words, texts))
                continue
            shown = value_text(value, texts) if name in CONTACTS else attribute_text(name, value, words, texts)
            is_tier = value is not None and name in words.attributes and words.attributes[name].group == "tier"
            is_tier = is_tier and bool(words.attributes[name].values)
            cells.append(Cell(shown, colour=tier_colour(name, value, words) if is_tier else ""))
        rows.append(cells)
    markup(f'<div class="tw-sheet tw-scroll" tabindex="0">{table(heads, rows, name="customers")}</div>')


def title_of(name: str, words: Vocabulary, texts: Texts) -> str:
    """The head of a column."""
    if name == ID or name in CONTACTS:
        return texts(f"column_{name}")
    title = texts.label(words.title(name))
    known = words.attributes.get(name)
    return with_unit(title, known.unit, texts) if known is not None and is_number(known.type) else title


def _title_of(visit: Visit, name: str, words: Vocabulary) -> str:
    """With what is told of those who moved or would."""
    if name not in (BEFORE, AFTER):
        return title_of(name, words, visit.texts)
    planned = isinstance(among_in(visit.asked.get("among")), WouldMove)
    return visit.texts(f"{'plan' if planned else 'moved'}_{'from' if name == BEFORE else 'to'}")


def _kind(name: str, words: Vocabulary) -> str:
    known = words.attributes.get(name)
    return "number" if known is not None and is_number(known.type) and not known.values else "text"


def _in_path(customer_id: str) -> str:
    return quote(customer_id, safe="")


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _asked(visit: Visit, **other: str | None) -> dict[str, str | None]:
    """What was asked for, with something else instead."""
    kept = {name: visit.asked.get(name) for name in ("q", "where", "among", "run", "cols", "order", "desc", "from")}
    return kept | other


def _sorted_by(visit: Visit, name: str, order: str) -> tuple[str, str]:
    """The address that orders by a column, and how it is ordered now."""
    now = ("descending" if visit.asked.get("desc") == "1" else "ascending") if name == order else ""
    turned = "1" if now == "ascending" or (not now and name != ID and name not in CONTACTS) else None
    return visit.link("/customers", **_asked(visit, order=name, desc=turned, **{"from": None})), now


def _form(visit: Visit) -> str:
    texts = visit.texts
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(visit.asked[name])}">'
        for name in ("where", "among", "run", "cols", "order", "desc", "lang")
        if name in visit.asked
    )
    return (
        f'<form class="tw-search" role="search" method="get" action="/console/customers">{hidden}'
        f'<input name="q" type="search" value="{escape(visit.asked.get("q", ""))}" '
        f'aria-label="{escape(texts("search_customers"))}" placeholder="{escape(texts("search_customers"))}">'
        f"<button>{escape(texts('search'))}</button></form>"
    )


async def _with_tags(visit: Visit, words: Vocabulary, rule: AnyRule | None) -> Vocabulary:
    """With the titles of tags that are no column of the profile, where the rule names one."""
    if rule is None or not visit.may("view") or all(name in words.attributes for name in attributes_of(rule)):
        return words
    return (await visit.ask(rule_vocabulary.rule_words, visit.ctx)).words


async def _titles(visit: Visit, rule: AnyRule | None) -> dict[str, str]:
    """Of segments by name, where the rule has one; nothing for who sees some customers only."""
    if rule is None or not visit.may("view") or not any(isinstance(leaf, InSegment) for _, leaf in leaves_of(rule)):
        return {}
    language = visit.texts.language
    found = await visit.ask(all_segments, visit.ctx)
    return {each.name: each.title.in_language(language) or each.name for each in found}


def _filters(visit: Visit, words: Vocabulary, titles: Mapping[str, str], told: str) -> str:
    """The rule's parts, each with a way to leave it out. told: what no rule tells, in words."""
    parts = parts_of(rule_in(visit.asked.get("where")))
    shown = []
    for place, part in enumerate(parts):
        rest = put_together([each for other, each in enumerate(parts) if other != place])
        link = visit.link("/customers", **_asked(visit, where=rest, **{"from": None}))
        text = rule_words(part, words, visit.texts, titles)
        label = escape(visit.texts("leave_out", what=text))
        shown.append(f'<li>{escape(text)} <a href="{escape(link)}" aria-label="{label}">×</a></li>')
    if told:
        link = visit.link("/customers", **_asked(visit, among=None, **{"from": None}))
        label = escape(visit.texts("leave_out", what=told))
        shown.append(f'<li data-among>{escape(told)} <a href="{escape(link)}" aria-label="{label}">×</a></li>')
    return f'<ul class="tw-chips">{"".join(shown)}</ul>' if shown else ""


def _columns_button(visit: Visit, columns: Sequence[str], words: Vocabulary) -> None:
    texts = visit.texts
    options = {name: texts(f"column_{name}") for name in CONTACTS}
    options |= {name: _title_of(visit, name, words) for name in columns if name in (BEFORE, AFTER)}
    options |= {name: texts.label(each.title) for name, each in words.attributes.items()}
    with dialog(texts("choose_columns"), opened=False) as window:
        select = ui.select(options, multiple=True, value=list(columns), with_input=True, clearable=True)
        select.props("use-chips outlined dense").classes("tw-wide-input")

        def take() -> None:
            visit.go("/customers", **_asked(visit, cols=",".join(select.value or ())))

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=take).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
    ui.button(texts("choose_columns"), on_click=window.open).props("flat dense no-caps")


def _pager(visit: Visit, found: Found, start: int) -> str:
    texts = visit.texts
    last = min(start + PAGE, found.of)
    before = visit.link("/customers", **_asked(visit, **{"from": str(max(start - PAGE, 0)) if start > PAGE else None}))
    after = visit.link("/customers", **_asked(visit, **{"from": str(start + PAGE)}))
    links = f'<a href="{escape(before)}" rel="prev">{escape(texts("page_before"))}</a>' if start else ""
    links += f'<a href="{escape(after)}" rel="next">{escape(texts("page_after"))}</a>' if last < found.of else ""
    said = texts("rows_shown", first=texts.count(start + 1), last=texts.count(last), of=texts.count(found.of))
    return f'<nav class="tw-pager" aria-label="{escape(texts("pages"))}"><span>{escape(said)}</span>{links}</nav>'
