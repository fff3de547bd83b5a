"""Who is who: golden cases of what joins, what does not, and that the order of links is of no matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.facts.identity import Decision, Links, Resolved, Scope, components, resolve
from tierwise.facts.identity_story import story

SCOPES = (
    Scope("customer_id", 1, names_people=True),
    Scope("phone", 2, most=2),
    Scope("open_id", 3, most=2),
    Scope("device", 4, most=3),
)
PERSON, PHONE, OPEN_ID, DEVICE = range(4)


def told(kinds: list[int], pairs: list[tuple[int, int]], *decisions: Decision) -> Resolved:
    return resolve(np.array(kinds, dtype=np.int64), SCOPES, Links.of(pairs), decisions)


def test_links_join_what_no_one_link_joins() -> None:
    found = told([OPEN_ID, PHONE, DEVICE, PERSON, DEVICE], [(0, 1), (2, 0), (1, 3)])
    assert found.person.tolist() == [3, 3, 3, 3, 4]  # who is known stands for the person
    assert found.refused == ()


def test_a_front_desks_phone_joins_nobody() -> None:
    people = [PERSON] * 4
    found = told([*people, PHONE], [(each, 4) for each in range(4)])
    assert found.shared.tolist() == [False] * 4 + [True]
    assert found.person.tolist() == [0, 1, 2, 3, 4]
    assert found.refused == ()  # nothing for a person to look at


def test_a_phone_of_two_known_people_is_told_and_joins_one_of_them() -> None:
    found = told([PERSON, PERSON, PHONE], [(1, 2), (0, 2)])
    assert found.person.tolist() == [0, 1, 0]
    assert found.refused == ((1, 2),)


def test_the_better_identity_decides_whose_the_weaker_is() -> None:
    """The device was seen with both; the open_id's phone is the second's, and phones are followed before devices."""
    kinds = [PERSON, PERSON, PHONE, OPEN_ID, DEVICE]
    found = told(kinds, [(0, 4), (4, 3), (3, 2), (2, 1)])
    assert found.person.tolist() == [0, 1, 1, 1, 0]
    assert found.refused == ((3, 4),)


def test_decisions_stand_above_links() -> None:
    same = told([PERSON, PERSON, PHONE], [(0, 2), (1, 2)], Decision(0, 1, same=True))
    assert same.person.tolist() == [0, 0, 0]
    assert same.refused == ()
    apart = told([PERSON, PHONE, OPEN_ID], [(0, 1), (1, 2)], Decision(0, 2, same=False))
    assert apart.person.tolist() == [0, 0, 2]
    assert apart.refused == ((1, 2),)


def test_the_later_decision_holds_and_an_earlier_link_comes_back() -> None:
    pairs, parted = [(0, 1)], Decision(0, 1, same=False)
    assert told([PERSON, PHONE], pairs, parted).person.tolist() == [0, 1]
    assert told([PERSON, PHONE], pairs, parted, Decision(1, 0, same=True)).person.tolist() == [0, 0]


def test_same_is_not_carried_past_apart() -> None:
    """The later decision first: two are kept apart though both are said to be the same as a third."""
    found = told([PERSON] * 3, [], Decision(0, 1, same=True), Decision(1, 2, same=True), Decision(0, 2, same=False))
    assert found.person[0] != found.person[2]
    assert found.person[1] == found.person[2]


def test_nothing_of_nothing() -> None:
    assert told([], []).person.tolist() == []
    assert told([PHONE], [(0, 0)]).person.tolist() == [0]


GRAPHS = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12),
        st.lists(st.builds(Decision, st.integers(0, n - 1), st.integers(0, n - 1), st.booleans()), max_size=3),
    )
)


@settings(deadline=None, max_examples=150)
@given(GRAPHS, st.randoms(use_true_random=False))
def test_what_comes_of_links_is_of_no_order(graph: tuple[list[int], list[tuple[int, int]], list[Decision]], by) -> None:  # type: ignore[no-untyped-def]
    kinds, pairs, decisions = graph
    first = told(kinds, pairs, *decisions)
    shuffled = [pair if by.random() < 0.5 else (pair[1], pair[0]) for pair in pairs * 2]
    by.shuffle(shuffled)
    second = told(kinds, shuffled, *decisions)
    assert first.person.tolist() == second.person.tolist()
    assert first.refused == second.refused
    people = [each for each, kind in enumerate(kinds) if kind == PERSON]
    if not decisions:
        assert [int(first.person[each]) for each in people] == people  # never two known people in one
    assert all(first.person[int(first.person[each])] == first.person[each] for each in range(len(kinds)))


@settings(deadline=None, max_examples=100)
@given(GRAPHS)
def test_the_story_ends_as_it_is_resolved(graph: tuple[list[int], list[tuple[int, int]], list[Decision]]) -> None:
    kinds, pairs, decisions = graph
    decisions = [each for each in decisions if each.left != each.right]
    links = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    found = told(kinds, list(links), *decisions)
    barred = {each for each, is_shared in enumerate(found.shared.tolist()) if is_shared}
    steps = story(dict(enumerate(kinds)), SCOPES, links, decisions, barred)
    joined = Links.of([(each.left, each.right) for each in steps if each.verdict == "joined"])
    groups = components(len(kinds), joined.left, joined.right)
    same = [[bool(found.person[a] == found.person[b]) for a in range(len(kinds))] for b in range(len(kinds))]
    assert same == [[bool(groups[a] == groups[b]) for a in range(len(kinds))] for b in range(len(kinds))]
    left_out = {
        (each.left, each.right) for each in steps if each.by == "link" and each.verdict in ("refused", "kept_apart")
    }
    assert left_out == set(found.refused)
