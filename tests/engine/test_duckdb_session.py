"""What each connection is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_progress_bar_is_drawn_into_what_a_command_answers(tmp_path: Path) -> None:
    """Under `python -c` DuckDB takes the process for one that somebody types into."""
    asked = "import sys, pathlib, duckdb; from tierwise.engine.duckdb_session import connect; " + (
        "print([c.execute(\"SELECT current_setting('enable_progress_bar')\").fetchone()[0] "
        "for c in (duckdb.connect(), connect(pathlib.Path(sys.argv[1])))])"
    )
    said = subprocess.run([sys.executable, "-c", asked, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout == "[True, False]\n"
