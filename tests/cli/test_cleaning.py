"""`tierwise junk` and `tierwise profiling` from files to a released account."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

CLEANING = """\
kind: cleaning
name: cleaning
rules:
  - name: test_account
    title: {zh: 测试账号, en: Test account}
    when: {attribute: name, op: contains, value: 测试}
---
kind: profiling
name: profiling
targets: [{attribute: lifecycle_stage}]
questions:
  - {name: pets, attribute: trait.pets, ask: {zh: 养宠物吗？, en: "A pet?"}, assumed_bits: 0.2, reward: {points: 5}}
"""

CUSTOMERS = """\
会员编号,姓名,注册时间
a,王小明,2025-01-01 10:00
b,系统测试,2025-01-01 10:00
c,李测试,2025-03-01 10:00
"""

ORDERS = """\
订单号,会员编号,下单时间,门店,金额
1,a,2026-06-01 10:00:00,S1,100.00
2,b,2026-06-20 10:00:00,S1,50.00
3,c,2026-06-21 10:00:00,S2,30.00
"""


def test_an_account_is_flagged_released_and_flagged_again(tierwise: Command, tmp_path: Path) -> None:
    for name, text in (("d.yaml", CLEANING), ("customers.csv", CUSTOMERS), ("orders.csv", ORDERS)):
        (tmp_path / name).write_text(text, "utf-8")
    assert tierwise("init", "--template", "general").code == 0
    assert tierwise("definitions", "apply", "-f", tmp_path / "d.yaml").code == 0
    for table in ("customers", "orders"):
        assert tierwise("import", tmp_path / f"{table}.csv", "--as", table).code == 0
    assert tierwise("run", "--as-of", "2026-06-30", "--json").json["counts"]["customers"] == 1
    found = tierwise("junk", "--json").json
    assert (found["customers"], found["of"], found["orders"], found["monetary_amount"]) == (2, 3, 2, "80.00")
    assert found["rules"][0]["examples"] == ["b", "c"]
    assert "测试账号 Test account" in tierwise("junk").out

    # Who is junk is in no number; the stores keep the money and say whose it was.
    assert tierwise("show", "rfm", "--json").json["unscored"] == 0
    total = tierwise("show", "stores", "--json").json["total"]
    assert (total["monetary_amount_gross"], total["junk_orders"]) == ("180.00", 2)
    assert total["junk_amount_rate"] == pytest.approx(80 / 180)

    assert tierwise("junk", "release", "a", "--reason", "no junk", "--json").json["code"] == "not_junk"
    released = tierwise("junk", "release", "c", "--reason", "李 is a family name", "--json").json
    assert (released["customer_id"], released["rule"]) == ("c", None)
    assert tierwise("junk", "--json").json["waiting"] == 1
    assert tierwise("run", "--as-of", "2026-06-30", "--json").json["counts"]["customers"] == 2
    again = tierwise("junk", "--json").json
    assert (again["customers"], again["releases"], again["waiting"]) == (1, 1, 0)
    assert "李 is a family name" in tierwise("junk", "releases").out

    assert tierwise("junk", "undo", "c").code == 0
    assert tierwise("run", "--as-of", "2026-06-30", "--json").json["counts"]["customers"] == 1
    assert tierwise("junk", "releases").out == ""
    assert [r["undone_by"] is None for r in tierwise("junk", "releases", "--all", "--json").json["releases"]] == [False]


def test_questions_are_asked_of_who_remains(tierwise: Command) -> None:
    view = tierwise("profiling", "--json").json
    assert (view["customers"], view["questions"][0]["asked_next"]) == (1, 1)
    assert tierwise("profiling", "a", "--json").json["next"] == "pets"
    assert "Ask: 养宠物吗？ A pet?" in tierwise("profiling", "a").out
    assert tierwise("profiling", "b", "--json").json["code"] == "left_out"
