"""What a row that is ignored still says: that its customer was there."""

import pytest

from tests.ingest.conftest import Home
from tierwise.kernel.errors import TierwiseError

LINES = """\
order_id,customer_id,ordered_at,product_id,quantity,unit_price,customer.city
1,a,2026-06-01,p,1,5.00,上海
2,b,2026-06-02,p,1,0.00,苏州
3,,2026-06-03,p,1,0.00,
"""

MAPPING = {
    "columns": {
        name: name for name in ("order_id", "customer_id", "ordered_at", "product_id", "quantity", "unit_price")
    }
    | {"customer.city": "customer.city"},
    "ignore": {"attribute": "unit_price", "op": "<=", "value": 0},
}


def test_a_customer_named_only_in_ignored_lines_is_known_and_has_no_orders(home: Home) -> None:
    report = home.take(LINES, "order_lines", MAPPING)
    assert (report.read, report.accepted, report.ignored) == (3, 1, 2)
    assert home.rows(
        "SELECT i.id, c.trait_city, CAST(c.known_from AS VARCHAR) "
        "FROM identities i JOIN customers c USING (source_key) ORDER BY 1"
    ) == [("a", "上海", "2026-06-01"), ("b", "苏州", "2026-06-02")]
    assert home.rows("SELECT count(*) FROM orders") == [(1,)]
    again = home.take(LINES, "order_lines", MAPPING)
    assert (again.unchanged, again.ignored) == (1, 2)


def test_names_that_only_a_header_would_have_mean_what_they_are_recognised_as(home: Home) -> None:
    columns = {
        "order_id": "order_id",
        "customer_id": "customer_id",
        "ordered_at": "ordered_at",
        "sku": "product_id",
        "qty": "quantity",
        "price": "unit_price",
        "country": "customer.city",
    }
    report = home.take(LINES, "order_lines", {"columns": columns, "ignore": MAPPING["ignore"]})
    assert (report.accepted, report.ignored) == (1, 2)
    assert report.columns_not_imported == ("customer.city",)
    with pytest.raises(TierwiseError, match='unknown canonical name "unit_prise"') as caught:
        home.take(LINES, "order_lines", {"columns": {**columns, "unit_prise": "unit_price"}})
    assert caught.value.remedy == 'did you mean "unit_price"?'
