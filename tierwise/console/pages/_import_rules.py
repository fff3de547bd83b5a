"""Which rows of a file are refunds, and which are left out: offered where rows are less than nothing, and edited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app import upload_mapping
from tierwise.app.rule_vocabulary import RuleWords
from tierwise.app.upload_mapping import Draft, Suggestion, Survey
from tierwise.app.views import Label
from tierwise.app.vocabulary import AttributeWords, Vocabulary
from tierwise.console.parts.card import card, markup
from tierwise.console.parts.rule_builder import RuleBuilder
from tierwise.console.rule_draft import DAY_COUNTS, Group, draft_of, rule_of
from tierwise.console.texts import Texts
from tierwise.console.visit import Visit
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.rule import All, AnyOf, AnyRule
from tierwise.definitions.write import data_of
from tierwise.kernel.errors import TierwiseError

WITH_REFUNDS = ("orders", "order_lines")


class ImportRules:
    """The two rules of a mapping under edit. mapping: the whole as it is chosen now, by which rows are looked at."""

    def __init__(self, visit: Visit, draft: Draft, names: Sequence[str], mapping: Callable[[], Mapping]) -> None:
        self.visit, self.texts, self.draft, self.mapping = visit, visit.texts, draft, mapping
        self.refunds = draft_of(draft.mapping.refunds)
        self.ignore = draft_of(draft.mapping.ignore)
        self.words = column_words(draft, names)
        self._newest = 0
        self._builders: dict[str, RuleBuilder] = {}

    def build(self) -> None:
        """The card of refunds, where the table has any."""
        texts = self.texts
        if self.draft.view.table in WITH_REFUNDS:
            with card(texts("data_refunds"), name="refunds", aside=texts("data_refunds_note")):
                self.offered = ui.element("div").props("aria-live=polite")
                self._rule("refunds", self.refunds, texts("data_refunds_rule"))
            ui.timer(0.1, self.look, once=True)

    def build_left_out(self) -> None:
        """The rule for rows to leave out, folded where there is none."""
        texts = self.texts
        said = f"{texts('data_leave_rows')} · {texts('data_leave_rows_note')}"
        with ui.expansion(said, value=bool(self.ignore.parts)).classes("tw-fold") as self.fold:
            self._rule("ignore", self.ignore, texts("data_leave_rows_rule"))

    def changes(self) -> dict[str, Any]:
        """The rules as a mapping has them; null where there is none. Raises `unfinished_rule`."""
        return {"refunds": _told(self.refunds), "ignore": _told(self.ignore)}

    async def look(self) -> None:
        """Count what is less than nothing, and offer what it could be; the newest look wins."""
        if self.draft.view.table not in WITH_REFUNDS:
            return
        self._newest += 1
        mine = self._newest
        self.offered.clear()
        with self.offered:
            markup(f'<p class="tw-muted">{escape(self.texts("data_looking"))}</p>')
        try:
            seen = await self.visit.ask(upload_mapping.returns_in, self.visit.ctx, self.draft.view.id, self.mapping())
        except TierwiseError:
            seen = None  # the columns do not tell enough yet; trying says what is missing
        if mine == self._newest and not self.offered.is_deleted:
            self.offered.clear()
            with self.offered:
                self._offer(seen)

    def _offer(self, seen: Survey | None) -> None:
        texts = self.texts
        if seen is None:
            return
        if not seen.less:
            markup(f'<p class="foot" data-less="0">{escape(texts("data_none_less"))}</p>')
            return
        said = texts("data_less", less=texts.count(seen.less), rows=texts.count(seen.rows))
        markup(f'<p class="lead" data-less="{seen.less}">{escape(said)}</p>')
        for each in seen.suggestions:
            with ui.element("div").classes("tw-row tw-suggestion").props(f"data-suggestion={each.by}"):
                button = ui.button(texts("data_take_rule"), on_click=lambda each=each: self._take(each))
                button.props("outline dense no-caps").props(f'aria-label="{escape(_short(each, texts))}"')
                markup(f"<span>{escape(suggestion_words(each, seen.currency, texts))}</span>")
        markup(f'<p class="foot">{escape(texts("data_refund_means"))}</p>')

    def _take(self, each: Suggestion) -> None:
        """Into the rule: of refunds in place of what stood there, of rows left out beside it."""
        group = self.refunds if each.role == "refunds" else self.ignore
        part = draft_of(each.rule).parts
        if each.role == "refunds":
            group.how, group.parts = "all", part
        elif data_of(each.rule) not in [data for data in map(_data_or_none, group.parts) if data]:
            if len(group.parts) > 1 and group.how != "any":
                group.parts = [Group(group.how, group.parts)]
            group.how, group.parts = "any", [*group.parts, *part]
            self.fold.open()
        self._builders[each.role].draw()

    def _rule(self, role: str, group: Group, label: str) -> None:
        markup(f'<p class="tw-label">{escape(label)}</p>')
        with ui.element("div").props(f"data-rule={role}"):
            self._builders[role] = RuleBuilder(
                self.words, self.texts, group, lambda: None, without=DAY_COUNTS, attribute="data_column"
            )


def column_words(draft: Draft, names: Sequence[str]) -> RuleWords:
    """The columns of a file as rules over them have them."""
    attributes: dict[str, AttributeWords] = {}
    for at, name in enumerate(names):
        attributes.setdefault(name, AttributeWords(name, Label(name, name), draft.types[at], "", "attribute"))
    return RuleWords(Vocabulary(0, date.min, draft.currency, attributes), {}, {}, {})


def suggestion_words(each: Suggestion, currency: str, texts: Texts) -> str:
    """What it would make of how many rows, and what it would leave to quarantine."""
    amount = "" if each.amount is None else f"{texts.amount(each.amount)} {texts.currency(currency)}"
    said = texts(
        f"data_suggest_{each.by}",
        column=each.rule.attribute,
        value=each.rule.value,
        rows=texts.count(each.rows),
        amount=texts("data_suggest_amount", amount=amount) if amount else "",
        less=texts.count(each.less),
    )
    if each.role == "ignore":
        return said
    if not each.left:
        return said + texts("data_suggest_all")
    left = texts("data_suggest_left", left=texts.count(each.left))
    beside = texts("data_suggest_beside") if not each.left_beside else ""
    return f"{said}{left}{beside}"


def _short(each: Suggestion, texts: Texts) -> str:
    return texts(
        f"data_suggest_{each.by}",
        column=each.rule.attribute,
        value=each.rule.value,
        rows=texts.count(each.rows),
        amount="",
        less=texts.count(each.less),
    )


def _told(group: Group) -> Any:
    if not group.parts:
        return None
    rule = rule_of(group)
    if rule is None:
        raise TierwiseError("unfinished_rule", "the rule is not finished", remedy="fill in every part of it")
    return data_of(_plainest(rule))


def _plainest(rule: AnyRule) -> AnyRule:
    """A group of one part as that part."""
    match rule:
        case All(all=(part,)) | AnyOf(any=(part,)):
            return part
    return rule


def _data_or_none(part: Any) -> Any:
    rule = rule_of(part)
    return None if rule is None else data_of(rule)
