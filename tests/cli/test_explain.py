"""`tierwise explain`: one JSON object for scripts, a tree with ✓ and ✗ for people."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command

TAG = """\
kind: tag
name: twice_lately
class: behaviour
when: {behaviour: {fact: orders, aggregate: count, window: {last_days: 90}}, op: ">=", value: 2}
"""


@pytest.fixture
def run(tierwise: Command, orders: Path, tmp_path: Path) -> Command:
    if not tierwise("runs", "--json").json["runs"]:
        path = tmp_path / "d.yaml"
        path.write_text(TAG, "utf-8")
        tierwise("init", "--template", "general")
        tierwise("import", orders, "--as", "orders")
        tierwise("definitions", "apply", "-f", path)
        tierwise("run", "--as-of", "2026-06-30")
    return tierwise


def test_scripts_get_name_value_and_clauses_with_the_orders_that_counted(run: Command) -> None:
    said = run("explain", "a", "twice_lately", "--json").json
    assert (said["name"], said["value"]) == ("twice_lately", "yes")
    clause = said["clauses"][0]
    assert (clause["verdict"], clause["value"]) == (True, 2)
    (counted,) = clause["counted"]
    assert (counted["fact"], counted["count"]) == ("orders", 2)
    assert counted["rows"][0] == {"order_id": "2", "ordered_day": "2026-06-20", "net": "50.00"}
    assert run("explain", "b", "twice_lately", "--json").json["value"] is None


def test_people_get_a_tree_with_marks_and_values(run: Command) -> None:
    said = run("explain", "b", "lifecycle_stage").out
    assert said.splitlines()[0].startswith("b · lifecycle_stage 生命周期 Lifecycle = first_purchase")
    assert "  ✗ closed_on is present" in said
    assert "  ✓ frequency_count ≥ 1   [1]" in said
    read = run("explain", "a", "twice_lately").out
    assert "✓ count of orders in the last 90 days ≥ 2   [2]" in read
    assert "order_id 2  ordered_day 2026-06-20  net 50.00" in read


def test_a_name_that_is_not_known_is_told_with_the_nearest(run: Command) -> None:
    said = run("explain", "a", "twice_latly", "--json")
    assert (said.code, said.json["code"]) == (1, "unknown_name")
    assert said.json["remedy"] == 'did you mean "twice_lately"?'
