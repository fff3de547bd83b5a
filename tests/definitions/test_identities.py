"""The scopes by which people are known: defaults, what stands in their place, what is no person's."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.definitions.identities import DEFAULT_SCOPES, Identities
from tierwise.definitions.read import parse_definition
from tierwise.kernel.errors import TierwiseError


def test_scopes_stand_beside_the_defaults_or_in_their_place() -> None:
    found = Identities(scopes=({"name": "till", "rank": 3}, {"name": "phone", "rank": 1}), without=("email",))  # type: ignore[arg-type]
    names = [scope.name for scope in found.all_scopes]
    assert names[:2] == ["customer_id", "phone"]
    assert {"till"} | {scope.name for scope in DEFAULT_SCOPES} - {"email"} == set(names)
    assert found.scope("phone").form == "plain"  # type: ignore[union-attr]
    assert found.scope("email") is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"scopes": [{"name": "vin", "rank": 2}]}, "vin is an id of a vehicle"),
        ({"scopes": [{"name": "a", "rank": 2}, {"name": "a", "rank": 3}]}, "scopes named twice: a"),
        ({"without": ["fax"]}, "without names no default: fax"),
        ({"without": ["customer_id"]}, "customer_id is the business's own"),
        ({"country_code": "+86"}, "country_code"),
    ],
)
def test_what_makes_no_sense_is_told(body: dict[str, Any], said: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        parse_definition({"kind": "identities", **body})
    assert said in str(caught.value)
