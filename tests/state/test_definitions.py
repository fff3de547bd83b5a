"""Versions of definitions."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine

from tierwise.state import definitions


def put(connection: Connection, name: str, body: dict[str, object] | None) -> int | None:
    return definitions.put(connection, "tier", name, body, author="ann", note="why")


def test_versions_count_up_and_the_highest_is_current(connection: Connection) -> None:
    assert put(connection, "value", {"cuts": [1, 2]}) == 1
    assert put(connection, "value", {"cuts": [1, 3]}) == 2
    assert put(connection, "other", {"名": "核心"}) == 1
    found = definitions.current(connection)
    assert [(each.name, each.version, each.body) for each in found] == [
        ("other", 1, {"名": "核心"}),
        ("value", 2, {"cuts": [1, 3]}),
    ]
    assert definitions.current(connection, "segment") == []


def test_same_body_makes_no_version(connection: Connection) -> None:
    put(connection, "value", {"a": 1, "b": 2})
    assert put(connection, "value", {"b": 2, "a": 1}) is None
    assert len(definitions.history(connection, "tier", "value")) == 1


def test_removed_definition_is_not_current_but_keeps_its_history_and_may_return(connection: Connection) -> None:
    put(connection, "value", {"a": 1})
    assert put(connection, "value", None) == 2
    assert put(connection, "value", None) is None
    assert definitions.current(connection) == []
    assert put(connection, "value", {"a": 1}) == 3
    found = definitions.history(connection, "tier", "value")
    assert [(each.version, each.body) for each in found] == [(3, {"a": 1}), (2, None), (1, {"a": 1})]
    assert (found[0].author, found[0].note) == ("ann", "why")


def test_removing_what_never_was_makes_nothing(connection: Connection) -> None:
    assert put(connection, "value", None) is None
    assert definitions.history(connection, "tier", "value") == []
    assert definitions.get(connection, "tier", "value") is None


def test_any_version_can_be_read_again(connection: Connection) -> None:
    put(connection, "value", {"a": 1})
    put(connection, "value", {"a": 2})
    first = definitions.get(connection, "tier", "value", 1)
    newest = definitions.get(connection, "tier", "value")
    assert first is not None
    assert newest is not None
    assert (first.body, newest.body) == ({"a": 1}, {"a": 2})
    assert definitions.get(connection, "tier", "value", 3) is None


def test_edits_at_once_each_get_their_own_version(database: Engine) -> None:
    def edit(number: int) -> int | None:
        with database.begin() as connection:
            return put(connection, "busy", {"a": number})

    with ThreadPoolExecutor(4) as pool:
        assert sorted(version or 0 for version in pool.map(edit, range(8))) == list(range(1, 9))
