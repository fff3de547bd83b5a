"""Exports: outside names, audited, and nothing for those who may not."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from tierwise.app import exporting, importing, running, segments, tags
from tierwise.app.context import Context
from tierwise.app.defining import apply_definitions, initialise
from tierwise.app.explaining import explain
from tierwise.app.headings import HEADINGS
from tierwise.app.principal import Principal
from tierwise.definitions.read import parse_rule
from tierwise.definitions.rule import InSegment
from tierwise.facts.contract import TABLES
from tierwise.facts.headers import recognise
from tierwise.facts.synonyms import SYNONYMS
from tierwise.kernel.errors import TierwiseError
from tierwise.state import audit


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_profile_has_outside_names_and_money(retailer: Context, tmp_path: Path) -> None:
    done = exporting.export(retailer, "profile", tmp_path / "profile.csv")
    found = rows(tmp_path / "profile.csv")
    assert (done.rows, len(found)) == (400, 400)
    names = list(found[0])
    assert names[0] == "customer_id"
    assert {"recency_days", "monetary_amount", "rfm_cell", "spend_decile", "activity", "lifecycle_stage"} <= set(names)
    assert {"trait.city", "trait.member_level"} & set(names) or any(name.startswith("trait.") for name in names)
    assert not [name for name in names if name.endswith("_minor") or name == "customer_key"]
    assert [row["customer_id"] for row in found] == sorted(row["customer_id"] for row in found)
    assert all("." in row["monetary_amount"] for row in found)


@pytest.mark.parametrize(("table", "key"), [("tags", "tag"), ("segments", "segment"), ("junk", "rule")])
def test_what_rules_give_is_long_and_by_the_customers_own_id(
    retailer: Context, tmp_path: Path, table: str, key: str
) -> None:
    done = exporting.export(retailer, table, tmp_path / f"{table}.csv")
    header = (tmp_path / f"{table}.csv").read_text("utf-8").splitlines()[0].split(",")
    assert header[:2] == ["customer_id", key]
    assert "customer_key" not in header
    assert done.rows == len(rows(tmp_path / f"{table}.csv"))


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("identities", "customer_map")])
def test_every_fact_table_can_be_exported(retailer: Context, tmp_path: Path, table: str) -> None:
    done = exporting.export(retailer, table, tmp_path / f"{table}.csv")
    assert done.rows == len(rows(tmp_path / f"{table}.csv"))
    header = (tmp_path / f"{table}.csv").read_text("utf-8").splitlines()[0].split(",")
    assert "source_key" not in header
    expected = {column.outside for column in TABLES[table].columns if column.outside}
    assert expected <= set(header), expected - set(header)


def test_times_are_the_business_own(retailer: Context, files: dict[str, Path], tmp_path: Path) -> None:
    exporting.export(retailer, "orders", tmp_path / "orders.csv")
    out = {row["order_id"]: row["ordered_at"] for row in rows(tmp_path / "orders.csv")}
    with files["orders"].open(encoding="gb18030", newline="") as file:
        given = {row["订单编号"]: row["下单时间"] for row in csv.DictReader(file)}
    assert out == given


def test_every_export_is_audited_by_name_and_count_only(retailer: Context, tmp_path: Path) -> None:
    exporting.export(retailer, "customers", tmp_path / "people.xlsx")
    with retailer.database.connect() as connection:
        row = audit.list_rows(connection, action="export")[0]
    assert (row.object, row.detail["rows"], row.detail["path"]) == ("customers", 400, "people.xlsx")


def test_an_unknown_table_is_told_with_the_nearest(retailer: Context, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        exporting.export(retailer, "profil", tmp_path / "x.csv")
    assert caught.value.remedy == 'did you mean "profile"?'


def test_readers_export_nothing(retailer: Context, tmp_path: Path) -> None:
    with pytest.raises(TierwiseError) as caught:
        exporting.export(retailer.acting_as(Principal("r", "reader")), "profile", tmp_path / "x.csv")
    assert caught.value.code == "not_allowed"
    assert not (tmp_path / "x.csv").exists()


SENSITIVE = """
kind: tag
name: income
class: static
sensitivity: property
imported: {trait: 月收入}
---
kind: tag
name: allergic
class: static
sensitivity: health
manual: {rubric: told us}
---
kind: tag
name: known
class: behaviour
when: {attribute: 城市, op: present}
---
kind: level
name: credit_level
sensitivity: credit
population: {attribute: 城市, op: present}
scorecard: {indicators: [{attribute: frequency_count}]}
levels: [{name: good, at_least: 50}, {name: other}]
---
kind: matrix
name: worth
sensitivity: property
dimensions:
  - {attribute: frequency_count, name: rhythm, parts: [{name: often, from: 3}, {name: seldom}]}
  - {attribute: gender, parts: [{name: her, values: [female]}, {name: him}], missing: him}
cells: [{name: often, at: [often, "*"]}]
otherwise: {name: seldom}
---
kind: segment
name: poor
sensitivity: property
when: {attribute: frequency_count, op: "<", value: 3}
---
kind: segment
name: everybody
when: {attribute: frequency_count, op: ">=", value: 0}
"""

PEOPLE = "customer_id,城市,月收入\nA1,上海,高\nA2,上海,低\n"
CONSENTS = """\
consent_id,customer_id,stated_at,purpose,granted
1,A1,2026-01-01,property,yes
2,A1,2026-01-01,health,yes
3,A2,2026-01-01,credit,yes
4,A1,2026-01-01,credit,yes
5,A1,2026-02-01,credit,no
"""
TIERS = ("credit_level", "credit_level_frequency_count_points", "credit_level_points_to_next", "credit_level_reason",
         "credit_level_score", "worth", "worth_gender", "worth_reason", "worth_rhythm")  # fmt: skip
HIDDEN = sorted(["allergic", "income", "trait.月收入", *TIERS])


def test_sensitive_tags_and_traits_leave_only_when_asked_for_and_the_audit_names_them(
    empty: Context, tmp_path: Path
) -> None:
    initialise(empty, "general")
    for name, text in (("d.yaml", SENSITIVE), ("customers.csv", PEOPLE), ("consents.csv", CONSENTS)):
        (tmp_path / name).write_text(text, "utf-8")
    for table in ("customers", "consents"):
        importing.import_path(empty, tmp_path / f"{table}.csv", table, None)
    apply_definitions(empty, [tmp_path / "d.yaml"])
    tags.add_tag(empty, "A1", "allergic", reason="said so")
    running.run(empty, date(2026, 6, 30))

    def out(table: str, sensitive: bool) -> tuple[tuple[str, ...], list[dict[str, str]]]:
        done = exporting.export(empty, table, tmp_path / "out.csv", sensitive=sensitive)
        return done.left_out, rows(tmp_path / "out.csv")

    left_out, found = out("tags", False)
    assert (left_out, {row["tag"] for row in found}) == (("allergic", "income"), {"known"})
    assert ({row["tag"] for row in out("tags", True)[1]}) == {"allergic", "income", "known"}
    left_out, found = out("profile", False)
    assert list(left_out) == HIDDEN
    assert not {"trait.月收入", *TIERS} & found[0].keys()
    assert [row["tags"] for row in found] == ["known", "known"]
    left_out, found = out("profile", True)
    assert (left_out, [row["trait.月收入"] for row in found]) == ((), ["高", "低"])
    assert [row["tags"] for row in found] == ["allergic|income=高|known", "known"]  # of A2 no consent stands
    assert [row["credit_level"] for row in found] == ["", "other"]  # to this it does, and A1 has withdrawn
    assert [row["credit_level_reason"] for row in found] == ["not_in_population", ""]
    assert [row["worth"] for row in found] == ["seldom", ""]
    left_out, found = out("segments", False)
    assert (left_out, {row["segment"] for row in found}) == (("poor",), {"everybody"})
    assert [row["customer_id"] for row in out("segments", True)[1] if row["segment"] == "poor"] == ["A1"]
    assert segments.count(empty, InSegment(segment="poor")).customers == 1
    assert (explain(empty, "A1", "poor").value, explain(empty, "A2", "poor").value) == ("in", None)
    (population, *_) = explain(empty, "A1", "credit_level").clauses
    assert (population.verdict, "last granted of consents" in population.clauses[0].clauses[0].says) == (False, True)
    with empty.database.connect() as connection:
        told = [row.detail for row in audit.list_rows(connection, action="export")]
    assert [(each.get("left_out"), each.get("sensitive")) for each in told] == [
        (None, ["poor"]),
        (["poor"], None),
        (None, HIDDEN),
        (HIDDEN, None),
        (None, ["allergic", "income"]),
        (["allergic", "income"], None),
    ]


def test_members_are_exported_without_what_is_sensitive_unless_it_is_named(empty: Context, tmp_path: Path) -> None:
    """On the house of the test before."""
    rule = parse_rule({"all": [{"attribute": name, "op": "present"} for name in ("月收入", "城市")]})
    done = segments.export_members(empty, rule, tmp_path / "out.csv")
    assert (done.left_out, list(rows(tmp_path / "out.csv")[0])) == (("月收入",), ["customer_id", "城市"])
    done = segments.export_members(empty, rule, tmp_path / "out.csv", columns=["trait.月收入"])
    assert (done.left_out, rows(tmp_path / "out.csv")[0]["trait.月收入"]) == ((), "高")
    with empty.database.connect() as connection:
        named, unnamed = audit.list_rows(connection, action="export")[:2]
    assert (named.detail["sensitive"], unnamed.detail["left_out"]) == (["trait.月收入"], ["月收入"])


@pytest.mark.parametrize("table", [*exporting.SNAPSHOTS, *exporting.SUMMARIES, *exporting.FACTS])
def test_headings_can_be_words_in_either_language(retailer: Context, tmp_path: Path, table: str) -> None:
    heads = {}
    for headings in HEADINGS if table == "profile" else ("names", "zh"):
        exporting.export(retailer, table, tmp_path / "t.csv", headings=headings, sensitive=True)
        with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
            heads[headings] = next(csv.reader(file))
    for found in heads.values():
        assert len({name.casefold() for name in found}) == len(found) == len(heads["names"])
    pairs = [pair for pair in zip(heads["names"], heads["zh"], strict=True) if not pair[0].startswith("trait.")]
    assert not [pair for pair in pairs if not re.search(r"[\u4e00-\u9fff]", pair[1])]
    if table in SYNONYMS:
        again = recognise(heads["zh"], table).columns
        assert {name for name in TABLES[table].key if name in heads["names"]} <= set(again)
