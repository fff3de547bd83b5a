"""What a page says instead of what it cannot show: what is wrong, and where to go on; no commands."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from tierwise.console.not_found import page_html
from tierwise.console.parts.notice import AGAIN, WAYS, refused
from tierwise.console.texts import LANGUAGES, Texts
from tierwise.console.visit import Visit
from tierwise.kernel.errors import Problem, TierwiseError


def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: Playwright's tests leave a loop running in theirs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_problem_leads_on_and_names_no_command(language: str) -> None:
    texts = Texts(language)
    problem = Problem("unknown_customer", 'no customer "C<9>" as of 2026-06-30', None, "tierwise show profile")
    told = refused([problem], texts)
    assert "C&lt;9&gt;" in told
    assert "tierwise" not in told
    assert f'href="{WAYS["unknown_customer"][0]}"' in told
    assert texts("go_on_to", place=texts("place_customers")) in told


def test_a_remedy_that_is_no_command_stays() -> None:
    told = refused([Problem("bad_value", "x", None, "give the days in order")], Texts("en"))
    assert "give the days in order" in told
    assert "<a" not in told


@pytest.mark.parametrize("code", AGAIN)
def test_what_another_look_may_mend_offers_one(code: str) -> None:
    assert '<a href="">' in refused([Problem(code, "x")], Texts("en"))


def test_every_way_has_its_name_in_both_languages() -> None:
    for language in LANGUAGES:
        for address, place in WAYS.values():
            assert address.startswith("/console/")
            assert Texts(language)(place)


@pytest.mark.parametrize(("accepted", "said"), [("zh-CN", "没有这个页面"), ("en", "There is no such page")])
def test_an_address_that_is_none_is_told_in_the_readers_language(accepted: str, said: str) -> None:
    scope = {"type": "http", "query_string": b"", "headers": [(b"accept-language", accepted.encode())]}
    assert said in page_html(Request(scope))


def test_a_database_that_went_away_is_told_as_such() -> None:
    def gone() -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    visit = Visit(None, Texts("en"), "/", {}, None, None)  # type: ignore[arg-type]
    with pytest.raises(TierwiseError) as caught:
        awaited(visit.ask(gone))
    assert caught.value.code == "database_lost"


def test_what_nobody_foresaw_is_told_and_kept_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    phone = "138" + "0" * 8

    def broken() -> None:
        raise KeyError(phone)

    visit = Visit(None, Texts("zh"), "/customers", {}, None, None)  # type: ignore[arg-type]
    with pytest.raises(TierwiseError) as caught:
        awaited(visit.ask(broken))
    assert caught.value.code == "defect"
    assert "/customers: KeyError" in caplog.text
    assert phone not in caplog.text
