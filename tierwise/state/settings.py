"""Settings of this home: one JSON value per key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from tierwise.state.schema import setting


def get(connection: Connection, key: str, default: Any = None) -> Any:
    """The value of a key, `default` where it was never set."""
    row = connection.execute(select(setting.c.value).where(setting.c.key == key)).one_or_none()
    return default if row is None else row.value


def put(connection: Connection, key: str, value: Any) -> None:
    """Set a key to a value that JSON can hold (None is one)."""
    row = insert(setting).values(key=key, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=[setting.c.key], set_={"value": row.excluded.value}))


def remove(connection: Connection, key: str) -> bool:
    """Forget a key; whether it was set."""
    return connection.execute(delete(setting).where(setting.c.key == key)).rowcount > 0


def all_settings(connection: Connection) -> dict[str, Any]:
    """All keys and values, by key."""
    return dict(sorted((row.key, row.value) for row in connection.execute(select(setting))))
