"""Head-counts of the customers that one sees: as many as a search finds, and of nobody else's."""

from __future__ import annotations

import pytest

from tierwise.app import searching
from tierwise.app.context import Context
from tierwise.app.head_counts import head_counts
from tierwise.app.principal import Principal
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import TierwiseError

NAMES = ("lifecycle_stage", "rfm_cell", "spend_decile")

OF_ONE_STORE = Principal("person:of-one-store", "operator", stores=("S001",))


@pytest.mark.parametrize("principal", [None, OF_ONE_STORE])
def test_as_many_as_a_search_finds(retailer: Context, principal: Principal | None) -> None:
    ctx = retailer if principal is None else retailer.acting_as(principal)
    found = head_counts(ctx, NAMES)
    assert found.of == searching.search(ctx, limit=0).of > 0
    assert set(found.values) == set(NAMES)
    for name, counts in found.values.items():
        assert counts
        assert list(counts.values()) == sorted(counts.values(), reverse=True)
        for value, count in counts.items():
            assert searching.search(ctx, rule=Comparison(attribute=name, op="=", value=value), limit=0).of == count
        without = searching.search(ctx, rule=Comparison(attribute=name, op="missing"), limit=0).of
        assert sum(counts.values()) + without == found.of


def test_one_store_has_fewer_than_all(retailer: Context) -> None:
    assert 0 < head_counts(retailer.acting_as(OF_ONE_STORE), ()).of < head_counts(retailer, ()).of


def test_what_is_refused(retailer: Context) -> None:
    with pytest.raises(TierwiseError, match="unknown attribute"):
        head_counts(retailer, ("no_such",))
    with pytest.raises(TierwiseError) as refused:
        head_counts(retailer.acting_as(Principal("person:rita", "reader")), NAMES)
    assert refused.value.code == "not_allowed"
