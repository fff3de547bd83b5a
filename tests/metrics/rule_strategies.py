"""Random rules over the worlds of rule_worlds.py."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tierwise.definitions.rule import (
    All,
    AnyOf,
    AnyRule,
    Behaviour,
    Comeback,
    Comparison,
    Events,
    FirstTime,
    Habit,
    InList,
    InSegment,
    Measured,
    Not,
    NotFollowed,
    Occurrence,
    Quiet,
    Regularly,
    Restarted,
    Sequence,
    Span,
    Stopped,
)

DAYS = st.sampled_from([1, 2, 7, 8, 14, 30, 31, 60, 90, 365])
MONEY = st.sampled_from([0, 1, Decimal("9.95"), Decimal("10.00"), 5, Decimal("-0.01"), 250, Decimal("4.985")])
COUNTS = st.integers(-1, 4)


def _leaf(attribute: str, op: Any, value: Any = None) -> Comparison:
    return Comparison(attribute=attribute, op=op, value=value)


def _compared(values: Any) -> Any:
    """(op, value)"""
    one = st.tuples(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values)
    two = st.tuples(st.just("between"), st.tuples(values, values))
    many = st.tuples(st.sampled_from(["in", "not_in"]), st.lists(values, min_size=1, max_size=3).map(tuple))
    none = st.tuples(st.sampled_from(["missing", "present"]), st.none())
    return st.one_of(one, one, two, many, none)


def _comparing(attribute: str, values: Any) -> Any:
    return st.builds(lambda pair: _leaf(attribute, *pair), _compared(values))


def _tree(leaves: Any, most: int) -> Any:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda parts: All(all=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda parts: AnyOf(any=tuple(parts)), st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda part: Not(not_=part), inner),
        ),
        max_leaves=most,
    )


_WHERE = {
    "orders": st.one_of(
        _comparing("store_id", st.sampled_from(["s1", "s2"])),
        _comparing("channel", st.sampled_from(["web", "x"])),
        _comparing("net", MONEY),
    ),
    "order_lines": st.one_of(
        _comparing("product_id", st.sampled_from([f"p{n}" for n in range(7)])),
        _comparing("category", st.sampled_from(["茶", "tea"])),
        st.just(_leaf("category", "starts_with", "茶")),
        _comparing("pack_size", st.sampled_from([Decimal("0.5"), 12, 1])),
        _comparing("quantity", st.sampled_from([Decimal("0.001"), 1, 2])),
        _comparing("store_id", st.sampled_from(["s1", "s2"])),
    ),
    "visits": st.one_of(
        _comparing("mileage_km", st.sampled_from([0, 5_000])),
        st.just(_leaf("paid", "=", True)),
        st.just(Not(not_=_leaf("paid", "=", True))),
        _comparing("kind", st.just("service")),
    ),
}
_NUMBERS = {
    "orders": ["gross", "net"],
    "order_lines": ["quantity", "amount", "product_price"],
    "visits": ["mileage_km"],
}
_TEXTS = {"orders": ["store_id", "channel"], "order_lines": ["product_id", "category"], "visits": ["kind"]}
_OF_ORDERS = {"order_id", "store_id", "channel"}
_SAME = {"orders": _OF_ORDERS, "order_lines": _OF_ORDERS | {"product_id", "category"}, "visits": {"kind"}}
"""What both steps of a sequence may have to hold alike."""
_ABSENT = "calls"
"""A fact that nobody ever imported."""

FACTS = st.sampled_from([*_WHERE, *_WHERE, _ABSENT])


def rules(as_of: date, facts: Any = FACTS) -> Any:
    """Rules of up to five leaves. facts: which facts they count."""
    days = st.sampled_from([as_of - timedelta(days=back) for back in (-2, 0, 1, 7, 30, 90)])
    windows = st.one_of(
        st.just(Span()),
        st.builds(lambda n: Span(last_days=n), DAYS),
        st.builds(lambda n, back: Span(last_days=n, ending_days_ago=back), DAYS, DAYS),
        st.builds(lambda a, b: Span(from_=min(a, b), to=max(a, b)), days, days),
        st.builds(lambda a: Span(to=a), days),
    )

    def where(fact: str) -> Any:
        return st.one_of(st.none(), _tree(_WHERE[fact], 3)) if fact in _WHERE else st.none()

    @st.composite
    def behaviours(draw: Any) -> AnyRule:
        fact = draw(facts)
        alone, known = {"fact": fact, "where": draw(where(fact)), "window": draw(windows)}, fact != _ABSENT
        which = draw(st.integers(0, 6 if known else 3))
        if which == 0:
            return Behaviour(behaviour=Measured(**alone, aggregate=draw(st.sampled_from(["ever", "never"]))))
        if which == 1:
            op, value = draw(_compared(COUNTS))
            per = draw(st.none() | st.sampled_from(_TEXTS[fact])) if known else None
            return Behaviour(behaviour=Measured(**alone, aggregate="count", per=per), op=op, value=value)
        if which == 2:
            op, value = draw(_compared(st.sampled_from([0, 1, 7, 30, 90])))
            return Behaviour(behaviour=Measured(**alone, aggregate="days_since"), op=op, value=value)
        if which == 3:
            op, value = draw(_compared(days))
            name = draw(st.sampled_from(["first", "last"]))
            return Behaviour(behaviour=Measured(**alone, aggregate=name), op=op, value=value)
        if which == 4:
            column = draw(st.sampled_from(_NUMBERS[fact]))
            op, value = draw(_compared(MONEY))
            name = draw(st.sampled_from(["sum", "average", "min", "max", "first", "last"]))
            per = draw(st.none() | st.sampled_from(_TEXTS[fact])) if name == "sum" else None
            return Behaviour(behaviour=Measured(**alone, aggregate=name, column=column, per=per), op=op, value=value)
        column = draw(st.sampled_from(_TEXTS[fact]))
        if which == 5:
            op, value = draw(_compared(COUNTS))
            return Behaviour(behaviour=Measured(**alone, aggregate="distinct", column=column), op=op, value=value)
        op, value = draw(_compared(st.sampled_from(["s1", "p2", "web", "tea", "service"])))
        name = draw(st.sampled_from(["min", "max", "first", "last"]))
        return Behaviour(behaviour=Measured(**alone, aggregate=name, column=column), op=op, value=value)

    @st.composite
    def others(draw: Any) -> AnyRule:
        fact = draw(facts)
        events = {"fact": fact, "where": draw(where(fact))}
        n, m, at_least = draw(DAYS), draw(DAYS), draw(st.integers(1, 3))
        match draw(st.integers(0, 5)):
            case 0:
                return FirstTime(first_time=Events(**events, window=draw(windows)))
            case 1:
                return Stopped(stopped=Quiet(**events, quiet_days=n, before_days=m, at_least=at_least))
            case 2:
                return Restarted(restarted=Comeback(**events, within_days=n, quiet_days=m))
            case 3:
                every: Any = draw(st.sampled_from(["week", "month"]))
                of_last = draw(st.sampled_from([3, 5, 14]))
                return Regularly(regularly=Habit(**events, every=every, at_least=at_least, of_last=of_last))
        other = draw(facts)
        steps = (Occurrence(**events), Occurrence(fact=other, where=draw(where(other))))
        shared = sorted(_SAME.get(fact, set()) & _SAME.get(other, set()))
        more = {"within_days": n, "window": draw(windows), "same": draw(st.sampled_from([None, *shared]))}
        if draw(st.booleans()):
            return Sequence(sequence=steps, **more)
        return NotFollowed(not_followed=steps, **more)

    attributes = st.one_of(
        _comparing("city", st.sampled_from(["上海", "Wuhan", ""])),
        _comparing("spend", MONEY),
        _comparing("visits_count", COUNTS),
        _comparing("tier", st.sampled_from(["gold", "3"])),
        st.builds(lambda op, value: _leaf("tier", op, value), st.sampled_from(["=", "<", ">="]), st.just(3)),
        st.builds(lambda op, value: _leaf("vip", op, value), st.sampled_from(["=", "!="]), st.booleans()),
        st.builds(lambda op: _leaf("vip", op), st.sampled_from(["missing", "present"])),
        st.just(_leaf("vip", "in", (True, False))),
        st.just(InSegment(segment="loyal")),
        st.just(InList(list="invited")),
    )
    return _tree(st.one_of(behaviours(), behaviours(), others(), attributes), 5)
