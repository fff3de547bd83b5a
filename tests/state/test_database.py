"""Opening the operational database: which URLs are taken, and what is said when it cannot be reached."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state.database import normal_url, open_database
from tierwise.state.embedded import EmbeddedServer


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_usual_schemes_are_taken(scheme: str) -> None:
    url = normal_url(f" {scheme}://ann:p%40ss@db.example:6543/tiers\n")
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://ann:p%40ss@db.example:6543/tiers"


@pytest.mark.parametrize("url", ["", "not a url", "mysql://ann:secret@db/x", "sqlite:///x.db"])
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        open_database(url)
    assert caught.value.code == "database_url"
    assert "secret" not in str(caught.value)


def test_unreachable_server_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        open_database(f"postgresql://ann:secret@/x?host={tmp_path}")
    assert caught.value.code == "database_unreachable"
    assert "secret" not in str(caught.value)
    assert "TIERWISE_DATABASE_URL" in (caught.value.remedy or "")


def test_missing_database_is_told(server: EmbeddedServer) -> None:
    with pytest.raises(TierwiseError, match='"absent" does not exist'):
        open_database(server.ensure().replace("/tierwise?", "/absent?"))


def test_sessions_are_named_and_in_utc(database: Engine) -> None:
    with database.connect() as connection:
        found = connection.execute(
            text("select current_setting('application_name'), current_setting('timezone'), now()")
        ).one()
    assert found[:2] == ("tierwise", "UTC")
    assert found[2].utcoffset().total_seconds() == 0


def test_database_of_another_encoding_is_refused(server: EmbeddedServer, database: Engine) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("create database latin encoding 'LATIN1' template template0"))
    with pytest.raises(TierwiseError) as caught:
        open_database(server.ensure().replace("/tierwise?", "/latin?"))
    assert caught.value.code == "database_encoding"
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("drop database latin"))
