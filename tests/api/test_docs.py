"""docs/api.md names the paths that there are, all of them."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi.routing import APIRoute

from tierwise.api.app import PREFIX, ROUTERS

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_every_request_of_the_table_is_a_path_and_every_path_is_in_the_table() -> None:
    told = re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) ([^`?]+)", TEXT, re.MULTILINE)
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    met = {
        (method, route.path_format)
        for method, path in told
        for route in routes
        if method in (route.methods or ()) and route.path_regex.fullmatch(path.removeprefix(PREFIX))
    }
    assert len(met) == len(told), "a request of the table leads nowhere, or twice to the same path"
    assert met == {(method, route.path_format) for route in routes for method in route.methods or ()}
