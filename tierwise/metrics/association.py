"""Cross-sell: rules "who has these in the basket has that as well", with how sure and how much more than by chance.

A rule has one item on the right and one or more on the left; A -> B and B -> A are two rules. Of n baskets, l have the
left side, r the right item and c both (Agrawal, Imieliński and Swami, SIGMOD 1993):

    support     c / n
    confidence  c / l
    lift        (c / l) / (r / n)                         Brin, Motwani, Ullman and Tsur, SIGMOD 1997
    leverage    c / n - (l / n) (r / n)                   Piatetsky-Shapiro, Knowledge Discovery in Databases, 1991
    conviction  (1 - r / n) / (1 - c / l)                 Brin et al.; null where the left never comes without the right

Rules come in the order of leverage: baskets with both beyond those that chance would bring. Leverage is at most
(l / n) (1 - r / n), so what everybody buys cannot lead the list, however high its confidence; and at most the support,
so neither can what came together a few times, however high its lift.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.metrics.baskets import Baskets, ItemSets, Whole, baskets_of, frequent_sets, joined_pairs, least_count
from tierwise.metrics.frame import Frame, require_columns
from tierwise.stats.dependence import adjusted_among, dependence_p

JOINER = " + "
"""Between the items of a left side."""

RULE_COLUMNS = pa.schema(
    [
        ("left", pa.string()), ("right", pa.string()), ("count", pa.int64()), ("support", pa.float64()),
        ("confidence", pa.float64()), ("lift", pa.float64()), ("p_value", pa.float64()),
        ("adjusted_p_value", pa.float64()), ("leverage", pa.float64()), ("conviction", pa.float64()),
        ("left_size", pa.int64()), ("left_count", pa.int64()), ("right_count", pa.int64()),
        ("basket_count", pa.int64()),
    ]
)  # fmt: skip


def association_rules(
    lines: Frame,
    *,
    basket: str = "order_id",
    item: str = "product_id",
    min_support: float | Fraction,
    min_confidence: float | Fraction,
    max_left: int | None = 1,
) -> pa.Table:
    """One row per rule with at least that support and confidence: `RULE_COLUMNS`, most leverage first.

    lines: rows of a basket and an item; an item counts once a basket, rows without either are left out. min_support,
    min_confidence: above 0, up to 1, taken as they are written (.001 is one thousandth) and compared in whole numbers,
    so that no rule is lost at the threshold. max_left: items on the left side at most; None for as many as there are.

    left: the items' texts, sorted by code points, joined by " + ". Ties in leverage are ordered by confidence, falling,
    then by left and right. p_value: two-sided, that left and right come together as they do by chance alone
    (`stats/dependence.py`). adjusted_p_value: as Benjamini and Hochberg, among all rules that could have been found:
    every frequent left side with every other frequent item. What was not frequent together has p 1 there, so rules
    are not made sure by having been picked, and a higher min_confidence changes no p value.

    Raises `missing_column`, `bad_value`.
    """
    support, confidence = _checked(min_support, min_confidence, max_left)
    require_columns(lines, (basket, item), "the lines")
    if max_left == 1 and (lines.implementation.is_pyspark() or lines.implementation.is_pyspark_connect()):
        baskets, pairs = joined_pairs(lines, basket, item, support)
        sets = frequent_sets(baskets, least_count(support, baskets.count), 2, pairs)
    else:
        baskets = baskets_of(lines, basket, item, support)
        most = None if max_left is None else max_left + 1
        sets = frequent_sets(baskets, least_count(support, baskets.count), most)
    return _rules(baskets, sets, confidence, max_left)


def _checked(
    min_support: float | Fraction, min_confidence: float | Fraction, max_left: int | None
) -> tuple[tuple[int, int], tuple[int, int]]:
    problems, shares = [], []
    for name, value in (("min_support", min_support), ("min_confidence", min_confidence)):
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or not 0 < value <= 1:
            problems.append(Problem("bad_value", f"{name} is {value}", name, "a share above 0, up to 1"))
        else:
            shares.append(Fraction(str(value)).as_integer_ratio())
    if max_left is not None and (isinstance(max_left, bool) or not isinstance(max_left, int) or max_left < 1):
        problems.append(Problem("bad_value", f"max_left is {max_left}", "max_left", "1 or more, or None"))
    if problems:
        raise TierwiseError.of(problems)
    return shares[0], shares[1]


def _rules(baskets: Baskets, sets: Sequence[ItemSets], confidence: tuple[int, int], max_left: int | None) -> pa.Table:
    """All rules of the sets, then those sure enough, in order."""
    tests, found, p_values = 0, [], []
    for size, lefts in enumerate(sets, start=1):
        if max_left is not None and size > max_left:
            break
        tests += len(lefts) * (len(baskets.names) - size)
        if size < len(sets):
            found.append(_of_size(baskets, sets[:size], sets[size]))
            p_values.append(_tested(found[-1], baskets.count, symmetric=size == 1))
    if not found:
        return RULE_COLUMNS.empty_table()
    p_value = np.concatenate(p_values)
    adjusted = adjusted_among(p_value, tests)
    left, right, count, left_count, right_count, sizes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    unique, where = np.unique(left_count, return_inverse=True)
    least = np.array([least_count(confidence, of) for of in unique.tolist()], dtype=np.int64)[where]
    kept = np.flatnonzero(count >= least)
    texts = _left_texts(baskets.names, sets, left[kept], sizes[kept])
    order = _order(texts, right[kept], count[kept], left_count[kept], right_count[kept], baskets.count)
    kept = kept[order]
    names = np.array([*baskets.names, ""], dtype=object)
    measures = _measures(count[kept], left_count[kept], right_count[kept], baskets.count)
    columns = {
        "left": [texts[place] for place in order], "right": names[right[kept]].tolist(), "count": count[kept],
        "p_value": p_value[kept], "adjusted_p_value": adjusted[kept], "left_size": sizes[kept],
        "left_count": left_count[kept], "right_count": right_count[kept],
        "basket_count": np.full(len(kept), baskets.count), **measures,
    }  # fmt: skip
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in RULE_COLUMNS})


def _of_size(baskets: Baskets, smaller: Sequence[ItemSets], sets: ItemSets) -> tuple[Whole, ...]:
    """Every rule of sets of one size: the left side's place among the sets one smaller, the right item, the baskets of
    both, of the left, of the right, and how many items the left has."""
    size = sets.items.shape[1]
    lefts, rights = [], []
    for place in range(size):
        lefts.append(_places(np.delete(sets.items, place, axis=1), smaller, len(baskets.names)))
        rights.append(sets.items[:, place])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    counts = np.tile(sets.counts, size)
    sizes = np.full(len(left), size - 1, dtype=np.int64)
    return left, right, counts, smaller[-1].counts[left], baskets.item_counts[right], sizes


def _places(items: Whole, sets: Sequence[ItemSets], kinds: int) -> Whole:
    """The places of sets among those of their size: the place of all but the last item, then of the last after it."""
    place = items[:, 0]
    for size in range(2, items.shape[1] + 1):
        known = sets[size - 1].items
        keys = _places(known[:, :-1], sets[: size - 1], kinds) * kinds + known[:, -1]
        place = np.searchsorted(keys, place * kinds + items[:, size - 1])
    return place


def _tested(rules: tuple[Whole, ...], of: int, *, symmetric: bool) -> NDArray[np.float64]:
    """The p values; of pairs both directions have the same."""
    _, _, count, left, right, _ = rules
    if symmetric:
        half = len(count) // 2
        return np.tile(dependence_p(count[:half], left[:half], right[:half], of), 2)
    return dependence_p(count, left, right, of)


def _left_texts(names: Sequence[str], sets: Sequence[ItemSets], left: Whole, sizes: Whole) -> list[str]:
    """Numbers ascend as their texts do, so the items of a set are sorted already."""
    found = []
    for place, size in zip(left.tolist(), sizes.tolist(), strict=True):
        found.append(JOINER.join(names[number] for number in sets[size - 1].items[place].tolist()))
    return found


def _order(
    texts: Sequence[str], right: Whole, count: Whole, left_count: Whole, right_count: Whole, of: int
) -> NDArray[np.intp]:
    """Most leverage first, in whole numbers: n² leverage is c n - l r. Ties by confidence (quotients of counts below
    6 x 10^7 are equal only where the shares are), then left and right."""
    rows = zip(count.tolist(), left_count.tolist(), right_count.tolist(), texts, right.tolist(), strict=True)
    keys = [(left * r - both * of, -both / left, text, item) for both, left, r, text, item in rows]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)


def _measures(count: Whole, left: Whole, right: Whole, of: int) -> dict[str, pa.Array]:
    """Products are taken of floats: of counts below 9 x 10^7 they are exact."""
    both, one, two = (counts.astype(np.float64) for counts in (count, left, right))
    always = count == left
    return {
        "support": pa.array(both / of),
        "confidence": pa.array(both / one),
        "lift": pa.array(both * of / (one * two)),
        "leverage": pa.array((both * of - one * two) / (float(of) * of)),
        "conviction": pa.array((of - two) * one / (of * np.where(always, 1, one - both)), mask=always),
    }
