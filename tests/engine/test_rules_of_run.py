"""Tags, segments and cleaning in a run over facts worked by hand; as_of 2026-06-30.

customer  orders (day, gross)                registered  by hand
a         06-01 100.00, 06-20 50.00                      likes_tea = oolong (06-05)
b         03-01 300.00
c         06-29 1.00                         06-28       on the list "guests"
d         06-30 2.00, and he is staff (by e-mail)
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.engine.facts import customers, order, put
from tierwise.definitions.cleaning import Cleaning
from tierwise.definitions.project import Project
from tierwise.definitions.read import parse_definition
from tierwise.definitions.rfm import Rfm
from tierwise.definitions.segment import Segment
from tierwise.engine.arrow_types import arrow_schema
from tierwise.engine.build import Built, build
from tierwise.engine.duckdb_session import connect
from tierwise.engine.execute import Inputs
from tierwise.engine.lake import Lake
from tierwise.engine.plan import RuleStep, plan
from tierwise.facts.contract import STORED

AS_OF = date(2026, 6, 30)


def count(fact: str, at_least: int, last_days: int) -> dict[str, Any]:
    window = {"last_days": last_days}
    return {
        "behaviour": {"fact": fact, "aggregate": "count", "window": window},
        "op": ">=",
        "value": at_least,
    }


BODIES: list[dict[str, Any]] = [
    {"kind": "tag", "name": "often_lately", "class": "behaviour", "when": count("orders", 2, 30)},
    {
        "kind": "tag",
        "name": "spender",
        "class": "consumption",
        "values": [
            {"value": "large", "when": {"attribute": "monetary_amount", "op": ">=", "value": 200}},
            {"value": "small", "when": {"attribute": "frequency_count", "op": ">=", "value": 1}},
        ],
    },
    {"kind": "tag", "name": "likes_tea", "class": "static", "manual": {"values": [{"value": "oolong"}]}},
    {
        "kind": "segment",
        "name": "wooed",
        "when": {
            "any": [
                {"all": [{"attribute": "spender", "op": "=", "value": "large"}, {"not": {"segment": "lively"}}]},
                {"list": "guests"},
            ]
        },
    },
    {"kind": "segment", "name": "lively", "when": {"attribute": "often_lately", "op": "=", "value": True}},
    {
        "kind": "cleaning",
        "name": "cleaning",
        "rules": [
            {
                "name": "staff",
                "title": {"zh": "员工账号", "en": "staff"},
                "when": {"attribute": "email", "op": "ends_with", "value": "@us.example"},
            }
        ],
    },
]
DEFINITIONS = (Rfm(), *(parse_definition(body) for body in BODIES))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("home") / "lake")
    customers(lake, ["a", "b", "c", "d"])
    put(
        lake,
        "orders",
        [
            order("1", 1, date(2026, 6, 1), 10000),
            order("2", 1, date(2026, 6, 20), 5000),
            order("3", 2, date(2026, 3, 1), 30000),
            order("4", 3, date(2026, 6, 29), 100),
            order("5", 4, date(2026, 6, 30), 200, store="S1"),
        ],
    )
    people = [
        {"source_key": key, "email": email, "registered_at": datetime(2026, 6, 28, 3, tzinfo=UTC)}
        for key, email in ((3, "c@example.org"), (4, "d@us.example"))
    ]
    put(lake, "customers", people)
    act = {"act_id": 1, "source_key": 1, "tag": "likes_tea", "value": "oolong", "rater": "r"}
    put(lake, "manual_tags", [{**act, "given_day": date(2026, 6, 5)}])
    put(lake, "list_members", [{"list": "guests", "source_key": 3}])
    return lake


def run(lake: Lake, tmp_path: Path, **changes: Any) -> Built:
    inputs: dict[str, Any] = {
        "as_of": AS_OF,
        "definitions": DEFINITIONS,
        "project": Project(),
        "versions": dict.fromkeys(("identities", "orders", "customers", "manual_tags", "list_members"), 0),
    }
    with connect(tmp_path / "spill") as connection:
        return build(connection, lake, Inputs(**{**inputs, **changes}), lambda done, total, step: None)


def rows(lake: Lake, built: Built, table: str, columns: str, tmp_path: Path) -> list[Any]:
    with connect(tmp_path / "spill") as connection:
        lake.read(connection, table, built.outputs[table]).create_view("found")
        return connection.execute(f"SELECT {columns} FROM found ORDER BY ALL").fetchall()


def test_tags_segments_and_junk_of_hand_worked_facts(lake: Lake, tmp_path: Path) -> None:
    built = run(lake, tmp_path)
    assert rows(lake, built, "tags", "tag, customer_key, value, since", tmp_path) == [
        ("likes_tea", 1, "oolong", date(2026, 6, 5)),
        ("often_lately", 1, None, AS_OF),
        ("spender", 1, "small", AS_OF),
        ("spender", 2, "large", AS_OF),
        ("spender", 3, "small", AS_OF),
    ]
    assert rows(lake, built, "segments", "*", tmp_path) == [(1, "lively"), (2, "wooed"), (3, "wooed")]
    assert rows(lake, built, "junk", "customer_key, rule, reason", tmp_path) == [(4, "staff", "员工账号")]
    assert rows(lake, built, "profile", "customer_id", tmp_path) == [("a",), ("b",), ("c",)]
    assert built.counts["customers"] == 3
    assert rows(lake, built, "store_totals", "store_id, orders, junk_orders", tmp_path) == [
        ("S1", 1, 1),
        (None, 4, 0),
    ]


def test_a_released_account_counts_again(lake: Lake, tmp_path: Path) -> None:
    released = Lake(lake.root)
    schema = arrow_schema(STORED["releases"])
    version = put(released, "releases", [{"source_key": 4, "rule": None}])
    assert schema.names == ["source_key", "rule"]
    versions = dict.fromkeys(("identities", "orders", "customers", "manual_tags", "list_members"), 0)
    built = run(lake, tmp_path, versions={**versions, "releases": version})
    assert rows(lake, built, "junk", "*", tmp_path) == []
    assert built.counts["customers"] == 4


def test_since_is_the_first_day_of_a_value_that_lasts(lake: Lake, tmp_path: Path) -> None:
    before = run(lake, tmp_path, as_of=date(2026, 6, 29))
    built = run(lake, tmp_path, previous_tags=before.outputs["tags"])
    found = rows(lake, built, "tags", "tag, customer_key, since", tmp_path)
    assert ("spender", 1, date(2026, 6, 29)) in found
    assert ("often_lately", 1, date(2026, 6, 29)) in found


def test_rules_wait_for_what_they_read() -> None:
    steps = [step for step in plan(DEFINITIONS, AS_OF, (30,)) if isinstance(step, RuleStep)]
    waves = [([tag.name for tag in step.tags], [each.name for each in step.segments]) for step in steps]
    assert waves == [(["likes_tea", "often_lately", "spender"], []), ([], ["lively"]), ([], ["wooed"])]


def test_a_ladder_reads_deeds_segments_lists_and_tags(lake: Lake, tmp_path: Path) -> None:
    """guests are on the list; wooed is a segment, often_lately a tag; b alone bought for 300 or more at once."""
    large = {"fact": "orders", "aggregate": "max", "column": "gross"}
    body = {
        "kind": "lifecycle",
        "name": "road",
        "population": {"any": [{"segment": "lively"}, {"segment": "wooed"}]},
        "stages": [
            {"name": "guests", "when": {"list": "guests"}},
            {"name": "regulars", "when": {"attribute": "often_lately", "op": "=", "value": True}},
            {"name": "large", "when": {"all": [{"behaviour": large, "op": ">=", "value": 300}]}},
            {"name": "others"},
        ],
    }
    built = run(lake, tmp_path, definitions=(*DEFINITIONS, parse_definition(body)))
    found = rows(lake, built, "profile", "customer_id, road", tmp_path)
    assert found == [("a", "regulars"), ("b", "large"), ("c", "guests")]


def test_without_rules_the_tables_are_there_and_empty(lake: Lake, tmp_path: Path) -> None:
    built = run(lake, tmp_path, definitions=(Rfm(),))
    assert [rows(lake, built, table, "*", tmp_path) for table in ("tags", "segments", "junk")] == [[], [], []]
    kinds = {type(each) for each in DEFINITIONS}
    assert {Cleaning, Segment} < kinds


def test_tags_by_product_over_steps_leave_out_who_was_cleaned_away(lake: Lake, tmp_path: Path) -> None:
    """Each of orders 2, 3 and 5 has a line of tea; d, who placed the last, is staff. Milk is not among the products."""
    lines = [
        {"order_id": order_id, "line_no": 1, "product_id": product, "amount_minor": 100, "discount_minor": 0}
        for order_id, product in (("2", "green"), ("3", "black"), ("4", "milk"), ("5", "green"))
    ]
    bought = Lake(lake.root)
    versions = dict.fromkeys(("identities", "orders", "customers", "manual_tags", "list_members"), 0)
    versions["order_lines"] = put(bought, "order_lines", lines)
    versions["products"] = put(
        bought, "products", [{"product_id": name, "category": "tea"} for name in ("green", "black")]
    )

    def tag(name: str, where: dict[str, Any], last_days: int, also: tuple[Any, ...] = ()) -> Any:
        events = {"fact": "order_lines", "where": where, "window": {"last_days": last_days}}
        ever = {"behaviour": {**events, "aggregate": "ever"}}
        return parse_definition({"kind": "tag", "name": name, "class": "behaviour", "when": {"all": [ever, *also]}})

    tea = {"attribute": "category", "op": "=", "value": "tea"}
    tags = (
        tag("tea_lately", tea, 30),
        tag("tea", tea, 365),
        tag("milk", {"attribute": "product_id", "op": "=", "value": "milk"}, 365),
        tag("other", {"not": tea}, 365),
        tag("only_once", tea, 364, ({"not": {"attribute": "tea_lately", "op": "present"}},)),
    )
    cleaning = DEFINITIONS[-1]
    built = run(bought, tmp_path, definitions=(Rfm(), cleaning, *tags), versions=versions)
    assert rows(bought, built, "tags", "tag, customer_key", tmp_path) == [
        ("milk", 3), ("only_once", 2), ("other", 3), ("tea", 1), ("tea", 2), ("tea_lately", 1),
    ]  # fmt: skip


def test_tags_of_many_windows_are_told_together(lake: Lake, tmp_path: Path) -> None:
    """Tea was bought by a 10 days before as_of, by b 121 days before, and today by d, who is staff."""
    bought = Lake(lake.root)
    versions = dict.fromkeys(("identities", "orders", "customers", "manual_tags", "list_members"), 0)
    lines = [
        {"order_id": order_id, "line_no": 7, "product_id": "green", "amount_minor": 100, "discount_minor": 0}
        for order_id in ("2", "3", "5")
    ]
    versions["order_lines"] = bought.overwrite("order_lines", of_contract("order_lines", lines))
    products = [{"product_id": "green", "category": "tea"}]
    versions["products"] = bought.overwrite("products", of_contract("products", products))
    tea = {"attribute": "category", "op": "=", "value": "tea"}
    days = (9, 10, 11, 30, 121, 122, 123, 364, 365)
    tags = tuple(
        parse_definition(
            {
                "kind": "tag",
                "name": f"tea_{n}",
                "class": "behaviour",
                "when": {
                    "behaviour": {
                        "fact": "order_lines", "aggregate": "count", "where": tea, "window": {"last_days": n},
                    },
                    "op": ">=",
                    "value": 1,
                },
            }
        )
        for n in days
    )  # fmt: skip
    built = run(bought, tmp_path, definitions=(Rfm(), DEFINITIONS[-1], *tags), versions=versions)
    expected = [(f"tea_{n}", 1) for n in days if n > 10] + [(f"tea_{n}", 2) for n in days if n > 121]
    assert rows(bought, built, "tags", "tag, customer_key", tmp_path) == sorted(expected)


def of_contract(table: str, told: list[dict[str, Any]]) -> pa.Table:
    schema = arrow_schema(STORED[table])
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in told], schema)
