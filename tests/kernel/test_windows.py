from datetime import date

import pytest

from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.windows import LIFE, Window, parse_day


def test_a_window_ends_on_as_of_and_counts_that_day_whole() -> None:
    assert Window(1).first_day(date(2026, 6, 30)) == date(2026, 6, 30)
    assert Window(30).first_day(date(2026, 6, 30)) == date(2026, 6, 1)


def test_a_window_over_a_leap_day() -> None:
    assert Window(2).first_day(date(2024, 3, 1)) == date(2024, 2, 29)
    assert Window(366).first_day(date(2024, 12, 31)) == date(2024, 1, 1)


def test_a_window_does_not_begin_before_the_calendar() -> None:
    assert Window(365).first_day(date(1, 1, 1)) == date.min


def test_the_whole_life_has_no_first_day_and_no_suffix() -> None:
    assert LIFE.first_day(date(2026, 6, 30)) is None
    assert (LIFE.suffix, Window(90).suffix) == ("", "_90d")


@pytest.mark.parametrize("days", [0, -1, 36_601])
def test_a_window_of_no_days_is_refused(days: int) -> None:
    with pytest.raises(TierwiseError, match="a window of"):
        Window(days)


def test_days_are_written_in_one_way() -> None:
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2024-2-29", "20240229", "29.02.2024", "2023-02-29", "yesterday", ""])
def test_any_other_way_is_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        parse_day(text)
    assert caught.value.code == "bad_date"
    assert "2026-06-30" in (caught.value.remedy or "")
