"""What is wrong with a rule of any kind, over these attributes, facts, segments and lists: all of it at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tierwise.definitions.rule import (
    AnyRule,
    Behaviour,
    Comparison,
    FirstTime,
    InList,
    InSegment,
    Leaf,
    Measured,
    NotFollowed,
    Regularly,
    Restarted,
    Sequence,
    Stopped,
    leaves_of,
)
from tierwise.kernel.errors import Problem, unknown_name
from tierwise.metrics.rules import RuleColumn, RuleType, Schema, rule_problems


def rule_set_problems(
    rule: AnyRule,
    schema: Schema,
    fact_schemas: Mapping[str, Schema],
    sets: Collection[str],
    place: str | None = None,
) -> list[Problem]:
    """Unknown attributes, facts, columns, segments and lists, operators and values that do not fit; empty where
    `rule_sets` will do.

    schema: attributes and tags. sets: `segment NAME` and `list NAME`. To tell each leaf's own place, call it for each
    of `leaves_of(rule)`: a leaf is a rule.
    """
    return [problem for _, leaf in leaves_of(rule) for problem in _problems(leaf, schema, fact_schemas, sets, place)]


def _problems(
    leaf: Leaf, schema: Schema, facts: Mapping[str, Schema], sets: Collection[str], place: str | None
) -> Iterator[Problem]:
    match leaf:
        case Comparison():
            yield from rule_problems(leaf, schema, place)
        case InSegment():
            yield from _unknown_set("segment", leaf.segment, sets, place)
        case InList():
            yield from _unknown_set("list", leaf.list, sets, place)
        case Behaviour():
            yield from _behaviour_problems(leaf, facts, place)
        case _:
            for fact, where in occurrences_of(leaf):
                yield from _fact_problems(fact, where, facts, place)
            if isinstance(leaf, Sequence | NotFollowed) and leaf.same is not None:
                yield from _same_problems(leaf, leaf.same, facts, place)


def occurrences_of(leaf: Leaf) -> Iterator[tuple[str, AnyRule | None]]:
    """The facts that a leaf reads, each with the filter over its rows; none for a comparison, a segment or a list."""
    match leaf:
        case Behaviour():
            yield leaf.behaviour.fact, leaf.behaviour.where
        case FirstTime():
            yield leaf.first_time.fact, leaf.first_time.where
        case Stopped():
            yield leaf.stopped.fact, leaf.stopped.where
        case Restarted():
            yield leaf.restarted.fact, leaf.restarted.where
        case Regularly():
            yield leaf.regularly.fact, leaf.regularly.where
        case Sequence():
            yield from ((step.fact, step.where) for step in leaf.sequence)
        case NotFollowed():
            yield from ((step.fact, step.where) for step in leaf.not_followed)


def _unknown_set(kind: str, name: str, sets: Collection[str], place: str | None) -> Iterator[Problem]:
    if f"{kind} {name}" not in sets:
        there = [each.removeprefix(f"{kind} ") for each in sets if each.startswith(f"{kind} ")]
        yield unknown_name(kind, name, there, place)


def _fact_problems(
    fact: str, where: AnyRule | None, facts: Mapping[str, Schema], place: str | None
) -> Iterator[Problem]:
    if fact not in facts:
        yield unknown_name("fact", fact, facts, place)
        return
    for _, leaf in leaves_of(where) if where is not None else ():
        if isinstance(leaf, Comparison) and leaf.attribute not in facts[fact]:
            yield _unknown_column(fact, leaf.attribute, facts, place)
        else:
            yield from rule_problems(leaf, facts[fact], place)


def _same_problems(
    leaf: Sequence | NotFollowed, same: str, facts: Mapping[str, Schema], place: str | None
) -> Iterator[Problem]:
    kinds = set()
    for fact in dict.fromkeys(fact for fact, _ in occurrences_of(leaf) if fact in facts):
        if same not in facts[fact]:
            yield _unknown_column(fact, same, facts, place)
        else:
            found = facts[fact][same]
            kinds.add(found if not isinstance(found, RuleColumn) else f"{found.type} {found.digits}")
    if len(kinds) > 1:
        yield Problem("bad_same", f'"{same}" is not the same kind of value in both facts', place, "name another column")


def _unknown_column(fact: str, column: str, facts: Mapping[str, Schema], place: str | None) -> Problem:
    problem = unknown_name("column", column, facts[fact], place)
    return Problem(problem.code, f'{problem.message} of "{fact}"', problem.place, problem.remedy)


def _behaviour_problems(leaf: Behaviour, facts: Mapping[str, Schema], place: str | None) -> Iterator[Problem]:
    measured = leaf.behaviour
    yield from _fact_problems(measured.fact, measured.where, facts, place)
    if measured.fact not in facts:
        return
    unknown = [name for name in (measured.column, measured.per) if name and name not in facts[measured.fact]]
    if unknown:
        yield from (_unknown_column(measured.fact, name, facts, place) for name in dict.fromkeys(unknown))
        return
    kind = _type_of(measured, facts[measured.fact])
    if kind is None:
        what = "numbers and money" if measured.aggregate in ("sum", "average") else "numbers, texts and dates"
        yield Problem(
            "bad_aggregate", f'"{measured.aggregate}" of "{measured.column}" cannot be told', place, f"it is of {what}"
        )
    elif leaf.op is not None:
        name = f"{measured.aggregate} of {measured.column or measured.fact}"
        yield from rule_problems(Comparison(attribute=name, op=leaf.op, value=leaf.value), {name: kind}, place)


def _type_of(measured: Measured, columns: Schema) -> RuleType | RuleColumn | None:
    """The type of what is measured; None where the aggregate does not fit the column."""
    found = columns[measured.column] if measured.column is not None else None
    kind = found.type if isinstance(found, RuleColumn) else found
    match measured.aggregate:
        case "sum" | "average":
            if kind not in ("integer", "number"):
                return None
            return "number" if measured.aggregate == "average" else found
        case "min" | "max":
            return None if kind == "boolean" else found
        case "first" | "last":
            return found or "date"
    return "integer"
