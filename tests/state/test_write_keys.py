"""Write keys: one in use per source, known by a digest alone, with a former secret that ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from tierwise.kernel.clock import utc_now
from tierwise.kernel.errors import TierwiseError
from tierwise.state import write_keys


def test_a_secret_is_known_by_its_digest_and_kept_nowhere(connection: Connection) -> None:
    key, secret = write_keys.create(connection, "web", author="ann", origins=["https://a.example"], choice="x")
    assert write_keys.by_digest(connection, utc_now()) == {write_keys.digest_of(secret): key}
    assert (key.scopes, key.origins, key.choice) == (write_keys.SCOPES, ("https://a.example",), "x")
    row = " ".join(map(str, connection.execute(text("select * from write_key")).one()))
    assert secret not in row
    assert secret.endswith(key.ending)


def test_a_source_has_one_key_in_use(connection: Connection) -> None:
    write_keys.create(connection, "web", author="ann")
    with pytest.raises(TierwiseError) as refused:
        write_keys.create(connection, "web", author="ann")
    assert refused.value.code == "already_has_key"
    gone = write_keys.revoke(connection, "web", by="bob")
    assert gone.revoked_by == "bob"
    assert write_keys.by_digest(connection, utc_now()) == {}
    again, _ = write_keys.create(connection, "web", author="ann")
    assert write_keys.list_keys(connection) == [again]
    assert write_keys.list_keys(connection, also_revoked=True) == [again, gone]
    assert write_keys.sources(connection) == {gone.id: "web", again.id: "web"}


def test_a_rotated_secret_is_good_until_its_time_is_over(connection: Connection) -> None:
    _, first = write_keys.create(connection, "web", author="ann")
    key, second = write_keys.rotate(connection, "web", grace=timedelta(hours=2))
    now = utc_now()
    both = {write_keys.digest_of(first): key, write_keys.digest_of(second): key}
    assert write_keys.by_digest(connection, now) == both
    assert set(write_keys.by_digest(connection, now + timedelta(hours=3))) == {write_keys.digest_of(second)}
    key, third = write_keys.rotate(connection, "web", grace=timedelta(0))
    assert key.previous_until is None
    assert set(write_keys.by_digest(connection, now)) == {write_keys.digest_of(third)}


def test_a_source_that_is_not_there_is_told_with_the_nearest(connection: Connection) -> None:
    write_keys.create(connection, "website", author="ann")
    with pytest.raises(TierwiseError) as refused:
        write_keys.rotate(connection, "webside", grace=timedelta(0))
    assert refused.value.code == "unknown_write_key"
    assert "website" in (refused.value.remedy or "")
