"""Share of wallet by hand, and on customers of whom the need is known."""

from __future__ import annotations

import random
from statistics import mean
from typing import Any

import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.share_of_wallet import share_of_wallet

Rows = list[tuple[int | None, int | None, str | None, int | None, int | None]]
"""Customer, spent, model, household, known need."""

ROWS: Rows = [
    *((place, place * 100, "suv", 3, None) for place in range(1, 11)),
    (11, 70, "suv", 2, None),                   # one of a kind
    (12, 70, None, 3, None),
    (13, 70, "van", 1, 200), (14, 500, "van", 1, 200),
    (15, -30, "bus", 1, None), (16, 0, "bus", 1, None), (17, None, "bus", 1, None),
    (18, -30, "cab", 1, 100),
    (None, 9_999, "suv", 3, None),
]  # fmt: skip


def people(frame: MakeFrame, rows: Rows) -> Frame:
    columns = list(zip(*rows, strict=True))
    names = ("customer_key", "net_minor", "model", "household", "need")
    kinds = (pa.int64(), pa.int64(), pa.string(), pa.int64(), pa.int64())
    return frame(pa.table({name: pa.array(list(v), k) for name, v, k in zip(names, columns, kinds, strict=True)}))


def told(frame: MakeFrame, rows: Rows = ROWS, **asked: Any) -> dict[Any, dict[str, Any]]:
    given: dict[str, Any] = {"peers": ("model", "household"), "min_peers": 3, "given_need": "need", **asked}
    return by_key(share_of_wallet(people(frame, rows), **given))


def test_by_hand(frame: MakeFrame) -> None:
    found = told(frame)
    assert {found[place]["need_minor"] for place in range(1, 10)} == {900}
    assert (found[3]["share_of_wallet"], found[3]["gap_minor"], found[3]["peer_count"]) == (300 / 900, 600, 10)
    assert (found[3]["need_source"], found[3]["reason"]) == ("peers", None)
    ten = found[10]
    assert (ten["need_minor"], ten["share_of_wallet"], ten["gap_minor"]) == (1_000, 1.0, 0), "never less than is bought"
    assert (found[11]["need_minor"], found[11]["peer_count"], found[11]["reason"]) == (None, 1, "too_few_peers")
    assert (found[12]["peer_count"], found[12]["reason"]) == (None, "peer_attribute_missing")
    assert (found[13]["need_minor"], found[13]["need_source"], found[13]["gap_minor"]) == (200, "given", 130)
    assert (found[14]["need_minor"], found[14]["share_of_wallet"]) == (500, 1.0)
    assert {found[place]["reason"] for place in (15, 16, 17)} == {"no_need"}
    assert (found[18]["net_minor"], found[18]["share_of_wallet"], found[18]["gap_minor"]) == (-30, 0.0, 100)


@pytest.mark.parametrize(("quantile", "need"), [(0.5, 500), (0.51, 600), (0.1, 100), (1, 1_000)])
def test_the_quantile_is_exact(frame: MakeFrame, quantile: float, need: int) -> None:
    assert told(frame, need_quantile=quantile)[1]["need_minor"] == need


def test_a_known_need_is_found_again(frame: MakeFrame) -> None:
    """Of 400 customers in four kinds whose need is known, all of whom buy a part of it, a sixth of them all of it: the
    estimated need of each kind is within 5 % of the true one, the mean share within 0.05."""
    draw = random.Random(4)
    needs = {"a": 10_000, "b": 25_000, "c": 60_000, "d": 5_000}
    shares = [1.0 if draw.random() < 1 / 6 else draw.random() for _ in range(400)]
    kinds = [draw.choice("abcd") for _ in shares]
    spent = [int(needs[kind] * share * draw.uniform(0.97, 1.03)) for kind, share in zip(kinds, shares, strict=True)]
    rows: Rows = [(place, spent[place], kinds[place], 1, None) for place in range(400)]
    found = told(frame, rows, min_peers=30)
    for kind, need in needs.items():
        estimated = [row["need_minor"] for place, row in found.items() if kinds[place] == kind]
        assert min(estimated) == pytest.approx(need, rel=0.05)
    assert mean(row["share_of_wallet"] for row in found.values()) == pytest.approx(mean(shares), abs=0.05)


def test_what_is_wrong_is_refused(frame: MakeFrame) -> None:
    for asked in ({"need_quantile": 0}, {"min_peers": 0}, {"peers": ()}):
        with pytest.raises(TierwiseError) as raised:
            told(frame, **asked)
        assert raised.value.code == "bad_value"
