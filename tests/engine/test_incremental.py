"""An incremental run gives what a full run gives: after new, late and corrected facts, and as the days go by."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.facts import customers, order, put, refund
from tierwise.definitions.activity import Activity
from tierwise.definitions.base import Definition
from tierwise.definitions.deciles import Deciles
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rfm import Rfm
from tierwise.engine import compaction
from tierwise.engine.arrow_types import arrow_schema
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.engine.incremental import Base, of_own_facts
from tierwise.engine.lake import Lake
from tierwise.facts.contract import STORED

START = date(2026, 6, 20)
PEOPLE = ("a", "b", "c", "d", "e", "f")
CATEGORIES = ("tea", "coffee", None)


def lately(fact: str, at_least: int, last_days: int, **more: Any) -> dict[str, Any]:
    window = {"last_days": last_days}
    return {
        "behaviour": {"fact": fact, "aggregate": "count", "window": window, **more},
        "op": ">=",
        "value": at_least,
    }


IN_CNY = {"attribute": "currency", "op": "=", "value": "CNY"}

BODIES: list[dict[str, Any]] = [
    {"kind": "tag", "name": "often", "class": "behaviour", "when": lately("orders", 2, 7, where=IN_CNY)},
    {
        "kind": "tag",
        "name": "tea",
        "class": "behaviour",
        "when_empty": "keep_last",
        "ttl_days": 9,
        "when": lately("order_lines", 1, 5, where={"attribute": "category", "op": "=", "value": "tea"}),
    },
    {
        "kind": "tag",
        "name": "worth",
        "class": "consumption",
        "values": [
            {"value": "top", "when": {"attribute": "r_score", "op": ">=", "value": 4}},
            {"value": "some", "when": {"attribute": "monetary_amount", "op": ">", "value": 0}},
        ],
    },
    {"kind": "tag", "name": "of_city", "class": "static", "imported": {"trait": "city"}},
    {"kind": "tag", "name": "word", "class": "static", "manual": {"values": [{"value": "kind"}, {"value": "cross"}]}},
    {"kind": "segment", "name": "regular", "when": {"attribute": "often", "op": "=", "value": True}},
    {
        "kind": "segment",
        "name": "quiet",
        "when": {
            "all": [
                {"not": {"segment": "regular"}},
                {"attribute": "days_since_registered", "op": ">", "value": 3},
                {"not": lately("visits", 1, 4)},
            ]
        },
    },
    {"kind": "segment", "name": "guests", "when": {"list": "guests"}},
    {
        "kind": "cleaning",
        "name": "cleaning",
        "rules": [
            {
                "name": "flood",
                "title": {"zh": "刷单", "en": "flood"},
                "when": {"attribute": "frequency_count_7d", "op": ">=", "value": 5},
            }
        ],
    },
]
DEFINITIONS: tuple[Definition, ...] = (
    Rfm(),
    Deciles(name="spend_decile"),
    Activity(name="activity"),
    *(parse_definition(body) for body in BODIES),
)


@dataclass
class House:
    """A lake that facts are put into, and the base that the last incremental run left."""

    lake: Lake
    spill: Path
    versions: dict[str, int] = field(default_factory=dict)
    base: Base | None = None
    tags_before: int | None = None
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    late: set[int] = field(default_factory=set)
    people: dict[int, int] = field(default_factory=dict)
    definitions: tuple[Definition, ...] = DEFINITIONS

    def put(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        self.versions[table] = put(self.lake, table, rows)

    def upsert(self, table: str, rows: Sequence[dict[str, Any]], key: str) -> None:
        schema = arrow_schema(STORED[table])
        told = [{name: row.get(name) for name in schema.names} for row in rows]
        self.versions[table] = self.lake.upsert(table, pa.Table.from_pylist(told, schema), (key,))

    def overwrite(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        schema = arrow_schema(STORED[table])
        told = [{name: row.get(name) for name in schema.names} for row in rows]
        self.versions[table] = self.lake.overwrite(table, pa.Table.from_pylist(told, schema))

    def run(self, as_of: date, base: Base | None) -> Built:
        inputs = Inputs(
            as_of=as_of,
            definitions=self.definitions,
            project=Project(windows_days=(7, 30)),
            versions=dict(self.versions),
            traits={"trait_city": "text"},
            trait_labels={"trait_city": "city"},
            previous_tags=self.tags_before,
            remember=False,
            base=base,
        )
        with connect(self.spill) as connection:
            return build(connection, self.lake, inputs, lambda done, total, step: None)

    def rows(self, table: str, version: int | None) -> list[tuple[Any, ...]]:
        if version is None:
            return []
        with connect(self.spill) as connection:
            relation = self.lake.read(connection, table, version)
            said = [str(relation.columns), str(relation.types)]
            return [tuple(said), *sorted(relation.fetchall(), key=repr)]


def a_house(folder: Path) -> House:
    house = House(Lake(folder / "lake"), folder / "spill")
    customers(house.lake, PEOPLE)
    house.versions["identities"] = 0
    schema = arrow_schema(STORED["customers"]).append(pa.field("trait_city", pa.string()))
    known = [
        {
            "source_key": number,
            "registered_at": datetime.combine(START - timedelta(days=7 - 2 * number), time(9), UTC),
            "birth_on": date(1990, 6, 18 + number),
            "known_from": START - timedelta(days=7 - 2 * number),
            "gender": "female",
            "trait_city": "Suzhou",
        }
        for number in range(1, 6)
    ]
    house.versions["customers"] = house.lake.append(
        "customers", pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in known], schema)
    )
    house.put("products", [{"product_id": "p1", "category": "tea"}, {"product_id": "p2", "category": "coffee"}])
    house.put("orders", [order("0", 1, START - timedelta(days=3), 5_000)])
    house.put("order_lines", [line("0", 1, "p1")])
    house.put("refunds", [refund("0", 2, START - timedelta(days=3), 100)])
    house.put("visits", [visit("0", 3, START - timedelta(days=2))])
    house.overwrite("manual_tags", [])
    house.overwrite("list_members", [{"list": "guests", "source_key": 0}])  # so an empty list stands in the lake
    return house


def line(order_id: str, number: int, product: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_no": number,
        "product_id": product,
        "quantity": 2,
        "unit_price": 10,
        "amount_minor": 2_000,
        "discount_minor": 0,
    }


def visit(visit_id: str, key: int, day: date) -> dict[str, Any]:
    at = datetime.combine(day, time(3), UTC)
    return {"visit_id": visit_id, "source_key": key, "visited_at": at, "visited_day": day, "paid": key % 2 == 0}


WHO = st.integers(1, len(PEOPLE))
AGO = st.integers(-2, 33)
"""Days before as_of; facts of days to come are not seen yet."""
CHANGES = st.one_of(
    st.tuples(st.just("buys"), WHO, AGO, st.sampled_from(["p1", "p2", "p3"])),
    st.tuples(st.just("line before order"), WHO, AGO, st.sampled_from(["p1", "p3"])),
    st.tuples(st.just("its order"), WHO, AGO, st.none()),
    st.tuples(st.just("corrected"), WHO, AGO, st.integers(0, 99_999)),
    st.tuples(st.just("returns"), WHO, AGO, st.integers(1, 3_000)),
    st.tuples(st.just("visits"), WHO, AGO, st.none()),
    st.tuples(st.just("moves"), WHO, AGO, st.sampled_from(["Suzhou", "Wuxi"])),
    st.tuples(st.just("sorted anew"), WHO, AGO, st.sampled_from(CATEGORIES)),
    st.tuples(st.just("judged"), WHO, AGO, st.sampled_from(["kind", "cross"])),
    st.tuples(st.just("invited"), WHO, AGO, st.none()),
    st.tuples(st.just("joined"), st.integers(2, len(PEOPLE)), AGO, st.sampled_from([1, 1, None])),
    st.tuples(st.just("a day later"), st.just(0), st.integers(1, 9), st.none()),
)


def apply(house: House, change: tuple[str, int, int, Any], as_of: date) -> date:
    what, who, ago, more = change
    day, number = as_of - timedelta(days=ago), next(house.numbers)
    match what:
        case "buys":
            house.put("orders", [order(str(number), who, day, 100 * number)])
            house.put("order_lines", [line(str(number), 1, more)])
        case "line before order":
            house.put("order_lines", [line(f"late {who}", number, more)])
        case "its order":
            if who not in house.late:
                house.late.add(who)
                house.put("orders", [order(f"late {who}", who, day, 100 * number)])
        case "corrected":
            house.upsert("orders", [order("0", who, day, more)], "order_id")
        case "returns":
            house.put("refunds", [refund(str(number), who, day, more)])
        case "visits":
            house.put("visits", [visit(str(number), who, day)])
        case "moves":
            row = pa.table(
                {"source_key": [who], "trait_city": [more], "registered_at": [datetime(2026, 6, 1, tzinfo=UTC)]}
            )
            house.versions["customers"] = house.lake.upsert("customers", row, ("source_key",))
        case "sorted anew":
            house.upsert("products", [{"product_id": "p1", "category": more}], "product_id")
        case "judged":
            act = {"act_id": number, "source_key": who, "tag": "word", "value": more, "rater": "ann", "given_day": day}
            house.overwrite("manual_tags", [act])
        case "invited":
            house.overwrite("list_members", [{"list": "guests", "source_key": who}])
        case "joined":
            house.people = {who: more} if more else {}
            rows = [{"source_key": key, "customer_key": customer} for key, customer in house.people.items()]
            house.overwrite("customer_map", rows)
        case "a day later":
            return as_of + timedelta(days=ago)
    return as_of


def equal_at_each_step(house: House, steps: Sequence[Sequence[tuple[str, int, int, Any]]]) -> list[Built]:
    as_of, found = START, []
    for changes in ((), *steps):
        before = as_of
        for change in changes:
            as_of = apply(house, change, as_of)
        if as_of > before and house.base is not None:
            house.tags_before = house.base.outputs["tags"]
        full = house.run(as_of, None)
        same = house.base is not None and house.base.as_of == as_of
        built = house.run(as_of, replace(house.base, same_definitions=same)) if house.base else full
        assert full.outputs.keys() == built.outputs.keys()
        for table, version in built.outputs.items():
            assert house.rows(table, version) == house.rows(table, full.outputs[table]), (table, changes)
        assert built.counts == full.counts
        found.append(built)
        house.base = Base(len(found), as_of, dict(house.versions), built.outputs)
    return found


@pytest.fixture(autouse=True)
def put_together_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files become one after every third append, so that runs meet what other imports do but in years."""
    monkeypatch.setattr(compaction, "MANY", 3)


A_LIFE: list[list[tuple[str, int, int, Any]]] = [
    [("buys", 2, 1, "p1"), ("corrected", 2, 3, 500), ("judged", 3, 2, "kind"), ("invited", 4, 2, None)],
    [("line before order", 5, 0, "p1"), ("buys", 6, 30, "p3"), ("joined", 4, 0, 2)],
    [("a day later", 0, 1, None), ("moves", 4, 1, "Wuxi"), ("its order", 5, 1, None), ("sorted anew", 1, 1, "coffee")],
    [("joined", 4, 0, None), *[("buys", 1, 0, "p3")] * 5],  # so many that the customer is junk
    [("a day later", 0, 7, None)],  # and is none any more
]


def test_equal_to_a_full_run_through_a_life(tmp_path: Path) -> None:
    house = a_house(tmp_path)
    found = equal_at_each_step(house, A_LIFE)
    assert any(row[1] == "often" for row in house.rows("tags", found[1].outputs["tags"])[1:])
    touched = [None if built.borrowed is None else built.borrowed.customers for built in found]
    assert touched == [None, 5, 3, 2, 3, 4]


@pytest.mark.soak
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(CHANGES, max_size=4), min_size=1, max_size=6))
def test_equal_to_a_full_run_for_long(steps: list[list[tuple[str, int, int, Any]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert len(equal_at_each_step(a_house(Path(folder)), steps)) == len(steps) + 1


def test_files_put_together_are_no_change(tmp_path: Path) -> None:
    house = a_house(tmp_path)
    house.base = Base(1, START, dict(house.versions), house.run(START, None).outputs)
    before = house.lake.files("orders", house.versions["orders"])
    for customer in (2, 4, 2):
        apply(house, ("buys", customer, 1, "p3"), START)
    assert not set(before) <= set(house.lake.files("orders", house.versions["orders"]))
    built, full = house.run(START, house.base), house.run(START, None)
    assert built.borrowed is not None
    assert (built.borrowed.customers, built.borrowed.rewritten) == (2, frozenset())
    assert {"orders", "order_lines"} <= built.borrowed.appended
    for name in ("profile", "tags", "segments"):
        assert house.rows(name, built.outputs[name]) == house.rows(name, full.outputs[name])


def test_a_day_before_is_computed_from_facts(tmp_path: Path) -> None:
    house = a_house(tmp_path)
    base = Base(1, START, dict(house.versions), house.run(START, None).outputs)
    assert house.run(START - timedelta(days=1), base).borrowed is None


def test_so_is_the_first_day_of_a_kind_of_fact(tmp_path: Path) -> None:
    house = a_house(tmp_path)
    base = Base(1, START, dict(house.versions), house.run(START, None).outputs)
    house.put("interactions", [])
    assert house.run(START, base).borrowed is None


DEAR = {"attribute": "unit_price", "op": ">=", "value": 5}
DEAR_LATELY = parse_definition(
    {"kind": "tag", "name": "dear", "class": "consumption", "when": lately("order_lines", 1, 9, where=DEAR)}
)


def test_what_a_definition_reads_of_lines_is_there_when_it_comes_back(tmp_path: Path) -> None:
    """Lines that were added while nothing read their price have it when something does again."""
    house = a_house(tmp_path)
    house.definitions = (Rfm(), DEAR_LATELY)
    house.base = Base(1, START, dict(house.versions), house.run(START, None).outputs)
    house.definitions = house.definitions[:1]
    apply(house, ("buys", 6, 1, "p3"), START)
    house.base = Base(2, START, dict(house.versions), house.run(START, house.base).outputs)
    house.definitions = (*house.definitions, DEAR_LATELY)
    built, full = house.run(START, house.base), house.run(START, None)
    told = house.rows("tags", built.outputs["tags"])
    assert [row[:2] for row in told[1:]] == [(1, "dear"), (6, "dear")]
    assert told == house.rows("tags", full.outputs["tags"])


def test_what_nothing_reads_of_refunds_is_not_asked_of_the_touched(tmp_path: Path) -> None:
    """Their lines find them by an id that is left out where no rule reads lines of refunds."""
    house = a_house(tmp_path)
    house.definitions = (Rfm(), DEAR_LATELY)
    house.put("refunds", [refund("r1", 6, START, 1)])
    house.put("refund_lines", [])
    house.base = Base(1, START, dict(house.versions), house.run(START, None).outputs, same_definitions=True)
    apply(house, ("buys", 6, 1, "p3"), START)
    built = house.run(START, house.base)
    assert [row[:2] for row in house.rows("tags", built.outputs["tags"])[1:]] == [(1, "dear"), (6, "dear")]


def test_a_score_is_not_lent() -> None:
    """Who was not scored on the newest day has none, and no row of theirs says so."""
    model = {
        "kind": "tag",
        "name": "promising",
        "class": "tier",
        "model": {"learns": "buys", "within_days": 90, "top_share": 0.2},
    }
    assert of_own_facts([parse_definition(model), DEAR_LATELY], (7,), ()) == {"tag dear"}
