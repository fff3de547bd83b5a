"""How identities came to be one person: decision by decision and link by link, in the order in which they are followed.

The outcome is that of `resolve`, a test holds; here each step is told, which takes too long for millions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tierwise.facts.identity import Decision, Scope, Sets, standing

Verdict = Literal["joined", "together", "refused", "barred", "kept_apart"]
"""joined: made one person of two. together: they were one already. refused: it would join two known people. barred: one
of the two is shared. kept_apart: a decision says that they are two, or that what they are joined with is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One decision or link that was looked at. rank: of the link; None of a decision."""

    left: int
    right: int
    by: Literal["decision", "link"]
    verdict: Verdict
    rank: int | None = None


def story(
    scope: Mapping[int, int],
    scopes: Sequence[Scope],
    links: Collection[tuple[int, int]],
    decisions: Sequence[Decision],
    shared: Collection[int],
) -> list[Step]:
    """All steps in their order; links of shared identities come last.

    scope: identity -> the place of its scope. links: pairs, the lower first. decisions: the later above the earlier.
    """
    names_people = {each for each, place in scope.items() if scopes[place].names_people}
    sets = Sets(names_people)
    steps = []
    for decided in standing([each for each in decisions if each.left in scope and each.right in scope]):
        left, right = min(decided.left, decided.right), max(decided.left, decided.right)
        if decided.same:
            verdict: Verdict = "together" if sets.find(left) == sets.find(right) else "joined"
            if not sets.join(left, right, decided=True):
                verdict = "kept_apart"
        else:
            sets.keep_apart(left, right)
            verdict = "together" if sets.find(left) == sets.find(right) else "kept_apart"
        steps.append(Step(left, right, "decision", verdict))

    def rank(pair: tuple[int, int]) -> int:
        return max(scopes[scope[each]].rank for each in pair)

    barred = {pair for pair in links if pair[0] in shared or pair[1] in shared}
    for pair in sorted(set(links) - barred, key=lambda each: (rank(each), each)):
        steps.append(Step(*pair, "link", _follow(sets, *pair), rank(pair)))
    steps += [Step(*pair, "link", "barred", rank(pair)) for pair in sorted(barred)]
    return steps


def _follow(sets: Sets, left: int, right: int) -> Verdict:
    one, other = sets.find(left), sets.find(right)
    if one == other:
        return "together"
    if sets.join(left, right):
        return "joined"
    return "kept_apart" if other in sets.apart.get(one, ()) else "refused"
