"""Vehicles: time or mileage whichever comes first, by hand and against the planted due dates of the dealer group."""

from __future__ import annotations

from datetime import date

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from tests.metrics.conftest import MakeFrame
from tests.metrics.rows import rows_of
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.frame import Frame
from tierwise.metrics.vehicle_due import DEFAULT_RULES, DueRule, vehicle_due
from tierwise.testing import make_dealer

AS_OF = date(2026, 6, 30)

RULES = (
    DueRule("first_service", 180, 5_000),
    DueRule("service", 365, 10_000),
    DueRule("service", None, 5_000, model="km only"),
    DueRule("service", 100, None, model="days only"),
    DueRule("insurance", 365),
    DueRule("warranty", 1_000, 30_000),
)


def cars(frame: MakeFrame, *rows: tuple[str, str | None, date | None, date | None]) -> Frame:
    vin, model, delivered, insured = zip(*rows, strict=True)
    return frame(
        vin=vin, customer_key=list(range(len(vin))), model=pa.array(model, pa.string()),
        delivered_on=pa.array(delivered, pa.date32()), insured_until=pa.array(insured, pa.date32()),
    )  # fmt: skip


def visits(frame: MakeFrame, *rows: tuple[str | None, date, str, int | None]) -> Frame:
    vin, day, kind, km = zip(*rows, strict=True)
    return frame(vin=pa.array(vin, pa.string()), visited_day=day, kind=kind, mileage_km=pa.array(km, pa.int64()))


def test_by_hand(frame: MakeFrame) -> None:
    delivered = date(2025, 1, 1)
    garage = cars(
        frame,
        ("new", "m", date(2026, 5, 1), None), ("fast", "m", delivered, None), ("slow", "m", delivered, None),
        ("km", "km only", delivered, None), ("still", "km only", delivered, None),
        ("days", "days only", delivered, None),
        ("fell", "m", delivered, None), ("insured", "m", delivered, date(2026, 6, 1)), ("odd", None, None, None),
        ("later", "m", date(2026, 7, 1), None),
    )  # fmt: skip
    came = visits(
        frame,
        ("fast", date(2025, 4, 11), "service", 10_000), ("fast", date(2025, 10, 28), "repair", 30_000),  # 100 km a day
        ("slow", date(2025, 4, 11), "service", 1_000), ("slow", date(2025, 10, 28), "service", 2_000),  # 5 km a day
        ("km", date(2025, 4, 11), "service", 5_000),  # 50 km a day since delivery
        ("still", date(2025, 4, 11), "service", None), ("days", date(2025, 4, 11), "service", 5_000),
        ("fell", date(2025, 4, 11), "service", 9_000), ("fell", date(2025, 10, 28), "service", 300),
        ("fast", date(2026, 7, 1), "service", 99_000), (None, AS_OF, "service", 5),
    )  # fmt: skip
    found = {
        (row["vin"], row["kind"]): row for row in rows_of(vehicle_due(garage, came, as_of=AS_OF, rules=RULES), "vin")
    }
    told = {
        vin: (row["kind"], row["due_on"], row["due_by"], row["state"])
        for (vin, kind), row in found.items() if kind.endswith("service")
    }  # fmt: skip
    assert told == {
        "new": ("first_service", date(2026, 10, 28), "time", "upcoming"),
        "fast": ("service", date(2025, 7, 20), "mileage", "lapsed"),
        "slow": ("service", date(2026, 10, 28), "time", "upcoming"),
        "km": ("service", date(2025, 7, 20), "mileage", "lapsed"),
        "still": ("service", None, None, None),
        "days": ("service", date(2025, 7, 20), "time", "lapsed"),
        "fell": ("service", date(2026, 10, 28), "time", "upcoming"),
        "insured": ("first_service", date(2025, 6, 30), "time", "lapsed"),
        "odd": ("first_service", None, None, None),
    }
    assert (found["still", "service"]["reason"], found["odd", "first_service"]["reason"]) == (
        "no_mileage",
        "no_delivery_date",
    )
    assert [found[vin, "service"]["metres_per_day"] for vin in ("fast", "slow", "fell")] == [100_000, 5_000, None]
    insured = {vin: (row["due_on"], row["due_by"], row["overdue_days"])
               for (vin, kind), row in found.items() if kind == "insurance"}  # fmt: skip
    assert insured["insured"] == (date(2026, 6, 1), "known_date", 29)
    assert insured["fast"] == (date(2027, 1, 1), "time", -185)
    assert found["fast", "warranty"]["due_on"] == date(2025, 10, 28)
    assert found["slow", "warranty"]["due_on"] == date(2027, 9, 28)


def test_a_car_that_tells_nothing_goes_as_its_model_does(frame: MakeFrame) -> None:
    delivered = date(2026, 1, 1)
    garage = cars(frame, *((f"c{n}", "m", delivered, None) for n in range(6)))
    came = visits(frame, *((f"c{n}", date(2026, 4, 11), "repair", 10_000 + n * 100) for n in range(5)))
    found = {row["vin"]: row for row in rows_of(vehicle_due(garage, came, as_of=AS_OF, rules=RULES[:1]), "vin")}
    assert [found[vin]["pace_basis"] for vin in ("c0", "c5")] == ["own", "model"]
    assert found["c5"]["metres_per_day"] == found["c2"]["metres_per_day"] == 102_000


def test_the_planted_due_dates_are_found() -> None:
    """Every car's next service within 10 % of its interval for 95 %, rules as the dealer group's models have them."""
    made = make_dealer(customers=1_500)
    models = made.truths["models"].to_pylist()
    rules = [DueRule("first_service", row["first_days"], row["first_km"], row["model"]) for row in models]
    rules += [DueRule("service", row["then_days"], row["then_km"], row["model"]) for row in models]
    opened = duckdb.connect()
    for name in ("vehicles", "visits"):
        opened.register(name, made.tables[name])
    opened.register("truth", made.truths["vehicles"])
    vehicles = nw.from_native(opened.sql("SELECT *, customer_id AS customer_key FROM vehicles"))
    came = nw.from_native(opened.sql("SELECT vin, visited_at::DATE AS visited_day, kind, mileage_km FROM visits"))
    found = nw.to_native(vehicle_due(vehicles, came, as_of=AS_OF, rules=rules))
    found.create("found")
    counted = opened.sql(
        """SELECT count(*), count(DISTINCT vin), count(f.due_on),
                  avg((abs(f.due_on - t.due_on) <= 0.1 * f.interval_days)::INT) FILTER (pace_basis = 'own'),
                  count(DISTINCT due_by)
           FROM found f JOIN truth t USING (vin)"""
    ).fetchone()
    opened.close()
    assert counted is not None
    rows, different, dated, near, ways = counted
    assert rows == different == dated == made.tables["vehicles"].num_rows
    assert near >= 0.95
    assert ways == 2


def test_wrong_rules_are_all_told(frame: MakeFrame) -> None:
    wrong = [DueRule("oil", 10), DueRule("service"), DueRule("service", 0), DueRule("insurance", 365, 1_000)]  # type: ignore[arg-type]
    with pytest.raises(TierwiseError) as raised:
        vehicle_due(cars(frame, ("a", "m", AS_OF, None)), visits(frame, ("a", AS_OF, "service", 1)), as_of=AS_OF,
                    rules=wrong)  # fmt: skip
    assert [problem.place for problem in raised.value.problems] == [
        "rules.0",
        "rules.1",
        "rules.2",
        "rules.2",
        "rules.3",
    ]
    with pytest.raises(TierwiseError, match="no rules"):
        vehicle_due(cars(frame, ("a", "m", AS_OF, None)), visits(frame, ("a", AS_OF, "x", 1)), as_of=AS_OF, rules=[])
    assert len({rule.kind for rule in DEFAULT_RULES}) == len(DEFAULT_RULES)
