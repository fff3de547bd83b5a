"""Why: the tree of clauses with a mark for true or false, the value that was found, and the rows that counted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tierwise.app.explaining import Clause, Counted
from tierwise.console.shown import value_text
from tierwise.console.texts import Texts
from tierwise.kernel.wording import in_language

_MARKS = {True: "✓", False: "✗", None: "·"}

_ROWS = 5


def clause_tree(clauses: Sequence[Clause], texts: Texts) -> str:
    """HTML, everything escaped."""
    if not clauses:
        return ""
    return f'<ul class="tw-clauses">{"".join(_clause(clause, texts) for clause in clauses)}</ul>'


def _clause(clause: Clause, texts: Texts) -> str:
    mark = {True: texts("true"), False: texts("false"), None: ""}[clause.verdict]
    value = ""
    if clause.value is not None and not isinstance(clause.value, bool) and clause.what not in ("stage", "value"):
        value = f" <b>{escape(value_text(clause.value, texts))}</b>"
    state = {True: "yes", False: "no", None: "none"}[clause.verdict]
    counted = "".join(_counted(each, texts) for each in clause.counted)
    return (
        f'<li class="{state}"><i title="{escape(mark)}" aria-label="{escape(mark)}">{_MARKS[clause.verdict]}</i> '
        f"{escape(in_language(clause.says, texts.language))}{value}{counted}{clause_tree(clause.clauses, texts)}</li>"
    )


def _counted(counted: Counted, texts: Texts) -> str:
    rows = "".join(
        f"<li>{escape(' · '.join(value_text(value, texts) for value in row.values()))}</li>"
        for row in counted.rows[:_ROWS]
    )
    first = texts.day(counted.first) if counted.first is not None else ""
    said = texts("rows_counted", count=texts.count(counted.count), first=first, last=texts.day(counted.last))
    return f"<small>{escape(said)}</small><ul>{rows}</ul>" if rows else f"<small>{escape(said)}</small>"
