"""Regions against the oracle: what a rule of one attribute takes, value by value."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.definitions.ladders import implies
from tierwise.definitions.regions import Axis, at_most, axes_of, between, exactly
from tierwise.definitions.rule import All, AnyOf, AnyRule, Comparison, Not
from tierwise.testing.rule_oracle import holds

AXIS = Axis("x", "number")
DAY = date(2026, 6, 30)
VALUES = [None, *(Decimal(n) / 2 for n in range(-3, 14))]

small = st.integers(0, 5)
some = st.lists(small, min_size=1, max_size=3)


def leaf(op: str, value: object = None) -> AnyRule:
    return Comparison.model_validate({"attribute": "x", "op": op, "value": value})


leaves: st.SearchStrategy[AnyRule] = st.one_of(
    st.builds(leaf, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), small),
    st.builds(leaf, st.just("between"), st.tuples(small, small)),
    st.builds(leaf, st.sampled_from(["in", "not_in"]), some),
    st.builds(leaf, st.sampled_from(["missing", "present"])),
)
rules: st.SearchStrategy[AnyRule] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: All(all=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: AnyOf(any=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: Not(not_=part), inner),
    ),
    max_leaves=6,
)
other = Comparison(attribute="y", op="=", value=1)


@given(rules)
def test_a_region_takes_what_the_rule_is_true_of(rule: AnyRule) -> None:
    region = exactly(rule, AXIS)
    assert region is not None
    for value in VALUES:
        assert (value in region) == holds(rule, {"x": value}, DAY), (value, region.in_words())
    assert region.is_empty() == (not any(value in region for value in VALUES))


@given(rules, rules)
def test_regions_are_joined_cut_and_compared_as_sets(rule: AnyRule, second: AnyRule) -> None:
    a, b = exactly(rule, AXIS), exactly(second, AXIS)
    assert a is not None
    assert b is not None
    for value in VALUES:
        in_a, in_b = value in a, value in b
        assert [value in r for r in (a & b, a | b, a - b, ~a)] == [
            in_a and in_b,
            in_a or in_b,
            in_a and not in_b,
            not in_a,
        ]
    assert a.within(b) == all(value in b for value in VALUES if value in a)


@given(rules, rules, st.booleans())
def test_an_implication_that_is_told_holds_whatever_else_is_asked(rule: AnyRule, second: AnyRule, more: bool) -> None:
    first: AnyRule = All(all=(rule, other)) if more else AnyOf(any=(rule, All(all=(second, other))))
    if implies(first, second):
        for x in VALUES:
            for y in (0, 1):
                row = {"x": x, "y": y}
                assert not holds(first, row, DAY) or holds(second, row, DAY)


def test_the_region_of_a_longer_rule_is_an_upper_bound() -> None:
    rule = All(all=(Comparison(attribute="x", op=">", value=2), other))
    assert exactly(rule, AXIS) is None
    assert at_most(rule, AXIS).in_words() == "over 2"
    assert axes_of(rule) == {AXIS, Axis("y", "number")}


def test_whole_numbers_and_days_have_nothing_between_two_neighbours() -> None:
    between_three_and_four = (
        between(Decimal(3), Decimal(4)) - between(Decimal(3), Decimal(3)) - between(Decimal(4), Decimal(4))
    )
    assert not between_three_and_four.is_empty()
    assert between_three_and_four.is_empty(whole=True)
    after = Comparison(attribute="d", op="after", value=date(2026, 1, 1))
    before = Comparison(attribute="d", op="before", value=date(2026, 1, 2))
    assert at_most(All(all=(after, before)), Axis("d", "date")).is_empty()


@pytest.mark.parametrize(
    ("op", "value", "said"),
    [
        ("=", 3, "3"), ("between", (1, 3), "1 to 3"), (">", 3, "over 3"), ("<=", 3, "up to 3"), ("<", 3, "below 3"),
        (">=", 3, "from 3"), ("in", (1, 3), "1; 3"), ("missing", None, "missing"), ("!=", 3, "below 3; over 3"),
    ],
)  # fmt: skip
def test_a_region_in_words(op: str, value: object, said: str) -> None:
    region = exactly(leaf(op, value), AXIS)
    assert region is not None
    assert region.in_words() == said
