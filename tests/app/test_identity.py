"""One ID, from files and events to the next run: who is joined, who is not, who decides, and what undoes it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tierwise.app import identity, identity_reading, importing, relations, running
from tierwise.app.applying import apply_events
from tierwise.app.context import Context
from tierwise.app.customers import customer
from tierwise.app.defining import change_definitions, initialise
from tierwise.app.principal import Principal
from tierwise.app.reading import reading
from tierwise.definitions.identities import Identities
from tierwise.definitions.mapping import Mapping
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.ingest.inbox import InboxWriter
from tierwise.ingest.tracking import parse, read
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit, write_keys

DAY = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 2, tzinfo=UTC)
PHONE = "phone:+8613800000001"

CONTACTS = {
    "kind": "source",
    "name": "web_contacts",
    "origin": {"kind": "events", "calls": ["track", "page"]},
    "mapping": {
        "table": "interactions",
        "columns": {
            "interaction_id": "messageId",
            "customer_id": "userId",
            "identity.anonymous_id": "anonymousId",
            "occurred_at": "occurred_at",
        },
    },
}


@pytest.fixture(scope="module")
def shop(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Two people share a phone, and four hundred that of a front desk; they were imported before anybody asked."""
    initialise(empty, "general")
    folder = tmp_path_factory.mktemp("files")
    rows = ["C1,138 0000 0001", "C2,+86 13800000001", *(f"D{at},13900000009" for at in range(400))]
    take(empty, folder, "customers", "customer_id,phone", rows)
    orders = ["A,C1,2026-05-01,10", "B,C2,2026-05-02,20", "F,D7,2026-05-03,5"]
    take(empty, folder, "orders", "order_id,customer_id,ordered_at,gross", orders)
    with pytest.raises(TierwiseError) as caught:
        identity.resolve(empty)
    assert caught.value.code == "no_identities"
    change_definitions(empty, [Identities()], note="")
    return empty


def take(ctx: Context, folder: Path, table: str, header: str, rows: list[str], **mapping: Any) -> None:
    path = folder / f"{table}.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    told = Mapping(table=table, columns={name: name for name in header.split(",")}, **mapping)
    importing.import_file(ctx, path, table, told)


def orders_of(ctx: Context) -> dict[str, int]:
    """Who bought as the current run has it: customer -> orders."""
    with reading(ctx) as reader:
        rows = reader.connection.execute(
            "SELECT customer_id, frequency_count FROM profile WHERE frequency_count > 0"
        ).fetchall()
    return dict(rows)


def test_a_front_desk_joins_nobody_and_two_people_of_one_phone_are_left_to_decide(shop: Context) -> None:
    view = identity.resolve(shop)
    assert (view.new_links, view.joined, view.shared) == (402, 0, 1)
    (desk,) = identity_reading.shared(shop)
    assert (desk.identity, desk.of, desk.seen_with, desk.most) == ("phone:+8613900000009", "customer_id", 400, 5)
    found = identity_reading.review(shop)
    assert [(pair.left, pair.right) for pair in found.pairs] == [("C1", "C2")]
    assert [(step.left, step.right, step.verdict, step.source) for step in found.pairs[0].evidence] == [
        ("C2", PHONE, "refused", "customers"),
        ("C1", PHONE, "joined", "customers"),
    ]
    told = identity_reading.explain(shop, "D7")
    assert [row.identity for row in told.identities] == ["D7"]
    assert [(step.right, step.verdict) for step in told.refused] == [("phone:+8613900000009", "barred")]
    assert identity.resolve(shop).new_links == 0


def test_a_decision_joins_from_the_next_run_on_and_is_undone(shop: Context) -> None:
    running.run(shop, DAY)
    assert orders_of(shop) == {"C1": 1, "C2": 1, "D7": 1}
    made = identity.decide(shop, "C2", "C1", same=True, reason="the same person at the desk")
    assert (made.left, made.right, made.same) == ("C1", "C2", True)
    assert identity_reading.review(shop).pairs == ()
    told = identity_reading.explain(shop, "phone:13800000001")
    assert (told.customer_id, told.waiting) == ("C1", True)
    assert [(step.by, step.left, step.right) for step in told.merges] == [
        ("decision", "C1", "C2"),
        ("link", "C1", PHONE),
    ]
    assert told.merges[0].reason == "the same person at the desk"

    joined = running.run(shop, DAY)
    assert orders_of(shop) == {"C1": 2, "D7": 1}
    assert joined.counts["touched"] == 2  # nobody else was counted anew
    assert len(customer(shop, "C2").orders) == 2  # by either number
    assert customer(shop, "C2").customer_id == customer(shop, "phone:138-0000-0001").customer_id == "C1"
    assert not identity_reading.explain(shop, "C1").waiting

    undone = identity.undo(shop, made.id)
    assert undone.undone_by == shop.principal.name
    assert [each.id for each in identity.decisions(shop, standing_only=False)] == [made.id]
    with pytest.raises(TierwiseError) as caught:
        identity.undo(shop, made.id)
    assert caught.value.code == "already_undone"
    with shop.database.connect() as connection:
        rows = audit.list_rows(connection, action="identity.decide")
    assert rows[0].detail.keys() == {"decision", "left_key", "right_key", "same"}  # no id, which may be a phone


def test_two_who_are_two_are_asked_about_no_more(shop: Context) -> None:
    parted = identity.decide(shop, "C1", "C2", same=False, reason="mother and daughter")
    assert identity_reading.review(shop).pairs == ()
    (refused,) = identity_reading.explain(shop, "C2").refused[-1:]
    assert (refused.verdict, refused.right) == ("kept_apart", PHONE)
    identity.undo(shop, parted.id)
    assert len(identity_reading.review(shop).pairs) == 1


def test_a_vehicle_reaches_its_people_by_their_roles(shop: Context, tmp_path: Path) -> None:
    take(shop, tmp_path, "vehicles", "vin,plate,customer_id", ["V1,沪A·12345,C1", "V2,,C2"])
    take(
        shop,
        tmp_path,
        "vehicle_people",
        "vin,customer_id,role,valid_from,valid_to",
        ["V1,C2,owner,2020-01-01,2024-05-31", "V1,C1,owner,2024-06-01,", "V1,D1,driver,,"],
    )
    take(
        shop, tmp_path, "visits", "visit_id,vin,customer_id,visited_at", ["W1,V1,D1,2026-05-01", "W2,V1,D1,2026-06-01"]
    )
    (found,) = relations.vehicles(shop, "沪a12345", on=DAY)
    assert [(row.role, row.customer_id, row.source, row.times) for row in found.people] == [
        ("driver", "D1", "vehicle_people", None),
        ("owner", "C1", "vehicle_people", None),
        ("bringer", "D1", "visits", 2),
    ]
    (before,) = relations.vehicles(shop, "V1", on=date(2023, 1, 1))
    assert [(row.role, row.customer_id) for row in before.people] == [("driver", "D1"), ("owner", "C2")]
    assert [row.source for row in relations.vehicles(shop, "V2")[0].people] == ["vehicles"]
    take(shop, tmp_path, "companies", "company_id,company_name", ["K1,Acme"])
    take(shop, tmp_path, "company_people", "company_id,customer_id,role", ["K1,C1,buyer", "K1,D2,pays"])
    take(shop, tmp_path, "household_people", "household_id,customer_id,role", ["H1,C1,head", "H1,C2,spouse"])
    company = relations.company(shop, "K1")
    assert (company.name, [(row.role, row.customer_id) for row in company.people]) == (
        "Acme",
        [("buyer", "C1"), ("pays", "D2")],
    )
    assert [row.customer_id for row in relations.household(shop, "H1").people] == ["C1", "C2"]
    for ask, code in (
        (lambda: relations.vehicles(shop, "V9"), "unknown_vehicle"),
        (lambda: relations.company(shop, "K9"), "unknown_company"),
        (lambda: relations.household(shop, "H9"), "unknown_household"),
    ):
        with pytest.raises(TierwiseError) as caught:
            ask()
        assert caught.value.code == code


def test_what_a_visitor_did_becomes_the_customers(shop: Context) -> None:
    change_definitions(shop, [parse_definition(CONTACTS)], note="")
    with shop.database.begin() as connection:
        key = write_keys.create(connection, "web", author="ann")[0]
    writer = InboxWriter(shop.database)

    def sent(*events: dict[str, Any]) -> int | None:
        body = json.dumps({"batch": [{"messageId": f"m{id(each)}", **each} for each in events]}).encode()
        writer.take([read(parse(body), "batch", key, NOW)])
        return apply_events(shop).links

    seen: dict[str, Any] = {"type": "page", "name": "Home", "anonymousId": "w1", "timestamp": "2026-06-29T02:00:00Z"}
    assert sent({**seen, "messageId": "p1"}, {**seen, "messageId": "p2"}) == 0
    assert customer(shop, "anonymous_id:w1").customer_id == "anonymous_id:w1"  # at once, by live customers
    ids = [{"type": "open_id", "id": "o1"}, {"type": "ios.idfa", "id": "x"}]
    known = {"type": "identify", "userId": "C1", "anonymousId": "w1", "traits": {"mobile": "13700000007"}}
    assert sent({**known, "context": {"externalIds": ids}}) == 3
    assert sent(known) == 0
    now = {each.name: each.value for each in customer(shop, "C1").attributes}
    assert now["interaction_count"] == 2
    running.run(shop, DAY)
    with reading(shop) as reader:
        rows = reader.connection.execute(
            "SELECT customer_id, interaction_count FROM profile WHERE interaction_count > 0"
        ).fetchall()
    assert rows == [("C1", 2)]
    assert orders_of(shop) == {"C1": 1, "C2": 1, "D7": 1}  # the decision was taken back
    shown = [(each["of"], each["id"], each["role"]) for each in customer(shop, "C1").relations]
    assert shown == [("company", "K1", "buyer"), ("household", "H1", "head"), ("vehicle", "V1", "owner")]
    told = identity_reading.explain(shop, "C1")
    assert {"anonymous_id:w1", "open_id:o1", "phone:+8613700000007", PHONE} <= {r.identity for r in told.identities}
    assert {step.source for step in told.merges} == {"web", "customers"}
    # An earlier number of a known person: for somebody to decide.
    sent({"type": "alias", "userId": "C1", "previousId": "D7"})
    assert ("C1", "D7") in [(pair.left, pair.right) for pair in identity_reading.review(shop).pairs]
    writer.close()


def test_an_id_is_taken_away_from_a_customer(shop: Context) -> None:
    identity.decide(shop, "C1", "open_id:o1", same=False, reason="a borrowed telephone")
    assert "open_id:o1" not in {row.identity for row in identity_reading.explain(shop, "C1").identities}
    with pytest.raises(TierwiseError) as caught:
        identity.decide(shop, "C1", "open_id:nobody", same=False, reason="x")
    assert caught.value.code == "unknown_identity"


def test_readers_see_no_person_and_decide_nothing(shop: Context) -> None:
    reader = shop.acting_as(Principal("r", "reader"))
    for ask in (
        lambda: identity_reading.explain(reader, "C1"),
        lambda: identity_reading.review(reader),
        lambda: identity_reading.shared(reader),
        lambda: identity.decide(reader, "C1", "C2", same=True, reason="x"),
        lambda: relations.vehicles(reader, "V1"),
    ):
        with pytest.raises(TierwiseError) as caught:
            ask()
        assert caught.value.code == "not_allowed"


def test_an_id_of_somebody_elses_customer_tells_nobody_who_that_is(shop: Context) -> None:
    assert customer(shop, "phone:13800000001").customer_id == "C1"
    change_definitions(shop, [Project(customer_store=("gender",))], note="")
    elsewhere = shop.acting_as(Principal("ann", "advisor", stores=("S9",)))
    with pytest.raises(TierwiseError) as caught:
        customer(elsewhere, "phone:13800000001")
    assert caught.value.code == "unknown_customer"
    assert "C1" not in str(caught.value)
