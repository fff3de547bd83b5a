"""One spelling for each id, and none for what is no id."""

from __future__ import annotations

import duckdb
import pytest

from tierwise.definitions.identities import DEFAULT_SCOPES, IdentityScope
from tierwise.facts.identity_text import identity

SCOPES = {scope.name: scope for scope in DEFAULT_SCOPES} | {"union": IdentityScope(name="union", rank=2, form="upper")}


@pytest.mark.parametrize(
    ("scope", "spelt", "texts"),
    [
        ("phone", "phone:+8613800000001", ["138-0000 0001", "+86 13800000001", "008613800000001", "13800000001.0",
                                            "８６１３８０００００００１", "8613800000001"]),
        ("phone", "phone:+862158880000", ["021-5888 0000", "(021)58880000"]),
        ("phone", "phone:+85223456789", ["+852 2345 6789"]),
        ("phone", None, ["138****0001", "00000000000", "1.38E+10", "无", "", "123", None]),
        ("email", "email:ann@shop.example", [" Ann@Shop.example "]),
        ("email", None, ["ann", "a b@c.d", "@x.y", None]),
        ("customer_id", "17850", ["17850.0", " 17850 "]),
        ("customer_id", None, ["NULL", "nan", "1.2E+10"]),
        ("member_card", "member_card:0012", ["0012", '="0012"']),
        ("union", "union:AB12", ["ab-12", "A B12"]),
    ],
)  # fmt: skip
def test_an_id_is_spelt_one_way(scope: str, spelt: str | None, texts: list[str | None]) -> None:
    sql = f"SELECT {identity('v', SCOPES[scope], '86')} FROM (SELECT $text::VARCHAR AS v)"
    with duckdb.connect() as connection:
        for text in texts:
            assert connection.execute(sql, {"text": text}).fetchone() == (spelt,), text
