"""Work that goes on when the door that asked for it is gone: in a thread of a process that serves, seen as its job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tierwise.app.context import Context
from tierwise.kernel.errors import TierwiseError
from tierwise.state import jobs

WAITED_SECONDS = 5.0
"""So long the one who asks waits for the job to begin; it may stand behind another that writes."""

Work = Callable[[Callable[[int], None]], object]
"""Does it all, and tells the job's number as it begins."""


@contextmanager
def job_around(ctx: Context, kind: str, *, title: str, unit: str, began: Callable[[int], None]) -> Iterator[int]:
    """A job around the block, which finishes it itself; told its number first. What the block raises ends it: as failed
    with its reason, or as stopped where it is `cancelled`."""
    with jobs.running(ctx.database, kind, principal=ctx.principal.name, title=title, unit=unit) as job_id:
        began(job_id)
        try:
            yield job_id
        except BaseException as error:
            problem = error if isinstance(error, TierwiseError) else TierwiseError("defect", type(error).__name__)
            with ctx.database.begin() as connection:
                if problem.code == "cancelled":
                    jobs.cancelled(connection, job_id)
                else:
                    jobs.fail(connection, job_id, code=problem.code, message=problem.message, place=problem.place)
            raise


def begin(work: Work, name: str, *, wait_seconds: float = WAITED_SECONDS) -> int | None:
    """Begin it and give the number of its job; None where it waits for another, and will begin after that.

    What is raised before the job began is raised here; what is raised later stands in the job. The thread ends with
    the process: work that is all or nothing leaves a job that is then told as crashed.
    """
    told = threading.Event()
    found: list[int] = []
    wrong: list[BaseException] = []

    def began(job_id: int) -> None:
        found.append(job_id)
        told.set()

    def do() -> None:
        try:
            work(began)
        except BaseException as error:  # the job has it, or the one who waits
            wrong.append(error)
        finally:
            told.set()

    threading.Thread(target=do, name=f"tierwise {name}", daemon=True).start()
    told.wait(wait_seconds)
    if found:
        return found[0]
    if wrong:
        raise wrong[0] if isinstance(wrong[0], TierwiseError) else RuntimeError(f"{name} ended before it began")
    return None
