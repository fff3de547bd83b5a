"""Files in, and the rows that were refused."""

from __future__ import annotations

import shutil
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, UploadFile
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.background import BackgroundTask

from tierwise.api import examples
from tierwise.api.bodies import ImportBody, Imports, ProposalBody
from tierwise.api.context import Asked
from tierwise.api.places import told_as
from tierwise.api.problems import problem_responses
from tierwise.api.scratch import drop_folder, folder_for, new_folder, safe_name
from tierwise.app import importing, imports, mappings_kept
from tierwise.app.context import Context
from tierwise.app.headings import Headings
from tierwise.app.imports import ImportView
from tierwise.app.views import Refusals
from tierwise.definitions.read import read_mapping

router = APIRouter(tags=["imports"])

LARGEST_PAGE = 1000

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file, in the encoding of the one it came from; X-Tierwise-Rows says how many rows it has",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "订单号,数量,quarantine_line\nO-1,-2,118\n"}},
    }
}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the workbook, every cell of it text; X-Tierwise-Rows says how many rows it has",
        "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}},
    }
}
_MAPPING: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the mapping as a file",
        "content": {"application/yaml": {"schema": {"type": "string"}, "example": examples.PROPOSAL.yaml}},
    }
}
ImportQuery = Annotated[
    int | None, Query(alias="import", ge=1, description="of one import; the newest that has any where left out")
]
ReasonsQuery = Annotated[Headings, Query(description="the language of the reasons; headers stay as they came")]
CodeQuery = Annotated[str | None, Query(max_length=100, description="of one reason", examples=["bad_money"])]


@router.post(
    "/imports",
    operation_id="import_file",
    status_code=201,
    responses=examples.ok(examples.IMPORT, 201) | problem_responses(403, 404, 409, 413),
)
def import_file(
    ctx: Asked,
    file: Annotated[UploadFile, File(description="the file; its name is kept for the quarantine")],
    table: Annotated[str, Form(max_length=63, description="what its rows are", examples=["order_lines"])],
    mapping: Annotated[
        str | None, Form(description="a mapping as YAML; recognised from the headers where left out")
    ] = None,
    replace_orders: Annotated[bool, Form(description="orders seen before are replaced by the file's")] = False,
    dry_run: Annotated[bool, Form(description="count only; nothing is written")] = False,
) -> ImportBody:
    """Take a file in, all of it or nothing. Every row is accepted, replaced, unchanged, ignored or quarantined."""
    with folder_for(ctx) as folder, told_as(folder):
        path = _kept(file, folder)
        told = None
        if mapping is not None and mapping.strip():
            of = folder / "mapping" / "mapping.yaml"
            of.parent.mkdir()
            of.write_text(mapping, "utf-8")
            told = read_mapping(of)
        report = importing.import_file(ctx, path, table, told, replace_orders=replace_orders, dry_run=dry_run)
        return ImportBody.model_validate(report).model_copy(update={"file": path.name})


@router.get("/imports", operation_id="imports", responses=examples.ok(examples.IMPORTS) | problem_responses())
def list_imports(ctx: Asked, limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20) -> Imports:
    """The files that came in, the newest first, and what came of the rows of each."""
    return Imports(imports=imports.list_imports(ctx, limit=limit))


@router.get(
    "/imports/{import_id}", operation_id="one_import", responses=examples.ok(examples.IMPORTED) | problem_responses(404)
)
def one_import(ctx: Asked, import_id: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> ImportView:
    """One of them."""
    return imports.one_import(ctx, import_id)


@router.get(
    "/imports/{import_id}/mapping.yaml",
    operation_id="mapping_of_import",
    response_class=PlainTextResponse,
    responses=_MAPPING | problem_responses(403, 404),
)
def mapping_of_import(import_id: Annotated[int, Path(ge=1, le=2**31 - 1)], ctx: Asked) -> PlainTextResponse:
    """The mapping by which it was read, to give with the next file: the columns, rules and settings that were used."""
    named = {"content-disposition": f'attachment; filename="import-{import_id}.mapping.yaml"'}
    return PlainTextResponse(
        mappings_kept.mapping_of_import(ctx, import_id), media_type="application/yaml", headers=named
    )


@router.post(
    "/mappings", operation_id="propose_mapping", responses=examples.ok(examples.PROPOSAL) | problem_responses(403, 404)
)
def propose_mapping(
    ctx: Asked,
    file: Annotated[UploadFile, File(description="the file; only its headers matter")],
    table: Annotated[str, Form(max_length=63, description="what its rows are", examples=["order_lines"])],
) -> ProposalBody:
    """The mapping that a file's headers suggest, to look over and save. Nothing is stored."""
    with folder_for(ctx) as folder, told_as(folder):
        path = _kept(file, folder)
        return ProposalBody.model_validate(importing.propose(ctx, path, table))


@router.get("/quarantine", operation_id="quarantine", responses=examples.ok(examples.QUARANTINE) | problem_responses())
def quarantine(
    ctx: Asked,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
    import_id: Annotated[int | None, Query(alias="import", ge=1, description="of one import")] = None,
    code: Annotated[str | None, Query(max_length=100, description="of one reason", examples=["bad_money"])] = None,
) -> Refusals:
    """Refused rows, the newest file first, each with its file, line, column and reason."""
    return importing.quarantine_rows(ctx, limit=limit, import_id=import_id, code=code)


@router.get(
    "/quarantine.csv",
    operation_id="export_quarantine",
    response_class=FileResponse,
    responses=_FILE | problem_responses(403, 404),
)
def export_quarantine(
    ctx: Asked, import_id: ImportQuery = None, code: CodeQuery = None, headings: ReasonsQuery = "names"
) -> FileResponse:
    """The refused rows as they were, with line, column and reason behind them: mend them and import the file again."""
    return _exported(ctx, "quarantine.csv", "text/csv", import_id, code, headings)


@router.get(
    "/quarantine.xlsx",
    operation_id="export_quarantine_workbook",
    response_class=FileResponse,
    responses=_WORKBOOK | problem_responses(403, 404),
)
def export_quarantine_workbook(
    ctx: Asked, import_id: ImportQuery = None, code: CodeQuery = None, headings: ReasonsQuery = "names"
) -> FileResponse:
    """The same rows as a workbook, whatever format they came from: Excel changes no cell that nobody touches."""
    return _exported(ctx, "quarantine.xlsx", _XLSX, import_id, code, headings)


def _exported(
    ctx: Context, name: str, media_type: str, import_id: int | None, code: str | None, headings: Headings
) -> FileResponse:
    folder = new_folder(ctx)
    try:
        with told_as(folder):
            rows = importing.export_quarantine(ctx, folder / name, import_id=import_id, code=code, headings=headings)
    except BaseException:
        drop_folder(folder)
        raise
    return FileResponse(
        folder / name,
        media_type=media_type,
        filename=name,
        headers={"x-tierwise-rows": str(rows)},
        background=BackgroundTask(drop_folder, folder),
    )


def _kept(file: UploadFile, folder: FilePath) -> FilePath:
    """The upload as a file of its own name."""
    path = folder / safe_name(file.filename, "upload.csv")
    with path.open("wb") as copy:
        shutil.copyfileobj(file.file, copy, 1024 * 1024)
    return path
