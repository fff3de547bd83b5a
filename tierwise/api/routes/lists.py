"""Lists of customers: taken from files of ids, shown, removed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Path, Query, UploadFile
from pydantic import BaseModel

from tierwise.api import examples
from tierwise.api.context import Asked
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import folder_for, safe_name
from tierwise.app import lists
from tierwise.app.lists import CustomerList, ListImport

router = APIRouter(tags=["lists"])

ListPath = Annotated[str, Path(max_length=63, pattern=r"^[a-z][a-z0-9_]*$", examples=["invited"])]


class Lists(BaseModel):
    """Every list, by name."""

    lists: tuple[CustomerList, ...]


_LIST = CustomerList(
    name="invited",
    title="受邀客户",
    kind="imported",
    origin="invited.csv",
    run_id=None,
    members=1_980,
    unknown=12,
    author="token:local",
    note="",
    at=datetime(2026, 7, 1, 1, 0, 12, tzinfo=UTC),
)
_IMPORTED = ListImport("invited", "invited.csv", "会员编号", 2_000, 1_980, 12, 8, 1_980, 4)


@router.get("/lists", operation_id="lists", responses=examples.ok(Lists(lists=(_LIST,))) | problem_responses())
def all_lists(ctx: Asked) -> Lists:
    """Every list, by name."""
    return Lists(lists=lists.all_lists(ctx))


@router.post(
    "/lists",
    operation_id="import_list",
    status_code=201,
    responses=examples.ok(_IMPORTED, 201) | problem_responses(403, 413),
)
def import_list(
    ctx: Asked,
    file: Annotated[UploadFile, File(description="a delimited text with one column of customers' ids")],
    name: Annotated[str, Form(max_length=63, examples=["invited"])],
    column: Annotated[
        str | None, Form(max_length=200, description="the ids' column; recognised where left out")
    ] = None,
    title: Annotated[str, Form(max_length=200)] = "",
    note: Annotated[str, Form(max_length=1000)] = "",
    there: Annotated[
        Literal["refuse", "replace", "add"], Form(description="where a list of that name is there")
    ] = "refuse",
) -> ListImport:
    """Make a list: every line is known, unknown or repeated. The unknown: GET quarantine.csv?import=…. Audited."""
    with folder_for(ctx) as folder, told_as(folder):
        path = folder / safe_name(file.filename, "list.csv")
        with path.open("wb") as copy:
            shutil.copyfileobj(file.file, copy, 1024 * 1024)
        done = lists.import_list(ctx, path, name, column=column, title=title, note=note, there=there)
    return ListImport(
        done.name,
        path.name,
        done.column,
        done.read,
        done.known,
        done.unknown,
        done.repeated,
        done.members,
        done.import_id,
    )


@router.get("/lists/{name}", operation_id="list_by_name", responses=examples.ok(_LIST) | problem_responses(404))
def one_list(ctx: Asked, name: ListPath) -> CustomerList:
    """One list."""
    return lists.one_list(ctx, name)


@router.delete(
    "/lists/{name}", operation_id="remove_list", responses=examples.ok(_LIST) | problem_responses(403, 404, 409)
)
def remove_list(
    ctx: Asked,
    name: ListPath,
    in_use: Annotated[bool, Query(description="also where a definition reads it")] = False,
) -> CustomerList:
    """Forget a list and who was on it; what it was. Audited."""
    return lists.remove_list(ctx, name, in_use=in_use)
