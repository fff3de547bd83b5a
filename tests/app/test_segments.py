"""Segments asked about: counts that a plain reading of the profile gives, samples, overlaps, frozen lists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tierwise.app import defining, lists, segments, showing
from tierwise.app.context import Context
from tierwise.app.headings import known_headings
from tierwise.app.principal import Principal
from tierwise.app.searching import search
from tierwise.app.views import Exported
from tierwise.definitions.read import parse_rule, read_rule
from tierwise.definitions.rfm import CELL_NAMES
from tierwise.definitions.rule import AnyRule, InList, InSegment
from tierwise.engine.current import CurrentProfile
from tierwise.kernel.errors import TierwiseError
from tierwise.testing.rule_oracle import holds

AS_OF = date(2026, 6, 30)

SEGMENTS = """
kind: segment
name: often
title: {zh: 常客, en: Regulars}
when: {attribute: frequency_count, op: ">=", value: 4}
---
kind: segment
name: often_and_late
owner: crm
strategy: {zh: 致电, en: Call}
when: {all: [{segment: often}, {attribute: recency_days, op: ">", value: 30}]}
---
kind: segment
name: wave
members: static
when: {attribute: recency_days, op: "<=", value: 60}
"""


def rule(**body: Any) -> AnyRule:
    return parse_rule(body)


OFTEN = rule(attribute="frequency_count", op=">=", value=4)
LATE = rule(attribute="recency_days", op=">", value=30)
BIG = rule(attribute="monetary_amount", op=">", value=500)
NO_WOMAN = {"not": {"attribute": "gender", "op": "=", "value": "female"}}
SIX = rule(
    all=[
        {"any": [{"attribute": "rfm_cell", "op": "in", "value": ["111", "011", "101"]}, NO_WOMAN]},
        {"attribute": "monetary_amount", "op": "between", "value": [100, 9000]},
        {"attribute": "last_ordered_on", "op": "within_last_days", "value": 200},
        {"attribute": "main_category", "op": "present"},
        {"not": {"attribute": "spend_decile", "op": ">", "value": 8}},
    ]
)


@pytest.fixture(scope="module")
def shop(retailer: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    path = tmp_path_factory.mktemp("segments") / "segments.yaml"
    path.write_text(SEGMENTS, "utf-8")
    defining.apply_definitions(retailer, [path])
    return retailer


@pytest.fixture(scope="module", params=["files", "memory"])
def house(request: pytest.FixtureRequest, shop: Context) -> Iterator[Context]:
    """As a command asks, and as a server does."""
    if request.param == "files":
        yield shop
        return
    current = CurrentProfile(shop.lake, shop.scratch / "spill")
    yield replace(shop, current=current)
    current.close()


@pytest.fixture(scope="module")
def people(shop: Context) -> list[dict[str, Any]]:
    """The whole profile as everybody sees it."""
    page = showing.profile(shop, limit=1000)
    assert page.of == 400
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


@pytest.mark.parametrize("asked", [OFTEN, LATE, BIG, SIX], ids=["often", "late", "big", "six"])
def test_a_count_is_what_reading_everybodys_row_gives(
    house: Context, people: list[dict[str, Any]], asked: AnyRule
) -> None:
    found = segments.count(house, asked)
    assert found.customers == sum(holds(asked, row, AS_OF) for row in people)
    assert 0 < found.customers < found.of == 400
    assert (found.as_of, found.ms > 0) == (AS_OF, True)


def test_a_stored_segment_counts_as_its_rule(house: Context, people: list[dict[str, Any]]) -> None:
    often = sum(row["frequency_count"] >= 4 for row in people)
    assert segments.count(house, InSegment(segment="often")).customers == often
    both = sum(row["frequency_count"] >= 4 and row["recency_days"] > 30 for row in people)
    assert segments.count(house, InSegment(segment="often_and_late")).customers == both
    rest = parse_rule({"not": {"segment": "often_and_late"}})
    assert segments.count(house, rest).customers == 400 - both


def test_what_customers_did_is_counted_from_the_facts(house: Context, people: list[dict[str, Any]]) -> None:
    deed = {"behaviour": {"fact": "orders", "aggregate": "count", "window": {"last_days": 90}}, "op": ">=", "value": 2}
    found = segments.count(house, parse_rule(deed))
    assert found.customers == sum(row["frequency_count_90d"] >= 2 for row in people) > 0
    mixed = parse_rule({"all": [deed, {"segment": "often"}]})
    wanted = sum(row["frequency_count_90d"] >= 2 and row["frequency_count"] >= 4 for row in people)
    assert segments.count(house, mixed).customers == wanted


def test_all_that_is_wrong_is_told_at_once(house: Context) -> None:
    wrong = rule(
        all=[{"attribute": "recency_dys", "op": ">", "value": 3}, {"attribute": "gender", "op": ">", "value": 3}]
    )
    with pytest.raises(TierwiseError) as refused:
        segments.count(house, wrong)
    assert [problem.code for problem in refused.value.problems] == ["unknown_attribute", "bad_value"]
    for name, code in ((InSegment(segment="oftn"), "unknown_segment"), (InList(list="nobody"), "unknown_list")):
        with pytest.raises(TierwiseError) as refused:
            segments.count(house, name)
        assert refused.value.code == code


def test_a_sample_is_drawn_by_its_seed_with_the_columns_wanted(house: Context, people: list[dict[str, Any]]) -> None:
    first = segments.sample(house, OFTEN, limit=12, seed=7, columns=["monetary_amount", "frequency_count"])
    assert first == segments.sample(house, OFTEN, limit=12, seed=7, columns=["monetary_amount", "frequency_count"])
    other = segments.sample(house, OFTEN, limit=12, seed=8, columns=["frequency_count"])
    assert {row[0] for row in first.rows} != {row[0] for row in other.rows}
    assert first.columns == ("customer_id", "monetary_amount", "frequency_count")
    known = {row["customer_id"]: (row["monetary_amount"], row["frequency_count"]) for row in people}
    assert all(known[row[0]] == row[1:] and row[2] >= 4 for row in first.rows)
    assert len(first.rows) == 12 < first.customers
    assert segments.sample(house, LATE).columns == ("customer_id", "recency_days")


def test_every_region_of_two_and_three_sets(house: Context, people: list[dict[str, Any]]) -> None:
    sets = {"often": OFTEN, "late": LATE, "big": BIG}
    who = {name: {row["customer_id"] for row in people if holds(asked, row, AS_OF)} for name, asked in sets.items()}
    found = segments.overlap(house, sets)
    assert found.sets == {name: len(ids) for name, ids in who.items()}
    assert [region.inside for region in found.regions] == [
        ("often",),
        ("late",),
        ("big",),
        ("often", "late"),
        ("often", "big"),
        ("late", "big"),
        ("often", "late", "big"),
        (),
    ]
    for region in found.regions:
        inside = [who[name] for name in region.inside] or [{row["customer_id"] for row in people}]
        outside: set[Any] = set().union(*(who[name] for name in sets if name not in region.inside))
        assert region.customers == len(set.intersection(*inside) - outside)
    assert sum(region.customers for region in found.regions) == found.of == 400
    assert len(segments.overlap(house, {"often": OFTEN, "late": LATE}).regions) == 4


def test_many_sets_are_told_in_pairs(house: Context) -> None:
    sets = {"often": OFTEN, "late": LATE, "big": BIG, "nobody": rule(attribute="recency_days", op="<", value=0)}
    found = segments.overlap(house, sets)
    assert len(found.pairs) == 6
    pair = found.pairs[1]
    assert (pair.first, pair.second) == ("often", "big")
    either = found.sets["often"] + found.sets["big"] - pair.both
    assert (pair.jaccard, pair.of_first) == (pair.both / either, pair.both / found.sets["often"])
    empty = found.pairs[2]
    assert (empty.both, empty.jaccard, empty.of_first, empty.of_second) == (0, 0.0, 0.0, None)
    with pytest.raises(TierwiseError, match="two sets"):
        segments.overlap(house, {"often": OFTEN})


def test_a_frozen_segment_stays_as_it_was(house: Context, people: list[dict[str, Any]]) -> None:
    made = segments.snapshot(house, OFTEN, "frozen_often", title="Often", replace=True)
    often = {row["customer_id"] for row in people if row["frequency_count"] >= 4}
    assert (made.kind, made.members, made.origin, made.title) == ("static", len(often), "rule", "Often")
    listed = InList(list="frozen_often")
    assert segments.count(house, listed).customers == len(often)
    early = next(run for run in showing.runs(house) if run.as_of == date(2026, 3, 31))
    before = segments.count(house, OFTEN, run_id=early.id).customers
    assert before < len(often)
    assert segments.count(house, listed, run_id=early.id).customers <= len(often)
    with pytest.raises(TierwiseError, match="already"):
        segments.snapshot(house, LATE, "frozen_often")
    with pytest.raises(TierwiseError) as refused:
        segments.snapshot(house, LATE)
    assert refused.value.code == "no_name"


def test_a_static_segment_is_live_until_it_is_frozen(house: Context) -> None:
    wave = InSegment(segment="wave")
    live = segments.count(house, wave).customers
    early = next(run for run in showing.runs(house) if run.as_of == date(2026, 3, 31))
    frozen = segments.snapshot(house, wave, run_id=early.id)
    assert (frozen.name, frozen.origin, frozen.run_id) == ("wave", "segment wave", early.id)
    assert segments.count(house, wave).customers == frozen.members != live
    assert segments.snapshot(house, wave, replace=True).members == live
    lists.remove_list(house, "wave", in_use=True)


def _column(done: Exported) -> list[str]:
    """The second column of a .csv file."""
    with Path(done.path).open(encoding="utf-8", newline="") as stream:
        return [row[1] for row in list(csv.reader(stream))[1:]]


def test_members_come_page_by_page_and_as_a_file(house: Context, people: list[dict[str, Any]], tmp_path: Path) -> None:
    often = sorted(row["customer_id"] for row in people if row["frequency_count"] >= 4)
    first = segments.members(house, InSegment(segment="often"), limit=10)
    assert ([row[0] for row in first.rows], first.of) == (often[:10], len(often))
    rest = segments.members(house, OFTEN, limit=1000, after=first.rows[-1][0], columns=["frequency_count"])
    assert [row[0] for row in rest.rows] == often[10:]
    done = segments.export_members(house, OFTEN, tmp_path / "often.csv", columns=["monetary_amount"])
    with (tmp_path / "often.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert done.rows == len(rows) == len(often)
    assert [row["customer_id"] for row in rows] == often
    assert all("." in row["monetary_amount"] for row in rows)
    segments.export_members(house, OFTEN, tmp_path / "zh.csv", columns=["monetary_amount"], headings="zh")
    assert (tmp_path / "zh.csv").read_text("utf-8").splitlines()[0].split(",")[0] == "客户编号"
    codes, words = (
        _column(segments.export_members(house, OFTEN, tmp_path / f"{kind}.csv", columns=["rfm_cell"], headings=kind))
        for kind in ("names", "zh")
    )
    titles = {code: title.in_language("zh") for code, title in CELL_NAMES.items()}
    assert words == [titles[code] for code in codes]
    assert len(set(words)) > 1
    for ending in ("xlsx", "parquet"):
        assert segments.export_members(house, OFTEN, tmp_path / f"often.{ending}").rows == len(often)


@pytest.mark.parametrize(("order", "descending"), [("recency_days", True), ("recency_days", False), ("name", True)])
def test_a_file_is_in_the_order_of_the_page(house: Context, tmp_path: Path, order: str, descending: bool) -> None:
    page = search(house, rule=OFTEN, order_by=order, descending=descending, limit=200)
    path = tmp_path / "often.csv"
    segments.export_members(house, OFTEN, path, columns=[], order_by=order, descending=descending, headings="zh")
    found = path.read_text("utf-8").splitlines()[1:]
    assert found[:200] == [row[0] for row in page.rows]
    assert found != sorted(found)


def test_a_file_holds_whom_the_page_found(house: Context, tmp_path: Path) -> None:
    often = search(house, rule=OFTEN, columns=["name"], limit=200)
    text = str(often.rows[0][1])
    page = search(house, text, rule=OFTEN, limit=200)
    assert 0 < page.of < often.of
    path = tmp_path / "found.csv"
    segments.export_members(house, OFTEN, path, columns=[], text=f" {text} ")
    assert path.read_text("utf-8").splitlines()[1:] == [row[0] for row in page.rows]


def test_heads_of_numbers_in_a_file_have_their_units(house: Context, tmp_path: Path) -> None:
    asked = ["recency_days", "monetary_amount", "rfm_cell"]
    for language, heads in (
        ("zh", ["客户编号", "最近消费间隔（天）", "净消费额（元）", "RFM 分组"]),
        ("en", ["Customer ID", "Recency (days)", "Net sales (CNY)", "RFM cell"]),
        ("names", ["customer_id", *asked]),
    ):
        path = tmp_path / f"{language}.csv"
        segments.export_members(house, OFTEN, path, columns=asked, headings=known_headings(language))
        assert path.read_text("utf-8").splitlines()[0].split(",") == heads


def test_the_mark_of_a_workbook_names_whose_customers_these_are(house: Context, tmp_path: Path) -> None:
    boss = house.acting_as(Principal("person:boss", "administrator"))
    segments.snapshot(house, OFTEN, "visitors", title="到店名单", replace=True)
    for asked, headings, said in (
        (InSegment(segment="often"), "zh", "（客群“常客”）"),
        (InSegment(segment="often"), "en", "(segment “Regulars”)"),
        (InList(list="visitors"), "zh", "（名单“到店名单”）"),
        (OFTEN, "zh", "（按条件找到的客户）"),
    ):
        path = tmp_path / "members.xlsx"
        segments.export_members(boss, asked, path, headings=known_headings(headings))
        note = openpyxl.load_workbook(path).active["A1"].comment.text
        assert said in note
        assert ("取出" in note) == (headings == "zh")
    lists.remove_list(house, "visitors")


def test_numbers_are_open_to_readers_and_persons_are_not(shop: Context, tmp_path: Path) -> None:
    reader = shop.acting_as(Principal("test:reader", "reader"))
    assert segments.count(reader, OFTEN).customers > 0
    for forbidden in (
        lambda: segments.sample(reader, OFTEN),
        lambda: segments.members(reader, OFTEN),
        lambda: segments.snapshot(reader, OFTEN, "x"),
        lambda: segments.export_members(reader, OFTEN, tmp_path / "x.csv"),
    ):
        with pytest.raises(TierwiseError) as refused:
            forbidden()
        assert refused.value.code == "not_allowed"


def test_a_rules_file_is_a_rule_or_a_segment(tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text('{"attribute": "frequency_count", "op": ">=", "value": 4}', "utf-8")
    assert read_rule(path) == OFTEN
    path = tmp_path / "segment.yaml"
    path.write_text(SEGMENTS.split("---")[0], "utf-8")
    assert read_rule(path) == OFTEN
    path.write_text(
        "all:\n  - attribute: frequency_count\n    op: '=>'\n    value: 1\n  - {atribute: x, op: missing}\n", "utf-8"
    )
    with pytest.raises(TierwiseError) as refused:
        read_rule(path)
    told = [str(problem).removeprefix(f"{tmp_path}/") for problem in refused.value.problems]
    assert told[0].startswith('segment.yaml:3: op: "=>" is not possible')
    assert any(each.startswith('segment.yaml:5: unknown key "atribute"') for each in told)
