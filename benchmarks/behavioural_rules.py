"""Two hundred rules about what customers bought: windows of 7 to 365 days, products of 1 to 10 % of what is sold.

The same seed gives the same rules. How large each product filter's share is, and how many customers each rule finds, is
printed by `python -m benchmarks --lines rules`.
"""

from __future__ import annotations

import random
from decimal import Decimal

from tierwise.definitions.rule import Aggregate, All, Behaviour, Comparison, Measured, PlainRule, Span

RULES = 200
CATEGORIES = tuple(f"类{n // 10} > 类{n}" for n in range(100))
BRANDS = tuple(f"B{n}" for n in range(40))


def behavioural_rules(count: int = RULES, seed: int = 1) -> dict[str, Behaviour]:
    """Name -> rule. Each has a filter and a window of its own; what is measured goes round."""
    draw = random.Random(seed)
    return {f"rule_{number:03}": _rule(draw, number) for number in range(count)}


def _rule(draw: random.Random, number: int) -> Behaviour:
    where, days = _products(draw), draw.randint(7, 365)

    def lines(aggregate: Aggregate, column: str | None = None) -> Measured:
        return Measured(
            fact="order_lines", where=where, window=Span(last_days=days), aggregate=aggregate, column=column
        )

    match number % 5:
        case 0:
            return Behaviour(behaviour=lines("ever"))
        case 1:
            amount = Decimal(draw.choice([100, 250, 500, 1_000]))
            return Behaviour(behaviour=lines("sum", "amount"), op=">=", value=amount)
        case 2:
            return Behaviour(behaviour=lines("days_since"), op="<=", value=draw.randint(3, 30))
    return Behaviour(behaviour=lines("count"), op=">=", value=draw.randint(1, 3))


def _products(draw: random.Random) -> PlainRule:
    """1 % by category, a tenth by what stands above it, 2.5 % a brand, up to 10 % by several of them."""
    match draw.randrange(5):
        case 0:
            return Comparison(attribute="category", op="=", value=draw.choice(CATEGORIES))
        case 1:
            return Comparison(attribute="category", op="starts_with", value=f"类{draw.randrange(10)} >")
        case 2:
            some = tuple(sorted(draw.sample(CATEGORIES, draw.randint(2, 10))))
            return Comparison(attribute="category", op="in", value=some)
        case 3:
            return Comparison(attribute="brand", op="in", value=tuple(sorted(draw.sample(BRANDS, draw.randint(1, 4)))))
    above = Comparison(attribute="category", op="starts_with", value=f"类{draw.randrange(10)} >")
    some = tuple(sorted(draw.sample(BRANDS, draw.randint(8, 20))))
    return All(all=(above, Comparison(attribute="brand", op="in", value=some)))
