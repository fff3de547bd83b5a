"""What is explained is what was computed: the clauses of each customer lead to the value that the run wrote."""

from datetime import date, timedelta

import pytest

from tierwise.app import importing, running, tags
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
---
kind: level
name: grade
population: {attribute: frequency_count, op: ">=", value: 1}
scorecard:
  indicators:
    - {attribute: monetary_amount, name: spend, weight: 0.5}
    - {attribute: recency_days, normalise: min_max, direction: lower, low: 0, high: 365, weight: 0.3}
    - {attribute: frequency_count, normalise: bands, bands: [{points: 0}, {from: 3, points: 100}], weight: 0.2}
levels: [{name: core, share: 0.1}, {name: important, share: 0.3}, {name: ordinary}]
---
kind: matrix
name: crossed
dimensions:
  - {attribute: monetary_amount, name: value, parts: [{name: high, above: 0.8}, {name: low}]}
  - {attribute: frequency_count, name: rhythm, parts: [{name: often, from: 4}, {name: seldom}]}
cells: [{name: stars, at: [high, often]}]
otherwise: {name: others}
---
kind: price_band
name: price_band
---
kind: tag
name: bought_lately
class: consumption
implied:
  - {bought: {attribute: quantity, op: ">=", value: 2}, stages: [{value: fresh, until_days: 60}, {value: stale}]}
---
kind: tag
name: wealth
class: consumption
composite:
  scorecard: {indicators: [{attribute: monetary_amount}, {attribute: max_order_amount}]}
  at_least_known: 2
  cuts: [{value: high, at_least: 120}, {value: middle, at_least: 60}, {value: low}]
---
kind: tag
name: hobby
class: static
manual: {values: [{value: fishing}, {value: tennis}]}
"""


@pytest.fixture(scope="module")
def house(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    folder = tmp_path_factory.mktemp("files")
    files = make_retail(customers=120, seed=4).write(folder, headers="zh")
    initialise(empty, "general")
    for table in ("stores", "products", "customers", "order_lines", "orders", "refunds"):
        importing.import_path(empty, files[table], table, None)
    path = folder / "d.yaml"
    path.write_text(DEFINITIONS, "utf-8")
    apply_definitions(empty, [path])
    tags.add_tag(empty, "U00000001", "hobby", value="fishing", reason="said so")
    tags.add_tag(empty, "U00000001", "hobby", value="tennis", reason="plays now")
    running.run(empty, DAY)
    return empty


@pytest.fixture(scope="module")
def customers(house: Context) -> list[str]:
    """Some customers, buyers and others."""
    with reading(house) as reader:
        rows = reader.connection.execute("SELECT customer_id FROM profile ORDER BY customer_id").fetchall()
    return [customer for (customer,) in rows][::29]


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


def test_a_level_is_told_line_by_line_and_what_would_close_the_gap(house: Context, customers: list[str]) -> None:
    seen = set()
    for customer in customers[:8]:
        view = explain(house, customer, "grade")
        seen.add(view.value)
        lines = [clause for clause in view.clauses if clause.what == "line"]
        if view.value is None:
            assert (view.clauses[0].verdict, lines) == (False, [])
            continue
        assert [clause.at for clause in lines] == [f"scorecard.indicators.{i}" for i in range(3)]
        score = explain(house, customer, "grade_score").value
        assert sum(clause.detail["points"] for clause in lines) == pytest.approx(score, abs=1e-9)
        reached = [clause.says for clause in view.clauses if clause.what == "grade" and clause.verdict]
        assert [said.partition(":")[0] for said in reached] == [view.value]
        closing = [clause for clause in view.clauses if clause.what == "closing"]
        assert len(closing) == (0 if view.value == "core" else 3)
    assert {None, "ordinary"} < seen


def test_a_cell_is_told_by_its_parts_and_a_leaning_by_its_share(house: Context, customers: list[str]) -> None:
    for customer in customers[:6]:
        view = explain(house, customer, "crossed")
        *parts, cell = view.clauses
        assert cell.value == view.value
        inside = {clause.says for clause in parts} == {"value: high", "rhythm: often"}
        assert inside == (view.value == "stars")
        band = explain(house, customer, "price_band")
        assert (band.clauses[0].verdict is False) == (band.value is None)


def test_what_was_bought_says_which_lines(house: Context, customers: list[str]) -> None:
    seen = set()
    for customer in customers:
        view = explain(house, customer, "bought_lately")
        (clause,) = [each for each in view.clauses if each.what == "bought"]
        (counted,) = clause.counted
        assert clause.verdict == (view.value is not None)
        if view.value is not None:
            assert view.value == ("fresh" if clause.detail["days_since"] <= 60 else "stale")
            assert counted.rows[0]["ordered_day"] == clause.value
            assert {"order_id", "line_no", "net"} <= counted.rows[0].keys()
        seen.add(view.value)
    assert seen >= {"stale"}


def test_a_composite_tag_is_told_as_a_scorecard(house: Context, customers: list[str]) -> None:
    told = 0
    for customer in customers[:8]:
        view = explain(house, customer, "wealth")
        known, *_ = view.clauses
        reached = [each.says.partition(":")[0] for each in view.clauses if each.what == "grade" and each.verdict]
        assert known.verdict == (view.value is not None)
        assert reached == ([] if view.value is None else [view.value])
        told += view.value is not None
    assert told


def test_a_tag_by_hand_says_who_gave_it_and_when(house: Context, customers: list[str]) -> None:
    view = explain(house, customers[0], "hobby")
    assert view.value == "tennis"
    newest, older = (clause for clause in view.clauses if clause.what == "act")
    assert (newest.value, newest.verdict, newest.detail["rater"]) == ("tennis", True, "test:operator")
    assert older.value == "fishing"
    assert explain(house, customers[1], "hobby").clauses[0].says == "nobody has given it"


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
