"""The committed versions of Delta tables."""

import pytest
from sqlalchemy import Connection, Engine

from tierwise.kernel.errors import TierwiseError
from tierwise.state import lake_tables


def test_versions_go_forward_together(connection: Connection) -> None:
    assert lake_tables.versions(connection) == {}
    lake_tables.set_versions(connection, {"orders": 0, "customers": 3})
    lake_tables.set_versions(connection, {"orders": 2})
    assert list(lake_tables.versions(connection).items()) == [("customers", 3), ("orders", 2)]


def test_same_version_again_changes_nothing(connection: Connection) -> None:
    lake_tables.set_versions(connection, {"orders": 2})
    lake_tables.set_versions(connection, {"orders": 2})
    assert lake_tables.versions(connection) == {"orders": 2}


def test_older_version_is_refused(connection: Connection) -> None:
    lake_tables.set_versions(connection, {"orders": 2})
    with pytest.raises(TierwiseError, match='"orders" is at version 2, and 1 is older') as caught:
        lake_tables.set_versions(connection, {"orders": 1})
    assert caught.value.code == "lake_version_behind"


def test_versions_that_are_not_committed_never_happened(database: Engine) -> None:
    with database.connect() as connection:
        lake_tables.set_versions(connection, {"orders": 7})
        connection.rollback()
        assert lake_tables.versions(connection) == {}
