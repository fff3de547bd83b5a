"""Two stores, three advisors, eight customers: one of nobody's, one closed, one without a phone, one who is two ids."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from tierwise.app import defining, importing, lists, people, running
from tierwise.app.context import Context
from tierwise.app.principal import Principal
from tierwise.engine.lake import Lake

NOW = datetime(2026, 7, 1, 17, 30, tzinfo=UTC)
"""In Shanghai it is half past one of the second of July."""

TODAY = date(2026, 7, 2)

CHIEF = Principal("person:chief", "administrator")
ANALYST = Principal("person:ana", "analyst")
BOSS = Principal("person:boss", "operator", ("S1",))
LI = Principal("person:li", "advisor", (), "E1")
WANG = Principal("person:wang", "advisor", (), "E2")
READER = Principal("person:rea", "reader")

STAFF = """staff_id,staff_name,role,store_id
E1,李顾问,service_advisor,S1
E2,王顾问,service_advisor,S1
E3,赵顾问,sales_advisor,S2
"""

CUSTOMERS = """customer_id,name,phone,store_id,advisor_id,closed_at
C1,甲一,13800000001,S1,E1,
C2,乙二,13800000002,S1,E1,
C3,丙三,,S1,E1,
C4,丁四,13800000004,S1,E2,
C5,戊五,13800000005,S2,E3,
C6,己六,13800000006,S2,,
C7,庚七,13800000007,S1,E1,2026-05-01
C8,辛八,13800000008,S2,E9,
"""

LINES = ["order_id,customer_id,ordered_at,product_id,product_name,quantity,unit_price,amount"]
for number, (who, money) in enumerate((("C1", 900), ("C2", 500), ("C3", 300), ("C4", 800), ("C5", 100)), 1):
    LINES += [f"O{number}{month},{who},2026-0{month}-10 10:00,P1,咖啡豆,1,{money},{money}" for month in (1, 2, 3, 4, 5)]

DEFINITIONS = """
kind: segment
name: buyers
title: {zh: 买过的, en: Buyers}
when: {attribute: frequency_count, op: ">=", value: 1}
---
kind: segment
name: everybody
when: {attribute: frequency_count, op: ">=", value: 0}
"""


def furnished(database: Engine, home: Path) -> Context:
    """Seen by the chief, as of the end of June."""
    chief = Context(home, CHIEF, database, Lake(home / "lake"))
    home.mkdir(parents=True, exist_ok=True)
    defining.initialise(chief, "general")
    texts = {"staff": STAFF, "customers": CUSTOMERS, "order_lines": "\n".join(LINES) + "\n"}
    for table, text in texts.items():
        (home / f"{table}.csv").write_text(text, "utf-8")
        report = importing.import_path(chief, home / f"{table}.csv", table, None)
        assert report.quarantined == 0, report
    (home / "segments.yaml").write_text(DEFINITIONS, "utf-8")
    defining.apply_definitions(chief, [home / "segments.yaml"])
    (home / "ids.csv").write_text("customer_id\nC1\nC5\nC7\n", "utf-8")
    running.run(chief, date(2026, 6, 30))
    lists.import_list(chief, home / "ids.csv", "invited", title="邀约")
    people.add(chief, "li", role="advisor", staff_id="E1", title="小李")
    people.add(chief, "boss", role="operator", stores=("S1",), title="店长")
    people.add(chief, "ops", role="operator", title="运营")
    people.add(chief, "rea", role="reader")
    return chief
