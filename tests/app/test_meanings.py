"""One choice for each column, and the columns of a mapping that say the same."""

from __future__ import annotations

import pytest

from tierwise.app.meanings import TRAIT, lost, meanings_of, meant
from tierwise.kernel.errors import TierwiseError

HEADERS = ("单号", "卡号", "店", "国家", "国家")


def test_what_nobody_chose_otherwise_stays_as_the_mapping_had_it() -> None:
    before = {"customer_id": "卡号", "identity.card": "卡号", "store_id": "店", "store_name": "店", "order_id": 1}
    chosen = list(meanings_of(before, HEADERS))
    assert chosen == ["order_id", "customer_id", "store_name", None, None]
    assert meant("orders", HEADERS, chosen, before) == before
    chosen[1] = "channel"
    assert meant("orders", HEADERS, chosen, before) == {
        "store_id": "店",
        "store_name": "店",
        "order_id": 1,
        "channel": "卡号",
    }


def test_a_column_of_lines_tells_something_of_the_customer() -> None:
    columns = meant("order_lines", HEADERS, [None, "customer_id", None, TRAIT, None])
    assert columns == {"customer_id": "卡号", "customer.国家": 4}
    assert meanings_of(columns, HEADERS)[3] == TRAIT
    assert meant("order_lines", HEADERS, meanings_of(columns, HEADERS), columns) == columns


def test_two_columns_that_mean_the_same_are_refused() -> None:
    with pytest.raises(TierwiseError, match="order_id") as refused:
        meant("orders", HEADERS, ["order_id", "order_id", None, None, None], {"order_id": "单号"})
    assert refused.value.code == "meant_twice"


def test_columns_that_the_file_lacks_are_named() -> None:
    assert lost({"order_id": "单号", "store_id": "门店", "channel": 9}, HEADERS) == ("门店", "9")
    assert lost({"order_id": "1", "channel": 2}, ("", "")) == (), "a file without headers has places"
