"""Bodies that the views do not have: what is sent, and pages of long tables."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tierwise.api.problems import ProblemBody
from tierwise.app.imports import ImportView
from tierwise.app.sources import SourceView
from tierwise.app.views import LadderView, ProfilePage, RunView, TransitionsView


class RunRequest(BaseModel):
    """What to run. as_of: the day up to which facts are seen; yesterday where left out.

    full: compute everybody from facts, taking nothing over from an earlier run; the outcome is the same.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"as_of": "2026-06-30"}})

    as_of: date | None = None
    full: bool = False


class Runs(BaseModel):
    """The newest runs first."""

    runs: tuple[RunView, ...]


class Ladders(BaseModel):
    """Every ladder of one kind."""

    ladders: tuple[LadderView, ...]


class Transition(BaseModel):
    """How many customers were in `from` then and in `to` now; null: not a customer then, or no longer."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    from_: str | None = Field(alias="from")
    to: str | None
    customers: int
    share: float | None = Field(description="of those who were in `from`, 0..1")


class Transitions(BaseModel):
    """Moves on a ladder between two dates."""

    name: str
    from_as_of: date
    to_as_of: date
    stages: tuple[str, ...]
    rows: tuple[Transition, ...]

    @classmethod
    def of(cls, view: TransitionsView) -> Transitions:
        return cls(
            name=view.name,
            from_as_of=view.from_as_of,
            to_as_of=view.to_as_of,
            stages=view.stages,
            rows=tuple(Transition.model_validate(asdict(row)) for row in view.rows),
        )


class Profile(BaseModel):
    """Some rows of the profile in the order of customer_id; money as text in currency units.

    of: rows of the whole profile. next: give it as `after`, with the same run; null on the last page.
    """

    run_id: int
    as_of: date
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    of: int
    next: str | None

    @classmethod
    def of_page(cls, page: ProfilePage, limit: int) -> Profile:
        ids = page.columns.index("customer_id")
        more = len(page.rows) == limit
        return cls(
            run_id=page.run_id,
            as_of=page.as_of,
            columns=page.columns,
            rows=page.rows,
            of=page.of,
            next=str(page.rows[-1][ids]) if more else None,
        )


class ImportBody(BaseModel):
    """What came of a file: counts of its rows without the header, disjoint; read is the sum of the others.

    differing: rows among the unchanged that say something else than what is stored. mended_ids: ids such as 17850.0.
    refunds: rows that the mapping's rule says are refunds. mapping: as it was used. reasons: code -> quarantined rows;
    the rows: GET quarantine. import_id, job_id: null after a dry run.
    """

    model_config = ConfigDict(from_attributes=True)

    table: str
    file: str
    read: int
    accepted: int
    replaced: int
    unchanged: int
    ignored: int
    quarantined: int
    seconds: float
    differing: int = 0
    mended_ids: int = 0
    refunds: int = 0
    encoding: str = ""
    delimiter: str = ""
    mapping: dict[str, Any] = Field(default_factory=dict)
    columns_not_imported: tuple[str, ...] = ()
    reasons: dict[str, int] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    import_id: int | None = None
    job_id: int | None = None


class SourceImport(BaseModel):
    """How to read a source. from_start: all of it again, not what is new alone. dry_run: count only."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"from_start": False, "dry_run": False}})

    from_start: bool = False
    dry_run: bool = False


class Sources(BaseModel):
    """The sources by name. mark: up to which value of `watermark` rows were read; null before the first import."""

    sources: tuple[SourceView, ...]


class ProposalBody(BaseModel):
    """A mapping as YAML, with comments on what was not recognised: look it over, then send it with the file."""

    model_config = ConfigDict(from_attributes=True)

    yaml: str
    notes: tuple[str, ...]


class Imports(BaseModel):
    """The newest first."""

    imports: tuple[ImportView, ...]


class JobBody(BaseModel):
    """One job. done and total count `unit`s; total is null where it is not known.

    state: queued, running, done, failed, cancelled, crashed. error: code and message of a failure.
    """

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    state: str
    principal: str
    title: str
    done: int
    total: int | None
    unit: str
    message: str
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    result: Any
    error: Any


class Jobs(BaseModel):
    """The newest jobs first."""

    jobs: tuple[JobBody, ...]


class Cancelled(BaseModel):
    """asked: whether the job was open and has been asked to stop; it ends soon after."""

    id: int
    asked: bool


class AppliedBody(BaseModel):
    """What an apply changed, by `kind name`. warnings: what was left open. removed: by `prune`, or by a removal."""

    model_config = ConfigDict(from_attributes=True)

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    warnings: tuple[ProblemBody, ...]
    removed: tuple[str, ...] = ()


class Ok(BaseModel):
    """The server answers."""

    status: str = "ok"
    version: str
