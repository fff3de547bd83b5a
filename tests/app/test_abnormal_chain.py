"""From a sign of abnormal value to no number and back: the insight, a list, a rule, a person's word, the next run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tierwise.app import cleaning, defining, importing, lists, running
from tierwise.app.context import Context
from tierwise.app.insights.asking import insight
from tierwise.app.principal import Principal
from tierwise.app.reading import reading

AS_OF = date(2026, 6, 30)

RULE = """\
kind: cleaning
name: cleaning
rules:
  - name: abnormal_value
    title: {zh: 异常价值, en: Abnormal value}
    reason: {zh: 高消费不是真实价值, en: High spending that is not real value}
    when: {list: abnormal_value}
"""


def orders() -> str:
    """`reseller`: twelve orders of 500 within two hours. `school`: the same, for its classes. Four others."""
    rows = ["order_id,customer_id,ordered_at,gross"]
    for who, noon in (
        ("reseller", datetime(2026, 6, 1, 12, tzinfo=UTC)),
        ("school", datetime(2026, 6, 2, 12, tzinfo=UTC)),
    ):
        rows += [f"{who}{at},{who},{noon + timedelta(minutes=10 * at)},500" for at in range(12)]
    for who in "abcd":
        rows += [
            f"{who}{at},{who},{datetime(2026, 5, 1, 9, tzinfo=UTC) + timedelta(days=7 * at)},39.90" for at in range(4)
        ]
    return "\n".join(rows) + "\n"


def counted(house: Context) -> dict[str, Decimal]:
    """Customer -> money in the current run's profile."""
    with reading(house) as reader:
        rows = reader.connection.execute("SELECT customer_id, monetary_amount_minor FROM profile").fetchall()
    return {who: Decimal(minor).scaleb(-2) for who, minor in rows}


def abnormal(house: Context) -> dict[str, Any]:
    view = insight(house, "abnormal")
    at = [column.name for column in view.columns].index("abnormal_reason")
    return {row[0]: row[at] for row in view.rows}


@pytest.fixture(scope="module")
def house(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    defining.initialise(empty, "general")
    file = tmp_path_factory.mktemp("files") / "orders.csv"
    file.write_text(orders(), "utf-8")
    assert importing.import_path(empty, file, "orders", None).quarantined == 0
    running.run(empty, AS_OF)
    return empty


def test_flagged_left_out_overruled_and_counted_again(house: Context, tmp_path: Path) -> None:
    flagged = abnormal(house)
    assert set(flagged) == {"reseller", "school"}
    assert "heavy_burst" in flagged["reseller"]
    assert len(counted(house)) == 6  # a sign alone leaves nobody out

    (tmp_path / "cleaning.yaml").write_text(RULE, "utf-8")
    (tmp_path / "abnormal.csv").write_text("\n".join(["customer_id", *flagged]) + "\n", "utf-8")
    assert lists.import_list(house, tmp_path / "abnormal.csv", "abnormal_value").members == 2
    defining.apply_definitions(house, [tmp_path / "cleaning.yaml"])
    running.run(house, AS_OF)
    assert set(counted(house)) == set("abcd")
    report = cleaning.junk(house)
    assert (report.customers, report.monetary_amount) == (2, Decimal(12_000))
    assert report.rules[0].examples == ("reseller", "school")
    assert abnormal(house) == {}  # insights read what is left
    assert set(insight_customers(house)) == set("abcd")

    operator = house.acting_as(Principal("test:operator", "operator"))
    cleaning.release(operator, "school", reason="orders for its classes", rule="abnormal_value")
    assert cleaning.junk(house).waiting == 1  # the next run heeds it
    assert "school" not in counted(house)
    running.run(house, AS_OF)
    assert counted(house)["school"] == Decimal(6_000)
    assert "reseller" not in counted(house)
    assert (cleaning.junk(house).customers, cleaning.junk(house).waiting) == (1, 0)
    assert set(abnormal(house)) == {"school"}  # the sign is still told; a person has said what it means


def insight_customers(house: Context) -> list[str]:
    view = insight(house, "promotion", {"per_customer": "yes"})
    return [row[0] for row in view.rows]
