"""Tags: the catalogue by class, with who has each and how it moved; one tag with its values and its tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from nicegui import ui

from tierwise.app import definition_texts, tag_catalogue, tag_validation
from tierwise.app.among import ANYWHERE
from tierwise.app.jobs import Job
from tierwise.app.tag_catalogue import TagCatalogue, TagRow
from tierwise.app.tag_validation_views import TagValidation, ValidationDay
from tierwise.console.pages._data import OPEN, attempt, follow, tell_end
from tierwise.console.pages._moved import moved_link
from tierwise.console.parts.card import card, chart, markup
from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.table import Bar, Cell, Column, Item, table
from tierwise.console.rule_query import in_address, where_is
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, page
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name
from tierwise.kernel.wording import in_language
from tierwise.plots.look import ACCENT
from tierwise.plots.options import options
from tierwise.plots.plot import Bars, Series

CHART_PX = 240

SENSITIVE = ("property", "credit", "health", "minors", "track")

CLASSES = ("static", "consumption", "behaviour", "tier")


@page("/tags", "title_tags", wide=True)
async def catalogue(visit: Visit) -> None:
    """class narrows it, in the address."""
    texts = visit.texts
    found = await visit.ask(tag_catalogue.catalogue, visit.ctx)
    if not found.tags:
        markup(
            f'<section class="tw-notice" data-notice="empty"><h2>{escape(texts("tags_none"))}</h2>'
            f"<p>{escape(texts('tags_none_text'))}</p></section>"
        )
        return
    wanted = visit.asked.get("class")
    markup(_classes(visit, found, wanted))
    for name in CLASSES:
        rows = [each for each in found.tags if each.tag_class == name]
        if rows and wanted in (None, name):
            excel = visit.excel("tag_catalogue", **{"class": name})
            with card(texts(f"tags_class_{name}"), name=f"class-{name}", aside=_compared(found, texts), excel=excel):
                markup(_listed(visit, rows, name))


def _compared(found: TagCatalogue, texts: Texts) -> str:
    parts = [texts("as_of", day=texts.day(found.as_of))] if found.as_of else []
    if found.compared_as_of:
        parts.append(texts("tags_against", day=texts.day(found.compared_as_of)))
    return " · ".join(parts)


def _classes(visit: Visit, found: TagCatalogue, wanted: str | None) -> str:
    texts = visit.texts
    links: list[tuple[str | None, str, int]] = [(None, texts("tags_all"), len(found.tags))]
    links += [
        (name, texts(f"tags_class_{name}"), sum(1 for each in found.tags if each.tag_class == name)) for name in CLASSES
    ]
    here = ' aria-current="page"'
    listed = "".join(
        f'<li><a href="{escape(visit.link("/tags", **{"class": name}))}"'
        f"{here if name == wanted else ''}>{escape(title)} {count}</a></li>"
        for name, title, count in links
    )
    return f'<nav class="tw-tabs" aria-label="{escape(texts("tags_classes"))}"><ul>{listed}</ul></nav>'


def _listed(visit: Visit, rows: Sequence[TagRow], name: str) -> str:
    texts = visit.texts
    heads = [
        Column(texts("tag"), "text"),
        Column(texts("tags_source"), "text"),
        Column(texts("customers")),
        Column(texts("tags_coverage"), "bar"),
        Column(texts("tags_moved"), "text"),
        Column(texts("tags_readers")),
        Column(texts("tags_sensitivity"), "text"),
        Column(texts("tags_life"), "text"),
        Column(texts("tags_owner"), "text"),
    ]
    return table(heads, [_row(visit, each) for each in rows], name=f"tags-{name}")


def _row(visit: Visit, each: TagRow) -> Sequence[Item]:
    texts = visit.texts
    warning = _warning(each.warnings[0], each, texts) if each.warnings else ""
    return (
        Cell(
            texts.label(each.title),
            small=warning or texts.said(each.purpose or each.description),
            warn=bool(warning),
            link=visit.link(f"/tags/{quote(each.name, safe='')}"),
        ),
        texts(f"tags_source_{each.source}"),
        Cell(texts.count(each.customers), link=visit.link("/customers", where=having(each.name))),
        Bar(each.coverage, texts.percent(each.coverage), ACCENT),
        Cell(_moved(each, texts), small=texts(f"tags_drift_{each.drift_said}") if each.drift_said else ""),
        texts.count(len(each.readers)),
        texts(f"tags_sensitivity_{each.sensitivity}"),
        texts(f"tags_life_{each.validation.life}"),
        texts.said(each.owner) or NONE,
    )


def _moved(each: TagRow, texts: Texts) -> str:
    if each.gained is None:
        return NONE
    return f"+{texts.count(each.gained)} −{texts.count(each.lost)}"


def having(name: str) -> str:
    """The rule of those who have the tag, for an address."""
    return in_address(Comparison(attribute=name, op="present"))


@page("/tags/{name}", "title_tag")
async def one(visit: Visit) -> None:
    """What a tag is, who has which value, who reads it, what it claims and how the claim stood its tests."""
    texts = visit.texts
    found = await visit.ask(tag_catalogue.catalogue, visit.ctx)
    wanted = visit.asked["name"]
    tag = next((each for each in found.tags if each.name == wanted), None)
    if tag is None:
        raise TierwiseError.of([unknown_name("tag", wanted, [each.name for each in found.tags])])
    tests = await visit.ask(tag_validation.validations, visit.ctx, tag.name) if tag.claim else ()
    known = await visit.ask(definition_texts.list_definitions, visit.ctx) if tag.readers else ()
    titles = {f"{each.kind} {each.name}": texts.label(each.title) for each in known}
    markup(f'<p class="tw-under"><a href="{escape(visit.link("/tags"))}">{escape(texts("tags_all"))}</a></p>')
    with card(texts.label(tag.title), name="tag", lead=texts.said(tag.description), aside=_compared(found, texts)):
        markup(figures(_figures(visit, tag, found)))
        link = escape(visit.link("/customers", where=having(tag.name)))
        markup(f'<p><a href="{link}">{escape(texts("tags_who"))}</a></p>')
        markup(_told(visit, tag, titles))
        if tag.warnings:
            listed = "".join(f"<li>{escape(_warning(each, tag, texts))}</li>" for each in tag.warnings)
            markup(f'<ul class="tw-notes tw-wrong">{listed}</ul>')
    if tag.values:
        with card(texts("tags_values"), name="values", excel=visit.excel("tag_values", tag=tag.name)):
            markup(_values(visit, tag))
    excel = visit.excel("tag_tests", tag=tag.name) if tests else ""
    with card(texts("tags_tests"), name="tests", aside=texts(f"tags_life_{tag.validation.life}"), excel=excel):
        await _tests(visit, tag, tests)


def _figures(visit: Visit, tag: TagRow, found: TagCatalogue) -> tuple[Figure, ...]:
    texts = visit.texts
    link = visit.link("/customers", where=having(tag.name)) if visit.may("view_customer") else ""
    came = went = ""
    if tag.history and found.as_of is not None and found.compared_as_of is not None:
        days = (found.compared_as_of, found.as_of)
        came, went = (moved_link(visit, tag.name, days, way) for way in ((None, ANYWHERE), (ANYWHERE, None)))
    drift = f"{tag.drift:.3f}" if tag.drift is not None else NONE
    said = texts(f"tags_drift_{tag.drift_said}") if tag.drift_said else ""
    return (
        Figure("customers", texts("customers"), texts.count(tag.customers), texts("unit_people"), link=link),
        Figure("coverage", texts("tags_coverage"), texts.percent(tag.coverage)),
        Figure("gained", texts("tags_gained"), texts.count(tag.gained), link=came),
        Figure("lost", texts("tags_lost"), texts.count(tag.lost), link=went),
        Figure("drift", texts("tags_drift"), drift, "", said),
    )


def _told(visit: Visit, tag: TagRow, titles: Mapping[str, str]) -> str:
    texts = visit.texts
    definition = escape(visit.link(f"/data/definitions/tag/{quote(tag.name, safe='')}"))
    told = [
        (texts("tags_class"), escape(texts(f"tags_class_{tag.tag_class}"))),
        (texts("tags_source"), escape(texts(f"tags_source_{tag.source}"))),
        (texts("tags_purpose"), escape(texts.said(tag.purpose) or NONE)),
        (texts("tags_owner"), escape(texts.said(tag.owner) or NONE)),
        (texts("tags_sensitivity"), escape(texts(f"tags_sensitivity_{tag.sensitivity}"))),
        (texts("tags_consent"), escape(_consent(tag, texts))),
        (texts("tags_ttl"), escape(texts("tags_ttl_days", days=tag.ttl_days) if tag.ttl_days else NONE)),
        (texts("tags_empty"), escape(texts(f"tags_empty_{tag.when_empty}"))),
        (texts("tags_readers"), _readers(visit, tag, titles)),
        (texts("tags_version"), f'<a href="{definition}">{tag.version if tag.version is not None else NONE}</a>'),
    ]
    if tag.agreement is not None and tag.agreement.alpha is not None:
        told.append((texts("tags_agreement"), f"{tag.agreement.alpha:.2f}"))
    listed = "".join(f"<div><dt>{escape(what)}</dt><dd>{said}</dd></div>" for what, said in told)
    return f'<dl class="tw-attributes">{listed}</dl>'


def _readers(visit: Visit, tag: TagRow, titles: Mapping[str, str]) -> str:
    """What reads it, by kind and title, each a link to its definition."""
    links = []
    for each in tag.readers:
        kind, _, name = each.partition(" ")
        said = f"{visit.texts(f'data_kind_{kind}')} {titles.get(each) or name}"
        address = escape(visit.link(f"/data/definitions/{kind}/{quote(name, safe='')}"))
        links.append(f'<a href="{address}">{escape(said)}</a>')
    return "<br>".join(links) or NONE


def _consent(tag: TagRow, texts: Texts) -> str:
    """The purpose that a consent must name: a class of what is sensitive in words, another as it is called."""
    if tag.consent is None:
        return NONE
    return texts(f"tags_sensitivity_{tag.consent}") if tag.consent in SENSITIVE else tag.consent


def _warning(each: Problem, tag: TagRow, texts: Texts) -> str:
    if each.code == "no_consent":
        return texts("tags_no_consent", purpose=_consent(tag, texts))
    return in_language(each.message, texts.language)


def _values(visit: Visit, tag: TagRow) -> str:
    texts = visit.texts
    heads = [Column(texts("value"), "text"), Column(texts("customers")), Column(texts("share"), "bar")]
    rows = [
        (
            Cell(texts.label(each.title), badge=each.value if texts.label(each.title) != each.value else ""),
            Cell(texts.count(each.customers), link=visit.link("/customers", where=where_is(tag.name, each.value))),
            Bar(each.share, texts.percent(each.share), ACCENT),
        )
        for each in tag.values
    ]
    return table(heads, rows, name="values")


async def _tests(visit: Visit, tag: TagRow, tests: Sequence[TagValidation]) -> None:
    texts = visit.texts
    if tag.claim is None:
        markup(f"<p>{escape(texts('tags_no_claim'))}</p>")
        return
    markup(f"<p>{escape(texts('tags_claim'))}{escape(in_language(tag.claim, texts.language))}</p>")
    may = "tags_may" if tag.validation.allowed else "tags_may_not"
    said = in_language(tag.validation.said, texts.language)
    markup(f"<p data-may><b>{escape(texts(may))}</b> {escape(said)}</p>")
    for each in tests[:1]:
        told = texts(f"tags_verdict_{each.verdict or 'none'}", day=texts.day(each.as_of))
        markup(f'<p class="lead" data-verdict="{escape(each.verdict or "none")}">{escape(told)}</p>')
        if (bars := bars_of_tests(each.days, texts)) is not None:
            chart(options(bars), CHART_PX)
        markup(f'<div class="tw-scroll" tabindex="0">{_days(each.days, texts)}</div>')
        for caution in each.cautions:
            markup(f'<p class="foot">{escape(in_language(caution, texts.language))}</p>')
    if not tests:
        markup(f"<p>{escape(texts('tags_untested'))}</p>")
    job = await visit.ask(tag_validation.newest_job, visit.ctx, tag.name)
    if job is not None and job.state in OPEN:
        markup(f"<p>{escape(texts('data_leave'))}</p>")
        await follow(visit, job, lambda ended: ui.navigate.reload())
        return
    if job is not None and job.state != "done" and _is_newest(job, tests):
        tell_end(job, texts)
    if visit.may("define"):
        wrong = ui.column()

        async def tested() -> None:
            await visit.ask(tag_validation.start_validation, visit.ctx, [tag.name])
            ui.navigate.reload()

        ui.button(texts("tags_test"), on_click=attempt(visit, wrong, tested)).props("outline dense no-caps")


def _is_newest(job: Job, tests: Sequence[TagValidation]) -> bool:
    """Whether no test came to its end after it."""
    return not tests or (job.finished_at is not None and job.finished_at > tests[0].at)


def bars_of_tests(days: Sequence[ValidationDay], texts: Texts) -> Bars | None:
    """How many did what is claimed, of those with the tag beside all, on each past day; None where no day tells."""
    told = [each for each in days if each.precision is not None and each.base_rate is not None]
    if not told:
        return None
    return Bars(
        tuple(texts.day(each.day) for each in told),
        (
            Series(texts("tags_of_tagged"), tuple(each.precision for each in told)),
            Series(texts("tags_of_all"), tuple(each.base_rate for each in told)),
        ),
        texts("tags_chart"),
        "rate",
    )


def _days(days: Sequence[ValidationDay], texts: Texts) -> str:
    heads = [
        Column(texts("day"), "text"),
        Column(texts("tags_spoken_of")),
        Column(texts("tags_tagged")),
        Column(texts("tags_base_rate")),
        Column(texts("tags_precision")),
        Column(texts("tags_recall")),
        Column(texts("tags_lift")),
        Column(texts("tags_interval")),
        Column(texts("tags_p")),
    ]
    rows = [
        (
            Cell(texts.day(each.day), small=in_language(each.reason, texts.language) if each.reason else ""),
            texts.count(each.customers),
            texts.count(each.tagged),
            texts.percent(each.base_rate),
            texts.percent(each.precision),
            texts.percent(each.recall),
            _short(each.lift),
            NONE if each.low is None or each.high is None else f"{each.low:.2f} – {each.high:.2f}",
            _probability(each.p_adjusted),
        )
        for each in days
    ]
    return table(heads, rows, name="days")


def _probability(value: float | None) -> str:
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _short(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
