"""A customer's answer by a tap, or that they did not want to say; and taking it back with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tierwise.app import answering
from tierwise.app.answering import HOWS
from tierwise.app.answers import HOW_TITLES, CustomerWords
from tierwise.app.profiling_views import CustomerProfiling, CustomerQuestion
from tierwise.console.phone.visit import PhoneVisit
from tierwise.console.shown import standing_text
from tierwise.console.texts import Texts

SAID = {"answered": "phone_answered", "declined": "phone_declined", "answer_taken_back": "phone_answer_taken_back"}
"""What a page says after it was done."""

SHOWN = 8


def store(visit: PhoneVisit) -> Response:
    """Given: id, question, how, and value, or declined."""
    given = visit.given
    who, question, how = given.get("id", ""), given.get("question", ""), given.get("how", "visit")
    if given.get("declined"):
        answering.decline(visit.ctx, who, question, how=how)
        return visit.go("/customer", id=who, said="declined")
    answering.answer(visit.ctx, who, question, given.get("value", ""), how=how)
    return visit.go("/customer", id=who, said="answered")


def take_back(visit: PhoneVisit) -> Response:
    """Given: id, question, reason."""
    who = visit.given.get("id", "")
    reason = visit.given.get("reason", "").strip()
    answering.take_back(visit.ctx, who, visit.given.get("question", ""), reason=reason)
    return visit.go("/customer", id=who, said="answer_taken_back")


def questions_of(visit: PhoneVisit, asking: CustomerProfiling | None, words: CustomerWords) -> Mapping[str, Any]:
    """What the page of a customer shows of questions: the next one, others that may be asked, and what was said."""
    texts = visit.texts
    questions = asking.questions if asking is not None else ()
    told = [each for each in questions if each.state not in ("next", "known") and each.kind is not None]
    others = [each for each in told if each.state != "not_allowed" or each.needs_consent is None]
    newest: dict[str, int] = {}
    for place, word in enumerate(words.words):
        if word.standing != "undone":
            newest.setdefault(word.question, place)
    return {
        "question": next((_form(each, texts) for each in questions if each.state == "next"), None),
        "others": [_form(each, texts) for each in others],
        "completeness": texts.percent(asking.completeness) if asking and asking.completeness is not None else "",
        "hows": [(how, texts.label(HOW_TITLES[how])) for how in HOWS],
        "may_answer": visit.ctx.principal.may("answer"),
        "words": [
            {
                "ask": texts.label(word.ask),
                "said": texts.label(word.text) if word.text is not None else "",
                "standing": standing_text(word, texts),
                "by": word.author.removeprefix("person:"),
                "how": texts.label(word.how_title),
                "day": texts.day(word.at),
                "question": word.question,
                "newest": newest.get(word.question) == place,
            }
            for place, word in enumerate(words.words[:SHOWN])
        ],
    }


def _form(each: CustomerQuestion, texts: Texts) -> Mapping[str, Any]:
    points = each.reward.points if each.reward is not None else None
    benefit = each.reward.benefit if each.reward is not None else None
    reward = texts("question_points", points=points) if points is not None else texts.label(benefit) if benefit else ""
    return {
        "name": each.question,
        "ask": texts.label(each.ask),
        "answers": [(answer.value, texts.label(answer.text)) for answer in each.answers],
        "kind": each.kind or "",
        "reward": texts("question_reward", reward=reward) if reward else "",
    }
