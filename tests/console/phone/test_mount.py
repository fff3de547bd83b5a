"""Where a phone begins, and that a stranger is led to the door."""

from __future__ import annotations

import httpx
import pytest

from tests.console.phone.conftest import UA
from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.people import link
from tierwise.console.phone.mount import ACTS, LOOKS

DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.mark.parametrize(
    ("headers", "wanted", "first"),
    [
        ({"user-agent": UA}, None, "/console/m/"),
        ({"user-agent": UA}, "/console/", "/console/m/"),
        ({"user-agent": UA}, "/console/account", "/console/account"),
        ({"user-agent": DESK, "sec-ch-ua-mobile": "?1"}, None, "/console/m/"),
        ({"user-agent": DESK}, None, "/console/"),
        ({"user-agent": DESK}, "/console/m/customers?q=1", "/console/m/customers?q=1"),
    ],
)
def test_phones_begin_with_their_pages(
    site: Served, furnished: Context, headers: dict[str, str], wanted: str | None, first: str
) -> None:
    asked = {"link": link(furnished, "ann")} | ({"next": wanted} if wanted else {})
    with httpx.Client(base_url=site.url, trust_env=False, headers={**headers, "sec-fetch-mode": "navigate"}) as client:
        assert client.get("/console/sign-in", params=asked).headers["location"] == first


@pytest.mark.parametrize("path", sorted(LOOKS))
def test_a_stranger_is_led_to_the_door(site: Served, furnished: Context, path: str) -> None:
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        answer = client.get(f"/console/m{path}")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in?next=")


@pytest.mark.parametrize("path", [*sorted(ACTS), "/customers"])
def test_a_form_after_the_session_leads_to_the_door_and_does_nothing(
    site: Served, furnished: Context, path: str
) -> None:
    with httpx.Client(base_url=site.url, trust_env=False, headers={"origin": site.url}) as client:
        answer = client.post(f"/console/m{path}", data={"id": "C000"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fm%2F"
        client.headers["origin"] = "https://evil.example"
        assert client.post(f"/console/m{path}", data={"id": "C000"}).status_code == 403
