"""Groups by the command line: rules from files, stored segments, lists. The tests run in order on one home."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

TWICE = '{"attribute": "frequency_count", "op": ">=", "value": 2}'

SEGMENTS = """
kind: segment
name: recent
title: {zh: 近期, en: Recent}
owner: crm
when: {attribute: recency_days, op: "<=", value: 40}
"""


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    path = tmp_path / "twice.json"
    path.write_text(TWICE, "utf-8")
    return path


WRONG = """\
{"any": [
  {"attribute": "recency_day", "op": ">", "value": 1},
  {"segment": "recnt"},
  {"attribute": "frequency_count", "op": ">", "value": "x"},
  {"not": {"attribute": "frequency_count", "op": "starts", "value": 2}},
  {"behaviour": {"fact": "orders", "aggregate": "sum", "column": "grss"}, "op": ">", "value": 1},
  {"list": "guests"}
]}
"""


def test_a_home_with_a_run(tierwise: Command, orders: Path, rule: Path) -> None:
    assert tierwise("segment", "count", "--rule", rule, "--json").json["code"] == "no_run"
    assert tierwise("init", "--template", "general").code == 0
    assert tierwise("import", orders, "--as", "orders").code == 0
    assert tierwise("run", "--as-of", "2026-06-30").code == 0
    segments = rule.with_name("segments.yaml")
    segments.write_text(SEGMENTS, "utf-8")
    assert tierwise("definitions", "apply", "-f", segments).code == 0


def test_count_by_a_file_is_one_object(tierwise: Command, rule: Path) -> None:
    found = tierwise("segment", "count", "--rule", rule, "--json").json
    assert (found["customers"], found["of"]) == (1, 4)
    assert isinstance(found["ms"], float)
    assert "1 of 4 customers (25.0 %)" in tierwise("segment", "count", "--rule", rule).out


def test_a_wrong_rule_is_refused_with_all_that_is_wrong(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(WRONG, "utf-8")
    said = tierwise("segment", "count", "--rule", path, "--json")
    assert said.code == 1
    assert [(each["place"], each["code"]) for each in said.json["problems"]] == [
        (f"{path}:2", "unknown_attribute"),
        (f"{path}:3", "unknown_segment"),
        (f"{path}:4", "bad_value"),
        (f"{path}:5", "bad_value"),
        (f"{path}:6", "unknown_column"),
        (f"{path}:7", "unknown_list"),
    ]
    remedies = [each["remedy"] for each in said.json["problems"]]
    assert remedies[:2] == ['did you mean "recency_days"?', 'did you mean "recent"?']
    path.write_text(WRONG.replace('"starts"', '"="').replace('"x"', "1"), "utf-8")
    again = tierwise("segment", "members", "--rule", path, "--json")
    assert [each["place"][-1] for each in again.json["problems"]] == ["2", "3", "6", "7"]
    assert tierwise("segment", "count").code == 2
    assert tierwise("segment", "count", "recent", "--rule", path).code == 2


def test_stored_segments_are_shown_with_what_they_lack(tierwise: Command) -> None:
    (shown,) = tierwise("segment", "show", "--json").json["segments"]
    assert (shown["name"], shown["members"], shown["lacks"]) == ("recent", "live", ["has no strategy"])
    assert "近期" in tierwise("segment", "show").out
    assert tierwise("segment", "count", "recent", "--json").json["customers"] == 2


def test_one_customers_memberships_and_all_changes(tierwise: Command) -> None:
    found = tierwise("segment", "of", "a", "--json").json
    assert found["live"] is None
    assert [each["kind"] for each in found["memberships"]] == ["stage"]  # the segment came after the run
    assert "as of 2026-06-30" in tierwise("segment", "of", "a").out
    assert tierwise("segment", "of", "nobody", "--json").json["code"] == "unknown_customer"
    assert tierwise("segment", "changes", "--json").json == {"changes": [], "next_after": 0}
    assert "no entry and no exit" in tierwise("segment", "changes", "recent", "--customer", "a").out


def test_members_sample_and_a_file_of_them(tierwise: Command, tmp_path: Path) -> None:
    page = tierwise("segment", "members", "recent", "--columns", "monetary_amount", "--json").json
    assert page["rows"] == [
        {"customer_id": "a", "monetary_amount": "150.00"},
        {"customer_id": "d", "monetary_amount": "1000.00"},
    ]
    drawn = tierwise("segment", "sample", "recent", "--limit", "1", "--json").json
    assert (len(drawn["rows"]), drawn["customers"]) == (1, 2)
    assert "recency_days" in tierwise("segment", "sample", "recent").out
    done = tierwise("segment", "members", "recent", "--to", tmp_path / "recent.csv", "--json")
    assert done.json["rows"] == 2
    assert (tmp_path / "recent.csv").read_text("utf-8").splitlines()[0] == "customer_id,recency_days"


def test_a_list_from_a_file_its_unknown_ids_and_its_end(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "invited.txt"
    path.write_text("a\nb\na\nnobody\n", "utf-8")
    done = tierwise("list", "import", path, "--name", "invited", "--json").json
    assert [done[name] for name in ("read", "known", "unknown", "repeated", "members")] == [4, 2, 1, 1, 2]
    out = tmp_path / "unknown.csv"
    assert tierwise("quarantine", "--import", str(done["import_id"]), "--to", out, "--json").json["rows"] == 1
    assert "nobody" in out.read_text("utf-8-sig")
    assert tierwise("list", "import", path, "--name", "invited").code == 1
    assert tierwise("list", "import", path, "--name", "invited", "--add", "--replace").code == 2
    assert "known" in tierwise("list", "import", path, "--name", "invited", "--replace").out
    assert tierwise("list", "show", "invited", "--json").json["members"] == 2
    assert "invited" in tierwise("list", "show").out
    assert tierwise("segment", "count", "--list", "invited", "--json").json["customers"] == 2


def test_how_groups_lie_over_each_other(tierwise: Command, rule: Path) -> None:
    found = tierwise("segment", "overlap", "recent", "--rule", rule, "--list", "invited", "--json").json
    assert found["sets"] == {"recent": 2, "twice": 1, "list invited": 2}
    assert len(found["regions"]) == 8
    assert sum(region["customers"] for region in found["regions"]) == found["of"] == 4
    said = tierwise("segment", "overlap", "recent", "--rule", rule).out
    assert "recent + twice" in said
    assert "Jaccard" in said
    assert tierwise("segment", "overlap", "recent", "--json").json["code"] == "too_few_sets"


def test_a_frozen_segment_is_a_list(tierwise: Command) -> None:
    made = tierwise("segment", "snapshot", "recent", "--as", "june", "--json").json
    assert (made["name"], made["kind"], made["members"]) == ("june", "static", 2)
    assert tierwise("list", "remove", "june", "--json").json["members"] == 2
    assert tierwise("list", "remove", "june", "--json").json["code"] == "unknown_list"


def test_a_tag_is_counted_and_read_like_an_attribute(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "tags.yaml"
    path.write_text(
        "kind: tag\nname: big\nclass: consumption\nowner: crm\npurpose: who serves whom\n"
        "when: {attribute: monetary_amount, op: '>', value: 100}\n",
        "utf-8",
    )
    assert tierwise("definitions", "apply", "-f", path).code == 0
    assert tierwise("run", "--as-of", "2026-06-30").code == 0
    rule = tmp_path / "big.json"
    rule.write_text('{"not": {"attribute": "big", "op": "=", "value": true}}', "utf-8")
    found = tierwise("segment", "count", "--rule", rule, "--json").json
    assert (found["customers"], found["of"]) == (1, 4)
    read = tierwise("segment", "read", "recent", "--attributes", "big,frequency_count", "--json").json
    assert (read["group"], read["reference"]) == (2, 4)
    assert read["left_out"] > 0
    assert "Nothing tells the group from all" in tierwise("segment", "read", "recent", "--all").out


def test_a_list_that_a_segment_reads_stays_unless_one_says_so(tierwise: Command, tmp_path: Path) -> None:
    path = tmp_path / "reads.yaml"
    path.write_text("kind: segment\nname: asked\nwhen: {list: invited}\n", "utf-8")
    assert tierwise("definitions", "apply", "-f", path).code == 0
    refused = tierwise("list", "remove", "invited", "--json").json
    assert refused["code"] == "list_in_use"
    assert "segment asked" in refused["message"]
    assert tierwise("list", "remove", "invited", "--in-use").code == 0
    assert tierwise("segment", "count", "asked", "--json").json["code"] == "unknown_list"
