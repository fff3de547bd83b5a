"""The question to ask a customer next, answered by a tap; what was said before, and taking it back with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nicegui import ui

from tierwise.app import answering, profiling
from tierwise.app.answering import HOWS
from tierwise.app.answers import HOW_TITLES, CustomerWords, WordView
from tierwise.app.profiling_views import CustomerProfiling, CustomerQuestion
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.dialog import dialog
from tierwise.console.parts.table import Cell, Column, Item, table
from tierwise.console.shown import standing_text
from tierwise.console.texts import NONE, Texts
from tierwise.console.visit import Visit, tell
from tierwise.kernel.errors import TierwiseError

SHOWN = 12

_NOTHING_TO_ASK = frozenset({"no_profiling", "ambiguous_profiling", "no_run"})


async def asking(visit: Visit, who: str, words: CustomerWords) -> None:
    """A card with the next question, another one by choice, and every word of before."""
    try:
        found: CustomerProfiling | None = await visit.ask(profiling.next_question, visit.ctx, who)
    except TierwiseError as error:
        if error.problems[0].code not in _NOTHING_TO_ASK:
            raise
        found = None
    questions = [] if found is None else [each for each in found.questions if each.kind is not None]
    following = next((each for each in found.questions if each.state == "next"), None) if found is not None else None
    if not questions and not words.words and following is None:
        return
    texts = visit.texts
    may = visit.ctx.principal.may("answer")
    with card(texts("next_question"), name="question"):
        if following is None:
            markup(f'<p class="lead">{escape(texts("question_none"))}</p>')
        box = ui.element("div")
        if following is not None:
            _draw(visit, who, box, following, may=may)
        if found is not None and found.completeness is not None:
            known = texts("completeness", share=texts.percent(found.completeness))
            markup(f'<p class="foot">{escape(known)}</p>')
        others = {each.question: texts.label(each.ask) for each in questions if each is not following and _to_ask(each)}
        if may and others:
            by_name = {each.question: each for each in questions}
            chosen = ui.select(others, label=texts("question_other")).props("outlined dense clearable")
            chosen.classes("tw-wide-input")

            def another() -> None:
                question = by_name.get(chosen.value) if chosen.value else following
                if question is not None:
                    _draw(visit, who, box, question, may=may)

            chosen.on_value_change(another)
        if words.words:
            _said(visit, who, words.words, may=may)


def _to_ask(question: CustomerQuestion) -> bool:
    """What may be asked; what is known may be said anew."""
    return question.state != "not_allowed" or question.needs_consent is None


def _draw(visit: Visit, who: str, box: ui.element, question: CustomerQuestion, *, may: bool) -> None:
    texts = visit.texts
    box.clear()
    with box:
        markup(f'<p class="lead" data-question="{escape(question.question)}">{escape(texts.label(question.ask))}</p>')
        if question.reward is not None:
            points, benefit = question.reward.points, question.reward.benefit
            reward = texts("question_points", points=points) if points is not None else texts.label(benefit)
            markup(f'<p class="foot">{escape(texts("question_reward", reward=reward))}</p>')
        if question.again_on is not None:
            again = texts("question_again_on", day=texts.day(question.again_on))
            markup(f'<p class="foot">{escape(again)}</p>')
        if not may or question.kind is None:
            choices = " / ".join(texts.label(each.text) for each in question.answers)
            markup(f'<p class="foot">{escape(choices)}</p>')
            return
        how = ui.select(
            {each: texts.label(HOW_TITLES[each]) for each in HOWS}, value="visit", label=texts("answer_how")
        )
        how.props("outlined dense").classes("tw-input")
        wrong = ui.column()

        async def store(value: str | None) -> None:
            wrong.clear()
            try:
                if value is None:
                    await visit.ask(answering.decline, visit.ctx, who, question.question, how=how.value)
                else:
                    await visit.ask(answering.answer, visit.ctx, who, question.question, value, how=how.value)
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            ui.navigate.reload()

        with ui.row().classes("tw-actions"):
            for each in question.answers:
                button = ui.button(texts.label(each.text), on_click=lambda value=each.value: store(value))
                button.props(f'outline no-caps data-answer="{escape(each.value)}"')
            if not question.answers:
                given = ui.input(texts("answer_said")).props("outlined dense").classes("tw-input")
                if question.kind in ("date", "integer", "number"):
                    kind = "date" if question.kind == "date" else "number"
                    given.props(f'type="{kind}" step="any" stack-label')
                ui.button(texts("take"), on_click=lambda: store(given.value or "")).props("unelevated no-caps")
            button = ui.button(texts("answer_decline"), on_click=lambda: store(None))
            button.props("flat no-caps data-answer-declined")


def _said(visit: Visit, who: str, words: Sequence[WordView], *, may: bool) -> None:
    """What was said before, the newest first."""
    texts = visit.texts
    heads = [Column(texts(key), "text") for key in ("question", "answer_said", "by_whom", "answer_how", "day")]
    markup(f"<h3>{escape(texts('answers_before'))}</h3>")
    rows = [_row(each, texts) for each in words[:SHOWN]]
    markup(f'<div class="tw-scroll" tabindex="0">{table(heads, rows, name="answers")}</div>')
    newest: dict[str, WordView] = {}
    for each in words:
        if each.standing != "undone":
            newest.setdefault(each.question, each)
    if may and newest:
        with ui.row().classes("tw-actions"):
            for name, each in newest.items():
                said = texts.label(each.text) if each.text is not None else texts("word_declined")
                button = ui.button(
                    texts("take_back", tag=said),
                    on_click=lambda name=name, said=said: _take_back(visit, who, name, said),
                )
                button.props(f'flat dense no-caps data-take-back="{escape(name)}"')


def _row(each: WordView, texts: Texts) -> Sequence[Item]:
    said = texts.label(each.text) if each.text is not None else NONE
    standing = standing_text(each, texts)
    return [
        texts.label(each.ask),
        Cell(said, small=standing),
        each.author.removeprefix("person:"),
        texts.label(each.how_title),
        texts.day(each.at),
    ]


async def _take_back(visit: Visit, who: str, question: str, said: str) -> None:
    texts = visit.texts
    with dialog(texts("take_back", tag=said)) as window:
        reason = ui.input(texts("reason")).props("outlined dense").classes("tw-wide-input")
        wrong = ui.column()

        async def done() -> None:
            wrong.clear()
            try:
                await visit.ask(answering.take_back, visit.ctx, who, question, reason=(reason.value or "").strip())
            except TierwiseError as error:
                with wrong:
                    tell(error, texts)
                return
            ui.navigate.reload()

        with ui.row().classes("tw-actions"):
            ui.button(texts("take"), on_click=done).props("unelevated no-caps")
            ui.button(texts("cancel"), on_click=window.close).props("flat no-caps")
