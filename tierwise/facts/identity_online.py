"""Who is who, kept up as links and decisions come: what `resolve` says of all of them, worked out for a few.

What comes of links is a matter of what is linked through identities that join, so a new link, or a decision, can change
something only for what it reaches. That is taken out, resolved by itself, and put back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from tierwise.facts.identity import Decision, Links, Scope, resolve


class Identities:
    """Identities by their numbers, the links between them, and who they are.

    Numbers are given by the caller; the lower stands for the others, as in `resolve`.
    """

    def __init__(self, scopes: Sequence[Scope]) -> None:
        self._scopes = tuple(scopes)
        self._scope: dict[int, int] = {}
        self._linked: defaultdict[int, set[int]] = defaultdict(set)
        self._decisions: list[Decision] = []
        self._decided: defaultdict[int, set[int]] = defaultdict(set)
        self._person: dict[int, int] = {}
        self._refused: set[tuple[int, int]] = set()

    @property
    def refused(self) -> tuple[tuple[int, int], ...]:
        """As of `Resolved`."""
        return tuple(sorted(self._refused))

    def person(self, identity: int) -> int:
        """The number that stands for this identity's person. Raises KeyError for a number that was never added."""
        return self._person[identity]

    def is_shared(self, identity: int) -> bool:
        """Whether it is linked with more identities of one scope, no weaker than its own, than that allows."""
        own = self._scopes[self._scope[identity]]
        counts = Counter(self._scope[other] for other in self._linked[identity])
        return any(count > own.most and self._scopes[scope].rank <= own.rank for scope, count in counts.items())

    def add(self, identity: int, scope: int) -> None:
        """One that is new. scope: its place in the scopes. Adding it again changes nothing."""
        if self._scope.setdefault(identity, scope) != scope:
            raise ValueError(f"identity {identity} is of another scope")
        self._person.setdefault(identity, identity)

    def link(self, pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Links that were seen; who has another person now: identity -> person."""
        reached: set[int] = set()
        for left, right in pairs:
            if left != right and right not in self._linked[left]:
                were_open = [each for each in (left, right) if not self.is_shared(each)]
                self._linked[left].add(right)
                self._linked[right].add(left)
                reached |= {left, right}
                # What an identity joined that is shared from now on comes apart.
                reached.update(other for each in were_open if self.is_shared(each) for other in self._linked[each])
        return self._settle(reached)

    def unlink(self, left: int, right: int) -> dict[int, int]:
        """A link that nobody vouches for any more; as `link`."""
        reached = {left, right, *self._linked[left], *self._linked[right]}
        self._linked[left].discard(right)
        self._linked[right].discard(left)
        return self._settle(reached)

    def decide(self, decision: Decision) -> dict[int, int]:
        """What a person says; as `link`."""
        self._decisions.append(decision)
        self._decided[decision.left].add(decision.right)
        self._decided[decision.right].add(decision.left)
        return self._settle({decision.left, decision.right})

    def take_back(self, decision: Decision) -> dict[int, int]:
        """The last decision that is equal to this one never was; as `link`. Raises ValueError where there is none."""
        at = len(self._decisions) - 1 - self._decisions[::-1].index(decision)
        del self._decisions[at]
        moved = self._settle({decision.left, decision.right})
        if not any({each.left, each.right} == {decision.left, decision.right} for each in self._decisions):
            self._decided[decision.left].discard(decision.right)
            self._decided[decision.right].discard(decision.left)
        return moved

    def _settle(self, seeds: set[int]) -> dict[int, int]:
        """Resolve all that the seeds reach; who has another person now."""
        reached = self._reach(seeds)
        members = sorted(reached)
        if not members:
            return {}
        place = {each: at for at, each in enumerate(members)}
        shared = {each for each in members if self.is_shared(each)}
        pairs = [
            (place[each], place[other])
            for each in members
            if each not in shared
            for other in self._linked[each]
            if other in place and other not in shared
        ]
        decisions = [
            Decision(place[each.left], place[each.right], each.same) for each in self._decisions if each.left in place
        ]
        unbarred = [Scope(each.name, each.rank, each.names_people, len(members)) for each in self._scopes]
        scope = np.array([self._scope[each] for each in members], dtype=np.int64)
        found = resolve(scope, unbarred, Links.of(pairs), decisions)
        self._refused = {pair for pair in self._refused if pair[0] not in reached and pair[1] not in reached}
        self._refused |= {(members[left], members[right]) for left, right in found.refused}
        moved = {}
        for each, person in zip(members, found.person.tolist(), strict=True):
            if self._person[each] != members[person]:
                moved[each] = self._person[each] = members[person]
        return moved

    def _reach(self, seeds: set[int]) -> set[int]:
        """What can be come to from the seeds by links of identities that are not shared, and by decisions."""
        reached, waiting = set(seeds), list(seeds)
        while waiting:
            each = waiting.pop()
            further = set(self._decided[each])
            if not self.is_shared(each):
                further |= {other for other in self._linked[each] if not self.is_shared(other)}
            further -= reached
            reached |= further
            waiting += further
        return reached
