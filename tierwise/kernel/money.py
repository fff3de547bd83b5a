"""Money is an integer number of minor units (`*_minor`); the only rounding is here: half up, away from zero."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from tierwise.kernel.errors import TierwiseError

EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217 currencies whose minor unit is not 1/100: digits after the point."""


def exponent(currency: str) -> int:
    """Digits after the point in that currency: 2 for CNY, 0 for JPY. Raises `unknown_currency` on a malformed code."""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise TierwiseError(
            "unknown_currency", f'"{currency}" is not a currency code', remedy='three letters such as "CNY"'
        )
    return EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal | str | int, currency: str) -> int:
    """Minor units of an amount, rounded once, half up: 2.675 CNY is 268. Raises `bad_money` on what is no number."""
    try:
        value = Decimal(amount)
        if not value.is_finite():
            raise InvalidOperation
    except InvalidOperation as error:
        raise TierwiseError("bad_money", f'"{amount}" is not an amount of money') from error
    return int((value * 10 ** exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount in currency units, with exactly the currency's digits: 268 is 2.68 CNY."""
    return Decimal(minor).scaleb(-exponent(currency))


def format_minor(minor: int, currency: str) -> str:
    """For people: 123456 CNY is `1,234.56`."""
    return f"{from_minor(minor, currency):,}"
