"""The Python door: pandas, Polars, Arrow and a DuckDB relation in, the same out, with equal values."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tierwise as tw
from tests.parity.made_facts import AS_OF, made_facts
from tierwise.metrics.lifecycle import Transition

KINDS: dict[str, Callable[[pa.Table], Any]] = {
    "pandas": lambda table: table.to_pandas(),
    "polars": lambda table: pl.from_arrow(table),
    "polars lazy": lambda table: pl.from_arrow(table).lazy(),  # type: ignore[union-attr]
    "arrow": lambda table: table,
    "duckdb": lambda table: duckdb.from_arrow(table),
}


def sales() -> pa.Table:
    """Orders in currency units, as decimals, under the door's names."""
    table = made_facts()["orders"]
    unit = pa.scalar(Decimal("0.01"))

    def money(name: str) -> Any:
        minor = table.column(name).cast(pa.decimal128(19, 0))
        return pa.compute.multiply(minor, unit)

    gross, discount, coupon = (money(f"{name}_minor") for name in ("gross", "discount", "coupon"))
    net = pa.compute.subtract(pa.compute.subtract(gross, discount), coupon)
    return pa.table(
        {
            "customer_id": table.column("customer_key").cast(pa.string()),
            "order_id": table.column("order_id"),
            "ordered_day": table.column("ordered_day"),
            "gross": gross,
            "net": net,
            "coupon": coupon,
            "cost": money("cost_minor"),
            "store_id": table.column("store_id"),
        }
    )


def plain(frame: Any) -> list[dict[str, Any]]:
    """Rows ordered by customer, with what differs in kind only (days as instants, NaN for null) made alike."""
    known = nw.from_native(frame)
    table = known.collect(backend="pyarrow") if isinstance(known, nw.LazyFrame) else known
    arrow = table.to_native() if table.implementation.is_pyarrow() else table.to_arrow()
    found = [{name: _plain(value) for name, value in row.items()} for row in arrow.to_pylist()]
    return sorted(found, key=lambda row: row["customer_id"])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    return None if isinstance(value, float) and value != value else value


CALLS: dict[str, Callable[[Any], Any]] = {
    "customer_metrics": lambda orders: tw.customer_metrics(orders, as_of=AS_OF),
    "rfm": lambda orders: tw.rfm(orders, as_of=AS_OF),
    "rfm of a window": lambda orders: tw.rfm(orders, as_of="2026-06-30", last_days=200, money="profit"),
    "deciles": lambda orders: tw.deciles(tw.customer_metrics(orders, as_of=AS_OF)),
    "activity": lambda orders: tw.activity(tw.customer_metrics(orders, as_of=AS_OF), as_of=AS_OF),
    "lifecycle": lambda orders: tw.lifecycle(tw.customer_metrics(orders, as_of=AS_OF), as_of=AS_OF),
}


@pytest.fixture(scope="module")
def expected() -> dict[str, list[dict[str, Any]]]:
    return {name: plain(call(sales())) for name, call in CALLS.items()}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "arrow"])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_type_comes_back_with_the_same_values(
    name: str, kind: str, expected: dict[str, list[dict[str, Any]]]
) -> None:
    given = KINDS[kind](sales())
    result = CALLS[name](given)
    assert type(result) is type(given)
    assert plain(result) == expected[name]


def test_metrics_are_those_of_the_facts(expected: dict[str, list[dict[str, Any]]]) -> None:
    names = tw.attribute_names(facts=("orders", "orders.cost_minor", "orders.store_id"))
    assert list(expected["customer_metrics"][0]) == ["customer_id", *names]
    first = expected["customer_metrics"][0]
    table = sales().to_pylist()
    mine = [row for row in table if row["customer_id"] == first["customer_id"] and row["ordered_day"] <= AS_OF]
    assert first["monetary_amount"] == sum(row["net"] for row in mine)
    assert first["frequency_count"] == len(mine)


def orders(**changed: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "customer_id": ["a", "a", "b"],
        "order_id": ["1", "2", "3"],
        "ordered_day": pd.to_datetime(["2026-01-01", "2026-06-01", "2026-06-30"]),
        "gross": [10.0, 20.0, 5.0],
        "net": [9.0, 20.0, 5.0],
    }
    return pd.DataFrame(columns | changed)


def metrics(frame: pd.DataFrame, **keywords: Any) -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in plain(tw.customer_metrics(frame, as_of=AS_OF, **keywords))}


def test_lines_of_one_order_are_one_order() -> None:
    found = metrics(orders(order_id=["1", "1", "3"]))["a"]
    assert (found["frequency_count"], found["monetary_amount"], found["first_ordered_on"]) == (
        1,
        Decimal("29.00"),
        date(2026, 1, 1),
    )


def test_one_order_id_of_two_customers_is_an_order_of_each() -> None:
    found = metrics(orders(order_id=["1", "1", "1"]))
    assert [found[key]["frequency_count"] for key in ("a", "b")] == [1, 1]


def test_money_is_rounded_half_up_once() -> None:
    found = metrics(orders(net=[2.675, 0.005, -2.675], gross=[2.675, 0.005, 0]))
    assert found["a"]["monetary_amount"] == Decimal("2.69")
    assert found["b"]["monetary_amount"] == Decimal("-2.68")
    assert metrics(orders(net=[2.5, 0.4, 1]), currency="JPY")["a"]["monetary_amount"] == Decimal(3)


def test_what_lies_between_gross_and_net_is_discount() -> None:
    found = metrics(orders())["a"]
    assert (found["discount_amount"], found["discount_share"], found["promotion_order_count"]) == (
        Decimal("1.00"),
        1 / 30,
        1,
    )


def test_columns_may_have_other_names() -> None:
    frame = orders().rename(columns={"customer_id": "CustomerID", "ordered_day": "InvoiceDate"})
    found = tw.rfm(frame, as_of=AS_OF, customer_id="CustomerID", ordered_at="InvoiceDate")
    assert plain(found) == plain(tw.rfm(orders(), as_of=AS_OF))


def test_rfm_needs_only_the_money_that_it_scores() -> None:
    assert plain(tw.rfm(orders().drop(columns="gross"), as_of=AS_OF)) == plain(tw.rfm(orders(), as_of=AS_OF))


def test_rows_of_nobody_are_left_out() -> None:
    assert set(metrics(orders(customer_id=["a", None, None], net=[1.0, None, 3.0]))) == {"a"}


def test_an_instant_falls_on_a_day_of_the_zone() -> None:
    late = [datetime(2026, 6, 29, 20, tzinfo=UTC)] * 3
    frame = orders(ordered_at=late).drop(columns="ordered_day")
    assert metrics(frame)["b"]["recency_days"] == 1
    assert metrics(frame, timezone="Asia/Shanghai")["b"]["recency_days"] == 0


def test_further_facts() -> None:
    refunds = pl.DataFrame({"customer_id": ["a", "c"], "refunded_day": [AS_OF, AS_OF], "amount": [1.5, 2.0]})
    visits = pa.table({"customer_id": ["a"], "visited_at": [datetime(2026, 6, 1, 9, tzinfo=UTC)], "paid": [True]})
    people = pd.DataFrame({"customer_id": ["d"], "registered_on": pd.to_datetime(["2026-06-01"])})
    found = metrics(orders(), refunds=refunds, visits=visits, customers=people)
    assert found["a"]["monetary_amount"] == Decimal("27.50")
    assert (found["c"]["frequency_count"], found["c"]["monetary_amount"]) == (0, Decimal("-2.00"))
    assert (found["a"]["paid_visit_count_30d"], found["d"]["days_since_registered"]) == (1, 29)


def test_nobody_at_all() -> None:
    empty = orders().iloc[:0].astype({"customer_id": "str", "order_id": "str"})
    assert len(tw.customer_metrics(empty, as_of=AS_OF)) == 0
    found = tw.rfm(empty, as_of=AS_OF)
    assert len(found) == 0
    assert [cell.customers for cell in tw.rfm_cells(found).cells] == [0] * 8


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_nobody_at_all_in_columns_without_a_type(kind: str) -> None:
    columns = list(orders().columns)
    empty: Any = pd.DataFrame(columns=columns) if kind == "pandas" else pl.DataFrame({name: [] for name in columns})
    metrics = tw.customer_metrics(empty, as_of=AS_OF)
    staged = tw.activity(tw.lifecycle(metrics, as_of=AS_OF), as_of=AS_OF)
    assert (len(tw.rfm(empty, as_of=AS_OF)), len(staged), len(tw.deciles(metrics))) == (0, 0, 0)


def test_a_column_of_nulls_is_missing_whatever_its_type() -> None:
    with pytest.raises(tw.TierwiseError, match='"ordered_day" is missing in 3 rows'):
        tw.rfm(orders(ordered_day=[None] * 3), as_of=AS_OF)


def test_a_misspelt_keyword_names_the_field_that_was_meant() -> None:
    with pytest.raises(tw.TierwiseError) as raised:
        tw.rfm(orders(), as_of=AS_OF, last_day=90)
    assert (raised.value.code, raised.value.remedy) == ("unknown_column", 'did you mean "last_days"?')


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(tw.TierwiseError, match="Asia/Shangai"):
        tw.rfm(orders(), as_of=AS_OF, timezone="Asia/Shangai")


def test_tables_of_something_else_name_what_they_lack() -> None:
    for call in (tw.rfm_cells, lambda frame: tw.lifecycle(frame, as_of=AS_OF)):
        with pytest.raises(tw.TierwiseError, match='have no column "monetary_amount"') as raised:
            call(orders())
        assert raised.value.code == "missing_column"


def test_what_is_not_finite_is_in_no_part() -> None:
    spend = [1.0, float("nan"), 3.0, float("inf"), None]
    frame = pl.DataFrame({"customer_id": list("abcde"), "spend": spend})
    for given in (frame, frame.to_pandas()):
        found = {row["customer_id"]: row["spend_decile"] for row in plain(tw.deciles(given, metric="spend", parts=2))}
        assert found == {"a": 2, "b": None, "c": 1, "d": None, "e": None}
    table = tw.decile_table(frame, metric="spend", parts=2)
    assert (table.total, table.unranked) == (4.0, 3)


def test_the_smallest_integer_of_a_type_is_ranked() -> None:
    for kind, least in ((pl.Int8, -128), (pl.Int64, -(2**63)), (pl.UInt8, 0)):
        frame = pl.DataFrame({"customer_id": ["a", "b"], "spend": pl.Series([least, 1], dtype=kind)})
        assert tw.deciles(frame, metric="spend", parts=2)["spend_decile"].to_list() == [2, 1]


def test_all_missing_columns_are_named_with_the_nearest() -> None:
    frame = orders().rename(columns={"customer_id": "custommer_id", "net": "nett"})
    with pytest.raises(tw.TierwiseError) as raised:
        tw.customer_metrics(frame, as_of=AS_OF, store="gross")
    said = str(raised.value)
    assert [problem.code for problem in raised.value.problems] == ["unknown_column", "missing_column", "missing_column"]
    assert 'did you mean "store_id"?' in said
    assert 'did you mean "custommer_id"?' in said
    assert 'did you mean "nett"?' in said


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"net": [1.0, float("inf"), 2.0]}, "bad_value", '"net" is missing or not finite in 1 row'),
        ({"net": [1.0, float("nan"), None]}, "bad_value", '"net" is missing or not finite in 2 rows'),
        ({"net": ["1", "2", "3"]}, "bad_column", '"net" is String, not money'),
        ({"ordered_day": ["2026-01-01"] * 3}, "bad_column", '"ordered_day" is String, not a date'),
        ({"ordered_day": pd.to_datetime(["2026-01-01", None, "2026-01-01"])}, "bad_value", '"ordered_day" is missing'),
        ({"net": [1, "x", 2.0]}, "bad_frame", "orders"),
    ],
)
def test_bad_input_is_refused_by_its_column(changed: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(tw.TierwiseError) as raised:
        tw.customer_metrics(orders(**changed), as_of=AS_OF)
    assert raised.value.code == code
    assert said in str(raised.value)


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(tw.TierwiseError, match="a list is no frame"):
        tw.rfm([1, 2], as_of=AS_OF)  # type: ignore[type-var]
    with pytest.raises(tw.TierwiseError, match="others are not: refunds"):
        tw.customer_metrics(duckdb.from_arrow(sales()), as_of=AS_OF, refunds=orders())


def test_a_definition_and_its_fields_are_not_both_given() -> None:
    with pytest.raises(tw.TierwiseError, match="both given"):
        tw.rfm(orders(), as_of=AS_OF, definition=tw.Rfm(), last_days=30)
    with pytest.raises(tw.TierwiseError) as raised:
        tw.rfm(orders(), as_of=AS_OF, last_days=-1)
    assert (raised.value.code, raised.value.place) == ("bad_definition", "last_days")


def test_cells_deciles_and_pareto_as_values() -> None:
    found = tw.rfm_cells(tw.rfm(orders(), as_of=AS_OF))
    assert (found.scored, found.unscored, len(found.cells)) == (2, 0, 8)
    assert sum(cell.monetary_amount for cell in found.cells) == Decimal("34.00")
    table = tw.decile_table(tw.customer_metrics(orders(), as_of=AS_OF), parts=2, groups={"by_hand": [1, 2]})
    assert [(row.customers, row.total, row.per_head) for row in table.parts] == [
        (1, Decimal("29.00"), Decimal("29.00")),
        (1, Decimal("5.00"), Decimal("5.00")),
    ]
    assert [group.group for group in table.groups] == ["G1", "G2"]
    assert tw.decile_sentence(table, "en") == "The top 50% of customers bring 85% of the total."
    counts = pd.DataFrame({"customer_id": [1, 2, 3, 4], "orders": [6, 2, 1, 1]})
    assert tw.pareto(counts, metric="orders", top=0.25).share == 0.6
    assert [point.share for point in tw.pareto_curve(counts, metric="orders", points=2)] == [0.8, 1.0]


def test_numbers_as_ids_are_ordered_as_numbers() -> None:
    counts = pd.DataFrame({"who": [10, 9], "orders": [5, 5]})
    found = tw.deciles(counts, metric="orders", parts=2, customer_id="who")
    assert found["who"].tolist() == [9, 10]
    assert found["spend_decile"].tolist() == [1, 2]


def test_a_metric_that_is_no_number_is_refused() -> None:
    with pytest.raises(tw.TierwiseError, match="no number to rank by"):
        tw.deciles(orders(), metric="order_id")


def test_moves_between_two_dates() -> None:
    earlier, later = (
        tw.lifecycle(tw.customer_metrics(orders(), as_of=day), as_of=day) for day in ("2026-01-31", "2026-06-30")
    )
    moves = tw.transitions(earlier, later)
    assert set(moves) == {Transition("first_purchase", "repeat", 1), Transition(None, "first_purchase", 1)}


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"pandas", "polars", "duckdb", "numpy", "narwhals", "pydantic", "pyarrow"}
    code = f"import sys, tierwise; print(sorted({heavy!r} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    for name in tw._MODULES:
        assert getattr(tw, name) is not None
    with pytest.raises(AttributeError):
        _ = tw.nothing_such
