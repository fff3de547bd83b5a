"""What is told of a stored segment: what marks its customers, how it lies over others, and its versions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import group_reading, segments, versioning
from tierwise.app.group_reading import ReadRow
from tierwise.app.segment_catalogue import SegmentRow
from tierwise.app.segments import Overlap
from tierwise.app.versioning import VersionView
from tierwise.console.parts.card import card, excel_link, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import in_address, where_in
from tierwise.console.shown import note_text, who_text
from tierwise.console.texts import NONE
from tierwise.console.visit import Visit, tell
from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import All, AnyRule, InSegment, Not
from tierwise.kernel.errors import TierwiseError
from tierwise.plots.look import ACCENT

MARKS_SHOWN = 40


async def read_as_a_group(visit: Visit, row: SegmentRow) -> None:
    """What its customers have more often, or less often, than all. In the address: every=1 shows all rows."""
    texts = visit.texts
    rule = InSegment(segment=row.segment.name)
    found = await visit.ask(group_reading.read, visit.ctx, rule)
    every = visit.asked.get("every") == "1"
    rows = list(found.rows) if every else group_reading.strongest(found.rows)[:MARKS_SHOWN]
    said = texts("seg_read_of", group=texts.count(found.group), reference=texts.count(found.reference))
    excel = visit.excel("group_reading", segment=row.segment.name)
    with card(texts("seg_tab_read"), name="read", lead=texts.label(found.sentence), aside=said, excel=excel):
        heads = [
            Column(texts("seg_attribute"), "text"),
            Column(texts("value"), "text"),
            Column(texts("customers")),
            Column(texts("seg_share_here"), "bar"),
            Column(texts("seg_share_all"), "bar"),
            Column("TGI"),
            Column(texts("seg_sure"), "text"),
        ]
        if rows:
            markup(table(heads, [_marked(visit, each, rule) for each in rows], name="read"))
        other = visit.link(f"/segments/{row.segment.name}", tab="read", every=None if every else "1")
        foot = texts("seg_read_marks") if every else texts("seg_read_every", count=len(found.rows))
        markup(f'<p class="foot"><a href="{escape(other)}">{escape(foot)}</a> · {escape(texts("seg_read_note"))}</p>')


def _marked(visit: Visit, row: ReadRow, rule: AnyRule) -> Sequence[Item]:
    texts = visit.texts
    index = NONE if row.index is None else f"{row.index:.0f}"
    arrow = "" if row.index is None or row.index == 100 else "↑" if row.index > 100 else "↓"
    link = visit.link("/customers", where=in_address(All(all=(rule, _having(row)))))
    return (
        texts.label(row.title),
        texts.label(row.text),
        Cell(texts.count(row.group), link=link),
        Bar(row.share, texts.percent(row.share), ACCENT),
        Bar(row.reference_share, texts.percent(row.reference_share), "#b79a63"),
        Cell(index, badge=arrow),
        texts("seg_sure_yes") if row.differs else texts("seg_sure_no"),
    )


def _having(row: ReadRow) -> AnyRule:
    """The rule of those who have the value of a row."""

    def compared(op: str, value: Any = None) -> AnyRule:
        exact = Decimal(repr(value)) if isinstance(value, float) else value
        told = {} if value is None else {"value": exact}
        return parse_rule({"attribute": row.attribute, "op": op} | told, "row")

    if row.kind == "missing":
        return compared("missing")
    if row.value is not None:
        return compared("=", row.value)
    parts: list[AnyRule] = []
    if row.low is not None:
        parts.append(compared(">" if isinstance(row.low, float) else ">=", row.low))
    if row.high is not None:
        parts.append(compared("<=", row.high))
    if not parts:
        return compared("present")
    return parts[0] if len(parts) == 1 else All(all=tuple(parts))


async def overlapping(visit: Visit, row: SegmentRow) -> None:
    """Laid over others; in the address: with, their names."""
    texts, name = visit.texts, row.segment.name
    every = {each.name: each for each in await visit.ask(segments.all_segments, visit.ctx)}
    titles = {each: found.title.in_language(texts.language) or each for each, found in every.items()}
    others = [each for each in visit.asked.get("with", "").split(",") if each in every and each != name]
    asked = {"segment": name, "with": ",".join(others) or None}
    excel = visit.excel("overlap", **asked)
    with card(texts("seg_tab_overlap"), name="overlap", lead=texts("seg_overlap_lead"), excel=excel):
        with ui.element("div").classes("tw-row"):
            options = {each: title for each, title in titles.items() if each != name}
            chosen = ui.select(options, multiple=True, value=others, label=texts("seg_overlap_with"), with_input=True)
            chosen.props("use-chips outlined dense").classes("tw-wide-input").mark("with")

            def take() -> None:
                visit.go(f"/segments/{name}", tab="overlap", **{"with": ",".join(chosen.value or ()) or None})

            ui.button(texts("seg_compare"), on_click=take).props("unelevated dense no-caps")
        names = [name, *others] if others else [name, *(each for each in every if each != name)][: segments.MOST_SETS]
        if len(names) < 2:
            markup(f"<p>{escape(texts('seg_overlap_none'))}</p>")
            return
        found = await visit.ask(segments.overlap, visit.ctx, {each: InSegment(segment=each) for each in names})
        markup(_pairs(visit, found, name, titles))
        if others:
            link = (
                excel_link(regions, texts("seg_region")) if (regions := visit.excel("overlap_regions", **asked)) else ""
            )
            markup(f'<div class="tw-second">{_regions(visit, found, titles)}{link}</div>')


def _pairs(visit: Visit, found: Overlap, name: str, titles: dict[str, str]) -> str:
    """The segment with each other one, most in both first."""
    texts = visit.texts
    heads = [
        Column(texts("seg_other"), "text"),
        Column(texts("customers")),
        Column(texts("seg_both")),
        Column(texts("seg_of_this"), "bar"),
        Column(texts("seg_of_other"), "bar"),
        Column(texts("seg_jaccard")),
    ]
    rows: list[Sequence[Item]] = []
    mine = [pair for pair in found.pairs if pair.first == name]
    for pair in sorted(mine, key=lambda each: -each.both):
        both = in_address(All(all=(InSegment(segment=name), InSegment(segment=pair.second))))
        rows.append(
            (
                Cell(titles[pair.second], link=visit.link(f"/segments/{pair.second}")),
                Cell(texts.count(found.sets[pair.second]), link=visit.link("/customers", where=where_in(pair.second))),
                Cell(texts.count(pair.both), link=visit.link("/customers", where=both)),
                Bar(pair.of_first, texts.percent(pair.of_first), ACCENT),
                Bar(pair.of_second, texts.percent(pair.of_second), "#b79a63"),
                NONE if pair.jaccard is None else f"{pair.jaccard:.2f}",
            )
        )
    return table(heads, rows, name="pairs")


def _regions(visit: Visit, found: Overlap, titles: dict[str, str]) -> str:
    """Who is in which of them at once: every region once, so that the customers add up."""
    texts = visit.texts
    heads = [Column(texts("seg_region"), "text"), Column(texts("customers")), Column(texts("share"), "bar")]
    rows: list[Sequence[Item]] = []
    for region in found.regions:
        parts: list[AnyRule] = [
            InSegment(segment=each) if each in region.inside else Not(not_=InSegment(segment=each))
            for each in found.sets
        ]
        share = region.customers / found.of if found.of else None
        said = " ∩ ".join(titles[each] for each in region.inside) or texts("seg_in_none")
        link = visit.link("/customers", where=in_address(All(all=tuple(parts))))
        rows.append((said, Cell(texts.count(region.customers), link=link), Bar(share, texts.percent(share), ACCENT)))
    return table(heads, rows, name="regions")


async def versions(visit: Visit, row: SegmentRow) -> None:
    """Who changed what and why; what differs between one version and the one before it; back to an older one."""
    await definition_versions(visit, "segment", row.segment.name, f"/segments/{row.segment.name}")


async def definition_versions(visit: Visit, kind: str, name: str, path: str) -> None:
    """Of any definition. In the address: version, whose difference to the one before is shown."""
    texts = visit.texts
    found = await visit.ask(versioning.history, visit.ctx, kind, name)
    asked = visit.asked.get("version", "")
    shown = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else found[0].version
    excel = visit.excel("definition_versions", kind=kind, name=name)
    with card(texts("seg_tab_versions"), name="versions", excel=excel):
        heads = [Column(texts(key), "text") for key in ("seg_version_no", "day", "by_whom", "seg_note")]
        markup(table(heads, [_version(visit, each, path) for each in found], name="versions"))
    try:
        differences = await visit.ask(versioning.diff, visit.ctx, kind, name, to_version=shown)
    except TierwiseError as error:
        tell(error, texts)
        return
    with card(texts("seg_diff", version=shown), name="diff"):
        text = "".join(each.text for each in differences)
        markup(_diff(text) if text else f"<p>{escape(texts('seg_no_diff'))}</p>")
        older = next((each for each in found if each.version == shown and not each.in_use and not each.removed), None)
        if older is not None and visit.may("define"):
            back = ui.button(
                texts("seg_roll_back", version=shown), on_click=lambda: _roll_back(visit, kind, name, shown, path)
            )
            back.props("outline dense no-caps")


def _version(visit: Visit, version: VersionView, path: str) -> Sequence[Item]:
    texts = visit.texts
    link = visit.link(path, tab="versions", version=str(version.version))
    badge = texts("seg_in_use") if version.in_use else texts("seg_removed") if version.removed else ""
    at = texts.at(version.at)
    return (
        Cell(str(version.version), badge=badge, link=link),
        at,
        who_text(version.author, texts),
        note_text(version.note, texts),
    )


def _diff(text: str) -> str:
    """A unified diff with its lines marked; everything escaped."""
    lines = []
    for line in text.splitlines():
        kind = "add" if line.startswith("+") else "cut" if line.startswith("-") else ""
        lines.append(f'<span class="{kind}">{escape(line)}</span>')
    return f'<pre class="tw-diff">{chr(10).join(lines)}</pre>'


async def _roll_back(visit: Visit, kind: str, name: str, version: int, path: str) -> None:
    texts = visit.texts
    with dialog(texts("seg_roll_back", version=version), lead=texts("seg_roll_back_help")) as window:
        note = ui.input(texts("seg_note")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            wrong.clear()
            try:
                given: dict[str, Any] = {"note": (note.value or "").strip()}
                await visit.ask(versioning.rollback, visit.ctx, kind, name, version, **given)
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            visit.go(path, tab="versions")

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=done).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
