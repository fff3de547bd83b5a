"""One thing, measured once, in a process of its own: `python -m benchmarks.measured NAME FOLDER ORDERS CUSTOMERS SEED`.

The last line of stdout is its seconds; preparations print nothing of use. Peak memory is the parent's to read.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import counts, customers, facts, incremental, rules, runs
from benchmarks.business import Size, lines_file
from tierwise.bootstrap import Settings, stop_embedded
from tierwise.engine.lake import Lake


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data are, and how much of it."""

    folder: Path
    size: Size

    @property
    def spill(self) -> Path:
        return self.folder / "spill"


def prepare_run(place: Place) -> float:
    facts.imported(place.folder, place.size)
    return 0.0


def prepare_lines(place: Place) -> float:
    lines_file(place.folder, place.size)
    return 0.0


def run(place: Place) -> float:
    return runs.run(facts.imported(place.folder, place.size), place.spill)


def hand_written(place: Place) -> float:
    return runs.hand_written(facts.imported(place.folder, place.size), place.spill, place.folder)


def plain_group_by(place: Place) -> float:
    return runs.plain_group_by(facts.imported(place.folder, place.size), place.spill)


def equal(place: Place) -> float:
    """Ends with an error where run and SQL differ."""
    found = runs.differences(facts.imported(place.folder, place.size), place.spill, place.folder)
    if found:
        raise SystemExit(f"the run and the hand-written SQL differ: {json.dumps(found)}")
    return 0.0


def import_lines(place: Place) -> float:
    """Into an empty home; making the home and starting its PostgreSQL is not counted."""
    home = place.folder / "import-home"
    _drop(home)
    try:
        return facts.import_alone(lines_file(place.folder, place.size), "order_lines", home)
    finally:
        _drop(home)


def prepare_count(place: Place) -> float:
    counts.home_of(place.folder, place.size.orders)
    return 0.0


def served_count(place: Place) -> float:
    return counts.served_count(counts.home_of(place.folder, place.size.orders))


def native_count(place: Place) -> float:
    return counts.native_count(counts.home_of(place.folder, place.size.orders))


def prepare_rules(place: Place) -> float:
    """Writes what the rules are into rules.txt; ends with an error where the ways differ."""
    lake = _rules_lake(place)
    found = rules.differences(lake, place.spill)
    if found:
        raise SystemExit(f"the rules and the hand-written SQL differ: {json.dumps(found)}")
    (place.folder / "rules.txt").write_text(rules.described(lake, place.spill), "utf-8")
    return 0.0


def rules_as_a_run(place: Place) -> float:
    return rules.as_a_run(_rules_lake(place), place.spill)[0]


def rules_by_hand(place: Place) -> float:
    return rules.by_hand(_rules_lake(place), place.spill)[0]


def rules_one_by_one(place: Place) -> float:
    return rules.one_by_one(_rules_lake(place), place.spill)[0]


def _rules_lake(place: Place) -> Lake:
    return rules.imported(place.folder, place.size.customers, place.size.orders)


def prepare_incremental(place: Place) -> float:
    incremental.prepare(place.folder, place.size.customers, place.size.orders)
    return 0.0


def stage_one_full(place: Place) -> float:
    return _stage_one(place, "full", "evenly")


def stage_one_evenly(place: Place) -> float:
    return _stage_one(place, "incremental", "evenly")


def stage_one_same(place: Place) -> float:
    return _stage_one(place, "incremental", "same")


def stage_one_next_day(place: Place) -> float:
    return _stage_one(place, "next_day", "evenly")


def _stage_one(place: Place, how: str, drawn: str) -> float:
    return incremental.stage_one(place.folder, place.size.customers, place.size.orders, how, drawn)


def prepare_customer(place: Place) -> float:
    home = _customer_home(place)
    customers.make_copies(home, anew=False)
    customers.check(home, place.size.orders)
    return 0.0


def customer_served(place: Place) -> float:
    return customers.served(_customer_home(place), place.size.orders, 10)


def customer_served_95(place: Place) -> float:
    return customers.served(_customer_home(place), place.size.orders, 19)


def customer_first(place: Place) -> float:
    return customers.first_question(_customer_home(place), place.size.orders)


def customer_without_copies(place: Place) -> float:
    home = _customer_home(place)
    with customers.without_copies(home):
        return customers.first_question(home, place.size.orders)


def customer_copies(place: Place) -> float:
    return customers.make_copies(_customer_home(place))


def customer_copies_size(place: Place) -> float:
    return customers.copies_gb(_customer_home(place))


def stop_customer(place: Place) -> float:
    stop_embedded(Settings(_customer_home(place)))
    return 0.0


def _customer_home(place: Place) -> Path:
    return customers.home_of(place.folder, place.size.orders, place.size.orders)


def typed_table(place: Place) -> float:
    return runs.typed_table(lines_file(place.folder, place.size), place.spill)


def _drop(home: Path) -> None:
    if home.exists():
        stop_embedded(Settings(home))
        shutil.rmtree(home)


NAMED: dict[str, Callable[[Place], float]] = {
    function.__name__: function
    for function in (
        prepare_run, prepare_lines, run, hand_written, plain_group_by, equal, import_lines, typed_table,
        prepare_count, served_count, native_count,
        prepare_incremental, stage_one_full, stage_one_evenly, stage_one_same, stage_one_next_day,
        prepare_rules, rules_as_a_run, rules_by_hand, rules_one_by_one,
        prepare_customer, customer_served, customer_served_95, customer_first, customer_without_copies,
        customer_copies, customer_copies_size, stop_customer,
    )
}  # fmt: skip


def main(arguments: list[str]) -> None:
    name, folder, orders, customers, seed = arguments
    place = Place(Path(folder), Size(int(orders), int(customers), int(seed)))
    print(f"{NAMED[name](place):.6f}")


if __name__ == "__main__":
    main(sys.argv[1:])
