"""Ladders that cannot work, found before anything runs: stages nobody can reach, rules never true, gaps and overlaps.

A ladder is any list of parts with a rule `when` each, of which the first that is true decides: the stages of a
lifecycle, the values of a tag. What is said here is certain: it follows from the rules alone, whatever the customers
are. What cannot be told from the rules is not said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from tierwise.definitions.base import Definition
from tierwise.definitions.graph import PlaceOf, rules_in
from tierwise.definitions.regions import NOTHING, Axis, Region, at_most, axes_of, exactly
from tierwise.definitions.rule import All, AnyOf, AnyRule, Not, Steps
from tierwise.kernel.errors import Problem


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage of a ladder: its name, its rule (none for who is left), and the way to it."""

    name: str
    rule: AnyRule | None
    path: Steps


@dataclass(frozen=True, slots=True)
class Ladder:
    """Stages in order, and what they are called together."""

    field: str
    rungs: tuple[Rung, ...]


def ladders_of(definition: Definition) -> Iterator[Ladder]:
    """Its lists of parts that have a rule `when` each; the last may have none."""
    for name, field in type(definition).model_fields.items():
        value, key = getattr(definition, name), field.alias or name
        if not (
            isinstance(value, tuple) and value and all(isinstance(p, BaseModel) and hasattr(p, "when") for p in value)
        ):
            continue
        yield Ladder(key, tuple(Rung(_name_of(p), p.when, (key, i, "when")) for i, p in enumerate(value)))


def _name_of(part: BaseModel) -> str:
    return str(next((getattr(part, key) for key in ("name", "value") if hasattr(part, key)), "?"))


def ladder_problems(
    definitions: Sequence[Definition], place_of: PlaceOf, *, whole: Collection[str] = ()
) -> list[Problem]:
    """Rules that are never true and stages that no customer can reach.

    whole: the attributes that have whole numbers only, so that nothing lies between 3 and 4.
    """
    problems = []
    for definition in definitions:
        for path, rule in rules_in(definition):
            axis = _never_on(rule, whole)
            if axis is not None:
                said = f'no value of "{axis.attribute}" can make this rule true'
                problems.append(Problem("never_true", said, place_of(definition, path)))
        for ladder in ladders_of(definition):
            if _first_fits(definition):
                problems += _unreachable(definition, ladder, place_of, whole)
    return problems


def _first_fits(definition: Definition) -> bool:
    """Whether its rules are tried in order; those of cleaning all speak."""
    return getattr(definition, "kind", "") != "cleaning"


def _unreachable(
    definition: Definition, ladder: Ladder, place_of: PlaceOf, whole: Collection[str]
) -> Iterator[Problem]:
    for i, rung in enumerate(ladder.rungs):
        if rung.rule is None or _never_on(rung.rule, whole) is not None:
            continue
        earlier = [each for each in ladder.rungs[:i] if each.rule is not None]
        takers = _takers(rung.rule, earlier, whole)
        if takers:
            names = " and ".join(f'"{each.name}"' for each in takers)
            said = f'nobody can be "{rung.name}": whoever it fits is {names} before'
            places = ", ".join(place_of(definition, each.path) for each in takers)
            yield Problem("unreachable_stage", said, place_of(definition, rung.path), f"see {places}; move it up")


def _takers(rule: AnyRule, earlier: Sequence[Rung], whole: Collection[str]) -> list[Rung]:
    """The earlier rungs that leave nobody for this rule; empty where some may be left."""
    for rung in earlier:
        if rung.rule is not None and implies(rule, rung.rule, whole=whole):
            return [rung]
    spoken_of = {axis.attribute for axis in axes_of(rule)}
    axes = {axis for each in earlier if each.rule is not None for axis in axes_of(each.rule)}
    for axis in _sorted(axis for axis in axes | axes_of(rule) if axis.attribute in spoken_of):
        mine, is_whole = at_most(rule, axis), axis.attribute in whole
        taken = NOTHING
        by: list[Rung] = []
        for rung in earlier:
            region = exactly(rung.rule, axis) if rung.rule is not None else None
            if region is not None and not (mine & region).within(taken, whole=is_whole):
                taken, by = taken | region, [*by, rung]
        if by and mine.within(taken, whole=is_whole):
            return by
    return []


def _sorted(axes: Iterable[Axis]) -> list[Axis]:
    return sorted(axes, key=lambda axis: (axis.attribute, axis.by))


def implies(rule: AnyRule, other: AnyRule, *, whole: Collection[str] = ()) -> bool:
    """Whether whoever the first is true of, the second is true of too, for certain."""
    if rule == other:
        return True
    match rule, other:
        case AnyOf(), _:
            return all(implies(part, other, whole=whole) for part in rule.any)
        case _, All():
            return all(implies(rule, part, whole=whole) for part in other.all)
        case Not(), Not():
            return implies(other.not_, rule.not_, whole=whole)
        case _, AnyOf() if any(implies(rule, part, whole=whole) for part in other.any):
            return True
        case All(), _ if any(implies(part, other, whole=whole) for part in rule.all):
            return True
    return any(
        region is not None and at_most(rule, axis).within(region, whole=axis.attribute in whole)
        for axis in axes_of(other)
        for region in [exactly(other, axis)]
    )


def _never_on(rule: AnyRule, whole: Collection[str]) -> Axis | None:
    """The axis on which the rule has no value left; None where it has one on each."""
    return next((a for a in _sorted(axes_of(rule)) if at_most(rule, a).is_empty(whole=a.attribute in whole)), None)


def ladder_warnings(
    definitions: Sequence[Definition], place_of: PlaceOf, *, whole: Collection[str] = ()
) -> list[Problem]:
    """Of ladders over one attribute: values that two stages ask for, and values between two stages that none does.

    A stage that lies in another one, as with falling thresholds, is no overlap.
    """
    problems: list[Problem] = []
    for definition in definitions:
        for ladder in ladders_of(definition):
            axes = {axis for rung in ladder.rungs if rung.rule is not None for axis in axes_of(rung.rule)}
            if len(axes) != 1 or not _first_fits(definition):
                continue
            (axis,) = axes
            regions = [(r, exactly(r.rule, axis)) for r in ladder.rungs if r.rule is not None]
            known = [(rung, region) for rung, region in regions if region is not None]
            if len(known) == len(regions):
                is_whole = axis.attribute in whole
                problems += _overlaps(definition, known, place_of, is_whole)
                if all(rung.rule is not None for rung in ladder.rungs):
                    problems += _gaps(definition, axis, known, place_of, is_whole)
    return problems


def _overlaps(
    definition: Definition, rungs: Sequence[tuple[Rung, Region]], place_of: PlaceOf, whole: bool
) -> Iterator[Problem]:
    for i, (rung, region) in enumerate(rungs):
        for other, its in rungs[i + 1 :]:
            both = region & its
            nested = region.within(its, whole=whole) or its.within(region, whole=whole)
            if not nested and not both.is_empty(whole=whole):
                said = f'"{rung.name}" and "{other.name}" both ask for {both.in_words()}; "{rung.name}" gets it'
                remedy = f"see {place_of(definition, rung.path)}"
                yield Problem("overlap", said, place_of(definition, other.path), remedy)


def _gaps(
    definition: Definition, axis: Axis, rungs: Sequence[tuple[Rung, Region]], place_of: PlaceOf, whole: bool
) -> Iterator[Problem]:
    taken = NOTHING
    for _, region in rungs:
        taken = taken | region
    for low, high in (~taken).pieces:
        if low is not None and high is not None:
            gap = Region((low, high), False, False)
            if not gap.is_empty(whole=whole):
                said = f'"{axis.attribute}" {gap.in_words()} falls between the stages: no rule asks for it'
                yield Problem("gap", said, place_of(definition, rungs[0][0].path))
