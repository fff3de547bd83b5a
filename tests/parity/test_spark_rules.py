"""Rules of every form on Spark, against the oracle."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import narwhals as nw
import pytest
from pydantic import TypeAdapter

from tests.metrics.rule_worlds import TAGS, made_world
from tierwise.definitions.rule import AnyRule, Rule
from tierwise.metrics.frame import Frame
from tierwise.metrics.rule_sets import rule_sets
from tierwise.testing.deed_oracle import true_of

pytestmark = pytest.mark.spark

TEA = {"attribute": "category", "op": "starts_with", "value": "茶"}
NOT_S1 = {"not": {"attribute": "store_id", "op": "=", "value": "s1"}}


def behaved(fact: str, aggregate: str, op: str | None = None, value: Any = None, **more: Any) -> dict[str, Any]:
    compared = {} if op is None else {"op": op} if value is None else {"op": op, "value": value}
    return {"behaviour": {"fact": fact, "aggregate": aggregate, **more}, **compared}


RULES: list[dict[str, Any]] = [
    behaved("orders", "count", "<", 2, window={"last_days": 30}),
    behaved("order_lines", "sum", ">=", 3, column="amount", where={"all": [TEA, NOT_S1]}),
    behaved(
        "order_lines", "sum", "between", [Decimal("0.5"), 2], column="quantity", where=TEA, window={"last_days": 90}
    ),
    behaved("order_lines", "average", ">", Decimal("1.25"), column="product_price", where={"any": [TEA, NOT_S1]}),
    behaved("order_lines", "distinct", "!=", 2, column="product_id"),
    behaved("order_lines", "never", where={"attribute": "product_id", "op": "in", "value": ["p0", "p6"]}),
    behaved("orders", "max", ">", 5, column="net"),
    behaved("orders", "min", "missing", column="store_id"),
    behaved("orders", "last", "=", "web", column="channel"),
    behaved("visits", "first", "=", True, column="paid"),
    behaved("orders", "first", "before", "2024-02-20"),
    behaved("visits", "days_since", "<=", 8),
    behaved("calls", "ever"),
    {"first_time": {"fact": "orders", "window": {"last_days": 60}}},
    {"stopped": {"fact": "visits", "quiet_days": 7, "before_days": 90}},
    {"restarted": {"fact": "orders", "within_days": 14, "quiet_days": 20}},
    {"regularly": {"fact": "orders", "every": "week", "at_least": 2, "of_last": 5}},
    {"regularly": {"fact": "visits", "every": "month", "at_least": 2, "of_last": 3}},
    behaved("orders", "count", ">=", 1, window={"from": "2024-01-15", "to": "2024-02-20"}),
    behaved("visits", "count", "in", [0, 2], window={"last_days": 30, "ending_days_ago": 30}),
    behaved("order_lines", "count", ">=", 2, per="product_id", window={"last_days": 365}),
    behaved("orders", "sum", ">", 5, column="net", per="store_id"),
    {"sequence": [{"fact": "orders"}, {"fact": "visits"}], "within_days": 7, "window": {"last_days": 90}},
    {"sequence": [{"fact": "orders"}, {"fact": "order_lines", "where": NOT_S1}], "within_days": 30, "same": "channel"},
    {"not_followed": [{"fact": "visits"}, {"fact": "order_lines", "where": TEA}], "within_days": 30},
    {"all": [{"segment": "loyal"}, {"not": {"list": "invited"}}, behaved("orders", "count", ">=", 1)]},
    {"any": [{"attribute": "tier", "op": ">=", "value": 3}, {"attribute": "vip", "op": "=", "value": False}]},
    {"not": {"all": [{"attribute": "city", "op": "=", "value": "上海"}, behaved("orders", "ever")]}},
]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("seed", "by_id"), [(1, True), pytest.param(3, False, marks=pytest.mark.soak)])
def test_rules_of_every_form(spark: Any, seed: int, by_id: bool) -> None:
    """by_id: with rules that tell products apart by their id, so that those are numbered too that no file has."""
    made = made_world(seed)
    adapter: TypeAdapter[AnyRule] = TypeAdapter(Rule)
    rules = {
        str(number): adapter.validate_python(body)
        for number, body in enumerate(RULES)
        if by_id or "product_id" not in str(body)
    }

    def keep(name: str, frame: Frame) -> Frame:
        return nw.from_native(nw.to_native(frame).localCheckpoint())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = {name: nw.from_native(spark.createDataFrame(table)) for name, table in made.tables.items()}
        found = rule_sets(rules, made.world(frames), keep)
        rows = nw.concat([frame.with_columns(nw.lit(name).alias("rule")) for name, frame in found.items()])
        told = sorted(rows.select("rule", "customer_key").collect(backend="pyarrow").rows())
    assert told == sorted(
        (name, key)
        for name, rule in rules.items()
        for key, customer in made.customers.items()
        if true_of(rule, customer, made.as_of, TAGS)
    )
