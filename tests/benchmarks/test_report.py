"""What is said of figures, and when a benchmark fails."""

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.lines import TARGETS, Business, verdicts
from benchmarks.report import as_json, table
from benchmarks.turns import Measured, Once, in_turn, process

BUSINESS = Business(Path("folder"), 1_000, 100, 1)


def measured(**seconds: float) -> dict[str, Measured]:
    """Three turns each, of which the middle one is the figure."""
    return {
        name: Measured(name, (Once(value * 3, 5), Once(value, 9), Once(value / 2, 7)))
        for name, value in seconds.items()
    }


def test_ratios_are_of_medians_and_a_ratio_on_the_limit_passes() -> None:
    found = verdicts("run", measured(run=12, hand_written=10, plain_group_by=0.79))
    assert [(verdict.value, verdict.passed) for verdict in found] == [(1.2, True), (12 / 0.79, False)]


def test_one_missed_target_fails_the_whole_and_is_marked() -> None:
    things = measured(import_lines=7, typed_table=1)
    results = {"import": (things, verdicts("import", things))}
    text = table(results, BUSINESS)
    assert "✗ import_lines ÷ typed_table = 7.00, at most 6" in text
    assert "1 target(s) missed." in text
    found = as_json(results, BUSINESS)
    assert found["passed"] is False
    assert found["lines"]["import"]["measured"]["import_lines"]["median_seconds"] == 7
    assert found["lines"]["import"]["measured"]["import_lines"]["peak_mib"] == 9


def test_things_are_measured_in_turn() -> None:
    order: list[str] = []

    def thing(name: str) -> Once:
        order.append(name)
        return Once(1, 1)

    in_turn({"a": lambda: thing("a"), "b": lambda: thing("b")}, 3, lambda name, once: None)
    assert order == ["a", "b"] * 3


MEASURES_TWO = """
import sys
from benchmarks.turns import process
small = process([sys.executable, "-c", "print('hello'); print(0.25)"])
large = process([sys.executable, "-c", "x = bytearray(300 * 2**20); print(0.5)"])
assert (small.seconds, large.seconds) == (0.25, 0.5)
assert large.peak_mib - small.peak_mib > 250, (large, small)
"""


def test_a_process_is_measured_by_what_it_says_and_its_memory_is_its_own() -> None:
    process([sys.executable, "-c", MEASURES_TWO], says_seconds=False)


def test_a_process_that_fails_stops_the_benchmark_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        process([sys.executable, "-c", "raise SystemExit('no such thing')"])


@pytest.mark.parametrize("wrong", [["--lines", "runs"], ["--orders", "5", "--customers", "6"], ["--runs", "0"]])
def test_a_wrong_wish_is_refused_before_anything_is_made(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(wrong)
    assert refused.value.code == 2


def test_every_line_has_its_heading() -> None:
    for line in TARGETS:
        said = table({line: (measured(thing=1.0), [])}, BUSINESS).splitlines()[0]
        assert len(said.split()) > 3, said
