"""What the benchmark of rules compares is the same set of customers by rule, and the SQL is that of the rules."""

from pathlib import Path

from benchmarks import rules
from benchmarks.behavioural_rules import RULES, behavioural_rules


def test_all_ways_find_the_same_customers(tmp_path: Path) -> None:
    lake = rules.imported(tmp_path, 400, 6_000)
    assert rules.differences(lake, tmp_path / "spill") == {}
    said = rules.described(lake, tmp_path / "spill")
    assert said.startswith(f"{RULES} rules: windows of ")


def test_the_script_is_that_of_the_rules() -> None:
    assert rules.SCRIPT.read_text("utf-8") == rules.sql_together()


def test_a_seed_gives_its_rules() -> None:
    assert behavioural_rules(20, seed=4) == behavioural_rules(20, seed=4) != behavioural_rules(20, seed=5)
    days = [rule.behaviour.window.last_days or 0 for rule in behavioural_rules().values()]
    assert min(days) >= 7
    assert max(days) <= 365
