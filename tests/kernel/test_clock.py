from datetime import UTC, datetime, timedelta

import pytest

from tierwise.kernel import clock
from tierwise.kernel.errors import TierwiseError


def test_now_is_aware_and_utc() -> None:
    now = clock.utc_now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_today_is_the_business_day() -> None:
    east, west = clock.today(clock.zone("Pacific/Kiritimati")), clock.today(clock.zone("Pacific/Pago_Pago"))
    assert east - west in (timedelta(days=1), timedelta(days=2))


@pytest.mark.parametrize("name", ["Asia/Shangai", "", "../etc/passwd"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(TierwiseError, match="unknown time zone"):
        clock.zone(name)
