"""Price bands against a plain computation, ties to the lower band, and every reason for having none."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key, rows_of
from tierwise.definitions.price_band import PRICE_BANDS, PriceBand
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.price_band import leanings, price_cuts, priced_lines, with_price_band

Line = tuple[int | None, str, str, str]
"""customer, product, quantity, price"""


def lines(frame: MakeFrame, rows: list[Line], days: list[date] | None = None) -> Frame:
    columns = {
        "customer_key": pa.array([row[0] for row in rows], pa.int64()),
        "product_id": pa.array([row[1] for row in rows], pa.string()),
        "quantity": pa.array([Decimal(row[2]) for row in rows], pa.decimal128(18, 3)),
        "unit_price": pa.array([Decimal(row[3]) for row in rows], pa.decimal128(18, 6)),
    }
    return frame(pa.table(columns | ({"ordered_day": pa.array(days, pa.date32())} if days else {})))


def products(frame: MakeFrame, categories: dict[str, str | None]) -> Frame:
    named = {"product_id": list(categories), "category": pa.array(categories.values(), pa.string())}
    return frame(pa.table(named))


def customers(frame: MakeFrame, *keys: int) -> Frame:
    return frame(pa.table({"customer_key": pa.array(keys, pa.int64())}))


TEA = {"t1": "茶 > 绿茶", "t2": "茶 > 红茶", "t3": "茶 > 红茶", "b": "书", "x": None}


def test_a_worked_category(frame: MakeFrame) -> None:
    """Nine lines of tea at 10 to 90: thirds of type 7 lie at places 8/3 and 16/3 of 0 to 8, between 30 and 40 and
    between 60 and 70. So 30 is low, 40 and 60 are mid, 70 is high."""
    sold = lines(frame, [(1, "t1", "1", str(price)) for price in range(10, 100, 10)])
    definition = PriceBand(category_depth=1)
    cuts = rows_of(price_cuts(priced_lines(sold, products(frame, TEA), definition), definition), "category")
    assert cuts == [{"category": "茶", "prices": 9, "low_cut": 30_000_000, "high_cut": 60_000_000}]


def test_the_leaning_is_the_band_of_most_units_and_ties_go_down(frame: MakeFrame) -> None:
    shelf: list[Line] = [(None, "t1", "1", str(price)) for price in range(10, 100, 10)]
    bought: list[Line] = [
        (1, "t1", "3", "20"), (1, "t1", "4.5", "80"), (1, "t2", "1", "50"),
        (2, "t1", "2", "20"), (2, "t1", "2", "50"), (2, "t1", "2", "80"),
        (3, "t1", "1", "50"), (3, "t1", "1", "80"),
    ]  # fmt: skip
    sold, known = lines(frame, shelf + bought), products(frame, TEA)
    definition = PriceBand(category_depth=1, each="price")
    found = by_key(with_price_band(customers(frame, 1, 2, 3), definition, sold, known))
    assert {who: (row["price_band"], row["price_band_reason"]) for who, row in found.items()} == {
        1: ("high", None), 2: ("low", None), 3: ("mid", None)
    }  # fmt: skip
    assert found[1]["price_band_share"] == pytest.approx(4.5 / 8.5, rel=1e-12)
    by_lines = PriceBand(category_depth=1, each="price", count="lines", name="by_lines")
    counted = by_key(with_price_band(customers(frame, 1, 2, 3), by_lines, sold, known))
    assert {who: row["by_lines"] for who, row in counted.items()} == {1: "low", 2: "low", 3: "mid"}


def test_everyone_has_a_leaning_or_a_reason(frame: MakeFrame) -> None:
    sold = lines(
        frame,
        [(1, "t1", "1", str(price)) for price in (10, 20, 30)]
        + [(2, "x", "1", "5"), (2, "t1", "1", "0"), (3, "b", "1", "5"), (3, "b", "1", "6"), (5, "t1", "0", "5")],
    )
    found = by_key(with_price_band(customers(frame, 1, 2, 3, 4, 5), PriceBand(), sold, products(frame, TEA)))
    assert {key: (row["price_band"], row["price_band_reason"]) for key, row in found.items()} == {
        1: ("low", None),
        2: (None, "nothing_priced"),
        3: (None, "too_few_prices"),
        4: (None, "no_lines"),
        5: (None, "nothing_priced"),
    }


def test_with_no_lines_at_all_everyone_has_none(frame: MakeFrame) -> None:
    found = by_key(with_price_band(customers(frame, 1, 2), PriceBand(), lines(frame, []), products(frame, TEA)))
    assert [row["price_band_reason"] for row in found.values()] == ["no_lines", "no_lines"]


def test_a_window_holds_for_the_leaning_and_as_of_for_all(frame: MakeFrame) -> None:
    days = [date(2026, 1, 1)] * 3 + [date(2026, 6, 30), date(2026, 7, 1), date(2026, 6, 1)]
    prices = [(1, "5", "10"), (1, "1", "20"), (2, "1", "30"), (1, "1", "30"), (1, "9", "900"), (3, "1", "10")]
    sold = lines(frame, [(who, "b", quantity, price) for who, quantity, price in prices], days)
    definition = PriceBand(last_days=30)
    found = by_key(
        with_price_band(customers(frame, 1, 2, 3), definition, sold, products(frame, TEA), as_of=date(2026, 6, 30))
    )
    assert {who: row["price_band"] for who, row in found.items()} == {1: "high", 2: None, 3: "low"}
    assert found[2]["price_band_reason"] == "no_lines"
    with pytest.raises(TierwiseError, match="none is given"):
        with_price_band(customers(frame, 1), definition, sold, products(frame, TEA))


@pytest.mark.parametrize("each", ["line", "price"])
def test_bands_are_those_of_numpy(frame: MakeFrame, each: Any) -> None:
    draw = np.random.default_rng(8)
    rows: list[Line] = []
    for _ in range(600):
        product, price = int(draw.integers(0, 12)), int(draw.integers(1, 40))
        rows.append((int(draw.integers(0, 30)), f"p{product}", str(int(draw.integers(1, 4))), f"{price}.5"))
    categories: dict[str, str | None] = {f"p{i}": f"c{i % 3}" for i in range(12)}
    definition = PriceBand(each=each, low_up_to=Decimal("0.25"), high_above=Decimal("0.8"))
    prices: dict[str | None, Counter[float]] = defaultdict(Counter)
    for product, price in {row[1::2] for row in rows} if each == "price" else [row[1::2] for row in rows]:
        prices[categories[product]][float(price)] += 1
    cuts = {name: np.quantile(list(found.elements()), [0.25, 0.8]) for name, found in prices.items()}
    units: dict[tuple[int | None, str], Counter[str]] = defaultdict(Counter)
    for customer, product, quantity, price in rows:
        category = categories[product] or ""
        low, high = cuts[category]
        band = "low" if float(price) <= low else "high" if float(price) > high else "mid"
        units[customer, category][band] += int(quantity)
    priced = priced_lines(lines(frame, rows), products(frame, categories), definition)
    told = rows_of(
        leanings(priced, price_cuts(priced, definition), definition, by_category=True), "customer_key", "category"
    )
    assert len(told) == len(units)
    for row in told:
        found = units[row["customer_key"], row["category"]]
        most = max(found.values())
        expected = next(band for band in reversed(PRICE_BANDS) if found[band] == most)
        assert (row["band"], row["share"]) == (expected, pytest.approx(most / found.total(), rel=1e-12))


def test_what_lacks_is_named(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError, match='lines have no column "ordered_day"'):
        priced_lines(lines(frame, []), products(frame, TEA), PriceBand(last_days=5), as_of=date(2026, 6, 30))
    with pytest.raises(ValueError, match="low_up_to must be below"):
        PriceBand(low_up_to=Decimal("0.5"), high_above=Decimal("0.5"))
