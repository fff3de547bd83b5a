"""Texts as numbers, money, ids and instants: what is understood, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.facts import text_sql
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.money import to_minor

_con = duckdb.connect()


def naive(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type]


def read(by: Callable[[str], str], *texts: str | None) -> list[Any]:
    rows = ", ".join(f"({at}, {'NULL' if text is None else text_sql.sql_text(text)})" for at, text in enumerate(texts))
    return [row[0] for row in _con.execute(f"SELECT ({by('x')}) FROM (VALUES {rows}) t(k, x) ORDER BY k").fetchall()]


def test_ids_are_trimmed_mended_and_refused() -> None:
    assert read(
        text_sql.identifier, "17850.0", " a b\t", "1.38E+10", "12E5", '="0012"', "", "　", None, "1.5", "nan"
    ) == [
        "17850",
        "a b",
        None,
        "12E5",
        "0012",
        None,
        None,
        None,
        "1.5",
        "nan",
    ]
    nobody = lambda x: text_sql.identifier(x, nobody=True)  # noqa: E731
    assert read(nobody, "nan", "NULL", "\\N", "#N/A", "n1", "null2", "张三") == [
        None,
        None,
        None,
        None,
        "n1",
        "null2",
        "张三",
    ]


def test_money_is_read_in_the_forms_that_people_write() -> None:
    minor = lambda x: text_sql.minor(x, "2")  # noqa: E731
    assert read(
        minor,
        "2.675",
        "-2.675",
        "1.0049999996",
        "1,234.50",
        "¥12",
        "￥１２．５",
        "12元",
        "(3.50)",
        "-$5",
        "$-5",
        "1e3",
        ".5",
        "5.",
    ) == [
        268,
        -268,
        100,
        123_450,
        1200,
        1250,
        1200,
        -350,
        -500,
        -500,
        100_000,
        50,
        500,
    ]
    bad = ("nan", "NaN", "inf", "Infinity", "1_000", "0x10", "12,34", "1,2345", "", "ten", "1e99", "--1", "1 000")
    assert read(minor, *bad) == [None] * len(bad)


@settings(max_examples=40, deadline=None)
@given(st.decimals(min_value=-(10**9), max_value=10**9, places=8), st.sampled_from(["CNY", "JPY", "KWD"]))
def test_money_is_rounded_as_the_kernel_rounds(amount: Decimal, currency: str) -> None:
    digits = {"CNY": "2", "JPY": "0", "KWD": "3"}[currency]
    assert read(lambda x: text_sql.minor(x, digits), f"{amount:f}") == [to_minor(f"{amount:f}", currency)]


def test_products_are_exact_however_large_and_null_beyond_what_money_can_be() -> None:
    def product(quantity: str, price: str) -> Any:
        con = duckdb.connect()
        typed = text_sql.product("CAST(q AS DECIMAL(18,3))", "CAST(p AS DECIMAL(18,6))", "2")
        row = con.execute(f"SELECT {typed} FROM (SELECT '{quantity}' AS q, '{price}' AS p)").fetchone()
        assert row is not None
        return row[0]

    assert product("3", "0.335") == 101
    assert product("-2", "1.005") == -201
    assert product("12", "199999999.995") == 239_999_999_994
    assert product("999999", "999999") == 99_999_800_000_100
    assert product("1000000", "1000000") is None
    assert product("999999999999999", "999999999999.9") is None


def test_amounts_from_a_million_million_on_are_no_money() -> None:
    minor = lambda x: text_sql.minor(x, "2")  # noqa: E731
    assert read(minor, "999999999999.99", "-999,999,999,999.99", "1000000000000", "92233720368547758.07") == [
        99_999_999_999_999,
        -99_999_999_999_999,
        None,
        None,
    ]


def test_measures_are_rounded_and_durations_are_seconds() -> None:
    assert read(text_sql.rounded, "45321.6", "1,000", "-0.5", "km") == [45322, 1000, -1, None]
    assert read(text_sql.seconds, "143", "143.5", "2:23", "00:02:23", "1:00:00", "2:61", "abc", "") == [
        143,
        144,
        143,
        143,
        3600,
        None,
        None,
        None,
    ]


def test_numbers_and_booleans() -> None:
    assert read(lambda x: text_sql.decimal(x, 3), "1", "1.0005", "2,000", "x") == [
        Decimal("1.000"),
        Decimal("1.001"),
        Decimal("2000.000"),
        None,
    ]
    assert read(text_sql.whole_number, "3", "3.0", "3.5", "1,000", "") == [3, 3, None, 1000, None]
    assert read(text_sql.boolean, "是", "Y", "0", "否", "maybe", "") == [True, True, False, False, None, None]
    assert read(text_sql.gender, "女", "M", "?", "") == ["female", "male", "unknown", None]


_AT = naive(2024, 3, 5, 8, 26)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05", naive(2024, 3, 5)),
        ("2024-03-05 08:26:00", _AT),
        ("2024-03-05T08:26", _AT),
        ("2024/3/5", naive(2024, 3, 5)),
        ("2024/3/5 8:26", _AT),
        ("2024-3-5 8:26", _AT),
        ("2024.3.5", naive(2024, 3, 5)),
        ("2024年3月5日", naive(2024, 3, 5)),
        ("2024年03月05日 8时26分", _AT),
        ("2024年3月5日8:26:09", _AT.replace(second=9)),
        ("2024年3月5日 8时26分9秒", _AT.replace(second=9)),
        ("２０２４－０３－０５", naive(2024, 3, 5)),
        ("20240305", naive(2024, 3, 5)),
        ("202403050826", _AT),
        ("20240305082600", _AT),
        ("45356", naive(2024, 3, 5)),
        ("45356.351388889", _AT),
        ("61", naive(1900, 3, 1)),
        ("2024-03-05 08:26:00.123", _AT.replace(microsecond=123_000)),
        ("2024-03-05 8:26 PM", _AT.replace(hour=20)),
        ("9999-12-31", naive(9999, 12, 31)),
        ("5/3/2024", None),
        ("2024-02-30", None),
        ("2024-03-05 08:61:00", None),
        ("infinity", None),
        ("epoch", None),
        ("2024年3月", None),
        ("nan", None),
        ("", None),
    ],
)
def test_local_dates(text: str, expected: datetime | None) -> None:
    assert read(text_sql.local_time, text) == [expected]


def test_dates_that_say_their_offset_are_utc() -> None:
    texts = ("2024-03-05T08:26:00Z", "2024-03-05T16:26:00+08:00", "2024-03-05 13:56+0530", "2024-03-05T03:26:00-05")
    assert read(text_sql.utc_time, *texts) == [_AT] * 4
    assert read(text_sql.utc_time, "1709627160000", "1709627160", "2024-03-05 08:26:00") == [_AT, _AT, None]


def test_a_form_decides_between_day_and_month() -> None:
    assert read(lambda x: text_sql.local_time(x, "dmy"), "5/3/2024", "05-03-2024 8:26 AM") == [
        naive(2024, 3, 5),
        _AT,
    ]
    assert read(lambda x: text_sql.local_time(x, "mdy"), "3/5/2024 08:26") == [_AT]
    assert read(lambda x: text_sql.local_time(x, "%d.%m.%y"), "05.03.24", "2024-03-05", "2024.03.05") == [
        naive(2024, 3, 5),
        naive(2024, 3, 5),
        None,
    ]
    with pytest.raises(TierwiseError, match="date format"):
        text_sql.check_format("%Q")


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_zones_agree_with_the_tz_database(zone: str) -> None:
    instants = [datetime(1970, 1, 2, tzinfo=UTC).timestamp() + step * 1_234_567 for step in range(2000)]
    at = [datetime.fromtimestamp(each, UTC).replace(tzinfo=None) for each in instants]
    to_utc = read(lambda x: text_sql.to_utc(f"{x}::TIMESTAMP", zone), *map(str, at))
    to_local = read(lambda x: text_sql.to_local(f"{x}::TIMESTAMP", zone), *map(str, at))
    assert to_utc == [each.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None) for each in at]
    assert to_local == [each.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in at]


def test_a_day_in_eight_digits_may_have_a_time_and_a_time_may_say_which_half_of_the_day() -> None:
    assert read(
        text_sql.local_time, "20260102 08:26:00", "20260102 8:26", "2026-01-02 上午8:26", "2026/1/2 下午 3:05:06"
    ) == [naive(2026, 1, 2, 8, 26), naive(2026, 1, 2, 8, 26), naive(2026, 1, 2, 8, 26), naive(2026, 1, 2, 15, 5, 6)]
