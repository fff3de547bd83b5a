"""One customer from six angles: facts, attributes with why, what happened, tags to give and take back, what to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import answers, customers, history, memberships, tags
from tierwise.app.answers import WordView
from tierwise.app.customers import LATEST
from tierwise.app.history_views import HistoryView
from tierwise.app.memberships import MembershipsView
from tierwise.app.tags import CustomerTags, TagOfCustomer
from tierwise.app.views import AttributeValue, CustomerView
from tierwise.app.vocabulary import Vocabulary, vocabulary
from tierwise.console.angles import ANGLES, Angle, angle_of, windows_of
from tierwise.console.moments import moments_of
from tierwise.console.pages._asking import asking
from tierwise.console.pages._customer_tasks import customer_tasks
from tierwise.console.pages._customer_why import Why, chip, explaining_of
from tierwise.console.pages._identities import identities_button
from tierwise.console.pages._later import later
from tierwise.console.pages._tagging import tag_buttons
from tierwise.console.parts.card import card, markup, markup_in
from tierwise.console.parts.table import Column, table
from tierwise.console.parts.timeline import timeline
from tierwise.console.shown import (
    attribute_text,
    code_text,
    heard_text,
    reason_text,
    tier_colour,
    unit_text,
    value_text,
    with_unit,
)
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.kernel.errors import TierwiseError

MOMENTS = 40

_FACTS = ("orders", "refunds", "visits", "vehicles", "relations")

_NOT_HERE = frozenset({"customer_key", "known_from", "updated_at"})


@page("/customers/{customer_id}", "title_customer")
async def customer(visit: Visit) -> None:
    """Everything that is known about one customer; each value says why it is so."""
    who = visit.asked["customer_id"]
    view, words, past, given, held, said = await asyncio.gather(
        visit.ask(customers.customer, visit.ctx, who),
        visit.ask(vocabulary, visit.ctx),
        _if_there(visit, history.customer_history, who),
        _if_there(visit, tags.customer_tags, who),
        visit.ask(memberships.of_customer, visit.ctx, who),
        visit.ask(answers.customer_words, visit.ctx, who),
    )
    counting = {each.attribute: each for each in said.words if each.standing == "counts"}
    texts = visit.texts
    why = explaining_of(visit, who, words)
    _head(view, words, texts, held, why)
    if visit.may("view_customer"):
        identities_button(visit, who)
    with ui.element("div").classes("tw-columns"):
        with ui.element("div"):
            for angle in ANGLES[:3]:
                _angle(visit, angle, view, words, why, counting)
            _tags(visit, who, given, why)
        with ui.element("div"):
            later(visit, lambda: asking(visit, who, said))
            later(visit, lambda: customer_tasks(visit, who))
            _timeline(view, past, words, texts)
            for angle in ANGLES[3:]:
                _angle(visit, angle, view, words, why, counting)
            _facts(view, visit)


async def _if_there(visit: Visit, case: Callable[..., Any], who: str) -> Any:
    """What a use case says of the customer; None where it has nothing to say: no history yet."""
    try:
        return await visit.ask(case, visit.ctx, who)
    except TierwiseError as error:
        if error.problems[0].code in _NOTHING_TO_SAY:
            return None
        raise


_NOTHING_TO_SAY = frozenset({"no_history", "no_run"})


def _head(view: CustomerView, words: Vocabulary, texts: Texts, held: MembershipsView, why: Why) -> None:
    values = {each.name: each.value for each in view.attributes}
    tiers = [
        (name, values[name])
        for name, each in words.attributes.items()
        if each.group == "tier" and values.get(name) is not None
    ]
    segments = [each for each in held.memberships if each.kind == "segment"]
    who = " · ".join(str(each) for each in (view.base.get("name"), view.base.get("phone")) if each)
    said = texts("as_of", day=texts.day(view.as_of))
    if view.live is not None:
        said = texts("live_until", at=value_text(view.live.at, texts))
    with ui.element("div").classes("tw-person"):
        markup(
            f'<h2>{escape(who or view.customer_id)}</h2><p class="tw-under"><span>{escape(view.customer_id)}</span>'
            f"<span>{escape(said)}</span></p>"
        )
        with ui.element("ul").classes("tw-chips").props('data-chips="tiers"'):
            for name, value in tiers:
                dot = f'<i class="dot" style="background:{tier_colour(name, value, words)}"></i>'
                title = f"<small>{escape(texts.label(words.title(name)))}</small>"
                chip(name, f"{dot}{title} {escape(attribute_text(name, value, words, texts))}", why)
        if segments:
            with ui.element("ul").classes("tw-chips").props('data-chips="segments"'):
                for each in segments:
                    chip(f"segment {each.name}", escape(texts.label(each.title)), why, texts("plan_inside"))


def _angle(
    visit: Visit,
    angle: Angle,
    view: CustomerView,
    words: Vocabulary,
    why: Why,
    said: Mapping[str, WordView],
) -> None:
    texts = visit.texts
    shown = [
        each
        for each in view.attributes
        if each.name in words.attributes
        and angle_of(words.attributes[each.name]) == angle
        and (each.value is not None or words.attributes[each.name].group == "tier")
    ]
    base: dict[str, Any] = {}
    if angle == "base":
        told = {each.name for each in shown}
        base = {name: value for name, value in view.base.items() if value is not None and name not in _NOT_HERE | told}
        base |= {f"trait.{name}": value for name, value in view.traits.items() if value is not None}
    if not shown and not base:
        return
    families = windows_of([each.name for each in shown])
    excel = visit.excel("customer_attributes", customer=view.customer_id) if families else ""
    with card(texts(f"angle_{angle}"), name=f"angle-{angle}", excel=excel):
        with ui.element("dl").classes("tw-attributes"):
            for name, value in base.items():
                title = texts(f"column_{name}") if not name.startswith("trait.") else texts.label(words.title(name))
                word = said.get(name)
                text = texts.label(word.text) if word is not None else attribute_text(name, value, words, texts)
                markup_in("div", f"<dt>{escape(title)}</dt><dd>{escape(text)}{_heard(word, texts)}</dd>")
            windowed = {name for family in families.values() for name in family.values()}
            for each in shown:
                if each.name not in windowed:
                    _attribute(each, words, texts, why, said.get(each.name))
        if families:
            _windows(families, {each.name: each for each in shown}, words, texts, why)


def _windows(
    families: Mapping[str, Mapping[int, str]],
    shown: Mapping[str, AttributeValue],
    words: Vocabulary,
    texts: Texts,
    why: Why,
) -> None:
    """One line for each attribute, one column for each window; a value says why it is so."""
    spans = sorted({days for family in families.values() for days in family})
    with ui.element("table").classes("tw-table tw-windows"):
        titles = [texts("last_days", days=days) if days else texts("whole_life") for days in spans]
        heads = "".join(f'<th scope="col" class="number">{escape(title)}</th>' for title in titles)
        markup_in("thead", f'<tr><td class="text"></td>{heads}</tr>')
        with ui.element("tbody"):
            for whole, family in families.items():
                with ui.element("tr"):
                    head = with_unit(texts.label(shown[whole].title), shown[whole].unit, texts)
                    row_head = ui.html(escape(head), sanitize=False, tag="th")
                    row_head.classes("text").props("scope=row")
                    for days in spans:
                        with ui.element("td").classes("number"):
                            if days in family:
                                each = shown[family[days]]
                                _value(each, attribute_text(each.name, each.value, words, texts), why)


def _heard(word: WordView | None, texts: Texts) -> str:
    """HTML of who heard a value of the customer, when and how; empty of what files say."""
    if word is None:
        return ""
    return f"<small>{escape(heard_text(word, texts))}</small>"


def _attribute(
    each: AttributeValue,
    words: Vocabulary,
    texts: Texts,
    why: Why,
    said: WordView | None,
) -> None:
    unit = unit_text(each.unit, texts) if each.value is not None else ""
    value = attribute_text(each.name, each.value, words, texts) if each.value is not None else NONE
    with ui.element("div"):
        markup_in("dt", escape(texts.label(each.title)))
        with ui.element("dd"):
            _value(each, f"{value} {unit}".strip(), why)
            if said is not None:
                markup(_heard(said, texts))
            if each.value is None and each.reason:
                markup(f"<small>{escape(texts('no_value_because', reason=reason_text(each.reason, texts)))}</small>")


def _value(each: AttributeValue, text: str, why: Why) -> None:
    """A value that is asked about by a click or the keyboard."""
    button = ui.element("button").classes("tw-value").props(f'data-attribute="{escape(each.name)}" type="button"')
    button.on("click", lambda: why(each.name))
    with button:
        markup_in("span", escape(text))


def _tags(visit: Visit, who: str, given: CustomerTags | None, why: Why) -> None:
    texts = visit.texts
    with card(texts("tags"), name="tags"):
        if given is not None and given.tags:
            with ui.element("ul").classes("tw-chips").props('data-chips="tags"'):
                for each in given.tags:
                    value = texts.label(each.value_title) or each.value or ""
                    chip(f"tag {each.tag}", _tag(each, value, texts), why, value or texts("yes"))
        else:
            markup(f"<p>{escape(texts('no_tags'))}</p>")
        acts = [act for act in given.acts if act.undone_at is None] if given is not None else []
        if acts:
            rows = [
                (
                    texts.label(act.title),
                    act.value or NONE,
                    act.rater.removeprefix("person:"),
                    act.reason,
                    texts.day(act.at) + (f" · {texts('waits_for_run')}" if act.waiting else ""),
                )
                for act in acts
            ]
            heads = [Column(texts(key), "text") for key in ("tag", "value", "by_whom", "reason", "day")]
            markup(table(heads, rows, name="acts"))
        if visit.ctx.principal.may("tag"):
            tag_buttons(visit, who, acts)


def _tag(each: TagOfCustomer, value: str, texts: Texts) -> str:
    parts = [texts.label(each.title), value] if value else [texts.label(each.title)]
    since = escape(texts("since", day=texts.day(each.since)))
    return f"{escape(' · '.join(parts))} <small>{since}</small>"


def _timeline(view: CustomerView, past: HistoryView | None, words: Vocabulary, texts: Texts) -> None:
    moments = moments_of(view, past, words, texts)
    if moments:
        with card(texts("timeline"), name="timeline", aside=texts("newest_first")):
            markup(timeline(moments[:MOMENTS], texts))


def _facts(view: CustomerView, visit: Visit) -> None:
    texts = visit.texts
    for name in _FACTS:
        rows: Sequence[dict[str, Any]] = getattr(view, name)
        if not rows:
            continue
        columns = [column for column in rows[0] if any(row[column] is not None for row in rows)]
        heads = [
            Column(texts(f"column_{column}"), "number" if _is_amount(rows, column) else "text") for column in columns
        ]
        aside = texts("latest", count=LATEST) if len(rows) == LATEST else ""
        excel = visit.excel(f"customer_{name}", customer=view.customer_id)
        with card(texts(f"facts_{name}"), name=name, aside=aside, excel=excel):
            cells = [[code_text(column, row[column], texts) or NONE for column in columns] for row in rows]
            markup(f'<div class="tw-scroll" tabindex="0">{table(heads, cells, name=name)}</div>')


def _is_amount(rows: Sequence[dict[str, Any]], column: str) -> bool:
    first = next((row[column] for row in rows if row[column] is not None), None)
    return not isinstance(first, str | date | bool)
