"""Panorama: the structure of customers by head-count and by money at once, by one tier or by two crossed.

Every customer of the frame is in exactly one part, those without a value in a part of their own, so that head-counts
add up to the customers and money to all money, exactly: both are whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from tierwise.metrics.frame import Frame, integer_sum, require_columns, rows_of


@dataclass(frozen=True, slots=True)
class Part:
    """The customers of one value (and of one value of a second tier); null stands for who has none.

    money_minor: their sum, of those of whom it is known; null where it is known of nobody. known: how many those are.
    share: of all customers. money_share: of all money, null where that is not positive or the part's is not known;
    negative where the part's money is. per_head_minor: money / known, rounded half away from zero.
    others: several small values together.
    """

    value: str | None
    against: str | None
    customers: int
    known: int
    money_minor: int | None
    share: float | None
    money_share: float | None
    per_head_minor: int | None
    others: bool = False
    others_against: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one part, before shares."""

    value: str | None
    against: str | None
    customers: int
    known: int
    money_minor: int
    others: bool = False
    others_against: bool = False


def panorama(
    profile: Frame, *, by: str, money: str, against: str | None = None, most: int = 30, most_against: int = 30
) -> list[Part]:
    """The parts of a profile, one row per customer, largest first.

    by, against: columns whose values are told as texts. money: a column of whole minor units that may be added up; null
    where it is not known. most, most_against: of more values than these those with the fewest customers are put
    together as others, of which it cannot be told which they are. Needs nothing else; no customers give no parts.
    Raises `missing_column`.
    """
    require_columns(profile, [name for name in (by, money, against) if name is not None], "customers")
    second = nw.lit(None).cast(nw.String) if against is None else nw.col(against).cast(nw.String)
    rows = profile.select(
        nw.col(by).cast(nw.String).alias("value__"), second.alias("against__"), nw.col(money).alias("money__")
    )
    sums = rows.group_by("value__", "against__").agg(
        nw.len().cast(nw.Int64).alias("customers"),
        nw.col("money__").count().cast(nw.Int64).alias("known"),
        integer_sum(nw.col("money__")).alias("money"),
    )
    wanted = sums.select("value__", "against__", "customers", "known", "money")
    counted = [
        Counted(value, other, int(customers), int(known), int(total or 0))
        for value, other, customers, known, total in rows_of(wanted)
    ]
    return shared(_few(counted, most, most_against))


def _few(counted: Sequence[Counted], most: int, most_against: int) -> list[Counted]:
    """With the rarest values of either side together as others."""
    kept = _largest([(each.value, each.customers) for each in counted], most)
    kept_against = _largest([(each.against, each.customers) for each in counted], most_against)
    together: dict[tuple[str | None, str | None, bool, bool], list[int]] = {}
    for each in counted:
        other, other_against = each.value not in kept, each.against not in kept_against
        key = (None if other else each.value, None if other_against else each.against, other, other_against)
        sums = together.setdefault(key, [0, 0, 0])
        for place, number in enumerate((each.customers, each.known, each.money_minor)):
            sums[place] += number
    return [
        Counted(value, against, customers, known, money, other, other_against)
        for (value, against, other, other_against), (customers, known, money) in together.items()
    ]


def _largest(sizes: Sequence[tuple[str | None, int]], most: int) -> set[str | None]:
    """The values with the most customers, of equals the smaller text; who has no value is never put with others."""
    total: dict[str, int] = {}
    for value, size in sizes:
        if value is not None:
            total[value] = total.get(value, 0) + size
    order = sorted(total, key=lambda value: (-total[value], value))
    return {None, *(order if len(order) <= most else order[: most - 1])}


def shared(counted: Sequence[Counted]) -> list[Part]:
    """Parts with their shares, largest first, of equals by their values."""
    customers = sum(each.customers for each in counted)
    money = sum(each.money_minor for each in counted)
    parts = [
        Part(
            value=each.value,
            against=each.against,
            customers=each.customers,
            known=each.known,
            money_minor=each.money_minor if each.known else None,
            share=each.customers / customers if customers else None,
            money_share=each.money_minor / money if money > 0 and each.known else None,
            per_head_minor=rounded(each.money_minor, each.known) if each.known else None,
            others=each.others,
            others_against=each.others_against,
        )
        for each in counted
    ]
    return sorted(parts, key=lambda part: (-part.customers, part.others, part.value or "", part.against or ""))


def rounded(above: int, below: int) -> int:
    """above / below to the nearest whole number, half away from zero; below is positive.

    >>> rounded(5, 2), rounded(-5, 2), rounded(4, 3)
    (3, -3, 1)
    """
    whole, rest = divmod(abs(above), below)
    whole += 2 * rest >= below
    return -whole if above < 0 else whole
