"""Puts the phone's pages under /console/m of an application; before the console is mounted, which would take them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from tierwise.console.phone import asking, customer, customers, look, tagging, tasks
from tierwise.console.phone.visit import PATH, Page, PhoneVisit, answering


def mount_phone(app: FastAPI) -> None:
    """The routes."""
    app.add_api_route(PATH, answering(first, ""), methods=["GET"], include_in_schema=False, response_model=None)
    for path, page in LOOKS.items():
        _add(app, path, page, "GET")
    for path, page in ACTS.items():
        _add(app, path, page, "POST")
    app.add_api_route(f"{PATH}{look.STYLE_PATH}", look.style, include_in_schema=False, response_model=None)


def first(visit: PhoneVisit) -> Response:
    """Where a phone begins; who sees numbers alone has pages for desks only."""
    if not visit.ctx.principal.may("view_customer"):
        return RedirectResponse(visit.desk("/"), 303)
    return visit.go("/tasks" if visit.ctx.principal.role == "advisor" else "/customers")


LOOKS: dict[str, Page] = {
    "/": first,
    "/customers": customers.customers,
    "/customer": customer.customer,
    "/customer/why": customer.why,
    "/customer/tag": tagging.form,
    "/tasks": tasks.tasks,
    "/task": tasks.task,
}

ACTS: dict[str, Page] = {
    "/customer/tag": tagging.give,
    "/customer/tag/back": tagging.take_back,
    "/customer/answer": asking.store,
    "/customer/answer/back": asking.take_back,
    "/customer/task": tasks.make,
    "/task/act": tasks.act,
    "/task/undo": tasks.undo,
}


def _add(app: FastAPI, path: str, page: Page, method: str) -> None:
    app.add_api_route(
        f"{PATH}{path}", answering(page, path), methods=[method], include_in_schema=False, response_model=None
    )
