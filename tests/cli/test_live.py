"""`tierwise keys` and `tierwise inbox`, on a database of the suite's own server."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from tests.cli.conftest import Command
from tierwise.ingest.inbox import InboxWriter
from tierwise.ingest.tracking import parse, read
from tierwise.state import write_keys

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)

CALLS = b"""{"batch":[{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1","properties":{"n":1}},
{"type":"track","event":"Order Completed","userId":"u1","messageId":"m1"},{"type":"identify"}]}"""


def test_from_a_key_to_what_came_by_it(tierwise: Command, database: Engine) -> None:
    settings = {"TIERWISE_DATABASE_URL": database.url.render_as_string(hide_password=False)}
    assert tierwise("keys", "list", settings=settings).out.startswith("no write key")
    made = tierwise("keys", "create", "web", "--json", settings=settings)
    secret = made.json["write_key"]
    with database.connect() as connection:
        key = write_keys.by_digest(connection, AT)[write_keys.digest_of(secret)]
    writer = InboxWriter(database)
    writer.take([read(parse(CALLS), "batch", key, AT)])
    writer.close()
    status = tierwise("inbox", "status", "--json", settings=settings).json
    expected = {"received": 3, "applied": 0, "duplicate": 1, "quarantined": 1, "declined": 0, "pending": 1}
    assert {name: status[name] for name in expected} == expected
    assert "Order Completed" in tierwise("inbox", "events", settings=settings).out
    assert "missing_user" in tierwise("inbox", "quarantined", "--source", "web", settings=settings).out
    assert "n: number" in tierwise("inbox", "catalogue", settings=settings).out
    rotated = tierwise("keys", "rotate", "web", "--grace-hours", "0", "--json", settings=settings).json
    assert rotated["write_key"] != secret
    listed = tierwise("keys", "list", settings=settings).out
    assert f"…{rotated['write_key'][-4:]}" in listed
    assert secret not in listed
    assert "out of use" in tierwise("keys", "revoke", "web", settings=settings).out
    assert tierwise("keys", "list", "--all", "--json", settings=settings).json["keys"][0]["revoked_by"]
