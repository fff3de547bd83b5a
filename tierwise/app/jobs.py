"""Jobs: what runs, how far it is, and asking it to stop."""

from __future__ import annotations

from tierwise.app.context import Context
from tierwise.state import audit
from tierwise.state import jobs as stored
from tierwise.state.jobs import Job

__all__ = ["Job", "cancel", "job", "jobs"]


def jobs(ctx: Context, limit: int = 20) -> tuple[Job, ...]:
    """The newest jobs first; those whose process died are marked `crashed`."""
    ctx.principal.require("view")
    with ctx.database.begin() as connection:
        stored.mark_crashed(connection)
        return tuple(stored.list_jobs(connection, limit=limit))


def job(ctx: Context, job_id: int) -> Job:
    """One job as it stands. Raises `unknown_job`."""
    ctx.principal.require("view")
    with ctx.database.begin() as connection:
        stored.mark_crashed(connection)
        return stored.get(connection, job_id)


def cancel(ctx: Context, job_id: int) -> bool:
    """Ask a running job to stop; False where it is not running. Raises `unknown_job`. Audited."""
    ctx.principal.require("import")
    with ctx.database.begin() as connection:
        asked = stored.request_cancel(connection, job_id)
        audit.write(connection, ctx.principal.name, "job.cancel", f"job {job_id}", {"was_running": asked})
    return asked
