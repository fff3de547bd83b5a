"""The vehicles' due list as an insight, over a made dealer group: no home is needed for that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import narwhals as nw

from tierwise.app.insights.members.vehicle_due import INSIGHT
from tierwise.app.insights.settling import settled
from tierwise.definitions.due_rules import DueInterval, DueRules
from tierwise.metrics.frame import Frame
from tierwise.testing import make_dealer


@dataclass(frozen=True)
class Dealer:
    """What a member is asked, over tables of a DuckDB."""

    connection: duckdb.DuckDBPyConnection
    values: dict[str, Any]
    as_of: date = date(2026, 6, 30)
    digits: int = 2
    rules: DueRules | None = None

    def __getitem__(self, parameter: str) -> Any:
        return self.values[parameter]

    def frame(self, name: str) -> Frame:
        return nw.from_native(self.connection.table(name))

    def keep(self, name: str, frame: Frame) -> Frame:
        nw.to_native(frame).create(name)
        return self.frame(name)

    def has(self, name: str) -> bool:
        return True

    def due_rules(self) -> DueRules | None:
        return self.rules

    def titles(self, of: str) -> dict[str, str]:
        return {}


def test_vehicles_that_are_due_soon() -> None:
    made = make_dealer(customers=300)
    connection = duckdb.connect()
    connection.register("cars", made.tables["vehicles"])
    connection.register("came", made.tables["visits"])
    connection.execute("CREATE TABLE vehicles AS SELECT *, substr(customer_id, 2)::BIGINT AS customer_key FROM cars")
    connection.execute("CREATE TABLE visits AS SELECT *, visited_at::DATE AS visited_day FROM came")
    answer = INSIGHT.compute(Dealer(connection, settled(INSIGHT, {"within_days": 20})))
    rows = nw.to_native(answer.rows).order(answer.order).to_arrow_table().to_pylist()
    assert {column.name for column in answer.columns} <= set(rows[0])
    assert {row["kind"] for row in rows} >= {"first_service", "service", "insurance"}
    assert {row["state"] for row in rows} == {"due", "upcoming"}
    assert min(row["overdue_days"] for row in rows) >= -20
    assert rows == sorted(rows, key=lambda row: (row["due_on"], row["vin"], row["kind"]))
    due, soon = (figure.value for figure in answer.figures)
    assert due + soon == len(rows)
    model = rows[0]["model"]
    rules = DueRules(rules=(DueInterval(kind="service", days=100), DueInterval(kind="service", model=model, days=50)))
    connection.execute("DROP TABLE paced_cars; DROP TABLE vehicle_due")
    defined = INSIGHT.compute(Dealer(connection, settled(INSIGHT, {"kind": "service", "lapsed": True}), rules=rules))
    told = nw.to_native(defined.rows).to_arrow_table().to_pylist()
    assert {(row["model"] == model, row["interval_days"]) for row in told} == {(True, 50), (False, 100)}
    assert len(answer.notes) == 1, "intervals are defaults"
    assert not defined.notes, "who has defined them need not be told to"
    connection.close()
