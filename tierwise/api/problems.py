"""Errors as RFC 9457 says: application/problem+json, with our code, place and remedy, and all problems at once."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from tierwise.app.database_lost import LOST, lost
from tierwise.kernel.errors import Problem, TierwiseError
from tierwise.kernel.wording import accepted_language, problem_in_language

MEDIA_TYPE = "application/problem+json"

STATUS: dict[str, int] = {
    "not_signed_in": 401,
    "not_allowed": 403,
    "export_limited": 403,
    "foreign_origin": 403,
    "foreign_host": 421,
    "unknown_path": 404,
    "method_not_allowed": 405,
    "no_run": 404,
    "no_mapping": 404,
    "nobodys_customers": 409,
    "meant_twice": 422,
    "unfinished_rule": 422,
    "changed_meanwhile": 409,
    "not_told": 404,
    "last_administrator": 409,
    "already_a_person": 409,
    "person_left": 409,
    "unknown_assignee": 422,
    "task_closed": 409,
    "nothing_to_undo": 409,
    "locked_out": 429,
    "link_not_good": 403,
    "no_event_source": 404,
    "no_identities": 409,
    "not_a_person": 422,
    "same_identity": 422,
    "already_undone": 409,
    "no_history": 404,
    "bad_history_file": 500,
    "run_not_kept": 404,
    "nothing_in_quarantine": 404,
    "no_such_file": 404,
    "already_initialised": 409,
    "nothing_to_draw": 422,
    "tag_may_not_drive": 409,
    "nothing_said": 404,
    "not_answerable": 409,
    "not_an_answer": 422,
    "extra_missing": 501,
    "busy": 409,
    "cancelled": 409,
    "mixed_currencies": 409,
    "defined_twice": 422,
    "doubled_key": 422,
    "job_not_running": 409,
    "run_not_running": 409,
    "too_large": 413,
    "sum_too_large": 422,
    "line_too_long": 422,
    "damaged_file": 422,
    "locked_file": 422,
    "file_too_large": 413,
    "several_sheets": 422,
    "sheets_differ": 422,
    "bad_home": 500,
    "bad_token_file": 500,
    "disk_full": 507,
    "out_of_memory": 507,
    "spark_failed": 502,
    "spark_missing": 503,
    "spark_unavailable": 503,
    "file_changed": 409,
    "import_failed": 500,
    "identity_failed": 500,
    "source_unreachable": 502,
    "source_unreadable": 502,
    "unsupported_table": 422,
    "write_failed": 500,
    "lake_behind": 500,
    "lake_version_behind": 500,
    "unknown_key": 422,
    "unknown_attribute": 422,
    "unknown_parameter": 422,
    "unknown_kind": 422,
    "unknown_header": 422,
    "unknown_headers": 422,
    "unknown_encoding": 422,
    "unknown_timezone": 422,
    "unknown_currency": 422,
    "unknown_template": 422,
    "unknown_value": 422,
    "contradicts": 422,
    "unknown_column": 422,
    "segment_cycle": 422,
    "list_in_use": 409,
    "port_in_use": 409,
    "worker_stopped": 503,
    "queue_missing": 500,
    "in_use": 409,
    "left_out": 404,
    "ring": 422,
    "never_true": 422,
    "unreachable_stage": 422,
    "overlap": 422,
    "gap": 422,
    "reads_sensitive": 422,
    "sampled": 422,
    "at_border": 422,
    "few_repeat_buyers": 422,
    "poor_fit": 422,
    "different_rows": 422,
    "worth_depends_on_orders": 422,
    "defect": 500,
    "home_older": 503,
    "home_newer": 503,
    "home_in_use": 409,
    "home_not_empty": 409,
    "half_restored": 503,
    "restore_failed": 500,
    "restore_under_way": 409,
    "nothing_to_back_up": 404,
    "backup_exists": 409,
    "backup_disturbed": 409,
    "backup_not_written": 500,
    "backup_not_whole": 422,
    "backup_damaged": 422,
    "backup_newer": 422,
    "backup_table": 422,
    "unknown_language": 422,
    "unknown_scope": 422,
    "not_json": 400,
    "not_an_object": 400,
    "batch_missing": 400,
    "damaged_body": 400,
    "cut_off": 400,
    "unknown_body_encoding": 400,
    "wrong_write_key": 401,
    "page_not_allowed": 403,
    "batch_too_large": 413,
    "too_many_events": 429,
    "overloaded": 429,
    "not_durable": 503,
}
"""Status by code, where the beginning of the code does not tell it."""

STATUS_BY_PREFIX: tuple[tuple[str, int], ...] = (
    ("unknown_", 404),
    ("no_such_", 404),
    ("busy_", 409),
    ("already_", 409),
    ("bad_", 422),
    ("ambiguous_", 422),
    ("empty_", 422),
    ("missing_", 422),
    ("not_", 422),
    ("no_", 422),
    ("too_", 422),
    ("unreadable", 422),
    ("out_of_", 422),
    ("only_", 422),
    ("left_open", 422),
    ("name_taken", 422),
    ("trait_differs", 422),
    ("mixed_", 422),
    ("postgres_", 503),
    ("database_", 503),
    ("server_", 503),
    ("embedded_", 503),
)
"""Then status by the beginning of the code, the first that fits."""

REFUSED = 422
"""What is refused for any other reason."""

_log = logging.getLogger("tierwise.api")


class ProblemBody(BaseModel):
    """One thing that is wrong."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="stable, for programs")
    message: str = Field(description="for people")
    place: str | None = Field(None, description="file:line, a row, a field; null where there is none")
    remedy: str | None = Field(None, description="what to do next; null where it is plain")


class ErrorBody(ProblemBody):
    """An error as RFC 9457 has it; code, message, place and remedy are those of the first of `problems`."""

    type: str = Field(description="urn:tierwise:problem:CODE")
    title: str = Field(description="what the status means")
    status: int
    detail: str = Field(description="place, message and remedy in one line")
    problems: list[ProblemBody]


def known_status(code: str) -> int | None:
    """The status that the tables give a code; None where they do not know it."""
    if code in STATUS:
        return STATUS[code]
    return next((status for prefix, status in STATUS_BY_PREFIX if code.startswith(prefix)), None)


def status_of(code: str) -> int:
    """The HTTP status of an error code."""
    return known_status(code) or REFUSED


def error_body(problems: Sequence[Problem], status: int | None = None) -> ErrorBody:
    """The body of an error with these problems; they must not be empty."""
    first = problems[0]
    number = status or status_of(first.code)
    return ErrorBody(
        type=f"urn:tierwise:problem:{first.code}",
        title=HTTPStatus(number).phrase,
        status=number,
        detail=str(first),
        code=first.code,
        message=first.message,
        place=first.place,
        remedy=first.remedy,
        problems=[
            ProblemBody(code=problem.code, message=problem.message, place=problem.place, remedy=problem.remedy)
            for problem in problems
        ],
    )


def response(
    problems: Sequence[Problem], *, status: int | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The answer to a request that is refused."""
    body = error_body(problems, status)
    return JSONResponse(jsonable_encoder(body), body.status, headers, MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Errors become problems: ours, unknown paths, arguments that do not fit. For defects the guard calls `defect`."""
    app.add_exception_handler(TierwiseError, _refused)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in LOST:
        app.add_exception_handler(kind, lambda request, error: response(_read_by(request, lost().problems)))


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with an `ErrorBody`; 401 and 422 may come from every path."""
    example = jsonable_encoder(error_body([Problem("unknown_run", "there is no run 7", None, "GET /api/v1/runs")]))
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({401, 422, *statuses}):
        shown = {**example, "status": status, "title": HTTPStatus(status).phrase} if status == 404 else None
        content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/ErrorBody"}}
        if shown:
            content["example"] = shown
        found[status] = {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: content}}
    return found


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TierwiseError)
    return response(_read_by(request, error.problems))


def _read_by(request: Request, problems: Sequence[Problem]) -> list[Problem]:
    """In the language that the request accepts: English where it names neither of ours."""
    language = accepted_language(request.headers.get("accept-language")) or "en"
    return [problem_in_language(problem, language) for problem in problems]


def _bad_request(request: Request, error: Exception) -> JSONResponse:
    """The arguments, without their values: they may be somebody's data."""
    assert isinstance(error, RequestValidationError)
    problems = [
        Problem(
            "missing_value" if found["type"] == "missing" else "bad_value",
            str(found["msg"]),
            ".".join(str(step) for step in found["loc"]) or None,
        )
        for found in error.errors()
    ]
    return response(_read_by(request, problems or [Problem("bad_value", "the request does not fit")]), status=422)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        problem = Problem("unknown_path", "there is nothing at this path", request.url.path, "see /api/v1/openapi.json")
    elif error.status_code == 405:
        allowed = headers.get("Allow") or headers.get("allow") or "another method"
        problem = Problem("method_not_allowed", f"{request.method} is not possible here", request.url.path, allowed)
    else:
        problem = Problem("bad_request", str(error.detail), request.url.path)
    return response(_read_by(request, [problem]), status=error.status_code, headers=headers)


def defect(method: str, path: str, error: Exception) -> JSONResponse:
    """What nobody foresaw. The log has its kind and its frames, not its message: that may be somebody's data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("defect at %s %s: %s\n%s", method, path, type(error).__qualname__, frames)
    remedy = "please report it with what the server has written"
    return response([Problem("defect", "this should not have happened", path, remedy)], status=500)
