"""Open the operational database, embedded or any PostgreSQL from 14 on."""

from __future__ import annotations

import json
from functools import partial

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from tierwise.kernel.errors import TierwiseError

OLDEST_MAJOR_VERSION = 14
_FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"


def normal_url(url: str) -> URL:
    """The URL with our driver; accepts postgresql://, postgres:// and postgresql+psycopg://.

    Raises `database_url`. The message never repeats the URL, which may hold a password.
    """
    try:
        parsed = make_url(url.strip())
    except ArgumentError as error:
        raise TierwiseError("database_url", "the database URL cannot be read", remedy=f"write {_FORM}") from error
    if parsed.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise TierwiseError(
            "database_url", f'the database URL says "{parsed.drivername}", not PostgreSQL', remedy=f"write {_FORM}"
        )
    return parsed.set(drivername="postgresql+psycopg")


def open_database(url: str) -> Engine:
    """An engine with a small pool, times in UTC; connects once, so that what is wrong is told now.

    Raises `database_url`, `database_unreachable`, `database_too_old`, `database_encoding`.
    """
    address = normal_url(url)
    engine = create_engine(
        address,
        pool_size=5,
        max_overflow=20,
        pool_pre_ping=True,
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False),
        connect_args={
            "application_name": "tierwise",
            "connect_timeout": 10,
            "options": "-c timezone=UTC -c client_encoding=UTF8",
        },
    )
    try:
        with engine.connect() as connection:
            asked = "select current_setting('server_version_num')::int / 10000, current_setting('server_encoding')"
            major_version, encoding = connection.exec_driver_sql(asked).one()
    except OperationalError as error:
        engine.dispose()
        raise TierwiseError(
            "database_unreachable",
            f"cannot reach the database: {str(error.orig).strip()}",
            place=address.render_as_string(hide_password=True),
            remedy="check that the server runs and that TIERWISE_DATABASE_URL names it, or unset that variable",
        ) from error
    if major_version < OLDEST_MAJOR_VERSION:
        engine.dispose()
        raise TierwiseError(
            "database_too_old",
            f"the server is PostgreSQL {major_version}",
            remedy=f"use PostgreSQL {OLDEST_MAJOR_VERSION} or newer",
        )
    if encoding != "UTF8":
        engine.dispose()
        raise TierwiseError(
            "database_encoding",
            f"the database is encoded in {encoding}",
            remedy="make it with: create database … encoding 'UTF8' template template0",
        )
    return engine
