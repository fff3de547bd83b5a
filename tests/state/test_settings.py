"""Settings of a home."""

from sqlalchemy import Connection

from tierwise.state import settings


def test_value_is_kept_replaced_and_removed(connection: Connection) -> None:
    assert settings.get(connection, "zone", "Asia/Shanghai") == "Asia/Shanghai"
    settings.put(connection, "zone", "Asia/Hong_Kong")
    settings.put(connection, "zone", {"name": "UTC"})
    settings.put(connection, "currency", None)
    assert settings.get(connection, "zone") == {"name": "UTC"}
    assert settings.get(connection, "currency", "CNY") is None
    told = {key: value for key, value in settings.all_settings(connection).items() if key in ("currency", "zone")}
    assert told == {"currency": None, "zone": {"name": "UTC"}}
    assert settings.remove(connection, "zone") is True
    assert settings.remove(connection, "zone") is False
    assert settings.get(connection, "zone") is None
