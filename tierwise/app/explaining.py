"""Why this customer has this tier, tag or stage, or is in this segment: each clause with its value and verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tierwise.app.context import Context
from tierwise.app.explaining_tags import tag_clauses, tag_value
from tierwise.app.explaining_tiers import tier_clauses, tier_column
from tierwise.app.one_customer import Subject, subject_of
from tierwise.app.own_customers import require_own
from tierwise.app.reading import Reader, reading
from tierwise.app.views import Label
from tierwise.definitions.base import Definition
from tierwise.definitions.graph import gives, label_of
from tierwise.definitions.project import Project
from tierwise.definitions.read import kind_of
from tierwise.definitions.segment import Segment
from tierwise.definitions.tag import Tag
from tierwise.kernel.errors import TierwiseError, unknown_name
from tierwise.metrics.attributes import attributes
from tierwise.metrics.clauses import Clause, Counted

__all__ = ["Clause", "Counted", "ExplainView", "explain"]


@dataclass(frozen=True)
class ExplainView:
    """Why a customer has a value. kind: of the definition that gave it, `attribute` where facts did.

    value: of the run; null where there is none. For a segment `in` or null. clauses: what was looked at, in order; a
    ladder ends with what decided.
    """

    customer_id: str
    name: str
    kind: str
    title: Label
    value: Any
    unit: str
    run_id: int
    as_of: date
    currency: str
    clauses: tuple[Clause, ...]


def explain(ctx: Context, customer_id: str, name: str, run_id: int | None = None) -> ExplainView:
    """Why this customer has this value, told from the run's own inputs and definitions.

    name: of a definition, of a column that one gives (`rfm_cell`, `overdue_days`), or of an attribute; `kind name`
    where two have it. Raises `unknown_customer`, `left_out`, `unknown_name`, and what `reading` raises.
    """
    require_own(ctx, "view_customer", customer_id)
    with reading(ctx, run_id) as reader:
        definition = _named(reader, name)
        subject = subject_of(reader, customer_id, [] if definition is None else [definition])
        if definition is None:
            return _view(reader, subject, name, "attribute", subject.value(name), _of_attribute(reader, subject, name))
        shown = name if name in reader.columns else definition.name
        value, clauses = _explained(subject, definition)
        if shown != definition.name and shown in reader.columns:
            value = subject.value(shown)
        return _view(reader, subject, shown, kind_of(definition), value, clauses)


def _explained(subject: Subject, definition: Definition) -> tuple[Any, tuple[Clause, ...]]:
    match definition:
        case Segment():
            clause = subject.clause(subject.rule_of(definition), "when")
            return ("in" if _is_in(subject, definition) else None), (clause,)
        case Tag():
            return tag_value(subject, definition)[0], tag_clauses(subject, definition)
    return subject.value(tier_column(definition)), tier_clauses(subject, definition)


def _is_in(subject: Subject, segment: Segment) -> bool:
    if "segments" not in (subject.reader.run.outputs or {}):
        return False
    sql = "SELECT 1 FROM segments WHERE customer_key = $key AND segment = $name"
    return bool(subject.ask(sql, key=subject.key, name=segment.name))


def _named(reader: Reader, name: str) -> Definition | None:
    """The definition that gives the name; None for an attribute of facts. Raises `unknown_name`."""
    definitions = [each for each in reader.definitions.of_profile if not isinstance(each, Project)]
    found = [each for each in definitions if label_of(each) == name] or [
        each
        for each in sorted(definitions, key=lambda each: isinstance(each, Segment))
        if each.name == name or name in (given.name for given in gives(each))
    ]
    if found:
        return found[0]
    if name in reader.columns or f"trait.{name}" in reader.columns:
        return None
    known = {*reader.columns, *(each.name for each in definitions)}
    raise TierwiseError.of([unknown_name("name", name, known)])


def _of_attribute(reader: Reader, subject: Subject, name: str) -> tuple[Clause, ...]:
    """What an attribute of facts means, and why it is missing where it is."""
    known = next((each for each in attributes(reader.windows) if each.name == name), None)
    value = subject.value(name)
    if known is None:
        day = _answered_on(reader, subject, name)
        if day is not None:
            return (Clause("attribute", f"as the customer said on {day}", None, value),)
        return (Clause("attribute", "as the customers file has it", None, value),)
    said = known.meaning.in_language(reader.project.language)
    detail = {"reason": known.null} if value is None and known.null else {}
    return (Clause("attribute", said + (f": {known.null}" if detail else ""), None, value, detail=detail),)


def _answered_on(reader: Reader, subject: Subject, name: str) -> date | None:
    """The day on which the customer said what counts; None where files say it."""
    column = reader.column(name)
    if not subject.has("answers"):
        return None
    newest = subject.ask(
        "SELECT value, answered_day FROM answers WHERE customer_key = $key AND field = $field AND answered_day <= $day "
        "ORDER BY answer_id DESC LIMIT 1",
        key=subject.key,
        field=column,
        day=reader.run.as_of,
    )
    counts = str(subject.inside(column)).lower()
    return newest[0][1] if newest and newest[0][0].lower() == counts else None


def _view(reader: Reader, subject: Subject, name: str, kind: str, value: Any, clauses: Sequence[Clause]) -> ExplainView:
    return ExplainView(
        customer_id=subject.customer_id,
        name=name,
        kind=kind,
        title=reader.label(name),
        value=value,
        unit=reader.unit(name),
        run_id=reader.run.id,
        as_of=reader.run.as_of,
        currency=reader.currency,
        clauses=tuple(clauses),
    )
