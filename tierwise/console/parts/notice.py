"""Instead of numbers: what to do first, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from tierwise.console.texts import Texts
from tierwise.kernel.errors import Problem
from tierwise.kernel.wording import problem_in_language


def nothing_yet(texts: Texts, *, may_import: bool = True) -> str:
    """No run yet: the pages that lead to one, or who is to be asked for it."""
    ways = ""
    if may_import:
        steps = (("/console/data", texts("empty_import")), ("/console/data/runs", texts("empty_run")))
        listed = "".join(f'<li><a href="{address}">{escape(what)}</a></li>' for address, what in steps)
        ways = f"<ol>{listed}</ol>"
    text = texts("empty_text") if may_import else texts("empty_ask")
    return (
        f'<section class="tw-notice" data-notice="empty"><h2>{escape(texts("empty_title"))}</h2>'
        f"<p>{escape(text)}</p>{ways}</section>"
    )


WAYS = {
    "unknown_customer": ("/console/customers", "place_customers"),
    "unknown_attribute": ("/console/customers", "place_customers"),
    "unknown_segment": ("/console/segments", "place_segments"),
    "unknown_tag": ("/console/tags", "place_tags"),
    "unknown_insight": ("/console/insight", "place_insight"),
    "unknown_run": ("/console/data/runs", "data_runs"),
    "unknown_job": ("/console/data", "data_import"),
    "unknown_import": ("/console/data", "data_import"),
    "unknown_upload": ("/console/data", "data_import"),
    "unknown_kind": ("/console/data/definitions", "data_definitions"),
    "unknown_definition": ("/console/data/definitions", "data_definitions"),
    "unknown_version": ("/console/data/definitions", "data_definitions"),
    "no_cleaning": ("/console/data/definitions", "data_definitions"),
}
"""Where to go on from a problem: an address, and what it is called."""

AGAIN = ("not_signed_in", "changed_meanwhile", "database_lost", "busy", "defect")
"""Problems that another look at the page may mend."""


def refused(problems: Sequence[Problem], texts: Texts) -> str:
    """Every problem with its place and remedy, in the reader's language, and where to go on. Commands are no remedy
    in a page."""
    told = (problem_in_language(for_a_page(problem), texts.language) for problem in problems)
    listed = "".join(f"<li>{escape(str(problem))}</li>" for problem in told)
    title = escape(texts("failed_title"))
    return (
        f'<section class="tw-notice" role="alert" data-notice="refused"><h2>{title}</h2><ul>{listed}</ul>'
        f"{_way(problems[0].code, texts)}</section>"
    )


def for_a_page(problem: Problem) -> Problem:
    """Without a remedy that is typed into a command line."""
    remedy = problem.remedy or ""
    typed = "tierwise " in remedy or "--" in remedy or remedy.startswith("GET ")
    return replace(problem, remedy=None) if typed else problem


def _way(code: str, texts: Texts) -> str:
    if code in AGAIN:
        return f'<p><a href="">{escape(texts("open_again"))}</a></p>'
    if code not in WAYS:
        return ""
    address, place = WAYS[code]
    return f'<p><a href="{address}">{escape(texts("go_on_to", place=texts(place)))}</a></p>'
