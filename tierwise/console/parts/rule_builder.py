"""A rule to edit: groups of all, any, not any and not all, in each other; and in them what is asked of customers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from html import escape
from typing import Any

from nicegui import ui

from tierwise.app.rule_vocabulary import RuleWords
from tierwise.console.parts.card import markup
from tierwise.console.parts.keyboard import keyboard_to
from tierwise.console.parts.rule_values import ValueEditor, kind_of
from tierwise.console.rule_draft import (
    AGGREGATES,
    ALONE,
    OF_NUMBERS,
    OPERATORS,
    Compared,
    Done,
    Group,
    How,
    Inside,
    Kept,
    Node,
    day,
    number,
)
from tierwise.console.rule_words import operator_words, rule_words
from tierwise.console.texts import Texts

HOWS: tuple[How, ...] = ("all", "any", "not_any", "not_all")

DEEPEST = 4
"""Groups within groups, so many at most: what is nested deeper nobody can read."""

_GROUPS = ("tier", "tag", "attribute", "trait", "reason")


class RuleBuilder:
    """Draws a draft and changes it in place. changed: called after each change, whether the draft is told or not.

    without: operators that are not offered. attribute: the key of what is compared. Where no facts are known, nothing
    is asked of what customers did.
    """

    def __init__(
        self,
        known: RuleWords,
        texts: Texts,
        draft: Group,
        changed: Callable[[], None],
        *,
        without: Collection[str] = (),
        attribute: str = "rule_attribute",
    ) -> None:
        self.attribute_label = texts(attribute)
        self.operators = {kind: tuple(op for op in ops if op not in without) for kind, ops in OPERATORS.items()}
        self.known, self.texts, self.draft, self.changed = known, texts, draft, changed
        every = sorted(known.words.attributes.values(), key=lambda each: _GROUPS.index(each.group))
        self.attributes = {each.name: texts.label(each.title) for each in every}
        self._next: tuple[int, str] | None = None
        self.box = ui.element("div").classes("tw-builder")
        self.draw()

    def draw(self) -> None:
        """Anew, after parts came or went."""
        self.box.clear()
        with self.box:
            self._group(self.draft, None, 1)

    def _rebuilt(self) -> None:
        self.draw()
        self.changed()

    def _remove(self, group: Group, part: Node) -> None:
        group.parts = [each for each in group.parts if each is not part]
        self._lead(group, "add")
        self._rebuilt()

    def _add(self, group: Group, part: Node) -> None:
        group.parts.append(part)
        self._lead(part.parts[0] if isinstance(part, Group) else part, "what")
        self._rebuilt()

    def _lead(self, part: Node, field: str) -> None:
        """Whichever field of that part is drawn next under this name has the keyboard: what had it is drawn anew."""
        self._next = (id(part), field)

    def _drawn(self, part: Node, field: str, element: ui.element) -> None:
        if self._next == (id(part), field):
            self._next = None
            keyboard_to(element)

    def _group(self, group: Group, parent: Group | None, depth: int) -> None:
        texts = self.texts
        with ui.element("fieldset").classes(f"tw-group tw-{group.how.replace('_', '-')}"):
            with ui.element("div").classes("tw-rule-head"):
                hows: dict[Any, str] = {how: texts(f"rule_how_{how}") for how in HOWS}
                how = ui.select(hows, value=group.how).props("dense borderless options-dense")
                how.props(f'aria-label="{escape(texts("rule_how"))}"').classes("tw-how")
                how.on_value_change(lambda event: self._turn(group, event.value))
                self._drawn(group, "how", how)
                if parent is not None:
                    self._crossed(lambda: self._remove(parent, group), texts("rule_remove_group"))
            for part in group.parts:
                self._part(part, group, depth)
            with ui.element("div").classes("tw-rule-add"):
                self._adds(group, depth)

    def _adds(self, group: Group, depth: int) -> None:
        texts = self.texts
        new: list[tuple[str, Callable[[], Node]]] = [("attribute", Compared)]
        if self.known.facts:
            new.append(("behaviour", Done))
        if self.known.segments or self.known.lists:
            new.append(("group", lambda: Inside("segment" if self.known.segments else "list")))
        if depth < DEEPEST:
            new.append(("nested", lambda: Group("any" if group.how == "all" else "all", [Compared()])))
        for what, make in new:
            button = ui.button(texts(f"rule_add_{what}"), on_click=lambda make=make: self._add(group, make()))
            button.props("flat dense no-caps icon=add size=sm").props(f"data-add={what}")
            self._drawn(group, "add", button)

    def _turn(self, group: Group, how: How) -> None:
        group.how = how
        self._lead(group, "how")
        self._rebuilt()

    def _part(self, part: Node, group: Group, depth: int) -> None:
        if isinstance(part, Group):
            self._group(part, group, depth + 1)
            return
        with ui.element("div").classes("tw-leaf").props(f"data-leaf={type(part).__name__.lower()}"):
            with ui.element("div").classes("tw-leaf-parts") as box:
                match part:
                    case Compared():
                        self._compared(part, box)
                    case Done():
                        self._done(part, box)
                    case Inside():
                        self._inside(part)
                    case Kept():
                        said = rule_words(part.rule, self.known.words, self.texts)
                        markup(f'<p class="tw-kept">{escape(said)}<small>{escape(self.texts("rule_kept"))}</small></p>')
            self._crossed(lambda: self._remove(group, part), self.texts("rule_remove"))

    def _crossed(self, remove: Callable[[], None], label: str) -> None:
        button = ui.button(on_click=remove).props("flat dense round icon=close size=sm")
        button.props(f'aria-label="{escape(label)}"')

    def _compared(self, part: Compared, box: ui.element) -> None:
        """One attribute: which, how, and what against."""
        texts = self.texts

        def attribute_chosen(name: str | None) -> None:
            part.attribute, part.value = name, None
            part.op = self.operators[kind_of(self._type(name))][0]
            known = self.known.words.attributes.get(name or "")
            if known is not None and known.values:
                part.op = "in"
            if known is not None and known.type == "boolean":
                part.op, part.value = "=", True
            self._lead(part, "what")
            redraw()

        def redraw() -> None:
            box.clear()
            with box:
                self._compared(part, box)
            self.changed()

        options = dict(self.attributes)
        if part.attribute and part.attribute not in options:
            options[part.attribute] = part.attribute
        which = self._select(options, part.attribute, self.attribute_label, search=True).classes("tw-leaf-what")
        which.on_value_change(lambda event: attribute_chosen(event.value))
        self._drawn(part, "what", which)
        if part.attribute is None:
            return
        self._operator(part, self._type(part.attribute), redraw)
        known = self.known.words.attributes.get(part.attribute)
        values = {value: texts.label(title) for value, title in known.values.items()} if known is not None else {}
        ValueEditor(part, self._type(part.attribute), values, texts, self.changed, known.unit if known else "")

    def _type(self, name: str | None) -> str:
        known = self.known.words.attributes.get(name or "")
        return known.type if known is not None else "text"

    def _operator(self, part: Compared | Done, kind: str, redraw: Callable[[], None]) -> None:
        possible = self.operators[kind_of(kind)]
        options = {op: operator_words(op, self.texts) for op in dict.fromkeys((*possible, part.op))}
        chosen = self._select(options, part.op, self.texts("rule_operator")).classes("tw-leaf-op")

        def turned(op: str) -> None:
            if (op in ("in", "not_in", "between")) != (part.op in ("in", "not_in", "between")) or op == "between":
                part.value = None
            part.op = op
            self._lead(part, "op")
            redraw()

        chosen.on_value_change(lambda event: turned(event.value))
        self._drawn(part, "op", chosen)

    def _inside(self, part: Inside) -> None:
        texts = self.texts
        options = {f"segment {name}": texts.label(title) for name, title in self.known.segments.items()}
        options |= {
            f"list {name}": texts("rule_of_list", name=texts.label(title)) for name, title in self.known.lists.items()
        }
        now = f"{part.what} {part.name}" if part.name else None
        if now is not None:
            options.setdefault(now, part.name or "")
        chosen = self._select(options, now, texts("rule_inside"), search=True).classes("tw-leaf-what")

        def take(value: str | None) -> None:
            what, _, name = (value or "segment ").partition(" ")
            part.what, part.name = ("list" if what == "list" else "segment"), name or None
            self.changed()

        chosen.on_value_change(lambda event: take(event.value))
        self._drawn(part, "what", chosen)

    def _done(self, part: Done, box: ui.element) -> None:
        """What customers did: of which fact, in which days, counted how."""
        texts = self.texts

        def redraw() -> None:
            box.clear()
            with box:
                self._done(part, box)
            self.changed()

        facts = {name: texts(f"fact_{name}") for name in self.known.facts}
        fact = self._select(facts, part.fact, texts("rule_fact")).classes("tw-leaf-fact")
        fact.on_value_change(lambda event: self._of_fact(part, event.value, redraw))
        self._drawn(part, "what", fact)
        self._days(part, redraw)
        aggregates = {name: texts(f"rule_aggregate_{name}") for name in AGGREGATES}
        aggregate = self._select(aggregates, part.aggregate, texts("rule_aggregate")).classes("tw-leaf-fact")
        aggregate.on_value_change(lambda event: self._counted(part, event.value, redraw))
        self._drawn(part, "aggregate", aggregate)
        columns = self.known.facts.get(part.fact, {})
        if part.aggregate in (*OF_NUMBERS, "distinct"):
            numbers = part.aggregate in OF_NUMBERS
            fitting = {
                name: texts.label(each.title)
                for name, each in columns.items()
                if (each.type in ("integer", "number")) is numbers
            }
            column = self._select(fitting, part.column, texts("rule_column")).classes("tw-leaf-fact")
            column.on_value_change(lambda event: self._set(part, "column", event.value))
        if part.aggregate not in ALONE:
            self._operator(part, "integer", redraw)
            ValueEditor(part, "integer", {}, texts, self.changed, "")
        with ui.element("div").classes("tw-tests"):
            for test in part.tests:
                with ui.element("div").classes("tw-leaf"):
                    with ui.element("div").classes("tw-leaf-parts"):
                        self._row_test(part, test, redraw)
                    self._crossed(partial(self._without, part, test, redraw), texts("rule_remove"))
            add = ui.button(texts("rule_add_where"), on_click=lambda: self._with_test(part, redraw))
            add.props("flat dense no-caps icon=add size=sm").props("data-add=where")

    def _row_test(self, part: Done, test: Compared, redraw: Callable[[], None]) -> None:
        """A comparison of one column of the rows that count."""
        columns = self.known.facts.get(part.fact, {})
        options = {name: self.texts.label(each.title) for name, each in columns.items()}

        def chosen(name: str) -> None:
            test.attribute, test.value = name or None, None
            kind = columns[name].type if name in columns else "text"
            test.op = self.operators[kind_of(kind)][0]
            if kind == "boolean":
                test.value = True
            self._lead(test, "what")
            redraw()

        which = self._select(options, test.attribute, self.texts("rule_column"), search=True).classes("tw-leaf-what")
        which.on_value_change(lambda event: chosen(event.value or ""))
        self._drawn(test, "what", which)
        if test.attribute is not None and test.attribute in columns:
            kind = columns[test.attribute].type
            self._operator(test, kind, redraw)
            ValueEditor(test, kind, {}, self.texts, self.changed, "")

    def _days(self, part: Done, redraw: Callable[[], None]) -> None:
        texts = self.texts
        now = "last" if part.last_days is not None else "dates" if part.since or part.until else "life"
        options = {name: texts(f"rule_window_{name}") for name in ("life", "last", "dates")}

        def turned(window: str) -> None:
            part.since = part.until = None
            part.last_days = 90 if window == "last" else None
            if window == "dates":
                part.since = self.known.words.as_of.replace(day=1)
            self._lead(part, "window")
            redraw()

        chosen = self._select(options, now, texts("rule_window")).classes("tw-leaf-fact")
        chosen.on_value_change(lambda event: turned(event.value))
        self._drawn(part, "window", chosen)
        if now == "last":
            days = ui.input(texts("rule_days"), value=str(part.last_days))
            days.props("outlined dense inputmode=numeric").classes("tw-leaf-number")
            days.on_value_change(lambda event: self._set(part, "last_days", _whole(event.value) or part.last_days))
        if now == "dates":
            for name in ("since", "until"):
                given = getattr(part, name)
                field = ui.input(texts(f"rule_{name}"), value=given.isoformat() if given else "")
                field.props("outlined dense type=date stack-label").classes("tw-leaf-date")
                field.on_value_change(lambda event, name=name: self._set(part, name, day(event.value)))

    def _of_fact(self, part: Done, fact: str, redraw: Callable[[], None]) -> None:
        part.fact, part.column, part.tests = fact, None, []
        self._lead(part, "what")
        redraw()

    def _counted(self, part: Done, aggregate: str, redraw: Callable[[], None]) -> None:
        if (aggregate in OF_NUMBERS) != (part.aggregate in OF_NUMBERS):
            part.column = None
        part.aggregate = aggregate
        self._lead(part, "aggregate")
        redraw()

    def _with_test(self, part: Done, redraw: Callable[[], None]) -> None:
        part.tests.append(Compared())
        self._lead(part.tests[-1], "what")
        redraw()

    def _without(self, part: Done, test: Compared, redraw: Callable[[], None]) -> None:
        part.tests = [each for each in part.tests if each is not test]
        redraw()

    def _set(self, part: Done, name: str, value: Any) -> None:
        setattr(part, name, value)
        self.changed()

    def _select(self, options: dict[Any, str], value: Any, label: str, *, search: bool = False) -> ui.select:
        chosen = ui.select(options, value=value if value in options else None, label=label, with_input=search)
        return chosen.props("outlined dense options-dense")


def _whole(text: str | None) -> int | None:
    found = number(text)
    return found if isinstance(found, int) and found > 0 else None
