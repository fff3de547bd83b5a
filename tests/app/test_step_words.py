"""Steps of jobs in Chinese: none of a run or an import is left in English, but for the name of a definition."""

from __future__ import annotations

import re

import pytest

from tierwise.app.context import Context
from tierwise.app.step_words import step_words
from tierwise.definitions.read import KINDS
from tierwise.state import runs

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_step_of_a_run_is_told_in_chinese(retailer: Context) -> None:
    with retailer.database.connect() as connection:
        run = runs.current(connection)
    assert run is not None
    told = {said: step_words(said, "zh") for said in run.timings or {}}
    assert len(told) > 8
    assert [said for said, words in told.items() if not CHINESE.match(words) and not words.startswith("RFM")] == []
    assert {step_words(said, "en") for said in told} == set(told), "in English they are as they are"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("checking the file", "检查文件"),
        ("reading", "读取"),
        ("merging", "合并"),
        ("what has changed", "查找变化的客户"),
        ("rules of 2 segments", "规则：2 个客群"),
        ("as of 2026-03-31", "截至 2026-03-31"),
        ("in all", "合计"),
    ],
)
def test_steps_have_their_words(said: str, told: str) -> None:
    assert step_words(said, "zh") == told


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_step_of_a_definition_is_told_by_its_kind_and_its_name(kind: str) -> None:
    words, _, name = step_words(f"{kind} mine", "zh").rpartition(" ")
    assert name == "mine"
    assert CHINESE.search(words)
