"""One customer in one column: who it is, what to ask, tags, and the six angles, each folded; and why a value is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.responses import Response

from tierwise.app import answers, customers, explaining, history, memberships, profiling, tags
from tierwise.app import tasks as task_cases
from tierwise.app.answers import WordView
from tierwise.app.context import Context
from tierwise.app.tags import CustomerTags
from tierwise.app.views import AttributeValue, CustomerView
from tierwise.app.vocabulary import Vocabulary, vocabulary
from tierwise.console.angles import ANGLES, angle_of, windows_of
from tierwise.console.moments import moments_of
from tierwise.console.parts.clauses import clause_tree
from tierwise.console.phone.asking import SAID, questions_of
from tierwise.console.phone.customers import dialled, dot_of
from tierwise.console.phone.look import shown
from tierwise.console.phone.tasks import just_done, of_cards, open_first
from tierwise.console.phone.visit import PhoneVisit
from tierwise.console.shown import attribute_text, code_text, heard_text, reason_text, unit_text, value_text
from tierwise.console.texts import Texts
from tierwise.definitions.sensitivity import TRAIT
from tierwise.kernel.errors import TierwiseError

T = TypeVar("T")

MOMENTS = 20

_FACTS = ("vehicles", "orders", "visits", "refunds", "relations")

_NOT_HERE = frozenset({"customer_key", "known_from", "updated_at", "name", "phone"})

_NOTHING_TO_SAY = frozenset({"no_history", "no_profiling", "ambiguous_profiling", "no_run"})


@dataclass(frozen=True, slots=True)
class Line:
    """A value. why: where it is told why it is so; empty of what facts hold. under: its reason, or its windows."""

    title: str
    text: str
    why: str = ""
    under: str = ""


def customer(visit: PhoneVisit) -> Response:
    """Everything that is known about one customer. Asked: id."""
    who = visit.asked.get("id", "")
    ctx, texts = visit.ctx, visit.texts
    view = customers.customer(ctx, who)
    words = vocabulary(ctx)
    given = _if_there(tags.customer_tags, ctx, who)
    past = _if_there(history.customer_history, ctx, who)
    asking = _if_there(profiling.next_question, ctx, who)
    said = answers.customer_words(ctx, who)
    counting = {each.attribute: each for each in said.words if each.standing == "counts"}
    to_do = open_first(task_cases.tasks_of_customer(ctx, who)) if ctx.principal.may("task") else []
    segments = [each for each in memberships.of_customer(ctx, who).memberships if each.kind == "segment"]
    return shown(
        visit,
        "customer.html",
        title=str(view.base.get("name") or view.customer_id),
        id=view.customer_id,
        phone=str(view.base.get("phone") or ""),
        dial=dialled(view.base.get("phone")),
        known=texts("as_of", day=texts.day(view.as_of))
        if view.live is None
        else texts("live_until", at=value_text(view.live.at, texts)),
        tiers=_tiers(visit, view, words),
        segments=[texts.label(each.title) for each in segments],
        **questions_of(visit, asking, said),
        answer_said=texts(SAID[outcome]) if (outcome := visit.asked.get("said", "")) in SAID else "",
        given=[_tag_text(each, texts) for each in given.tags] if given else [],
        acts=_acts(visit, given),
        to_do=to_do,
        may_task=ctx.principal.may("task"),
        just_done=just_done(visit),
        **of_cards(visit),
        may_tag=ctx.principal.may("tag"),
        angles=[(texts(f"angle_{angle}"), angle, _lines(visit, angle, view, words, counting)) for angle in ANGLES],
        moments=moments_of(view, past, words, texts)[:MOMENTS],
        facts=[(texts(f"facts_{name}"), name, _fact_rows(getattr(view, name), texts)) for name in _FACTS],
        done=visit.asked.get("said", ""),
    )


def why(visit: PhoneVisit) -> Response:
    """Why the customer has a value. Asked: id, of."""
    who, name = visit.asked.get("id", ""), visit.asked.get("of", "")
    found = explaining.explain(visit.ctx, who, name)
    words, texts = vocabulary(visit.ctx), visit.texts
    value = words.value(name, found.value)
    told = texts.label(value) if value is not None else value_text(found.value, texts)
    return shown(
        visit,
        "why.html",
        title=f"{texts.label(found.title)} = {told} {unit_text(found.unit, texts)}".strip(),
        tree=clause_tree(found.clauses, name, texts, words),
        back=visit.link("/customer", id=who),
        known=texts("as_of", day=texts.day(found.as_of)),
    )


def _if_there(case: Callable[[Context, str], T], ctx: Context, who: str) -> T | None:
    """What a use case says of the customer; None where it has nothing to say: no history yet, no questions defined."""
    try:
        return case(ctx, who)
    except TierwiseError as error:
        if error.problems[0].code in _NOTHING_TO_SAY:
            return None
        raise


def _tiers(visit: PhoneVisit, view: CustomerView, words: Vocabulary) -> list[tuple[str, str, str, str]]:
    """Colour, title, value, and where it is told why, of each tier that the customer has."""
    values = {each.name: each.value for each in view.attributes}
    named = [name for name, each in words.attributes.items() if each.group == "tier" and values.get(name) is not None]
    return [
        (
            dot_of(name, values[name], words),
            visit.texts.label(words.title(name)),
            attribute_text(name, values[name], words, visit.texts),
            visit.link("/customer/why", id=view.customer_id, of=name),
        )
        for name in named
    ]


def _tag_text(each: Any, texts: Texts) -> tuple[str, str]:
    value = texts.label(each.value_title) or each.value or ""
    title = texts.label(each.title)
    return (f"{title} · {value}" if value else title), texts("since", day=texts.day(each.since))


def _acts(visit: PhoneVisit, given: CustomerTags | None) -> list[Mapping[str, Any]]:
    """What was given by hand and stands, the newest first; whether it is one's own."""
    texts = visit.texts
    return [
        {
            "tag": act.tag,
            "title": texts.label(act.title),
            "value": act.value or "",
            "reason": act.reason,
            "by": act.rater.removeprefix("person:"),
            "day": texts.day(act.at),
            "waiting": act.waiting,
            "mine": act.rater == visit.ctx.principal.name,
        }
        for act in (given.acts if given else ())
        if act.undone_at is None
    ]


def _lines(
    visit: PhoneVisit, angle: str, view: CustomerView, words: Vocabulary, said: Mapping[str, WordView]
) -> list[Line]:
    texts = visit.texts
    found = []
    if angle == "base":
        told = {each.name for each in view.attributes if each.value is not None}
        base = {name: value for name, value in view.base.items() if value is not None and name not in _NOT_HERE | told}
        base |= {f"{TRAIT}{name}": value for name, value in view.traits.items() if value is not None}
        for name, value in base.items():
            title = texts.label(words.title(name)) if name.startswith(TRAIT) else texts(f"column_{name}")
            word = said.get(name)
            text = texts.label(word.text) if word is not None else attribute_text(name, value, words, texts)
            found.append(Line(title, text, under=heard_text(word, texts) if word is not None else ""))
    shown_here = {
        each.name: each
        for each in view.attributes
        if each.name in words.attributes
        and angle_of(words.attributes[each.name]) == angle
        and (each.value is not None or words.attributes[each.name].group == "tier")
    }
    families = windows_of(list(shown_here))
    windowed = {name for family in families.values() for days, name in family.items() if days}
    for name, each in shown_here.items():
        if name not in windowed:
            spans = {days: shown_here[other] for days, other in sorted(families.get(name, {}).items()) if days}
            found.append(_attribute(visit, view.customer_id, each, spans, words))
    return found


def _attribute(
    visit: PhoneVisit, who: str, each: AttributeValue, spans: Mapping[int, AttributeValue], words: Vocabulary
) -> Line:
    texts = visit.texts
    unit = unit_text(each.unit, texts) if each.value is not None else ""
    under = " · ".join(
        f"{texts('last_days', days=days)} {attribute_text(other.name, other.value, words, texts)}"
        for days, other in spans.items()
    )
    if each.value is None and each.reason:
        under = texts("no_value_because", reason=reason_text(each.reason, texts))
    text = f"{attribute_text(each.name, each.value, words, texts)} {unit}".strip()
    return Line(texts.label(each.title), text, visit.link("/customer/why", id=who, of=each.name), under)


def _fact_rows(rows: Sequence[Mapping[str, Any]], texts: Texts) -> list[tuple[str, str]]:
    """Of each row what comes first, and the rest under it."""
    found = []
    for row in rows:
        told = [(name, code_text(name, value, texts)) for name, value in row.items() if value is not None]
        if told:
            rest = " · ".join(f"{texts(f'column_{name}')} {text}" for name, text in told[1:])
            found.append((told[0][1], rest))
    return found
