"""One segment, or a new one: its rule with a live count, what marks its customers, what it overlaps, its versions."""

from __future__ import annotations

from html import escape

from tierwise.app import rule_vocabulary, segment_catalogue
from tierwise.app.segment_catalogue import SegmentRow
from tierwise.console.pages._later import later
from tierwise.console.pages._segment_parts import overlapping, read_as_a_group, versions
from tierwise.console.pages._segment_rule import NEW, edit
from tierwise.console.parts.card import markup
from tierwise.console.parts.tabs import tabs
from tierwise.console.rule_query import rule_in, where_in
from tierwise.console.visit import Visit, page

TABS = ("rule", "read", "overlap", "versions")


@page(f"/segments/{NEW}", "title_segment_new")
async def new_segment(visit: Visit) -> None:
    """In the address: where, the rule as far as it is written."""
    known = await visit.ask(rule_vocabulary.rule_words, visit.ctx)
    await edit(visit, known, None, rule_in(visit.asked.get("where")))


@page("/segments/{name}", "title_segment")
async def segment(visit: Visit) -> None:
    """In the address: tab; where, a rule that differs from the stored one; with, what it is laid over."""
    name = visit.asked["name"]
    row = await visit.ask(segment_catalogue.one, visit.ctx, name)
    markup(_head(visit, row))
    tab = visit.asked.get("tab", "rule")
    links = [
        (each, visit.texts(f"seg_tab_{each}"), visit.link(f"/segments/{name}", tab=each if each != "rule" else None))
        for each in TABS
    ]
    markup(tabs(links, tab, visit.texts("seg_tabs")))
    match tab:
        case "read":
            later(visit, lambda: read_as_a_group(visit, row))
        case "overlap":
            await overlapping(visit, row)
        case "versions":
            await versions(visit, row)
        case _:
            known = await visit.ask(rule_vocabulary.rule_words, visit.ctx)
            await edit(visit, known, row, rule_in(visit.asked.get("where")) or row.segment.when)


def _head(visit: Visit, row: SegmentRow) -> str:
    texts, segment = visit.texts, row.segment
    title = segment.title.in_language(texts.language) or segment.name
    count = visit.link("/customers", where=where_in(segment.name))
    said = [
        texts.said(segment.purpose),
        segment.strategy.in_language(texts.language) if segment.strategy else "",
        texts("owner", name=texts.said(segment.owner)) if segment.owner else "",
        texts("seg_since_day", day=texts.day(row.since)),
        texts("seg_version", version=row.version),
        texts("seg_read_by", names=", ".join(map(texts.label, row.readers.values()))) if row.readers else "",
    ]
    chips = "".join(f"<li>{escape(each)}</li>" for each in said if each)
    number = escape(texts("seg_customers", customers=texts.count(row.customers)))
    tasks = ""
    if visit.ctx.principal.may("assign"):
        address = visit.link("/tasks/new", segment=segment.name)
        tasks = f' <a class="tw-small" href="{escape(address)}">{escape(texts("task_make"))}</a>'
    return (
        f'<div class="tw-person"><h2>{escape(title)} <a class="tw-small" href="{escape(count)}">{number}</a>'
        f"{tasks}</h2>"
        f'<ul class="tw-chips">{chips}</ul></div>'
    )
