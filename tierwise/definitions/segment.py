"""Segments: named groups of customers, each a rule, with an owner and a strategy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from tierwise.definitions.base import Text
from tierwise.definitions.classified import Classified
from tierwise.definitions.rule import AnyRule, InList, InSegment, Rule, leaves_of
from tierwise.kernel.errors import Problem, TierwiseError, unknown_name


class Segment(Classified):
    """Who is in it: the customers of whom `when` is true.

    members: live ones come and go with each run. Static ones stay as they were when the segment was frozen
    (`tierwise segment snapshot NAME`) into the list of its name; until then they are live. strategy: what is done for
    the group. history: whether it is kept who was in it on which day.
    """

    kind: Literal["segment"] = "segment"
    when: Rule
    members: Literal["live", "static"] = "live"
    strategy: Text | None = None
    history: bool = True

    def rule(self, lists: Iterable[str]) -> AnyRule:
        """What decides today: `when`, or of a static segment that was frozen the list of its name; of a sensitive one
        among those whose consent stands."""
        decides = InList(list=self.name) if self.members == "static" and self.name in lists else self.when
        return self.among_consenting(decides) or decides


def lacking(segment: Segment) -> list[Problem]:
    """What a segment ought to have besides its rule: a strategy and an owner."""
    left = [what for what, given in (("strategy", segment.strategy), ("owner", segment.owner)) if not given]
    place = f'segment "{segment.name}"'
    return [Problem("left_open", f"has no {' and no '.join(left)}", place)] if left else []


def segments_in(rule: AnyRule) -> Iterator[str]:
    """The segments that a rule names, in order of appearance, repeats included."""
    return (leaf.segment for _, leaf in leaves_of(rule) if isinstance(leaf, InSegment))


def lists_in(rule: AnyRule) -> Iterator[str]:
    """The lists that a rule names, in order of appearance, repeats included."""
    return (leaf.list for _, leaf in leaves_of(rule) if isinstance(leaf, InList))


def needed_for(rules: Mapping[str, AnyRule], wanted: Iterable[str]) -> list[str]:
    """The segments that these need, themselves included, each behind those that it names.

    rules: segment -> what decides. Equal inputs give equal orders. Raises all at once: `unknown_segment`, and
    `segment_cycle` where a segment needs itself.
    """
    found: list[str] = []
    problems: dict[str, Problem] = {}
    open_: list[str] = []

    def visit(name: str, by: str | None) -> None:
        place = f'segment "{by}"' if by else None
        if name not in rules:
            problems.setdefault(f"{by} {name}", unknown_name("segment", name, rules, place))
        elif name in open_:
            way = [*open_[open_.index(name) :], name]
            said = f"a segment that needs itself: {' → '.join(way)}"
            problems.setdefault(" ".join(sorted(set(way))), Problem("segment_cycle", said, place, "cut one of these"))
        elif name not in found:
            open_.append(name)
            for other in segments_in(rules[name]):
                visit(other, name)
            open_.pop()
            found.append(name)

    for name in wanted:
        visit(name, None)
    if problems:
        raise TierwiseError.of(list(problems.values()))
    return found
