"""Who is who: identities that belong to one person, by links that sources have seen.

An identity is a pair of scope and id: a phone, a membership card, a union_id of one open-platform account, a customer's
number in one system. A link says that a source saw two of them together: on one form, in one event, in one row. What
comes of all links is a function of the set of them and of what people have decided, never of the order in which they
came; so whoever computes it anew for a few identities comes to the same as whoever does for all (`identity_online.py`).

1. **Shared identities join nobody.** One that is linked with more identities of some one scope, that is no weaker than
   its own, than its own scope allows (a front desk's phone, with four hundred customer numbers) is barred: its links
   count for nothing. A customer's many browsers make nobody's number shared.
2. **Links are followed by rank**, the best first, and of one rank by the numbers of what they join. A link's rank is
   that of the weaker of its two scopes.
3. **Two known people are never joined by a link.** An identity of a scope that names people (the customer's number in
   the business's own system) is a person who is known; a link that would put two of them together is refused and told,
   for a person to decide.
4. **Decisions stand above links**: `same` joins, known or not; `apart` keeps two identities, and all that is joined to
   them, from each other for good. Of two decisions that contradict each other the later one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind of identity. rank: 1 is the best. names_people: whether each of them is a person who is known.

    most: with how many identities of one scope of its rank or a better one it may be linked before it counts as shared.
    """

    name: str
    rank: int
    names_people: bool = False
    most: int = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of two identities, by number; the later in a sequence stands above the earlier."""

    left: int
    right: int
    same: bool


@dataclass(frozen=True, slots=True)
class Links:
    """left, right: numbers of identities; a pair may come several times and either way round."""

    left: Ints
    right: Ints

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Links:
        listed = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
        return cls(listed[:, 0], listed[:, 1])


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of links and decisions.

    person: by identity, the number of the identity that stands for its person: the lowest that names a person where
    there is one, else the lowest. shared: which are barred. refused: pairs (lower, higher), ordered, whose link would
    have joined two known people, or what a decision keeps apart.
    """

    person: Ints
    shared: Bools
    refused: tuple[tuple[int, int], ...] = ()


class Sets:
    """Disjoint sets of the identities so far joined, few enough to be looked at one by one."""

    def __init__(self, named: Iterable[int]) -> None:
        """named: those with somebody who is known."""
        self.parent: dict[int, int] = {}
        self.named = set(named)
        self.apart: dict[int, set[int]] = {}

    def find(self, member: int) -> int:
        parent = self.parent
        root = member
        while (above := parent.get(root, root)) != root:
            root = above
        while member != root:
            parent[member], member = root, parent.get(member, member)
        return root

    def join(self, left: int, right: int, *, decided: bool = False) -> bool:
        """Whether the two are in one set now."""
        left, right = self.find(left), self.find(right)
        if left == right:
            return True
        if right in self.apart.get(left, ()):
            return False
        if left in self.named and right in self.named and not decided:
            return False
        self.parent[right] = left
        if right in self.named:
            self.named.remove(right)
            self.named.add(left)
        for other in self.apart.pop(right, ()):
            self.apart[other].discard(right)
            self.keep_apart(left, other)
        return True

    def keep_apart(self, left: int, right: int) -> None:
        left, right = self.find(left), self.find(right)
        if left != right:
            self.apart.setdefault(left, set()).add(right)
            self.apart.setdefault(right, set()).add(left)


def shared_identities(scope: Ints, scopes: Sequence[Scope], links: Links) -> Bools:
    """By identity: whether it is linked with more identities of one scope, no weaker than its own, than that allows.

    scope: by identity, the place of its scope in `scopes`.
    """
    low, high = _once(links, len(scope))
    own, other = np.concatenate([low, high]), np.concatenate([high, low])
    ranks = np.array([each.rank for each in scopes], dtype=np.int64)
    no_weaker = ranks[scope[other]] <= ranks[scope[own]]
    own, other = own[no_weaker], other[no_weaker]
    links_of = np.sort(own * len(scopes) + scope[other])
    cells, counts = np.unique(links_of, return_counts=True)
    most = np.array([each.most for each in scopes], dtype=np.int64)
    shared = np.zeros(len(scope), dtype=np.bool_)
    identities = cells // max(len(scopes), 1)
    shared[identities[counts > most[scope[identities]]]] = True
    return shared


def resolve(scope: Ints, scopes: Sequence[Scope], links: Links, decisions: Sequence[Decision] = ()) -> Resolved:
    """Who is who among the identities 0, 1, …; see the module.

    scope: by identity, the place of its scope in `scopes`. All links of a rank that no known people and no decision
    meet in are followed at once; the others one by one.
    """
    shared = shared_identities(scope, scopes, links)
    low, high = _once(links, len(scope))
    open_ = ~(shared[low] | shared[high])
    low, high = low[open_], high[open_]
    ranks = np.array([each.rank for each in scopes], dtype=np.int64)
    weaker = np.maximum(ranks[scope[low]], ranks[scope[high]])
    names_people = np.array([each.names_people for each in scopes], dtype=np.bool_)[scope]

    joined, apart = _decided(len(scope), names_people, decisions)
    refused: list[tuple[int, int]] = []
    for rank in _distinct(weaker):
        joined = _follow(joined, low[weaker == rank], high[weaker == rank], names_people, apart, refused)
    return Resolved(_stand_for(joined, names_people), shared, tuple(sorted(refused)))


def _decided(count: int, names_people: Bools, decisions: Sequence[Decision]) -> tuple[Ints, Sequence[tuple[int, int]]]:
    """By identity the set that it is in after the decisions alone; and the pairs that are kept apart."""
    ends = {end for each in decisions for end in (each.left, each.right)}
    sets = Sets(each for each in ends if names_people[each])
    apart = []
    for each in standing(decisions):
        if each.same:
            sets.join(each.left, each.right, decided=True)
        elif sets.find(each.left) != sets.find(each.right):
            sets.keep_apart(each.left, each.right)
            apart.append((each.left, each.right))
    joined = np.arange(count, dtype=np.int64)
    for end in ends:
        joined[end] = sets.find(end)
    return joined, apart


def _follow(
    joined: Ints,
    low: Ints,
    high: Ints,
    names_people: Bools,
    apart: Sequence[tuple[int, int]],
    refused: list[tuple[int, int]],
) -> Ints:
    """By identity the set that it is in after these links, which are in the order in which they are followed."""
    count = len(joined)
    left, right = joined[low], joined[high]
    first = components(count, left, right)
    named = _distinct(joined[names_people])
    hard = np.bincount(first[named], minlength=count) > 1
    hard[first[joined[np.array(apart, dtype=np.int64).ravel()]]] = True

    after = np.where(hard[first], np.arange(count, dtype=np.int64), first)
    one_by_one = hard[first[left]]
    sets = Sets(named[hard[first[named]]].tolist())
    for one, other in apart:
        sets.keep_apart(int(joined[one]), int(joined[other]))
    pairs = zip(*(each[one_by_one].tolist() for each in (left, right, low, high)), strict=True)
    refused += [(one, other) for a, b, one, other in pairs if not sets.join(a, b)]
    moved = np.fromiter(sets.parent, np.int64, len(sets.parent))
    after[moved] = [sets.find(each) for each in moved.tolist()]
    return after[joined]


def standing(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions that hold, each pair once, the latest first."""
    found: dict[tuple[int, int], Decision] = {}
    for each in reversed(decisions):
        found.setdefault((min(each.left, each.right), max(each.left, each.right)), each)
    return list(found.values())


def _once(links: Links, count: int) -> tuple[Ints, Ints]:
    """Each pair once, the lower number first; nothing is linked with itself."""
    low, high = np.minimum(links.left, links.right), np.maximum(links.left, links.right)
    pairs = _distinct((low * count + high)[low != high])
    return pairs // max(count, 1), pairs % max(count, 1)


def components(count: int, left: Ints, right: Ints) -> Ints:
    """By number from 0 to count - 1 the lowest that edges lead to.

    All at once, round by round: what an edge joins is hooked to the lower of its ends, then all hooks are followed to
    their end. Each two rounds leave at most half of what is to be joined.
    """
    found = np.arange(count, dtype=np.int64)
    while True:
        left, right = found[left], found[right]
        apart = left != right
        left, right = left[apart], right[apart]
        if not len(left):
            return found
        np.minimum.at(found, np.maximum(left, right), np.minimum(left, right))
        while not np.array_equal(further := found[found], found):
            found = further


def _distinct(values: Ints) -> Ints:
    """In ascending order. NumPy's `unique` hashes whole numbers: seconds for each million of different ones."""
    ordered = np.sort(values)
    different: Ints = ordered[np.append(np.ones(len(ordered[:1]), dtype=np.bool_), ordered[1:] != ordered[:-1])]
    return different


def _stand_for(joined: Ints, names_people: Bools) -> Ints:
    count = len(joined)
    numbers = np.arange(count, dtype=np.int64)
    lowest = np.full(count, count, dtype=np.int64)
    np.minimum.at(lowest, joined, numbers)
    named = np.full(count, count, dtype=np.int64)
    np.minimum.at(named, joined[names_people], numbers[names_people])
    return np.where(named < count, named, lowest)[joined]
