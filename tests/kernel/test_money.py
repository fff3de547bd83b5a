from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import exponent, format_minor, from_minor, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("2.675", "CNY", 268),
        ("2.665", "CNY", 267),
        ("-2.675", "CNY", -268),
        ("0.005", "CNY", 1),
        ("1234.5", "JPY", 1235),
        ("1.2345", "KWD", 1235),
        ("1e3", "CNY", 100000),
        (7, "CNY", 700),
    ],
)
def test_rounds_once_half_up_away_from_zero(amount: str | int, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "twelve", "", "1,234"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(TierwiseError, match="is not an amount of money") as caught:
        to_minor(text, "CNY")
    assert caught.value.code == "bad_money"


@pytest.mark.parametrize("code", ["cny", "RMB1", "元", ""])
def test_a_malformed_currency_is_refused(code: str) -> None:
    with pytest.raises(TierwiseError, match="is not a currency code"):
        exponent(code)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_minor_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_the_outside_has_the_currencys_digits() -> None:
    assert str(from_minor(268, "CNY")) == "2.68"
    assert str(from_minor(268, "JPY")) == "268"
    assert from_minor(-5, "KWD") == Decimal("-0.005")
    assert format_minor(123456, "CNY") == "1,234.56"
