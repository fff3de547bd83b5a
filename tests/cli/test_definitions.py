"""`tierwise definitions` from plan to rollback, in order, on one home: what scripts read, and words to read."""

from pathlib import Path

from tests.cli.conftest import Command

FEWER = "kind: deciles\nname: spend_decile\nmetric: monetary_amount\nparts: 2\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "d.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_plan_before_the_first_run_counts_nobody(tierwise: Command, orders: Path, tmp_path: Path) -> None:
    tierwise("init", "--template", "general")
    tierwise("import", orders, "--as", "orders")
    said = tierwise("definitions", "plan", "-f", write(tmp_path, FEWER), "--json").json
    assert (said["changed"], said["moves"]) == (["deciles spend_decile"], [])
    assert "no_run" in [warning["code"] for warning in said["warnings"]]


def test_a_plan_has_moves_and_readers_and_stores_nothing(tierwise: Command, tmp_path: Path) -> None:
    tierwise("run", "--as-of", "2026-06-30")
    path = write(tmp_path, FEWER)
    said = tierwise("definitions", "plan", "-f", path, "--json").json
    assert (said["added"], said["changed"], said["removed"]) == ([], ["deciles spend_decile"], [])
    assert said["readers"] == {"deciles spend_decile": ["lifecycle lifecycle_stage"]}
    moves = {(each["from"], each["to"]): each["customers"] for each in said["moves"] if each["name"] == "spend_decile"}
    assert moves == {("2", "1"): 1, ("3", "2"): 1, ("4", "2"): 1}
    assert tierwise("definitions", "diff", "--json").json == {"definitions": []}
    read = tierwise("definitions", "plan", "-f", path)
    assert "read by lifecycle lifecycle_stage" in read.out
    assert "spend_decile: 3 move, 1 stay" in read.out


def test_a_plan_of_what_cannot_be_is_refused_by_line(tierwise: Command, tmp_path: Path) -> None:
    path = write(tmp_path, "kind: deciles\nname: parts\nmetric: monetary_amuont\n")
    said = tierwise("definitions", "plan", "-f", path, "--json")
    assert (said.code, said.json["code"], said.json["place"]) == (1, "unknown_attribute", f"{path}:3")


def test_apply_with_a_note_then_history_and_diff(tierwise: Command, tmp_path: Path) -> None:
    assert tierwise("definitions", "apply", "-f", write(tmp_path, FEWER), "--note", "two halves").code == 0
    versions = tierwise("definitions", "history", "deciles", "spend_decile", "--json").json["versions"]
    assert [(each["version"], each["note"]) for each in versions] == [(2, "two halves"), (1, "template general")]
    (found,) = tierwise("definitions", "diff", "deciles", "spend_decile", "--json").json["definitions"]
    assert {"path": "parts", "from": None, "to": 2} in found["changes"]
    (since_run,) = tierwise("definitions", "diff", "--json").json["definitions"]
    assert since_run["text"] == found["text"]
    assert "+parts: 2" in tierwise("definitions", "diff", "deciles", "spend_decile").out
    assert "two halves" in tierwise("definitions", "history", "deciles", "spend_decile").out


def test_rollback_and_remove(tierwise: Command) -> None:
    said = tierwise("definitions", "rollback", "deciles", "spend_decile", "--to", "1", "--note", "ten again", "--json")
    assert said.json["changed"] == ["deciles spend_decile"]
    assert "no difference" in tierwise("definitions", "diff").out
    said = tierwise("definitions", "remove", "deciles", "spend_decile")
    assert said.code == 1
    assert "is read by lifecycle lifecycle_stage" in said.err
    said = tierwise("definitions", "remove", "activity", "activity", "--note", "nobody looks", "--json")
    assert said.json == {"removed": "activity activity", "readers": []}


def test_apply_prune_removes_what_is_not_named(tierwise: Command, tmp_path: Path) -> None:
    kept = tmp_path / "kept.yaml"
    tierwise("definitions", "export", "--to", kept)
    tierwise("definitions", "apply", "-f", write(tmp_path, "kind: deciles\nname: more\n"))
    said = tierwise("definitions", "plan", "-f", kept, "--prune", "--json").json
    assert (said["added"], said["changed"], said["removed"]) == ([], [], ["deciles more"])
    said = tierwise("definitions", "apply", "-f", kept, "--prune", "--json").json
    assert said["removed"] == ["deciles more"]
