"""Why: the tree of clauses with a mark for true or false, the value that was found, and the rows that counted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tierwise.app.explaining import Clause, Counted
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.clause_words import clause_words
from tierwise.console.shown import value_text
from tierwise.console.texts import Texts

_MARKS = {True: "✓", False: "✗", None: "·"}

_ROWS = 5


def clause_tree(clauses: Sequence[Clause], of: str, texts: Texts, words: Vocabulary) -> str:
    """HTML, everything escaped. of: the attribute that is explained."""
    if not clauses:
        return ""
    return f'<ul class="tw-clauses">{"".join(_clause(clause, of, texts, words) for clause in clauses)}</ul>'


def _clause(clause: Clause, of: str, texts: Texts, words: Vocabulary) -> str:
    mark = {True: texts("true"), False: texts("false"), None: ""}[clause.verdict]
    value = ""
    if clause.value is not None and not isinstance(clause.value, bool) and clause.what not in ("stage", "value"):
        value = f" · <b>{escape(value_text(clause.value, texts))}</b>"
    state = {True: "yes", False: "no", None: "none"}[clause.verdict]
    counted = "".join(_counted(each, texts) for each in clause.counted)
    return (
        f'<li class="{state}"><i title="{escape(mark)}" aria-label="{escape(mark)}">{_MARKS[clause.verdict]}</i> '
        f"{escape(clause_words(clause.says, of, texts, words))}{value}{counted}"
        f"{clause_tree(clause.clauses, of, texts, words)}</li>"
    )


def _counted(counted: Counted, texts: Texts) -> str:
    rows = "".join(
        f"<li>{escape(' · '.join(value_text(value, texts) for value in row.values()))}</li>"
        for row in counted.rows[:_ROWS]
    )
    first = texts.day(counted.first) if counted.first is not None else ""
    said = texts("rows_counted", count=texts.count(counted.count), first=first, last=texts.day(counted.last))
    return f"<small>{escape(said)}</small><ul>{rows}</ul>" if rows else f"<small>{escape(said)}</small>"
