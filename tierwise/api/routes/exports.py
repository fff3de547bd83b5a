"""Tables out, as files."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from tierwise.api.context import Asked, HeadingsQuery, RunQuery
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import drop_folder, new_folder
from tierwise.app import exporting
from tierwise.app.insights.settling import assignments
from tierwise.app.views import Exported

router = APIRouter(tags=["exports"])

Settings = Annotated[
    list[str] | None,
    Query(alias="set", max_length=50, description="what the table is of, once for each", examples=[["tag=vip"]]),
]


class Extension(StrEnum):
    """The kinds of file."""

    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"


MEDIA_TYPES = {
    Extension.csv: "text/csv; charset=utf-8",
    Extension.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Extension.parquet: "application/vnd.apache.parquet",
}

FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file; X-Tierwise-Rows says how many rows it has",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "customer_id,recency_days,frequency_count,monetary_amount\nC000001,12,4,5231.50\n",
            },
            MEDIA_TYPES[Extension.xlsx]: {"schema": {"type": "string", "format": "binary"}},
            MEDIA_TYPES[Extension.parquet]: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get(
    "/exports/{table}.{extension}",
    operation_id="export_table",
    response_class=FileResponse,
    responses=FILE | problem_responses(403, 404),
)
def export_table(
    ctx: Asked,
    table: Annotated[str, Path(max_length=63, pattern=r"^[A-Za-z0-9_]+$", examples=["profile"])],
    extension: Extension,
    run_id: RunQuery = None,
    sensitive: Annotated[bool, Query(description="with sensitive tags and traits; the audit names them")] = False,
    headings: HeadingsQuery = "names",
    settings: Settings = None,
) -> FileResponse:
    """A table of a run, of the facts, or of the console's pages, ordered by its key: two exports of one run are the
    same bytes, apart from the mark of a person who takes a workbook. Audited.

    Tables of one thing are told which by `set`, as `set=tag=vip`.

    Sensitive tags and traits are left out, unless asked for; `X-Tierwise-Left-Out` names them, percent-encoded.
    """
    given = assignments(settings or [])
    folder = new_folder(ctx)
    try:
        with told_as(folder):
            exported = exporting.export(
                ctx,
                table,
                folder / f"{table}.{extension}",
                run_id=run_id,
                sensitive=sensitive,
                headings=headings,
                asked=given,
            )
    except BaseException:
        drop_folder(folder)
        raise
    return FileResponse(
        folder / f"{table}.{extension}",
        media_type=MEDIA_TYPES[extension],
        filename=f"{table}.{extension}",
        headers={"x-tierwise-rows": str(exported.rows)} | _left_out(exported),
        background=BackgroundTask(drop_folder, folder),
    )


def _left_out(exported: Exported) -> dict[str, str]:
    names = ",".join(quote(name) for name in exported.left_out)
    return {"x-tierwise-left-out": names} if names else {}
