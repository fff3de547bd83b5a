"""A recorded run as the doors show it; apart from running, which loads what only computing needs."""

from __future__ import annotations

from tierwise.app.views import RunView
from tierwise.state import runs

IN_ALL = "in all"
"""What timings call the whole."""


def view_of(run: runs.Run) -> RunView:
    """A run as the doors show it."""
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return RunView(
        id=run.id,
        as_of=run.as_of,
        state=run.state,
        current=run.current,
        started_at=run.started_at,
        seconds=seconds,
        counts=run.counts or {},
        timings=dict(sorted((run.timings or {}).items(), key=lambda step: (step[0] == IN_ALL, -step[1]))),
        error=run.error,
        base_run_id=run.base_run_id,
    )
