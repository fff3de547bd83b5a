"""`tierwise answer …` on one home, in order."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Command

QUESTIONS = """
kind: profiling
name: profiling
targets: [{attribute: lifecycle_stage}]
questions:
  - name: mattress
    attribute: trait.mattress
    ask: {zh: 软还是硬, en: Soft or firm}
    answers: [{value: soft, text: {zh: 软, en: Soft}}, {value: firm}]
    assumed_bits: 0.5
"""


def test_said_declined_taken_back_shown_and_counted(tierwise: Command, home: Path) -> None:
    (home.parent / "questions.yaml").write_text(QUESTIONS, "utf-8")
    (home.parent / "people.csv").write_text("customer_id,name\na,甲\nb,乙\n", "utf-8")
    assert tierwise("init", "--template", "general").code == 0
    assert tierwise("definitions", "apply", "-f", home.parent / "questions.yaml").code == 0
    assert tierwise("import", home.parent / "people.csv", "--as", "customers").code == 0
    added = tierwise("answer", "add", "a", "mattress", "软", "--how", "call", "--json")
    assert (added.code, added.json["value"], added.json["how"], added.json["stored"]) == (0, "soft", "call", True)
    assert "stands already" in tierwise("answer", "add", "a", "mattress", "soft").out
    assert "not asked again before" in tierwise("answer", "decline", "b", "mattress").out
    refused = tierwise("answer", "add", "b", "mattress", "rock", "--json")
    assert (refused.code, refused.json["code"]) == (1, "unknown_value")
    assert (
        tierwise("answer", "add", "b", "mattress", "soft", "--how", "dream", "--json").json["code"]
        == "unknown_occasion"
    )
    numbers = tierwise("answer", "numbers", "--json").json
    row = numbers["questions"][0]
    assert (row["asked"], row["answered"], row["declined"], row["undone"]) == (2, 1, 1, 0)
    assert "50.0 %" in tierwise("answer", "numbers").out or "50" in tierwise("answer", "numbers").out
    back = tierwise("answer", "remove", "a", "mattress", "--reason", "misheard", "--json")
    assert (back.code, back.json["again"]) == (0, None)
    assert tierwise("answer", "remove", "a", "mattress", "--reason", "again", "--json").json["code"] == "nothing_said"
    shown = tierwise("answer", "list", "a", "--json").json
    assert [(word["standing"], word["undo_reason"]) for word in shown["words"]] == [("undone", "misheard")]
    assert "taken back" in tierwise("answer", "list", "a").out
