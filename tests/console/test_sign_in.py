"""The door of the console: links, passwords, cookies, what leads in and what does not; and whose customers one sees."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import httpx
import pytest
from playwright.sync_api import Browser

from tests.console.watching import LOCALES, signed_in, stranger
from tierwise.api.serve import Served
from tierwise.app.context import Context
from tierwise.app.people import add, change, link
from tierwise.app.signing_in import REMEMBERED_SECONDS
from tierwise.console.texts import Texts

DOOR = "/console/sign-in"

OPENED = {"sec-fetch-mode": "navigate"}
"""As a browser says that a person opens a page."""


@contextmanager
def enter(site: Served, house: Context, person: str) -> Iterator[httpx.Client]:
    """A client with the session of a person, acting as a page of ours does."""
    with httpx.Client(base_url=site.url, trust_env=False, headers={"origin": site.url}) as client:
        assert client.get(DOOR, params={"link": link(house, person)}, headers=OPENED).status_code == 303
        yield client


def test_a_link_signs_in_once_by_a_cookie_that_scripts_cannot_read(site: Served, furnished: Context) -> None:
    secret = link(furnished, "rita")
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        answer = client.get(DOOR, params={"link": secret, "next": "/console/account?lang=en"}, headers=OPENED)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/account?lang=en")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert secret not in cookie
        assert client.get("/api/v1/runs").status_code == 200
    with httpx.Client(base_url=site.url, trust_env=False) as other:
        again = other.get(DOOR, params={"link": secret}, headers=OPENED)
        assert again.status_code == 403
        assert "set-cookie" not in again.headers
        assert other.get("/api/v1/runs").status_code == 401


@pytest.mark.parametrize("ahead", [{}, {"sec-fetch-mode": "no-cors"}, {**OPENED, "sec-purpose": "prefetch;prerender"}])
def test_who_looks_at_a_link_ahead_leaves_it_good(site: Served, furnished: Context, ahead: dict[str, str]) -> None:
    asked = {"link": link(furnished, "rita"), "next": "/console/account"}
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        assert client.head(DOOR, params=asked, headers=OPENED).status_code == 404
        for _ in range(2):
            page = client.get(DOOR, params=asked, headers=ahead)
            assert page.status_code == 200
            assert "set-cookie" not in page.headers
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        assert fields == asked
        evil = {"origin": "https://evil.example"}
        assert client.post(DOOR, data=fields, headers=evil).status_code == 403
        answer = client.post(DOOR, data=fields, headers={"origin": site.url})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/account")
        assert client.get("/api/v1/runs").status_code == 200
        assert client.post(DOOR, data=fields, headers={"origin": site.url}).status_code == 403


@pytest.mark.parametrize(
    "query", ["where=%7B%22op%22%3A%22matches%22,%22value%22:%22a//b%22%7D", "q=https://x/", "q=\\d"]
)
def test_the_door_leads_to_a_page_whatever_is_asked_of_it(site: Served, furnished: Context, query: str) -> None:
    wanted = f"/console/customers?{query}"
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        answer = client.get(DOOR, params={"link": link(furnished, "olga"), "next": wanted}, headers=OPENED)
        assert answer.headers["location"] == wanted.replace("\\", "%5C")


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/console//evil", "/api/v1/runs", ""])
def test_the_door_leads_to_this_console_alone(site: Served, furnished: Context, wanted: str) -> None:
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        answer = client.get(DOOR, params={"link": link(furnished, "rita"), "next": wanted}, headers=OPENED)
        assert answer.headers["location"] == "/console/"


def test_a_cookie_changes_nothing_for_pages_of_others(site: Served, furnished: Context) -> None:
    with enter(site, furnished, "olga") as client:
        body = {"customer_id": "C000", "tag": "mood", "value": "good", "reason": "said so"}
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}):
            assert client.post("/api/v1/tags/manual", json=body, headers=headers).status_code == 403
        client.headers.pop("origin")
        assert client.post("/api/v1/tags/manual", json=body).status_code == 403
        assert client.get("/api/v1/customers").status_code == 200


def test_an_advisor_sees_their_own_customers_and_no_numbers_of_all(site: Served, furnished: Context) -> None:
    with enter(site, furnished, "ann") as client:
        found = client.get("/api/v1/customers", params={"columns": "name,advisor_id"}).json()
        assert [row[0] for row in found["rows"]] == ["C000", "C002"]
        assert found["of"] == 2
        assert client.get("/api/v1/customers/C000").status_code == 200
        strangers = client.get("/api/v1/customers/C001")
        nobody = client.get("/api/v1/customers/C999999")
        assert (strangers.status_code, nobody.status_code) == (404, 404)
        assert strangers.json()["message"].replace("C001", "C999999") == nobody.json()["message"]
        everybody = json.dumps({"attribute": "customer_id", "op": "present"})
        assert client.get("/api/v1/customers", params={"where": everybody}).json()["of"] == 2
        assert client.get("/api/v1/customers", params={"q": "C001"}).json()["of"] == 0
        for path in ("/api/v1/overview", "/api/v1/profile", "/api/v1/exports/profile.csv", "/api/v1/people"):
            assert client.get(path).status_code == 403, path


def test_one_store_sees_its_customers(site: Served, furnished: Context) -> None:
    with enter(site, furnished, "olga") as client:
        assert [row[0] for row in client.get("/api/v1/customers").json()["rows"]] == ["C000", "C001"]
        assert client.get("/api/v1/segments/members.csv").status_code == 403


@pytest.mark.browser
@pytest.mark.parametrize("locale", LOCALES)
def test_by_name_and_password_and_out_again(browser: Browser, site: Served, furnished: Context, locale: str) -> None:
    password = f"a sentence in {locale}"
    with signed_in(browser, site, furnished, locale, person="rita") as watch:
        texts = watch.texts
        watch.go("/account", 'input[type="password"]')
        for field in watch.page.locator('input[type="password"]').all():
            field.fill(password)
        watch.page.locator("button", has_text=texts("set_password")).click()
        watch.page.wait_for_selector('[data-outcome="password"]')
        watch.page.get_by_role("button", name=texts("sign_out")).click()
        watch.page.wait_for_url(f"**{DOOR}")
        watch.go("/settings", "#name")
        assert f"{DOOR}?next=" in watch.page.url
        watch.page.fill("#name", "Rita")
        watch.page.fill("#password", "not this one")
        watch.page.press("#password", "Enter")
        watch.page.wait_for_selector('[role="alert"]')
        watch.page.fill("#password", password)
        watch.page.press("#password", "Enter")
        watch.page.wait_for_selector('[data-notice="refused"]')
        assert watch.page.url == f"{site.url}/console/settings", "back to what was asked for, which is not hers"
        menu = watch.page.locator(".tw-side li").all_inner_texts()
        assert texts("place_overview") in menu
        assert not {texts("place_customers"), texts("place_settings")} & set(menu)


@pytest.mark.browser
def test_an_open_page_acts_by_what_its_person_may_now(browser: Browser, site: Served, furnished: Context) -> None:
    add(furnished, "otto", role="operator")
    with signed_in(browser, site, furnished, "en-GB", person="otto") as watch:
        watch.go("/segments/often", "[data-count]")
        change(furnished, "otto", role="reader")
        sleep(REMEMBERED_SECONDS)
        watch.page.locator("[data-leaf=compared] .tw-leaf-number input").first.fill("3")
        watch.page.wait_for_selector("text=what you may do here has changed meanwhile")
        assert watch.page.locator("[data-count]").count() == 0


@pytest.mark.browser
@pytest.mark.parametrize("locale", LOCALES)
def test_a_stranger_is_led_to_the_door(browser: Browser, site: Served, locale: str) -> None:
    context = stranger(browser, locale)
    page = context.new_page()
    page.goto(f"{site.url}/console/customers?q=1380")
    assert page.locator("#name").is_visible()
    assert page.evaluate("document.documentElement.lang") == Texts("zh" if locale == "zh-CN" else "en")("html_language")
    context.close()


def test_who_sees_some_customers_only_begins_with_their_tasks(site: Served, furnished: Context) -> None:
    for name, first in (("ann", "/console/tasks"), ("olga", "/console/tasks"), ("rita", "/console/")):
        with enter(site, furnished, name) as client:
            assert client.get("/console/", follow_redirects=True).url.path == first, name
            assert client.get("/console/?lang=en", follow_redirects=True).url.query == b"lang=en", name
