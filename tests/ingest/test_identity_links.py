"""Files tell which ids belong together, and whose customer that makes a row."""

from __future__ import annotations

import pytest

from tests.ingest.conftest import Home
from tierwise.kernel.errors import TierwiseError

WHO = """SELECT i.id, c.id FROM customer_map m JOIN identities i USING (source_key)
    JOIN identities c ON c.source_key = m.customer_key ORDER BY 1"""
PAIRS = """SELECT a.id, b.id FROM {} l JOIN identities a ON a.source_key = l.left_key
    JOIN identities b ON b.source_key = l.right_key ORDER BY 1, 2"""
LINKS, CONFLICTS = PAIRS.format("identity_links"), PAIRS.format("identity_conflicts")


def test_without_a_definition_nothing_is_linked(home: Home) -> None:
    home.take("customer_id,phone\nC1,13800000001\nC2,13800000001\n", "customers")
    assert home.rows("SELECT id FROM identities ORDER BY 1") == [("C1",), ("C2",)]
    with pytest.raises(TierwiseError) as caught:
        home.take(
            "customer_id,card\nC1,9\n",
            "customers",
            {"columns": {"customer_id": "customer_id", "identity.member_card": "card"}},
        )
    assert caught.value.code == "no_identities"


def test_two_people_of_one_phone_stay_two_and_are_told(home: Home) -> None:
    home = home.with_identities()
    home.take("customer_id,phone\nC1,138 0000 0001\nC2,+86 13800000001\nC3,138****0001\n", "customers", name="crm.csv")
    phone = "phone:+8613800000001"
    assert home.rows(LINKS) == [("C1", phone), ("C2", phone)]
    assert home.rows(CONFLICTS) == [("C2", phone)]
    assert home.rows(WHO) == []  # no fact names a phone
    assert home.rows("SELECT DISTINCT source FROM identity_links") == [("crm.csv",)]
    before = home.rows("SELECT * REPLACE (seen_at::VARCHAR AS seen_at) FROM identity_links")
    home.take("customer_id,phone\nC1,13800000001\n", "customers", name="again.csv")
    assert home.rows("SELECT * REPLACE (seen_at::VARCHAR AS seen_at) FROM identity_links") == before


def test_other_systems_numbers_are_the_customers_by_the_phone(home: Home) -> None:
    home = home.with_identities(scopes=({"name": "till", "rank": 3},))
    members = {"scope": "till", "columns": {"customer_id": "no", "phone": "phone"}}
    home.take("no,phone\n1,13800000001\n2,13900000002\n", "customers", members)
    assert home.rows(WHO) == []
    home.take("customer_id,phone\n1,13800000001\n", "customers")  # the same number in another system is somebody else
    assert home.rows(WHO) == [("till:1", "1")]
    bills = {"scope": "till", "columns": {"order_id": "o", "customer_id": "no", "ordered_at": "at", "paid": "paid"}}
    home.take("o,no,at,paid\nA,1,2026-05-01,9\nB,2,2026-05-01,9\n", "orders", bills)
    whose = "SELECT order_id, id FROM orders JOIN identities USING (source_key) ORDER BY 1"
    assert home.rows(whose) == [("A", "till:1"), ("B", "till:2")]


def test_orders_without_a_number_belong_to_the_best_id_they_have(home: Home) -> None:
    home = home.with_identities()
    columns = {"order_id": "o", "ordered_at": "at", "paid": "paid", "identity.phone": "phone", "identity.open_id": "wx"}
    home.take(
        "o,at,paid,phone,wx\nA,2026-05-01,9,13800000001,w1\nB,2026-05-01,9,,w1\nC,2026-05-01,9,,\n",
        "orders",
        {"columns": columns},
    )
    whose = "SELECT order_id, id FROM orders LEFT JOIN identities USING (source_key) ORDER BY 1"
    assert home.rows(whose) == [("A", "phone:+8613800000001"), ("B", "open_id:w1"), ("C", None)]
    assert len(home.rows(WHO)) == 1  # one person, known by two ids


def test_a_vehicle_is_no_person(home: Home) -> None:
    home = home.with_identities()
    with pytest.raises(TierwiseError) as caught:
        home.take(
            "customer_id,vin\nC1,V\n", "customers", {"columns": {"customer_id": "customer_id", "identity.vin": "vin"}}
        )
    assert caught.value.code == "not_a_person"
    with pytest.raises(TierwiseError) as caught:
        home.take(
            "customer_id,x\nC1,V\n", "customers", {"columns": {"customer_id": "customer_id", "identity.phon": "x"}}
        )
    assert (caught.value.code, caught.value.remedy) == ("unknown_scope", 'did you mean "phone"?')


def test_roles_of_people_at_a_vehicle_are_rows(home: Home) -> None:
    home.take("车架号,客户编号,关系,开始日期,结束日期\nV1,C1,owner,2020-01-01,\nV1,C2,driver,,\n", "vehicle_people")
    home.take(
        "vin,customer_id,role,valid_from,valid_to\nV1,C1,owner,2020-01-01,2024-05-31\nV1,C3,owner,2024-06-01,\n",
        "vehicle_people",
    )
    found = home.rows(
        "SELECT id, role, valid_to::VARCHAR FROM vehicle_people JOIN identities USING (source_key) ORDER BY 1"
    )
    assert found == [("C1", "owner", "2024-05-31"), ("C2", "driver", None), ("C3", "owner", None)]


def test_what_a_definition_changes_changes_the_map_at_the_next_import(home: Home) -> None:
    home = home.with_identities(scopes=({"name": "till", "rank": 3},))
    home.take(
        "no,phone\n1,13800000001\n", "customers", {"scope": "till", "columns": {"customer_id": "no", "phone": "phone"}}
    )
    home.take("customer_id,phone\nC1,13800000001\n", "customers")
    assert home.rows(WHO) == [("till:1", "C1")]
    home = home.with_identities(scopes=({"name": "till", "rank": 3, "names_people": True},))
    home.take("customer_id\nC2\n", "customers")
    assert home.rows(WHO) == []
    assert home.rows(CONFLICTS) == [("phone:+8613800000001", "C1")]
