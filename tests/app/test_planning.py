"""A plan tells beforehand what the next run then finds, and stores nothing."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tierwise.app import importing, lists, running, segments
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions, export_definitions, initialise
from tierwise.app.planning import Move, plan
from tierwise.app.principal import Principal
from tierwise.app.reading import reading
from tierwise.definitions.rule import InSegment
from tierwise.kernel.errors import TierwiseError
from tierwise.testing import make_retail

DAY = date(2026, 6, 30)

CHANGED = """\
kind: lifecycle
name: lifecycle_stage
silence: {since: last_order, normal: fixed, fixed_days: 90}
stages:
  - {name: gone, when: {attribute: overdue_days, op: ">", value: 0}}
  - {name: vip, when: {attribute: spend_decile, op: "<=", value: 1}}
  - {name: here, when: {attribute: frequency_count, op: ">=", value: 1}}
  - {name: other}
---
kind: deciles
name: spend_decile
metric: monetary_amount
parts: 5
---
kind: deciles
name: visits_parts
metric: frequency_count
parts: 3
"""


@pytest.fixture(scope="module")
def house(empty: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    files = make_retail(customers=150, seed=4).write(tmp_path_factory.mktemp("files"), headers="zh")
    initialise(empty, "general")
    for table in ("stores", "products", "customers", "order_lines", "orders", "refunds"):
        importing.import_path(empty, files[table], table, None)
    running.run(empty, DAY)
    return empty


def write(folder: Path, text: str) -> Path:
    path = folder / "d.yaml"
    path.write_text(text, "utf-8")
    return path


def values(ctx: Context, column: str) -> dict[str, str | None]:
    with reading(ctx) as reader:
        if column not in reader.connection.view("profile").columns:
            return {}
        rows = reader.connection.execute(f"SELECT customer_id, CAST({column} AS VARCHAR) FROM profile").fetchall()
    return dict(rows)


def test_what_is_not_changed_moves_nobody(house: Context, tmp_path: Path) -> None:
    found = plan(house, [write(tmp_path, export_definitions(house))])
    assert (found.added, found.changed, found.removed, found.moves) == ((), (), (), ())
    assert len(found.unchanged) == 5


def test_a_sample_is_scaled_and_said_to_be_one(house: Context, tmp_path: Path) -> None:
    path = write(tmp_path, "kind: activity\nname: activity\nhigh_at_least: 3\nactive_last_days: 300\n")
    whole = plan(house, [path])
    found = plan(house, [path], sample=0.5)
    assert found.sample == 0.5
    assert "sampled" in [warning.code for warning in found.warnings]
    assert sum(move.customers for move in found.moves) % 2 == 0
    moved = sum(move.customers for move in whole.moves)
    assert 0.5 * moved < sum(move.customers for move in found.moves) < 1.5 * moved
    assert found.moves == plan(house, [path], sample=0.5).moves
    with pytest.raises(TierwiseError, match="a sample of 2"):
        plan(house, [path], sample=2)


def test_problems_are_told_with_their_lines_and_a_reader_may_not_plan(house: Context, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "kind: lifecycle\nname: lifecycle_stage\nstages:\n"
        "  - {name: a, when: {attribute: frequency_count, op: '>=', value: 1}}\n"
        "  - {name: b, when: {attribute: frequency_count, op: '>=', value: 5}}\n  - {name: c}\n",
    )
    with pytest.raises(TierwiseError) as caught:
        plan(house, [path])
    assert [(p.code, p.place) for p in caught.value.problems] == [("unreachable_stage", f"{path}:5")]
    with pytest.raises(TierwiseError, match="does not include"):
        plan(house.acting_as(Principal("test:reader", "reader")), [path])


def test_what_is_pruned_is_removed_and_its_readers_are_problems(house: Context, tmp_path: Path) -> None:
    text = export_definitions(house)
    documents = text.split("---\n")
    without = [each for each in documents if not each.startswith("kind: activity")]
    found = plan(house, [write(tmp_path, "---\n".join(without))], prune=True)
    assert found.removed == ("activity activity",)
    without = [each for each in documents if not each.startswith("kind: deciles")]
    with pytest.raises(TierwiseError, match='unknown attribute "spend_decile"'):
        plan(house, [write(tmp_path, "---\n".join(without))], prune=True)


def test_the_next_run_finds_what_the_plan_told(house: Context, tmp_path: Path) -> None:
    names = ("lifecycle_stage", "spend_decile", "visits_parts")
    path = write(tmp_path, CHANGED)
    before = {name: values(house, name) for name in names}
    text = export_definitions(house)
    found = plan(house, [path])
    assert export_definitions(house) == text
    assert found.added == ("deciles visits_parts",)
    assert found.changed == ("lifecycle lifecycle_stage", "deciles spend_decile")
    assert found.readers == {"lifecycle lifecycle_stage": (), "deciles spend_decile": ("lifecycle lifecycle_stage",)}
    assert found.run_seconds is not None
    assert found.run_seconds.expected > 0
    apply_definitions(house, [path])
    assert [w.code for w in plan(house, [path]).warnings if w.code == "not_run_yet"] == []
    again = plan(house, [write(tmp_path, "kind: activity\nname: activity\nnew_within_days: 31\n")])
    assert "not_run_yet" in [warning.code for warning in again.warnings]
    running.run(house, DAY)
    for name in names:
        after = values(house, name)
        everyone = before[name].keys() | after.keys()
        counted = Counter((before[name].get(who), after.get(who)) for who in everyone)
        moved = {pair: count for pair, count in counted.items() if pair[0] != pair[1]}
        assert moved, name
        told = {(move.from_, move.to): move.customers for move in found.moves if move.name == name}
        assert told == moved
        assert found.stay[name] == sum(n for (was, now), n in counted.items() if was == now and was is not None)
    assert Move("visits_parts", None, "1", told[None, "1"], told[None, "1"]) in found.moves


def test_lists_made_since_the_run_count_and_an_empty_one_is_no_unknown_one(house: Context, tmp_path: Path) -> None:
    known = list(values(house, "activity"))[:3]
    for name, ids in (("guests", known), ("strangers", ["nobody-at-all"])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["customer_id", *ids, ""]), "utf-8")
        lists.import_list(house, tmp_path / f"{name}.csv", name)
    path = write(
        tmp_path,
        "kind: segment\nname: invited\nwhen: {list: guests}\n---\n"
        "kind: segment\nname: at_home\nwhen: {not: {list: strangers}}\n---\n"
        "kind: segment\nname: nobody\nmembers: static\n"
        "when: {attribute: frequency_count, op: '>', value: 100000}\n",
    )
    found = plan(house, [path])
    moved = {move.name: move.customers for move in found.moves}
    assert moved == {"invited": 3, "at_home": found.customers}
    apply_definitions(house, [path])
    segments.snapshot(house, InSegment(segment="nobody"))
    everybody = "kind: segment\nname: nobody\nmembers: static\nwhen: {attribute: frequency_count, op: '>=', value: 0}\n"
    apply_definitions(house, [write(tmp_path, everybody)])  # frozen it stays as it was: with nobody in it
    running.run(house, DAY)
    with reading(house) as reader:
        rows = reader.connection.execute("SELECT segment, count(*) FROM segments GROUP BY segment").fetchall()
    assert dict(rows) == moved
    (tmp_path / "nobody.csv").write_text("\n".join(["customer_id", *known, ""]), "utf-8")
    lists.remove_list(house, "nobody")
    running.run(house, DAY)  # live again: everybody, of whom only three are in the list that takes its place
    lists.import_list(house, tmp_path / "nobody.csv", "nobody")
    assert running.run(house, DAY).base_run_id is not None
    with reading(house) as reader:
        found_now = reader.connection.execute("SELECT count(*) FROM segments WHERE segment = 'nobody'").fetchall()
    assert found_now == [(3,)]
