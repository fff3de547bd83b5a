"""Definitions of sources: what they may say, and what a mark is a mark of."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.definitions.import_source import ImportSource
from tierwise.definitions.read import parse_definition
from tierwise.kernel.errors import TierwiseError

DATABASE = {"kind": "postgresql", "database": "erp", "user": "reader", "table": "orders"}


def source(origin: dict[str, Any] | None = None, **more: Any) -> ImportSource:
    body = {
        "kind": "source",
        "name": "erp",
        "origin": DATABASE | (origin or {}),
        "watermark": {"column": "changed"},
        "mapping": {"table": "order_lines", "columns": {"order_id": "no"}},
    }
    defined = parse_definition(body | more)
    assert isinstance(defined, ImportSource)
    return defined


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"query": "SELECT 1"}, "table or query"),
        ({"table": None}, "table or query"),
        ({"password": "secret"}, 'unknown key "password"'),
        ({"password_env": "AWS_SECRET_ACCESS_KEY"}, "TIERWISE_PASSWORD_"),
        ({"password_file": "../serve.token"}, "password_file"),
        ({"password_file": "a", "password_env": "TIERWISE_PASSWORD_A"}, "not both"),
        ({"ca_file": "/etc/ca.pem"}, "tls: verify"),
        ({"kind": "oracle"}, "oracle"),
        ({"port": 0}, "1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(origin: dict[str, Any], said: str) -> None:
    with pytest.raises(TierwiseError, match=said):
        source(origin)


@pytest.mark.parametrize("kind", ["parquet", "delta"])
def test_a_path_is_from_the_root_on(kind: str) -> None:
    body = {
        "kind": "source",
        "name": "erp",
        "origin": {"kind": kind, "path": "data/orders"},
        "mapping": {"table": "orders"},
    }
    with pytest.raises(TierwiseError, match="from the root on"):
        parse_definition(body)


def test_lines_of_an_order_are_read_together() -> None:
    assert source().together == "no"
    assert source(watermark={"column": "changed", "together": "batch"}).together == "batch"
    assert source(mapping={"table": "orders", "columns": {"order_id": "no"}}).together is None
    assert source(watermark=None).together is None


def test_a_mark_is_of_a_place_a_column_and_a_table() -> None:
    same = source().fingerprint
    for origin in ({"user": "other"}, {"password_env": "TIERWISE_PASSWORD_X"}, {"tls": "require"}):
        assert source(origin).fingerprint == same
    assert source(watermark={"column": "changed", "overlap_minutes": 5}).fingerprint == same
    others = [
        source({"host": "test.example"}),
        source({"database": "erp2"}),
        source({"table": "orders2"}),
        source(watermark={"column": "id"}),
        source(mapping={"table": "orders", "columns": {"order_id": "no"}}),
    ]
    assert len({same, *(each.fingerprint for each in others)}) == 6
