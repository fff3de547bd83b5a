"""`tierwise task …` on one home, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command

PEOPLE = "customer_id,name,advisor_id\na,甲,E1\nb,乙,E1\nc,丙,E2\nd,丁,\n"
STAFF = "staff_id,staff_name\nE1,李顾问\nE2,王顾问\n"
RULE = "{attribute: frequency_count, op: '>=', value: 1}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    for name, text in (("people.csv", PEOPLE), ("staff.csv", STAFF), ("rule.yaml", RULE)):
        (folder / name).write_text(text, "utf-8")
    return folder


def test_made_listed_done_undone_given(tierwise: Command, folder: Path, orders: Path) -> None:
    assert tierwise("init", "--template", "general").code == 0
    for path, table in ((folder / "people.csv", "customers"), (folder / "staff.csv", "staff"), (orders, "orders")):
        assert tierwise("import", path, "--as", table).code == 0
    assert tierwise("run", "--as-of", "2026-06-30").code == 0
    order = ("task", "make", "--rule", folder / "rule.yaml", "--title", "回访")
    assert "would make 4 tasks for 4 customers" in tierwise(*order, "--preview").out
    made = tierwise(*order, "--key", "july", "--json").json
    assert (made["counts"]["made"], made["counts"]["nobodys"], made["repeated"]) == (4, 1, False)
    assert "nothing was made now" in tierwise(*order, "--key", "july").out
    assert "4 have one already" in tierwise(*order).out
    page = tierwise("task", "list", "--of", "E1", "--json").json
    assert [each["customer_id"] for each in page["rows"]] == ["b", "a"]
    one = str(page["rows"][0]["id"])
    done = tierwise("task", "done", one, "appointment", "--note", "周六", "--json").json
    assert (done["state"], done["outcome"], done["note"]) == ("done", "appointment", "周六")
    again = tierwise("task", "done", one, "refused", "--json")
    assert (again.code, again.json["code"]) == (1, "task_closed")
    assert "已预约" in tierwise("task", "list", "--state", "done", "--language", "zh").out
    assert tierwise("task", "undo", one, "--json").json["state"] == "open"
    given = tierwise("task", "assign", "--all-of", "E1", "--to", "E2", "--json").json
    assert (given["changed"], given["unchanged"]) == (2, 0)
    assert tierwise("task", "assign", "--task", one, "--pool", "--json").json["changed"] == 1
    assert tierwise("task", "drop", one, "--reason", "moved", "--json").json["state"] == "dropped"
    added = tierwise("task", "add", "b", "--title", "送资料", "--json").json
    assert added["assignee"]["title"] == "李顾问"
    rows = {
        each["assignee"] and each["assignee"]["id"]: each
        for each in tierwise("task", "advisors", "--json").json["rows"]
    }
    assert (rows["E2"]["open"], rows["E1"]["open"], rows[None]["dropped"]) == (2, 1, 1)
    assert "王顾问" in tierwise("task", "advisors").out
    assert tierwise("task", "make", "--title", "x").code == 2
    assert tierwise("export", "tasks", "--to", folder / "tasks.csv", "--json").code == 0
