"""Customers whom no rule tells, in words of the page's language."""

from __future__ import annotations

from collections.abc import Sequence

from tierwise.app.among import ANYWHERE, ELSEWHERE, Among, InAnswer, InDeciles, Moved, OfAdvisor, WouldMove
from tierwise.app.answer_numbers import Asked
from tierwise.app.views import Label
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.texts import NONE, Texts


def among_words(among: Among, said: Sequence[Label], words: Vocabulary, texts: Texts) -> str:
    """One line. said: as `said_of` has it."""
    if isinstance(among, InDeciles):
        title = texts.label(words.title(among.metric))
        if not among.last:
            return texts("among_unranked", title=title)
        if among.first == among.last:
            return texts("among_decile", title=title, decile=among.first)
        return texts("among_deciles", title=title, first=among.first, last=among.last)
    if isinstance(among, InAnswer):
        title, *row = map(texts.label, said)
        return texts("among_answer", title=title, row=" · ".join(row))
    if isinstance(among, OfAdvisor):
        return texts(f"among_{among.counted}", whose=among.assignee or texts("task_pool"))
    if isinstance(among, Asked):
        what = (among.question or "").partition(" ")[2]
        about = " · ".join(each for each in (what, (among.author or "").removeprefix("person:")) if each)
        days = {"from_day": texts.day(among.from_day), "to_day": texts.day(among.to_day)}
        return texts(f"among_{among.counted}", about=about or texts("among_any_question"), **days)
    places = {"from_": _place(among.name, among.from_, words, texts), "to": _place(among.name, among.to, words, texts)}
    if isinstance(among, WouldMove):
        return texts("among_planned", title=texts.label(words.title(among.name)), **places)
    days = {"from_day": texts.day(among.from_day), "to_day": texts.day(among.to_day)}
    if (among.from_, among.to) == (ANYWHERE, ELSEWHERE):
        return texts("among_changed", title=texts.label(words.title(among.name)), **days)
    return texts("among_moved", title=texts.label(words.title(among.name)), **days, **places)


def among_place(among: Among | None, value: str | None, words: Vocabulary, texts: Texts) -> str:
    """Where somebody who moved was or would be."""
    return _place(among.name, value, words, texts) if isinstance(among, Moved | WouldMove) else value or NONE


def _place(name: str, value: str | None, words: Vocabulary, texts: Texts) -> str:
    if value is None:
        return texts("strat_absent")
    if value == ANYWHERE:
        return texts("among_anywhere")
    if value == ELSEWHERE:
        return texts("among_elsewhere")
    if value in ("in", "yes"):
        return texts("plan_inside" if value == "in" else "yes")
    title = words.value(name, value)
    return texts.label(title) if title is not None else value
