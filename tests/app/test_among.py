"""Customers whom no rule tells: as many as the pages count that lead to them."""

from datetime import date
from pathlib import Path

import pytest

from tierwise.app import history, segments, showing
from tierwise.app.among import ANYWHERE, Among, InDeciles, Moved, among_address, among_in
from tierwise.app.context import Context
from tierwise.app.own_customers import own_rule
from tierwise.app.principal import Principal
from tierwise.app.searching import search
from tierwise.definitions.rule import Comparison
from tierwise.kernel.errors import TierwiseError

DAYS = (date(2026, 3, 31), date(2026, 6, 30))

EVERYBODY = Comparison(attribute="customer_id", op="present")


def test_who_moved_is_as_many_as_the_matrix_counts(retailer: Context) -> None:
    moves = history.migration(retailer, "lifecycle_stage", *DAYS)
    assert len({(row.from_, row.to) for row in moves.rows}) > 4
    for row in moves.rows:
        found = search(retailer, among=Moved("lifecycle_stage", *DAYS, row.from_, row.to), columns=["lifecycle_stage"])
        if row.to is not None:
            assert found.of == row.customers
            assert {stage for _, stage in found.rows} == {row.to}
    last = moves.rows[0].to
    came = search(retailer, among=Moved("lifecycle_stage", *DAYS, ANYWHERE, last))
    assert came.of == sum(row.customers for row in moves.rows if row.to == last)


@pytest.mark.parametrize("metric", ["frequency_count", "monetary_amount", "recency_days", "tenure_days"])
def test_who_is_in_a_tenth_is_as_many_as_the_tenth_counts(retailer: Context, metric: str) -> None:
    view = showing.deciles(retailer, metric)
    for row in view.rows:
        found = search(
            retailer, among=InDeciles(metric, row.decile, row.decile), columns=[metric], order_by=metric, limit=200
        )
        values = [value for _, value in found.rows]
        assert (found.of, values[0], values[-1]) == (row.customers, row.lowest, row.highest)
    assert search(retailer, among=InDeciles(metric, 1, len(view.rows))).of == view.customers


def test_they_are_narrowed_by_a_rule_and_taken_as_a_file(retailer: Context, tmp_path: Path) -> None:
    among = InDeciles("frequency_count", 1, 2)
    rule = Comparison(attribute="monetary_amount", op=">=", value=1000)
    narrowed = search(retailer, rule=rule, among=among)
    assert 0 < narrowed.of < search(retailer, among=among).of
    assert segments.members(retailer, rule, among=among, limit=3).of == narrowed.of
    done = segments.export_members(retailer, rule, tmp_path / "x.csv", columns=["monetary_amount"], among=among)
    assert done.rows == narrowed.of
    assert segments.export_members(retailer, EVERYBODY, tmp_path / "y.csv", among=among).rows > done.rows


def test_who_sees_some_customers_only_finds_their_own_of_them(retailer: Context) -> None:
    among = InDeciles("frequency_count", 1, 10)
    advisor = retailer.acting_as(Principal("p", "advisor", ("S001",)))
    own = own_rule(advisor)
    assert own is not None
    found = search(advisor, among=among)
    assert 0 < found.of < search(retailer, among=among).of
    assert found.of == search(retailer, rule=own, among=among).of


@pytest.mark.parametrize(
    "among",
    [InDeciles("x", 1, 3), Moved("a", *DAYS, None, "b"), Moved("a", *DAYS, ANYWHERE, None)],
)
def test_an_address_holds_them(among: Among) -> None:
    assert among_in(among_address(among)) == among


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"deciles":{"metric":"x","first":3,"last":1}}', '{"moved":{"name":"x","from_day":"no"}}']
)
def test_an_address_of_nobody_is_refused(text: str) -> None:
    with pytest.raises(TierwiseError) as caught:
        among_in(text)
    assert caught.value.code == "bad_value"


def test_what_cannot_be_told_is_told(retailer: Context) -> None:
    for among, code in (
        (InDeciles("no_such", 1, 1), "unknown_attribute"),
        (InDeciles("lifecycle_stage", 1, 1), "not_a_number"),
        (Moved("no_such", *DAYS, None, "x"), "unknown_history_name"),
        (Moved("lifecycle_stage", DAYS[1], DAYS[0], None, "x"), "bad_days"),
    ):
        with pytest.raises(TierwiseError) as caught:
            search(retailer, among=among)
        assert caught.value.code == code
