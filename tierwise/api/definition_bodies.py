"""Bodies of plans and versions of definitions, and what the OpenAPI document shows of each."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tierwise.api.problems import ProblemBody
from tierwise.app.planning import PlanView
from tierwise.app.versioning import DefinitionDiff, Removed, VersionView


class _From(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, from_attributes=True)


class MoveBody(_From):
    """So many customers have the value `from` in the current run and would have `to`; null: none. listed: how many of
    them can be listed."""

    name: str
    from_: str | None = Field(alias="from")
    to: str | None
    customers: int
    listed: int


class RunTimeBody(_From):
    """Seconds of the last run, and of the next as far as can be told."""

    last: float
    expected: float


class PlanBody(_From):
    """What an apply would do; definitions as `kind name`.

    moves: those who would change, by definition; stay: how many keep their value. readers: what is changed or removed
    -> what reads it. sample: the share of customers looked at, counts scaled up; null for all. run_id: the run that
    moves are counted from, null before the first. plan: for a day, `among` of `GET /customers` lists those of a move:
    `{"planned":PLAN,"name":…,"from":…,"to":…}`.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    moves: tuple[MoveBody, ...]
    stay: dict[str, int]
    readers: dict[str, tuple[str, ...]]
    warnings: tuple[ProblemBody, ...]
    run_id: int | None
    as_of: date | None
    customers: int | None
    sample: float | None
    run_seconds: RunTimeBody | None
    plan: str | None

    @classmethod
    def of(cls, view: PlanView) -> PlanBody:
        return cls.model_validate(asdict(view))


class ChangeBody(_From):
    """One value that differs, and the way to it; null where it is not there."""

    path: str
    from_: Any = Field(alias="from")
    to: Any


class DefinitionDiffBody(_From):
    """One definition between two versions; null: it was not in use. text: its YAML as a unified diff."""

    kind: str
    name: str
    from_version: int | None
    to_version: int | None
    changes: tuple[ChangeBody, ...]
    text: str


class DiffBody(BaseModel):
    """What differs; what is the same is left out."""

    definitions: tuple[DefinitionDiffBody, ...]

    @classmethod
    def of(cls, found: tuple[DefinitionDiff, ...]) -> DiffBody:
        return cls(definitions=tuple(DefinitionDiffBody.model_validate(asdict(each)) for each in found))


class VersionsBody(BaseModel):
    """The newest first."""

    versions: tuple[VersionView, ...]


class RollbackRequest(BaseModel):
    """The version to go back to, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"version": 1, "note": "the board wants ten parts"}}
    )

    version: int = Field(ge=1, le=2**31 - 1)
    note: str = Field("", max_length=1000)


PLAN = PlanBody(
    added=(),
    changed=("deciles spend_decile",),
    removed=(),
    unchanged=("project project",),
    moves=(MoveBody.model_validate({"name": "spend_decile", "from": "2", "to": "1", "customers": 420, "listed": 420}),),
    stay={"spend_decile": 420},
    readers={"deciles spend_decile": ("lifecycle lifecycle_stage",)},
    warnings=(),
    run_id=7,
    as_of=date(2026, 6, 30),
    customers=5000,
    sample=None,
    run_seconds=RunTimeBody(last=1.8, expected=1.9),
    plan="6b1f0c3a5d7e9f214c8ab03d5e6f7a81",
)
_CHANGE = ChangeBody.model_validate({"path": "parts", "from": 10, "to": 5})
_TEXT = """--- deciles spend_decile version 1
+++ deciles spend_decile version 2
@@ -1,3 +1,3 @@
 kind: deciles
 name: spend_decile
-parts: 10
+parts: 5
"""
DIFF = DiffBody(
    definitions=(
        DefinitionDiffBody(
            kind="deciles", name="spend_decile", from_version=1, to_version=2, changes=(_CHANGE,), text=_TEXT
        ),
    )
)
VERSIONS = VersionsBody(
    versions=(
        VersionView(2, datetime(2026, 7, 1, 2, 30, tzinfo=UTC), "token:local", "five parts", False, True),
        VersionView(1, datetime(2026, 6, 1, 2, 30, tzinfo=UTC), "local:shop", "template retail", False, False),
    )
)
REMOVED = Removed("deciles spend_decile", ("lifecycle lifecycle_stage",))
