"""What is explained is what was computed: the clauses of each customer lead to the value that the run wrote."""

from datetime import date, timedelta

import pytest

from tierwise.app import importing, running
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions, initialise
from tierwise.app.explaining import ExplainView, explain
from tierwise.app.principal import Principal
from tierwise.app.reading import reading
from tierwise.kernel.errors import TierwiseError
from tierwise.metrics.clauses import SHOWN, Clause
from tierwise.testing import make_retail

DAY = date(2026, 6, 30)

DEFINITIONS = """\
kind: tag
name: often
class: behaviour
when: {behaviour: {fact: orders, aggregate: count, window: {last_days: 300}}, op: ">=", value: 3}
---
kind: tag
name: basket
class: consumption
values:
  - {value: large, when: {attribute: net_sales_per_order, op: ">=", value: 300}}
  - value: middle
    when: {all: [{attribute: net_sales_per_order, op: ">=", value: 100}, {attribute: often, op: "=", value: true}]}
  - {value: small, when: {attribute: net_sales_per_order, op: present}}
---
kind: tag
name: deeds
class: behaviour
when:
  any:
    - {behaviour: {fact: order_lines, aggregate: sum, column: quantity, window: {last_days: 365}}, op: ">", value: 6}
    - {first_time: {fact: orders, window: {last_days: 60}}}
    - {stopped: {fact: orders, quiet_days: 90, before_days: 365, at_least: 2}}
    - {restarted: {fact: orders, within_days: 60, quiet_days: 90}}
    - {regularly: {fact: orders, every: month, at_least: 4, of_last: 6}}
    - {sequence: [{fact: orders}, {fact: refunds}], within_days: 60}
    - {not_followed: [{fact: orders}, {fact: orders}], within_days: 200, window: {last_days: 400}}
---
kind: segment
name: loyal
when: {all: [{attribute: often, op: "=", value: true}, {attribute: overdue_days, op: "<=", value: 0}]}
---
kind: segment
name: loyal_and_large
when: {all: [{segment: loyal}, {attribute: basket, op: "=", value: large}]}
"""


@pytest.fixture(scope="module")
def house(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("files")
    files = make_retail(customers=120, seed=4).write(folder, headers="zh")
    initialise(empty, "retail")
    for table in ("stores", "products", "customers", "order_lines", "orders", "refunds"):
        importing.import_path(empty, files[table], table, None)
    path = folder / "d.yaml"
    path.write_text(DEFINITIONS, "utf-8")
    apply_definitions(empty, [path])
    running.run(empty, DAY)
    return empty


@pytest.fixture(scope="module")
def customers(house: Context) -> list[str]:
    """Some customers, buyers and others."""
    with reading(house) as reader:
        rows = reader.connection.execute("SELECT customer_id FROM profile ORDER BY customer_id").fetchall()
    return [customer for (customer,) in rows][::9]


def walk(clauses: tuple[Clause, ...]) -> list[Clause]:
    return [found for clause in clauses for found in (clause, *walk(clause.clauses))]


def test_a_stage_is_the_first_whose_rule_is_true(house: Context, customers: list[str]) -> None:
    values = set()
    for customer in customers:
        view = explain(house, customer, "lifecycle_stage")
        *earlier, decided = [clause for clause in view.clauses if clause.what == "stage"]
        assert decided.verdict
        assert decided.value == view.value
        assert not any(clause.verdict for clause in earlier)
        values.add(view.value)
    assert len(values) > 2


def test_scores_lead_to_the_cell(house: Context, customers: list[str]) -> None:
    scored = 0
    for customer in customers:
        view = explain(house, customer, "rfm")
        digits = [str(int(clause.detail["high"])) for clause in view.clauses if clause.what == "score"]
        assert (view.value or "") == "".join(digits)
        assert bool(view.clauses[0].verdict) == (view.value is not None)
        for clause in (each for each in view.clauses if each.what == "score"):
            assert explain(house, customer, f"{clause.at}_score").value == clause.detail["score"]
            scored += 1
            if scored > 6:
                return


def test_a_rank_lies_within_its_part(house: Context, customers: list[str]) -> None:
    ranked = 0
    for customer in customers:
        view = explain(house, customer, "spend_decile")
        (clause,) = view.clauses
        if view.value is None:
            assert clause.verdict is False
            continue
        assert clause.detail["part"] == view.value
        assert clause.detail["first"] <= clause.detail["rank"] <= clause.detail["last"]
        ranked += 1
    assert ranked > 3


def test_an_activity_is_the_first_class_that_fits(house: Context, customers: list[str]) -> None:
    for customer in customers:
        view = explain(house, customer, "activity")
        assert view.clauses[-1].at == view.value
        assert [clause.verdict for clause in view.clauses] == [False] * (len(view.clauses) - 1) + [True]


def test_tags_and_segments_have_the_verdict_of_their_rule(house: Context, customers: list[str]) -> None:
    seen = set()
    for customer in customers:
        for name in ("often", "deeds", "loyal", "loyal_and_large"):
            view = explain(house, customer, name)
            assert view.clauses[0].verdict == (view.value is not None), (customer, name)
            seen.add((name, view.value))
        view = explain(house, customer, "basket")
        said = [clause for clause in view.clauses if clause.what == "value"]
        assert [clause.says for clause in said if clause.verdict] == ([] if view.value is None else [view.value])
    assert {("often", "yes"), ("often", None), ("deeds", "yes"), ("loyal", "in"), ("loyal", None)} <= seen


def test_a_deed_has_its_number_and_the_orders_that_counted(house: Context, customers: list[str]) -> None:
    counts = set()
    for customer in customers:
        (clause, *_) = explain(house, customer, "often").clauses
        (counted,) = clause.counted
        assert clause.says == "count of orders in the last 300 days ≥ 3"
        assert clause.value == counted.count
        assert clause.verdict == (counted.count >= 3)
        assert len(counted.rows) == min(counted.count, SHOWN)
        assert (counted.first, counted.last) == (DAY - timedelta(days=299), DAY)
        days = [row["ordered_day"] for row in counted.rows]
        assert days == sorted(days, reverse=True)
        assert all(counted.first <= day <= counted.last for day in days)
        assert all({"order_id", "net"} <= row.keys() for row in counted.rows)
        counts.add(counted.count)
    assert len(counts) > 2


def test_a_segment_in_a_segment_is_followed(house: Context, customers: list[str]) -> None:
    view = explain(house, customers[0], "segment loyal_and_large")
    said = [clause.says for clause in walk(view.clauses)]
    assert "in segment loyal" in said
    assert "overdue_days ≤ 0" in said
    assert "count of orders in the last 300 days ≥ 3" not in said  # a tag's own rule is asked by the tag's name


def test_an_attribute_has_its_meaning_and_the_reason_for_none(house: Context, customers: list[str]) -> None:
    views: list[ExplainView] = [explain(house, customer, "recency_days") for customer in customers]
    assert all((view.value is None) == bool(view.clauses[0].detail) for view in views)
    assert {view.kind for view in views} == {"attribute"}


def test_what_is_not_there_is_told(house: Context, customers: list[str]) -> None:
    with pytest.raises(TierwiseError) as caught:
        explain(house, customers[0], "lifecycle_stag")
    assert (caught.value.code, caught.value.remedy) == ("unknown_name", 'did you mean "lifecycle_stage"?')
    with pytest.raises(TierwiseError) as caught:
        explain(house, "nobody", "often")
    assert caught.value.code == "unknown_customer"
    with pytest.raises(TierwiseError, match="does not include"):
        explain(house.acting_as(Principal("test:reader", "reader")), customers[0], "often")

