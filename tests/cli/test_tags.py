"""`tierwise tag …` and `tierwise show tags` on one home, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

TAGS = """
kind: tag
name: temper
class: static
title: {zh: 脾气, en: Temper}
manual: {values: [{value: calm}, {value: angry}], rubric: the last visit}
owner: crm
purpose: who serves whom
---
kind: tag
name: friend
class: static
manual: {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tags")
    (folder / "tags.yaml").write_text(TAGS, "utf-8")
    (folder / "people.csv").write_text("customer_id,name\na,甲\nb,乙\n", "utf-8")
    (folder / "标签.csv").write_text("会员编号,标签,值,原因\nb,脾气,angry,投诉\nz,friend,,x\n", "utf-8")
    return folder


def test_give_take_back_import_and_show(tierwise: Command, folder: Path) -> None:
    assert "no tag is defined" in tierwise("show", "tags").out or tierwise("init", "--template", "general").code == 0
    applied = tierwise("definitions", "apply", "-f", folder / "tags.yaml", settings={"TIERWISE_LANGUAGE": "zh"})
    assert applied.code == 0
    assert "没有写明何时打此标签（请写 `rubric`）" in applied.err.replace(" (", "（").replace(")", "）")
    assert tierwise("import", folder / "people.csv", "--as", "customers").code == 0
    added = tierwise("tag", "add", "a", "temper", "--value", "calm", "--reason", "quiet", "--json")
    assert (added.code, added.json["outcome"], added.json["value"]) == (0, "accepted", "calm")
    assert "stands already" in tierwise("tag", "add", "a", "temper", "--value", "calm", "--reason", "quiet").out
    done = tierwise("tag", "import", folder / "标签.csv", "--json").json
    assert (done["accepted"], done["refused"], done["refusals"][0]["line"]) == (1, 1, 3)
    assert "unknown_customer" in tierwise("tag", "import", folder / "标签.csv").out
    acts = tierwise("tag", "list", "--json").json["acts"]
    assert [(act["customer_id"], act["value"], act["reason"]) for act in acts] == [
        ("b", "angry", "投诉"),
        ("a", "calm", "quiet"),
    ]
    assert "waits for the next run" in tierwise("tag", "list", "a").out
    removed = tierwise("tag", "remove", "a", "temper", "--reason", "mistaken", "--json")
    assert (removed.code, removed.json["removed"]) == (0, 1)
    assert tierwise("tag", "remove", "a", "temper", "--reason", "mistaken", "--json").json["code"] == "not_tagged"
    shown = tierwise("tag", "list", "a", "--json").json
    assert (shown["tags"], shown["acts"][0]["undo_reason"]) == ([], "mistaken")
    rows = {row["name"]: row for row in tierwise("show", "tags", "--json").json["tags"]}
    assert (rows["temper"]["source"], rows["temper"]["owner"], rows["temper"]["warnings"]) == ("manual", "crm", [])
    assert "friend: has no owner" in tierwise("show", "tags").out


def test_without_a_reason_it_is_misused(tierwise: Command) -> None:
    assert tierwise("tag", "add", "a", "friend").code == 2
    said = tierwise("tag", "add", "a", "frend", "--reason", "r")
    assert said.code == 1
    assert 'did you mean "friend"?' in said.err


def test_what_cannot_be_tested_or_scored_is_refused(tierwise: Command, folder: Path) -> None:
    assert "no tag was tested" in tierwise("tag", "validations").out
    assert tierwise("tag", "validations", "friend", "--json").json == {"validations": []}
    untested = tierwise("tag", "validate", "friend", "--json")
    assert (untested.code, untested.json["code"]) == (1, "no_run")
    assert tierwise("tag", "score", "friend", "--json").json["code"] == "no_run"
