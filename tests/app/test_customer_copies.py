"""One customer from the copies is the customer from the lake; copies come and go with the current run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tierwise.app import running, showing
from tierwise.app.context import Context
from tierwise.app.customer_copies import COPIES, renew_copies, renew_copies_after_a_run, renew_copies_aside
from tierwise.engine.customer_copies import CustomerCopies
from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import held

OF_RETAILER = {"profile", "customers", "orders", "refunds"}


@pytest.fixture
def holding(retailer: Context) -> Iterator[Context]:
    """As a process that serves."""
    with retailer.holding_copies() as context:
        yield context


def there(house: Context) -> set[str]:
    return {path.name.split("-")[0] for path in (house.home / "by_customer").glob("*")}


def forget(house: Context) -> None:
    with house.customer_copies() as copies:
        copies.keep_only({})


def ids(house: Context) -> list[str]:
    return [row[0] for row in showing.profile(house, limit=400, columns=["customer_id"]).rows][::40]


def test_a_customer_is_the_same_from_the_copies(
    retailer: Context, holding: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(retailer)
    asked = ids(retailer)
    slowly = [showing.customer(retailer, customer_id) for customer_id in asked]
    assert set(renew_copies(retailer)) == there(retailer) == OF_RETAILER
    assert renew_copies(retailer) == ()

    def no_lake(*arguments: Any) -> None:
        raise AssertionError("the lake was read")

    monkeypatch.setattr("tierwise.app.customers.register_facts", no_lake)
    for house in (retailer, holding):
        assert [showing.customer(house, customer_id) for customer_id in asked] == slowly
        with pytest.raises(TierwiseError) as caught:
            showing.customer(house, "nobody-by-this-id")
        assert caught.value.code == "unknown_customer"


def test_an_older_run_is_read_from_the_lake(retailer: Context) -> None:
    renew_copies(retailer)
    before = next(run for run in showing.runs(retailer) if run.as_of == date(2026, 3, 31))
    view = showing.customer(retailer, ids(retailer)[0], before.id)
    assert (view.run_id, view.as_of) == (before.id, before.as_of)


def test_a_new_run_is_not_told_from_the_last_ones_copies(retailer: Context, holding: Context) -> None:
    renew_copies(retailer)
    somebody = ids(retailer)[0]
    before = showing.customer(holding, somebody)
    run = running.run(retailer, date(2026, 6, 30))
    after = showing.customer(holding, somebody)  # from the lake, and copies are begun
    assert before.run_id < after.run_id == run.id
    assert holding.copies is not None
    holding.copies.wait()
    assert there(retailer) == OF_RETAILER
    assert renew_copies(retailer) == ()
    assert showing.customer(holding, somebody) == after


def test_who_makes_them_is_left_alone(retailer: Context) -> None:
    forget(retailer)
    with held(retailer.database, COPIES):
        assert renew_copies(retailer) == ()
    assert there(retailer) == set()


def test_before_any_run_there_is_nothing_to_copy(empty: Context) -> None:
    assert renew_copies(empty) == ()


def test_what_it_takes_is_told_from_the_runs_counts(retailer: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(retailer)
    said: list[str] = []
    house = replace(retailer, note=said.append)
    somebody = ids(retailer)[0]
    showing.customer(house, somebody)
    assert said == []
    monkeypatch.setattr("tierwise.app.customer_copies.FEW_ROWS", 399)
    showing.customer(house, somebody)
    assert len(said) == 1
    assert "--copies" in said[0]


def test_what_goes_wrong_is_noted_and_spoils_nothing(retailer: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(self: CustomerCopies, table: str, version: int) -> None:
        raise TierwiseError("disk_full", f"{table} did not fit")

    forget(retailer)
    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(CustomerCopies, "make", no_room)
        renew_copies_after_a_run(replace(retailer, note=said.append))
        with replace(retailer, note=said.append).holding_copies() as house:
            renew_copies_aside(house)
            assert house.copies is not None
            house.copies.wait()
    assert len(said) == 2
    assert all("profile did not fit" in text for text in said)
    renew_copies_aside(retailer)  # of a process that holds none, nothing
    assert there(retailer) == set()
