"""Traits and their columns."""

import pytest
from sqlalchemy import Connection

from tierwise.kernel.errors import TierwiseError
from tierwise.state import traits


def test_trait_is_recorded_once(connection: Connection) -> None:
    assert traits.add(connection, "收入", "trait_收入", "number") is True
    assert traits.add(connection, "收入", "trait_收入", "number") is False
    found = traits.list_traits(connection)
    assert [(each.name, each.column_name, each.type) for each in found] == [("收入", "trait_收入", "number")]


@pytest.mark.parametrize(("column", "kind"), [("trait_income", "text"), ("trait_other", "number")])
def test_trait_keeps_its_column_and_type(connection: Connection, column: str, kind: traits.TraitType) -> None:
    traits.add(connection, "income", "trait_income", "number")
    with pytest.raises(TierwiseError) as caught:
        traits.add(connection, "income", column, kind)
    assert caught.value.code == "trait_differs"
