"""The views of a run agree with each other, with the facts, and with what was planted."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from tierwise.app import showing
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.definitions.rfm import CELL_NAMES
from tierwise.engine import snapshots
from tierwise.kernel.errors import TierwiseError
from tierwise.testing import make_retail


@pytest.fixture(scope="module")
def overview(retailer: Context) -> showing.OverviewView:
    return showing.overview(retailer)


def run_as_of(house: Context, day: date) -> showing.RunView:
    return next(run for run in showing.runs(house) if run.as_of == day and run.state == "done")


def test_every_customer_is_counted_once_in_each_view(overview: showing.OverviewView) -> None:
    assert overview.customers == 400
    assert overview.rfm.customers + overview.rfm.unscored == 400
    assert sum(cell.customers for cell in overview.rfm.cells) == overview.rfm.customers == overview.buyers
    assert overview.deciles.customers + overview.deciles.unscored == 400
    for ladder in (*overview.lifecycle, *overview.activity):
        assert sum(row.customers for row in ladder.rows) + ladder.outside == 400


def test_money_is_the_same_wherever_it_stands(overview: showing.OverviewView) -> None:
    total = overview.monetary_amount
    assert sum(row.monetary_amount for row in overview.lifecycle[0].rows) == total
    assert sum(cell.monetary_amount for cell in overview.rfm.cells) == total
    assert overview.deciles.total == total
    shares = [cell.monetary_share for cell in overview.rfm.cells]
    assert sum(share or 0 for share in shares) == pytest.approx(1, rel=1e-12)


def test_net_is_the_facts_own_net(retailer: Context, overview: showing.OverviewView) -> None:
    made = make_retail(customers=400, seed=3).tables
    orders, refunds = made["orders"].to_pylist(), made["refunds"].to_pylist()
    net = sum(o["gross"] - o["discount"] - o["coupon"] for o in orders if o["customer_id"]) - sum(
        r["amount"] for r in refunds if r["customer_id"]
    )
    assert overview.monetary_amount == net
    assert overview.stores.total.monetary_amount_gross == sum(o["gross"] for o in orders)
    assert overview.stores.total.orders == len(orders)


def test_all_eight_cells_are_there_in_their_order(overview: showing.OverviewView) -> None:
    assert [cell.code for cell in overview.rfm.cells] == list(CELL_NAMES)
    first = overview.rfm.cells[0]
    assert (first.title.zh, first.title.en) == ("重要价值客户", "Key value")
    assert first.strategy is not None


def test_deciles_fall_and_end_at_one(overview: showing.OverviewView) -> None:
    rows = overview.deciles.rows
    assert [row.decile for row in rows] == list(range(1, 11))
    assert all(upper.per_head >= lower.per_head for upper, lower in pairwise(rows))  # type: ignore[operator]
    assert rows[-1].cumulative_share == pytest.approx(1, rel=1e-12)
    assert overview.deciles.sentence.zh.startswith("前 ")
    assert len(overview.deciles.groups) == 3


def test_deciles_by_another_metric(retailer: Context) -> None:
    view = showing.deciles(retailer, "frequency_count")
    assert view.unit == "orders"
    assert view.total == sum(row.total for row in view.rows)
    with pytest.raises(TierwiseError, match='unknown attribute "frequency_cuont"') as caught:
        showing.deciles(retailer, "frequency_cuont")
    assert caught.value.remedy == 'did you mean "frequency_count"?'
    with pytest.raises(TierwiseError, match="is no number"):
        showing.deciles(retailer, "last_ordered_on")


def test_transitions_add_up_to_both_dates(retailer: Context) -> None:
    moves = showing.transitions(retailer, None, date(2026, 3, 31), date(2026, 6, 30))
    earlier, later = run_as_of(retailer, date(2026, 3, 31)), run_as_of(retailer, date(2026, 6, 30))
    before = {row.name: row.customers for row in showing.ladders(retailer, "lifecycle", earlier.id)[0].rows}
    after = {row.name: row.customers for row in showing.ladders(retailer, "lifecycle", later.id)[0].rows}
    for stage in moves.stages:
        assert sum(row.customers for row in moves.rows if row.from_ == stage) == before[stage]
        assert sum(row.customers for row in moves.rows if row.to == stage) == after[stage]
    with pytest.raises(TierwiseError, match="no kept run as of 2025-01-01"):
        showing.transitions(retailer, None, date(2025, 1, 1), None)


def test_one_customer_has_facts_attributes_and_reasons(retailer: Context) -> None:
    page = showing.profile(retailer, limit=400, columns=["frequency_count", "monetary_amount", "rfm_cell"])
    buyer = next(row for row in page.rows if row[1] > 1)
    view = showing.customer(retailer, buyer[0])
    found = {attribute.name: attribute for attribute in view.attributes}
    assert len(found) >= 40
    assert found["frequency_count"].value == buyer[1]
    assert found["monetary_amount"].value == buyer[2]
    assert view.base["name"]
    assert view.orders[0]["ordered_at"].utcoffset() is not None
    assert isinstance(view.orders[0]["gross"], Decimal)
    nobody = next(row for row in page.rows if row[1] == 0)
    unscored = {a.name: a for a in showing.customer(retailer, nobody[0]).attributes}
    assert (unscored["rfm_cell"].value, unscored["rfm_cell"].reason) == (None, "no_orders")
    with pytest.raises(TierwiseError) as caught:
        showing.customer(retailer, "nobody-by-this-id")
    assert caught.value.code == "unknown_customer"


def test_a_page_goes_on_behind_the_last_customer(retailer: Context) -> None:
    first = showing.profile(retailer, limit=150, columns=["recency_days"])
    rest = showing.profile(retailer, limit=1000, after=first.rows[-1][0], columns=["recency_days"])
    ids = [row[0] for row in (*first.rows, *rest.rows)]
    assert ids == sorted(ids)
    assert len(set(ids)) == first.of == 400


def test_an_old_run_is_read_as_it_was(retailer: Context) -> None:
    earlier = run_as_of(retailer, date(2026, 3, 31))
    assert showing.overview(retailer, earlier.id).run.as_of == date(2026, 3, 31)
    assert showing.rfm(retailer, earlier.id) != showing.rfm(retailer)


def test_groups_are_open_to_readers_and_persons_are_not(retailer: Context) -> None:
    reader = retailer.acting_as(Principal("test:reader", "reader"))
    assert showing.rfm(reader) == showing.rfm(retailer)
    for forbidden in (lambda: showing.customer(reader, "x"), lambda: showing.profile(reader)):
        with pytest.raises(TierwiseError) as caught:
            forbidden()
        assert caught.value.code == "not_allowed"


def test_snapshots_hold_one_row_per_customer(retailer: Context) -> None:
    from tierwise.app.reading import reading

    with reading(retailer) as reader:
        twice = snapshots.rows_of(reader.connection, "SELECT customer_id FROM profile GROUP BY 1 HAVING count(*) > 1")
        assert twice == ()
        names = [name.casefold() for name in reader.connection.view("profile").columns]
        assert len(names) == len(set(names))
