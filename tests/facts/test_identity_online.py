"""Kept up one by one, identities are who they are of all links at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts.test_identity import DEVICE, OPEN_ID, PERSON, PHONE, SCOPES
from tierwise.facts.identity import Decision, Links, resolve
from tierwise.facts.identity_online import Identities


def of_kinds(*kinds: int) -> Identities:
    found = Identities(SCOPES)
    for number, kind in enumerate(kinds):
        found.add(number, kind)
    return found


def test_who_moves_is_told() -> None:
    found = of_kinds(OPEN_ID, PHONE, PERSON)
    assert found.link([(0, 1)]) == {1: 0}
    assert found.link([(2, 1)]) == {0: 2, 1: 2}
    assert found.link([(1, 2)]) == {}


def test_a_phone_that_becomes_shared_lets_go() -> None:
    found = of_kinds(OPEN_ID, PHONE, PHONE, PHONE)
    found.link([(0, 1), (0, 2)])
    assert [found.person(each) for each in range(4)] == [0, 0, 0, 3]
    assert found.link([(3, 0)]) == {1: 1, 2: 2}
    assert found.is_shared(0)
    assert found.unlink(0, 3) == {1: 0, 2: 0}


def test_browsers_make_no_phone_shared() -> None:
    found = of_kinds(PHONE, *[DEVICE] * 5)
    found.link([(0, each) for each in range(1, 6)])
    assert not found.is_shared(0)
    assert {found.person(each) for each in range(6)} == {0}


def test_a_merge_is_undone() -> None:
    found = of_kinds(PERSON, PERSON, PHONE)
    found.link([(0, 2), (1, 2)])
    assert found.refused == ((1, 2),)
    same = Decision(0, 1, same=True)
    assert found.decide(same) == {1: 0}
    assert found.refused == ()
    assert found.take_back(same) == {1: 1}
    assert found.refused == ((1, 2),)
    with pytest.raises(ValueError, match="not in list"):
        found.take_back(same)


def test_an_identity_has_one_scope() -> None:
    found = of_kinds(DEVICE)
    with pytest.raises(ValueError, match="another scope"):
        found.add(0, PHONE)


NUMBERS = st.integers(0, 8)
STEPS = st.one_of(
    st.tuples(st.just("link"), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=3)),
    st.tuples(st.just("unlink"), st.tuples(NUMBERS, NUMBERS)),
    st.tuples(st.just("decide"), st.builds(Decision, NUMBERS, NUMBERS, st.booleans())),
    st.tuples(st.just("take back"), st.integers(0, 9)),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(0, 3), min_size=9, max_size=9), st.lists(STEPS, max_size=14))
def test_online_equals_batch(kinds: list[int], steps: list[tuple[str, Any]]) -> None:
    found, links, decisions = of_kinds(*kinds), set[tuple[int, int]](), list[Decision]()
    for what, given_ in steps:
        match what:
            case "link":
                links |= {(min(pair), max(pair)) for pair in given_}
                found.link(given_)
            case "unlink":
                links.discard((min(given_), max(given_)))
                found.unlink(*given_)
            case "decide":
                decisions.append(given_)
                found.decide(given_)
            case "take back" if decisions:
                taken = decisions[given_ % len(decisions)]
                del decisions[len(decisions) - 1 - decisions[::-1].index(taken)]
                found.take_back(taken)
        scope = np.array(kinds, dtype=np.int64)
        batch = resolve(scope, SCOPES, Links.of(links), decisions)
        assert [found.person(each) for each in range(9)] == batch.person.tolist()
        assert found.refused == batch.refused
        assert [found.is_shared(each) for each in range(9)] == batch.shared.tolist()
