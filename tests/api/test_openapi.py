"""The OpenAPI document: operation ids, examples that fit, our errors."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from tierwise.api.app import PREFIX, ROUTERS, build_app
from tierwise.app.context import Context

PATHS = {
    "GET /healthz",
    "GET /api/v1/overview",
    "GET /api/v1/alerts",
    "GET /api/v1/deciles",
    "GET /api/v1/rfm",
    "GET /api/v1/lifecycle",
    "GET /api/v1/activity",
    "GET /api/v1/levels/{name}",
    "GET /api/v1/levels/{name}/near-misses",
    "GET /api/v1/matrices/{name}",
    "GET /api/v1/transitions",
    "GET /api/v1/stores",
    "GET /api/v1/quality",
    "GET /api/v1/profile",
    "GET /api/v1/customers",
    "GET /api/v1/customers/head-counts",
    "GET /api/v1/customers/{customer_id}",
    "GET /api/v1/people",
    "POST /api/v1/people",
    "PATCH /api/v1/people/{name}",
    "DELETE /api/v1/people/{name}",
    "POST /api/v1/people/{name}/link",
    "GET /api/v1/segments/members.{extension}",
    "GET /api/v1/tasks",
    "POST /api/v1/tasks",
    "GET /api/v1/tasks/mine",
    "GET /api/v1/tasks/advisors",
    "GET /api/v1/tasks/assignees",
    "POST /api/v1/tasks/preview",
    "POST /api/v1/tasks/batches",
    "POST /api/v1/tasks/assignments",
    "GET /api/v1/tasks/customers/{customer_id}",
    "GET /api/v1/tasks/{task_id}",
    "GET /api/v1/tasks/{task_id}/history",
    "POST /api/v1/tasks/{task_id}/outcome",
    "POST /api/v1/tasks/{task_id}/drop",
    "POST /api/v1/tasks/{task_id}/undo",
    "GET /api/v1/runs",
    "POST /api/v1/runs",
    "GET /api/v1/runs/{run_id}",
    "POST /api/v1/imports",
    "GET /api/v1/imports",
    "GET /api/v1/imports/{import_id}",
    "GET /api/v1/imports/{import_id}/mapping.yaml",
    "POST /api/v1/mappings",
    "GET /api/v1/sources",
    "POST /api/v1/sources/{name}/imports",
    "GET /api/v1/quarantine",
    "GET /api/v1/quarantine.csv",
    "GET /api/v1/quarantine.xlsx",
    "GET /api/v1/explanations/{name}/{customer_id}",
    "GET /api/v1/definitions",
    "PUT /api/v1/definitions",
    "POST /api/v1/definitions/plan",
    "GET /api/v1/definitions/changes",
    "GET /api/v1/definitions/{kind}/{name}/versions",
    "GET /api/v1/definitions/{kind}/{name}/diff",
    "POST /api/v1/definitions/{kind}/{name}/rollback",
    "DELETE /api/v1/definitions/{kind}/{name}",
    "GET /api/v1/exports/{table}.{extension}",
    "GET /api/v1/history/names",
    "GET /api/v1/history/counts",
    "GET /api/v1/history/holders",
    "GET /api/v1/history/flows",
    "GET /api/v1/history/migration",
    "GET /api/v1/history/sankey",
    "GET /api/v1/history/dwell",
    "GET /api/v1/history/of/{customer_id}",
    "GET /api/v1/insights",
    "GET /api/v1/insights/{name}",
    "GET /api/v1/insights/{name}.{extension}",
    "GET /api/v1/jobs",
    "GET /api/v1/jobs/{job_id}",
    "POST /api/v1/jobs/{job_id}/cancel",
    "GET /api/v1/schedules",
    "POST /api/v1/schedules",
    "DELETE /api/v1/schedules/{name}",
    "POST /api/v1/schedules/{name}/run-now",
    "POST /api/v1/schedules/{name}/{change}",
    "GET /api/v1/junk",
    "GET /api/v1/junk/releases",
    "POST /api/v1/junk/releases",
    "POST /api/v1/junk/releases/undo",
    "GET /api/v1/tags",
    "GET /api/v1/tags/manual",
    "POST /api/v1/tags/manual",
    "POST /api/v1/tags/manual/removals",
    "POST /api/v1/tags/manual/imports",
    "GET /api/v1/tags/customers/{customer_id}",
    "POST /api/v1/tags/validations",
    "GET /api/v1/tags/validations",
    "GET /api/v1/tags/may-drive/{name}",
    "POST /api/v1/tags/scores",
    "GET /api/v1/segments",
    "GET /api/v1/segments/changes",
    "GET /api/v1/segments/of/{customer_id}",
    "POST /api/v1/segments/count",
    "POST /api/v1/segments/sample",
    "POST /api/v1/segments/members",
    "POST /api/v1/segments/members.{extension}",
    "POST /api/v1/segments/overlap",
    "POST /api/v1/segments/read",
    "POST /api/v1/segments/snapshot",
    "GET /api/v1/keys",
    "POST /api/v1/keys",
    "POST /api/v1/keys/{source}/rotate",
    "DELETE /api/v1/keys/{source}",
    "GET /api/v1/inbox",
    "POST /api/v1/inbox/apply",
    "GET /api/v1/inbox/events",
    "GET /api/v1/inbox/quarantined",
    "GET /api/v1/inbox/catalogue",
    "GET /api/v1/identity/people/{identity}",
    "GET /api/v1/identity/review",
    "GET /api/v1/identity/shared",
    "GET /api/v1/identity/decisions",
    "POST /api/v1/identity/decisions",
    "POST /api/v1/identity/decisions/{decision_id}/undo",
    "POST /api/v1/identity/resolve",
    "GET /api/v1/identity/vehicles/{vin}",
    "GET /api/v1/identity/companies/{company_id}",
    "GET /api/v1/identity/households/{household_id}",
    "GET /api/v1/lists",
    "POST /api/v1/lists",
    "GET /api/v1/lists/{name}",
    "DELETE /api/v1/lists/{name}",
    "POST /api/v1/answers",
    "POST /api/v1/answers/removals",
    "GET /api/v1/answers/numbers",
    "GET /api/v1/answers/customers/{customer_id}",
    "GET /api/v1/profiling",
    "GET /api/v1/profiling/customers/{customer_id}",
}
"""What the API has a door for; a use case that comes or goes is told here."""


@pytest.fixture(scope="module")
def app(context: Context) -> FastAPI:
    return build_app(context, "t" * 40)


@pytest.fixture(scope="module")
def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    """`GET /path` -> operation."""
    paths = app.openapi()["paths"]
    return {f"{method.upper()} {path}": told for path, methods in paths.items() for method, told in methods.items()}


def test_every_use_case_has_a_path(operations: dict[str, dict[str, Any]]) -> None:
    assert set(operations) == PATHS


def test_operation_ids_are_there_and_differ(operations: dict[str, dict[str, Any]]) -> None:
    ids = [told["operationId"] for told in operations.values()]
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() for name in ids)


def test_every_answer_has_an_example_and_every_error_our_body(operations: dict[str, dict[str, Any]]) -> None:
    for name, told in operations.items():
        if name == "GET /healthz":
            continue
        good = [answer for status, answer in told["responses"].items() if status.startswith("2")]
        assert any("example" in content for answer in good for content in answer["content"].values()), name
        for status in ("401", "422"):
            content = told["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}, name
        assert told["description"], name


def test_requests_with_a_body_show_one(operations: dict[str, dict[str, Any]], app: FastAPI) -> None:
    assert operations["PUT /api/v1/definitions"]["requestBody"]["content"]["application/yaml"]["example"]
    schemas = app.openapi()["components"]["schemas"]
    assert schemas["RunRequest"]["example"] == {"as_of": "2026-06-30"}
    assert schemas["Body_import_file"]["properties"]["table"]["examples"] == ["order_lines"]


def test_examples_are_what_the_endpoints_answer_with(app: FastAPI) -> None:
    """Each example is read as the endpoint's own body and written back with the same keys and nulls."""
    paths = app.openapi()["paths"]
    seen = 0
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        shown = paths[PREFIX + route.path_format][min(route.methods or ()).lower()]["responses"]
        good = next(answer for status, answer in shown.items() if status.startswith("2"))
        example = good["content"].get("application/json", {}).get("example")
        if route.response_model is None or example is None:
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(route.response_model)
        again = adapter.dump_python(adapter.validate_python(example), mode="json", by_alias=True)
        assert shape(again) == shape(example), route.path
        seen += 1
    assert seen >= 15


def test_references_lead_somewhere(app: FastAPI) -> None:
    document = app.openapi()
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                assert value["$ref"].removeprefix("#/components/schemas/") in schemas, value
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(document)


def test_the_document_is_served_where_tools_look_for_it(client: httpx.Client) -> None:
    answer = client.get("/openapi.json", follow_redirects=True)
    assert answer.json()["info"]["title"] == "Tierwise"
    assert str(answer.url).endswith("/api/v1/openapi.json")


def shape(value: Any) -> Any:
    """Keys, lengths and nulls, without the values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value is None
