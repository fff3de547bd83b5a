"""Junk accounts as people see them: counts and money by rule, releases and their undoing, who may do what."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from tierwise.app import cleaning
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.write import body_of
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, lake_tables, releases, runs
from tierwise.state import definitions as stored

AS_OF = date(2026, 6, 30)

RULES = Cleaning.model_validate(
    {
        "rules": [
            {
                "name": "test_account",
                "title": {"zh": "测试账号", "en": "Test account"},
                "when": {"attribute": "name", "op": "contains", "value": "测试"},
                "retention_days": 30,
            },
            {
                "name": "giveaway",
                "title": {"zh": "羊毛党", "en": "Giveaway hunter"},
                "reason": {"zh": "只为活动注册", "en": "Registered for a giveaway alone"},
                "when": {"attribute": "frequency_count", "op": "=", "value": 0},
            },
            {
                "name": "nobody",
                "title": {"zh": "无人"},
                "when": {"attribute": "frequency_count", "op": "<", "value": 0},
            },
        ]
    }
)

JUNK = """SELECT * FROM (VALUES
    (1::BIGINT, 'test_account', '测试账号', date '2026-05-01', 'u1', date '2026-03-01',
     3::BIGINT, 900::BIGINT, 1000::BIGINT),
    (1, 'giveaway', '只为活动注册', date '2027-03-01', 'u1', date '2026-03-01', 3, 900, 1000),
    (2, 'giveaway', '只为活动注册', date '2026-06-29', 'u2', date '2025-06-29', 0, 0, 0),
    (4, 'giveaway', '只为活动注册', date '2026-06-30', 'u4', date '2025-06-30', 0, 0, 0)
  ) t(customer_key, rule, reason, kept_until, customer_id, registered_on, frequency_count, monetary_amount_minor,
      monetary_amount_gross_minor)"""  # fmt: skip


@pytest.fixture(scope="module")
def house(empty: Context) -> Context:
    """Five people, two of them in the profile, three flagged, as a run of these rules leaves it."""
    connection = duckdb.connect()
    ids = "SELECT n::BIGINT AS source_key, 'customer_id' AS scope, 'u' || n AS id FROM range(1, 6) r(n)"
    known = "SELECT n::BIGINT AS customer_key, 'u' || n AS customer_id FROM (VALUES (3), (5)) t(n)"
    tables = {"identities": ids, "profile": known, "junk": JUNK}
    outputs = {name: empty.lake.overwrite(name, connection.sql(sql)) for name, sql in tables.items()}
    connection.close()
    with empty.database.begin() as state:
        lake_tables.set_versions(state, outputs)
        stored.put(state, "cleaning", "cleaning", body_of(RULES), author="me", note="")
    del outputs["identities"]
    used = {"cleaning cleaning": 1}
    with (
        runs.running(empty.database, AS_OF, definitions=used, inputs={}, job_id=None) as run_id,
        empty.database.begin() as state,
    ):
        runs.finish_and_flip(state, run_id, outputs=outputs, counts={"currency": "CNY"}, timings={})
    return empty


def refused(act: object, *args: object, **kwargs: object) -> str:
    assert callable(act)
    with pytest.raises(TierwiseError) as caught:
        act(*args, **kwargs)
    return caught.value.code


def test_the_report_counts_each_account_once_and_under_every_rule(house: Context) -> None:
    view = cleaning.junk(house)
    assert (view.customers, view.of, view.share) == (3, 5, 0.6)
    assert (view.orders, view.monetary_amount, view.monetary_amount_gross) == (3, Decimal("9.00"), Decimal("10.00"))
    test, giveaway, nobody = view.rules
    assert (test.customers, test.counted, giveaway.customers, giveaway.counted) == (1, 1, 3, 2)
    assert test.counted + giveaway.counted + nobody.counted == view.customers
    assert (nobody.customers, nobody.monetary_amount, nobody.examples) == (0, Decimal("0.00"), ())
    assert (test.monetary_amount, giveaway.reason.en) == (Decimal("9.00"), "Registered for a giveaway alone")
    # u1 is kept by the giveaway's rule until 2027; of u2 the day before as_of was the last, of u4 it is as_of itself.
    assert (test.past_retention, giveaway.past_retention, view.past_retention) == (1, 1, 1)
    assert giveaway.examples == ("u1", "u2", "u4")
    assert cleaning.junk(house, examples=1).rules[1].examples == ("u1",)


def test_who_may_not_see_customers_sees_numbers_alone(house: Context) -> None:
    reader = house.acting_as(Principal("test:reader", "reader"))
    view = cleaning.junk(reader)
    assert view.customers == 3
    assert {row.examples for row in view.rules} == {()}
    assert refused(cleaning.release, reader, "u2", reason="known") == "not_allowed"
    assert refused(cleaning.undo_release, reader, "u2") == "not_allowed"
    assert refused(cleaning.list_releases, reader) == "not_allowed"


def test_a_release_is_told_until_the_next_run_heeds_it_and_can_be_undone(house: Context) -> None:
    operator = house.acting_as(Principal("test:operator", "operator"))
    made = cleaning.release(operator, "u1", reason="our regular", rule="giveaway")
    assert (made.customer_id, made.rule, made.author, made.undone_at) == ("u1", "giveaway", "test:operator", None)
    cleaning.release(operator, "u2", reason="came back")
    assert refused(cleaning.release, operator, "u2", reason="again") == "already_released"
    assert [(each.customer_id, each.rule) for each in cleaning.list_releases(house)] == [
        ("u2", None), ("u1", "giveaway"),
    ]  # fmt: skip
    view = cleaning.junk(house)
    assert (view.releases, view.waiting) == (2, 2)
    with house.database.connect() as state:
        assert releases.standing(state).to_pylist() == [
            {"source_key": 1, "rule": "giveaway"}, {"source_key": 2, "rule": None},
        ]  # fmt: skip
    undone = cleaning.undo_release(operator, "u1", rule="giveaway")
    assert undone.undone_by == "test:operator"
    assert refused(cleaning.undo_release, operator, "u1", rule="giveaway") == "not_released"
    cleaning.undo_release(operator, "u2")
    assert (cleaning.junk(house).releases, len(cleaning.list_releases(house, standing_only=False))) == (0, 2)
    with house.database.connect() as state:
        written = [row for row in audit.list_rows(state) if row.action.startswith("junk.")]
    assert [row.action for row in written] == ["junk.undo", "junk.undo", "junk.release", "junk.release"]
    assert written[-1].detail["customer_key"] == 1
    assert "u1" not in str([row.detail for row in written])


def test_what_cannot_be_is_refused(house: Context) -> None:
    assert refused(cleaning.release, house, "u3", reason="no junk at all") == "not_junk"
    assert refused(cleaning.release, house, "u2", reason="wrong rule", rule="test_account") == "unknown_rule"
    assert refused(cleaning.release, house, "u2", reason=" ") == "missing_reason"
    assert refused(cleaning.undo_release, house, "nobody") == "unknown_customer"
    assert refused(cleaning.junk, house, run_id=99) == "unknown_run"
