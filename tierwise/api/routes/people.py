"""People who sign in: added, changed, sent a link, let go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.guard import SIGN_IN_PATH
from tierwise.api.problems import problem_responses
from tierwise.app import people
from tierwise.app.people import LINK_HOURS, Person

router = APIRouter(tags=["people"])

NamePath = Annotated[str, Path(max_length=63, examples=["wang"])]

_CHANGED: JsonDict = {"role": "advisor", "title": "王顾问", "staff_id": "E00012"}
_NEW: JsonDict = {"name": "wang", **_CHANGED}


class NewPerson(BaseModel):
    """role: administrator, analyst, operator, advisor, reader. title: how they are called. stores: they see the
    customers of these only. staff_id: an advisor's number in the facts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _NEW})

    name: str = Field(max_length=63)
    role: str = Field(max_length=63)
    title: str | None = Field(None, max_length=63)
    stores: list[str] = Field(default_factory=list, max_length=1000)
    staff_id: str | None = Field(None, max_length=200)
    language: Literal["zh", "en"] | None = None


class ChangedPerson(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _CHANGED})

    role: str | None = Field(None, max_length=63)
    title: str | None = Field(None, max_length=63)
    stores: list[str] | None = Field(None, max_length=1000)
    staff_id: str | None = Field(None, max_length=200)
    language: Literal["zh", "en"] | None = None


class LinkRequest(BaseModel):
    """For how many hours the link is good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"hours": 72}})

    hours: float = LINK_HOURS


class People(BaseModel):
    """By name."""

    people: tuple[Person, ...]


class Link(BaseModel):
    """The path of a link that signs in once."""

    path: str


_PERSON = Person(
    name="wang",
    title="王顾问",
    role="advisor",
    has_password=True,
    stores=(),
    staff_id="E00012",
    language="zh",
    locked_until=None,
    author="person:admin",
    at=datetime(2026, 6, 1, tzinfo=UTC),
    left_at=None,
    left_by=None,
)


@router.get("/people", operation_id="people", responses=examples.ok(People(people=(_PERSON,))) | problem_responses(403))
def list_people(ctx: Asked, left: Annotated[bool, Query(description="and those who were let go")] = False) -> People:
    """Who may sign in."""
    return People(people=people.list_people(ctx, also_left=left))


@router.post(
    "/people",
    operation_id="add_person",
    status_code=201,
    responses=examples.ok(_PERSON, 201) | problem_responses(403, 409),
)
def add(ctx: Asked, body: NewPerson) -> Person:
    """One more, without a password: `link` lets them in first. Audited."""
    return people.add(
        ctx,
        body.name,
        role=body.role,
        title=body.title,
        stores=body.stores,
        staff_id=body.staff_id,
        language=body.language,
    )


@router.patch(
    "/people/{name}", operation_id="change_person", responses=examples.ok(_PERSON) | problem_responses(403, 404)
)
def change(ctx: Asked, name: NamePath, body: ChangedPerson) -> Person:
    """Other values, at once also where they are signed in; one who was let go may sign in again. Audited."""
    return people.change(ctx, name, **body.model_dump(exclude_unset=True))


@router.post(
    "/people/{name}/link",
    operation_id="link_person",
    status_code=201,
    responses=examples.ok(Link(path=f"{SIGN_IN_PATH}?link=…"), 201) | problem_responses(403, 404),
)
def link(ctx: Asked, name: NamePath, body: LinkRequest) -> Link:
    """A link that signs them in once. Audited."""
    return Link(path=f"{SIGN_IN_PATH}?link={people.link(ctx, name, hours=body.hours)}")


@router.delete(
    "/people/{name}", operation_id="let_person_go", responses=examples.ok(_PERSON) | problem_responses(403, 404)
)
def let_go(ctx: Asked, name: NamePath) -> Person:
    """They sign in no more, and are signed out at once; what they did stays on record. Audited."""
    return people.let_go(ctx, name)
