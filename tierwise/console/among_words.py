"""Customers whom no rule tells, in words of the page's language."""

from __future__ import annotations

from tierwise.app.among import ANYWHERE, Among, InAnswer, InDeciles
from tierwise.app.answer_numbers import Asked
from tierwise.app.insights import asking
from tierwise.app.vocabulary import Vocabulary
from tierwise.console.texts import NONE, Texts


def among_words(among: Among, words: Vocabulary, texts: Texts) -> str:
    """One line."""
    if isinstance(among, InDeciles):
        title = texts.label(words.title(among.metric))
        if among.first == among.last:
            return texts("among_decile", title=title, decile=among.first)
        return texts("among_deciles", title=title, first=among.first, last=among.last)
    if isinstance(among, InAnswer):
        row = " · ".join(value for _, value in among.row if value is not None)
        return texts("among_answer", title=texts.label(asking.title_of(among.insight)), row=row or NONE)
    if isinstance(among, Asked):
        what = (among.question or "").partition(" ")[2]
        about = " · ".join(each for each in (what, (among.author or "").removeprefix("person:")) if each)
        days = {"from_day": texts.day(among.from_day), "to_day": texts.day(among.to_day)}
        return texts(f"among_{among.counted}", about=about or texts("among_any_question"), **days)
    days = {"from_day": texts.day(among.from_day), "to_day": texts.day(among.to_day)}
    places = {"from_": _place(among.name, among.from_, words, texts), "to": _place(among.name, among.to, words, texts)}
    return texts("among_moved", title=texts.label(words.title(among.name)), **days, **places)


def _place(name: str, value: str | None, words: Vocabulary, texts: Texts) -> str:
    if value is None:
        return texts("strat_absent")
    if value == ANYWHERE:
        return texts("among_anywhere")
    title = words.value(name, value)
    return texts.label(title) if title is not None else value
