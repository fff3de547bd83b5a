"""Commands killed at any moment, over and over: all of a file or nothing of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tierwise.testing import make_retail

pytestmark = pytest.mark.soak


def test_an_import_killed_at_any_moment_leaves_all_or_nothing(tierwise: Command, home: Path, tmp_path: Path) -> None:
    files = make_retail(customers=3000, seed=11).write(tmp_path / "files")
    assert tierwise("init", "--template", "general").code == 0
    environment = {**os.environ, "TIERWISE_HOME": str(home)}
    command = [sys.executable, "-c", "from tierwise.cli.main import main; main()"]
    outcomes = set()
    total = sum(1 for _ in files["order_lines"].open("rb")) - 1
    for i in range(24):
        started = subprocess.Popen(
            [*command, "import", str(files["order_lines"]), "--as", "order_lines", "--json"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            started.wait(timeout=0.5 + 0.12 * i)
        except subprocess.TimeoutExpired:
            started.kill()
        started.wait()
        exported = tierwise("export", "order_lines", "--to", tmp_path / "lines.csv", "--json").json["rows"]
        assert exported in (0, total), i
        outcomes.add(exported)
        if exported:
            break
    report = tierwise("import", files["order_lines"], "--as", "order_lines", "--json").json
    assert report["read"] == total
    assert report["accepted"] + report["unchanged"] == total
    again = tierwise("import", files["order_lines"], "--as", "order_lines", "--json").json
    assert (again["accepted"], again["unchanged"]) == (0, total)
    assert 0 in outcomes, "no kill came early enough to mean anything"
    states = {job["state"] for job in tierwise("jobs", "list", "--limit", "100", "--json").json["jobs"]}
    assert "crashed" in states
    assert "running" not in states
