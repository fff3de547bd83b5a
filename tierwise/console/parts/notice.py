"""Instead of numbers: what to do first, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tierwise.console.texts import Texts
from tierwise.kernel.errors import Problem
from tierwise.kernel.wording import problem_in_language


def nothing_yet(texts: Texts) -> str:
    """No run yet: the commands that lead to one."""
    steps = (
        (texts("empty_import"), "tierwise import orders.csv --as order_lines"),
        (texts("empty_run"), "tierwise run"),
        (texts("empty_demo"), "tierwise demo"),
    )
    listed = "".join(f"<li>{escape(what)}<code>{escape(command)}</code></li>" for what, command in steps)
    return (
        f'<section class="tw-notice" data-notice="empty"><h2>{escape(texts("empty_title"))}</h2>'
        f"<p>{escape(texts('empty_text'))}</p><ol>{listed}</ol></section>"
    )


def refused(problems: Sequence[Problem], texts: Texts) -> str:
    """Every problem with its place and remedy, in the reader's language."""
    told = (problem_in_language(problem, texts.language) for problem in problems)
    listed = "".join(f"<li>{escape(str(problem))}</li>" for problem in told)
    title = escape(texts("failed_title"))
    return f'<section class="tw-notice" role="alert" data-notice="refused"><h2>{title}</h2><ul>{listed}</ul></section>'
