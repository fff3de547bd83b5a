from __future__ import annotations

from datetime import date
from decimal import Decimal

import narwhals as nw
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import by_key
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.attributes import attribute_names, attributes
from tierwise.metrics.customer import completed, customer_metrics
from tierwise.metrics.frame import Frame, columns_of

AS_OF = date(2026, 6, 30)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@pytest.fixture
def orders(frame: MakeFrame) -> Frame:
    """Ann: three orders on two days and one after as_of. Bo: one, cost unknown. Nobody: one."""
    return frame(
        pa.table(
            {
                "order_id": ["a1", "a2", "a3", "a4", "b1", "n1"],
                "customer_key": pa.array([1, 1, 1, 1, 2, None], pa.int64()),
                "ordered_day": [day("05-31"), day("06-01"), day("06-01"), day("07-01"), day("06-30"), day("06-30")],
                "gross_minor": [10_000, 5_000, 2_001, 9_999, 700, 1],
                "discount_minor": [1_000, 0, 0, 0, 0, 0],
                "coupon_minor": [0, 500, 0, 0, 0, 0],
                "cost_minor": pa.array([6_000, 2_000, 1_000, 1, None, 1], pa.int64()),
                "store_id": ["s2", "s1", "s1", "s9", None, "s1"],
            }
        )
    )


@pytest.fixture
def refunds(frame: MakeFrame) -> Frame:
    """Ann: 501 back in June, and some after as_of. Cy: a refund and no order."""
    return frame(
        pa.table(
            {
                "customer_key": pa.array([1, 1, 3, None], pa.int64()),
                "refunded_day": [day("06-10"), day("07-02"), day("05-01"), day("06-01")],
                "amount_minor": [501, 8_000, 300, 4],
            }
        )
    )


def test_one_row_per_customer_of_known_orders_and_refunds(orders: Frame, refunds: Frame) -> None:
    found = by_key(customer_metrics(orders, as_of=AS_OF, refunds=refunds, windows=(30,)))
    assert sorted(found) == [1, 2, 3]


def test_a_customer_worked_by_hand(orders: Frame, refunds: Frame) -> None:
    ann = by_key(customer_metrics(orders, as_of=AS_OF, refunds=refunds, windows=(30,)))[1]
    expected = {
        "recency_days": 29, "frequency_count": 3, "frequency_count_30d": 2, "order_days_count": 2,
        "monetary_amount_gross_minor": 17_001, "monetary_amount_gross_30d_minor": 7_001,
        "monetary_amount_minor": 17_001 - 1_000 - 500 - 501, "monetary_amount_30d_minor": 7_001 - 500 - 501,
        "profit_amount_minor": 15_000 - 9_000, "profit_amount_30d_minor": 6_000 - 3_000,
        "promotion_order_count": 2, "promotion_order_count_30d": 1, "coupon_order_count": 1,
        "refund_amount_minor": 501, "refund_count": 1, "refund_count_30d": 1, "last_refunded_on": day("06-10"),
        "first_ordered_on": day("05-31"), "last_ordered_on": day("06-01"), "tenure_days": 30,
        "mean_interval_days": 1.0, "interval_deviation_days": None, "net_sales_per_order_minor": 5_000,
        "max_order_amount_minor": 9_000, "min_order_amount_minor": 2_001, "cost_amount_minor": 9_000,
        "discount_share": 1_000 / 17_001, "coupon_share": 500 / 17_001, "promotion_order_share": 2 / 3,
        "refund_share": 501 / 15_501, "profit_share": 6_000 / 15_000, "distinct_store_count": 2, "main_store_id": "s1",
    }  # fmt: skip
    assert {name: ann[name] for name in expected} == expected


def test_refunds_alone_are_no_order_and_a_negative_net(orders: Frame, refunds: Frame) -> None:
    cy = by_key(customer_metrics(orders, as_of=AS_OF, refunds=refunds, windows=(30,)))[3]
    assert (cy["frequency_count"], cy["monetary_amount_minor"], cy["monetary_amount_gross_minor"]) == (0, -300, 0)
    assert (cy["recency_days"], cy["net_sales_per_order_minor"], cy["discount_share"]) == (None, None, None)
    assert (cy["monetary_amount_30d_minor"], cy["distinct_store_count"], cy["main_store_id"]) == (0, 0, None)


def test_a_profit_with_an_unknown_cost_cannot_be_told(orders: Frame) -> None:
    bo = by_key(customer_metrics(orders, as_of=AS_OF, windows=(30,)))[2]
    assert (bo["profit_amount_minor"], bo["profit_amount_30d_minor"], bo["cost_amount_minor"]) == (None, None, None)
    assert (bo["recency_days"], bo["monetary_amount_minor"], bo["profit_share"]) == (0, 700, None)


@pytest.mark.parametrize(("ordered", "counts"), [("05-31", 0), ("06-01", 1), ("06-30", 1)])
def test_a_window_ends_on_as_of_and_starts_n_days_before(frame: MakeFrame, ordered: str, counts: int) -> None:
    one = frame(customer_key=[1], ordered_day=[day(ordered)], gross_minor=[5], discount_minor=[0], coupon_minor=[0])
    assert by_key(customer_metrics(one, as_of=AS_OF, windows=(30,)))[1]["frequency_count_30d"] == counts


def test_nothing_after_as_of_is_seen(frame: MakeFrame, orders: Frame, refunds: Frame) -> None:
    people = frame(
        pa.table(
            {
                "customer_key": [1, 8, 9],
                "registered_on": [day("01-01"), day("07-05"), None],
                "closed_on": [day("07-01"), None, None],
                "known_from": [None, day("07-05"), None],
            }
        )
    )
    found = by_key(customer_metrics(orders, as_of=AS_OF, refunds=refunds, customers=people, windows=()))
    assert sorted(found) == [1, 2, 3, 9]
    assert (found[1]["closed_on"], found[1]["days_since_registered"], found[9]["registered_on"]) == (None, 180, None)
    assert found[9]["frequency_count"] == found[9]["monetary_amount_minor"] == 0


def test_age_counts_completed_years(frame: MakeFrame, orders: Frame) -> None:
    people = frame(customer_key=[1, 2], birth_on=[date(1990, 6, 30), date(1990, 7, 1)])
    found = by_key(customer_metrics(orders, as_of=AS_OF, customers=people, windows=()))
    assert (found[1]["age_years"], found[2]["age_years"]) == (36, 35)


def test_lines_give_breadth_and_the_rhythm_of_the_main_category(frame: MakeFrame) -> None:
    orders = frame(
        order_id=["o1", "o2", "o3", "p1"],
        customer_key=[1, 1, 1, 2],
        ordered_day=[day("01-01"), day("01-11"), day("01-31"), day("02-01")],
        gross_minor=[1] * 4,
        discount_minor=[0] * 4,
        coupon_minor=[0] * 4,
    )
    lines = frame(
        pa.table(
            {
                "order_id": ["o1", "o1", "o2", "o3", "p1", "gone"],
                "product_id": ["tea", "cup", "tea", "milk", "x", "tea"],
                "quantity": pa.array([Decimal("1.5"), Decimal(2), Decimal(1), Decimal("0.5"), Decimal(1), Decimal(7)]),
            }
        )
    )
    products = frame(
        pa.table({"product_id": ["tea", "milk", "cup", "x"], "category": ["drink", "drink", "ware", None]})
    )
    found = by_key(customer_metrics(orders, as_of=AS_OF, lines=lines, products=products, windows=()))
    one, two = found[1], found[2]
    assert (one["line_count"], one["unit_count"], one["units_per_order"]) == (4, 5.0, 5 / 3)
    assert (one["distinct_product_count"], one["distinct_category_count"], one["main_category"]) == (3, 2, "drink")
    assert one["category_interval_days"] == 15.0
    assert (two["main_category"], two["distinct_category_count"], two["category_interval_days"]) == (None, 0, None)


def test_visits_and_interactions(frame: MakeFrame, orders: Frame) -> None:
    visits = frame(
        pa.table(
            {
                "customer_key": [5, 5, 5, 5],
                "visited_day": [day("06-01"), day("06-01"), day("06-21"), day("07-01")],
                "paid": [True, None, False, True],
            }
        )
    )
    talks = frame(
        pa.table(
            {
                "customer_key": [5, 5],
                "occurred_day": [day("05-01"), day("06-30")],
                "duration_seconds": pa.array([None, 40], pa.int64()),
            }
        )
    )
    five = by_key(customer_metrics(orders, as_of=AS_OF, visits=visits, interactions=talks, windows=(30,)))[5]
    assert (five["visit_count"], five["paid_visit_count"], five["paid_visit_count_30d"]) == (3, 1, 1)
    assert (five["last_visited_on"], five["days_since_last_paid_visit"]) == (day("06-21"), 29)
    assert (five["visit_days_count"], five["mean_visit_interval_days"]) == (2, 20.0)
    assert (five["interaction_count"], five["interaction_count_30d"], five["interaction_seconds"]) == (2, 1, 40)
    assert (five["days_since_last_interaction"], five["mean_interaction_interval_days"]) == (0, 60.0)


def test_a_tie_of_stores_goes_to_the_smaller_id(frame: MakeFrame) -> None:
    two = frame(
        customer_key=[1, 1, 1],
        ordered_day=[day("01-01")] * 3,
        gross_minor=[1] * 3,
        discount_minor=[0] * 3,
        coupon_minor=[0] * 3,
        store_id=["s10", "s9", None],
    )
    assert by_key(customer_metrics(two, as_of=AS_OF))[1]["main_store_id"] == "s10"


def test_the_deviation_of_intervals_is_that_of_the_sample(frame: MakeFrame) -> None:
    days = [day("01-01"), day("01-11"), day("01-11"), day("02-10")]
    some = frame(
        customer_key=[1] * 4, ordered_day=days, gross_minor=[1] * 4, discount_minor=[0] * 4, coupon_minor=[0] * 4
    )
    found = by_key(customer_metrics(some, as_of=AS_OF))[1]
    assert found["mean_interval_days"] == 20.0
    assert found["interval_deviation_days"] == pytest.approx(200**0.5, rel=1e-12)


def test_no_orders_at_all_give_no_rows(frame: MakeFrame) -> None:
    schema = pa.schema(
        [("customer_key", pa.int64()), ("ordered_day", pa.date32())]
        + [(name, pa.int64()) for name in ("gross_minor", "discount_minor", "coupon_minor", "cost_minor")]
    )
    assert by_key(customer_metrics(frame(schema.empty_table()), as_of=AS_OF)) == {}


def test_columns_are_those_of_the_catalogue(orders: Frame, refunds: Frame) -> None:
    result = customer_metrics(orders, as_of=AS_OF, refunds=refunds)
    facts = ("orders", "orders.cost_minor", "orders.store_id", "refunds")
    assert columns_of(result) == ("customer_key", *(a.column for a in attributes((30, 90, 365), facts)))
    types = {"integer": nw.Int64, "money": nw.Int64, "number": nw.Float64, "date": nw.Date, "text": nw.String}
    schema = result.collect_schema()
    assert {a.column: schema[a.column] for a in attributes((30, 90, 365), facts)} == {
        a.column: types[a.type] for a in attributes((30, 90, 365), facts)
    }


def test_completed_adds_what_facts_without_rows_would_give(frame: MakeFrame, orders: Frame, refunds: Frame) -> None:
    ints, days = pa.array([], pa.int64()), pa.array([], pa.date32())
    no_visits = frame(pa.table({"customer_key": ints, "visited_day": days, "paid": pa.array([], pa.bool_())}))
    no_talks = frame(pa.table({"customer_key": ints, "occurred_day": days, "seconds": ints}))
    given = customer_metrics(orders, as_of=AS_OF, refunds=refunds, visits=no_visits, interactions=no_talks)
    added = completed(customer_metrics(orders, as_of=AS_OF, refunds=refunds), (30, 90, 365))
    assert columns_of(added) == ("customer_key", *(a.column for a in attributes((30, 90, 365))))
    assert added.collect_schema() == completed(given, (30, 90, 365)).collect_schema()
    assert by_key(added.select(*columns_of(given))) == by_key(given)
    assert by_key(added)[1]["line_count"] == 0
    assert by_key(added)[1]["units_per_order"] is None


def test_completed_keeps_other_columns_at_their_ends(orders: Frame) -> None:
    named = customer_metrics(orders, as_of=AS_OF).with_columns(nw.lit("m").alias("gender"))
    found = columns_of(completed(named, (30, 90, 365)))
    assert (found[0], found[1], found[-2:]) == ("customer_key", "recency_days", ("age_years", "gender"))


def test_every_missing_column_is_named(frame: MakeFrame) -> None:
    with pytest.raises(TierwiseError) as raised:
        customer_metrics(frame(customer=[1], order_day=[AS_OF], gross_minor=[1]), as_of=AS_OF)
    lacking = [problem.place for problem in raised.value.problems]
    assert lacking == ["customer_key", "ordered_day", "discount_minor", "coupon_minor"]
    assert 'did you mean "order_day"?' in str(raised.value)


def test_there_are_at_least_forty_attributes_with_names_of_their_own() -> None:
    names = attribute_names(facts=("orders", "orders.cost_minor", "orders.store_id", "refunds"))
    assert len(names) >= 40
    everything = [name.casefold() for name in attribute_names()]
    assert len(everything) == len(set(everything))


def test_every_attribute_is_titled_in_both_languages() -> None:
    for attribute in attributes((30,)):
        assert attribute.title.zh
        assert attribute.title.en
        assert attribute.meaning.zh
        assert attribute.meaning.en
