"""How much one thing tells about another: entropy and mutual information in bits, from counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, log, log2


def entropy_bits(counts: Iterable[int]) -> float:
    """Shannon's entropy of what was counted, in bits: -sum p log2 p. 0 where nothing was counted.

    Shannon 1948, "A mathematical theory of communication". Counts of 0 add nothing.

    >>> entropy_bits([30, 10]), entropy_bits([5, 5]), entropy_bits([])
    (0.8112781244591328, 1.0, 0.0)
    """
    there = [count for count in counts if count > 0]
    total = sum(there)
    return fsum(count * log2(total / count) for count in there) / total if total else 0.0


def information_bits(table: Sequence[Sequence[int]]) -> float:
    """Mutual information of rows and columns of a table of counts, in bits, as the counts themselves have it.

    I(X; Y) = H(Y) - H(Y | X): by how many bits the answer X reduces the uncertainty of Y, on average. It is never
    negative, and too large on average: see `corrected_information_bits`.

    >>> round(information_bits([[30, 10], [10, 30]]), 6)  # 1 - H(3/4) = 1 - 0.811278
    0.188722
    """
    total = sum(map(sum, table))
    if not total:
        return 0.0
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    found = fsum(
        count * log2(count * total / (rows[i] * columns[j]))
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if count > 0
    )
    return max(0.0, found / total)


def corrected_information_bits(table: Sequence[Sequence[int]]) -> float:
    """Mutual information less what chance alone would show, in bits; 0 where that leaves nothing.

    Of n independent pairs with r kinds of X and c kinds of Y, the counts show (r - 1)(c - 1) / (2 n ln 2) bits on
    average though there are none (Miller 1955, "Note on the bias of information estimates"; 2 n ln 2 times the
    information is the likelihood ratio's chi-squared with (r - 1)(c - 1) degrees of freedom). Rows and columns without
    any count are no kinds. This holds where kinds have several counts each: pool the rare ones first.

    >>> round(corrected_information_bits([[30, 10], [10, 30]]), 6)  # 0.188722 - 1 / (160 x 0.693147)
    0.179705
    >>> corrected_information_bits([[10, 11], [11, 10]])
    0.0
    """
    total = sum(map(sum, table))
    if not total:
        return 0.0
    rows = sum(1 for row in table if any(row))
    columns = sum(1 for column in zip(*table, strict=True) if any(column))
    return max(0.0, information_bits(table) - (rows - 1) * (columns - 1) / (2 * total * log(2)))
