"""The door: a page of plain HTML with a form, links that sign in once, and the way out."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tierwise.api.guard import SIGN_IN_PATH, cookie_name, session_of
from tierwise.app.signing_in import SignIns
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import accepted_language, in_language, known_language, problem_in_language

_STYLE = """body{font:14px/1.6 -apple-system,"Segoe UI",Roboto,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
sans-serif;color:#1b2426;background:#f4f6f6;margin:0;display:grid;place-items:center;min-height:100vh}
main{background:#fff;border:1px solid #e2e8e8;border-radius:6px;padding:28px 32px;width:320px;box-sizing:border-box}
h1{font-size:17px;margin:0 0 16px;color:#0b7285}label{display:block;margin:12px 0 4px;color:#5a686b}
input{width:100%;box-sizing:border-box;font:inherit;padding:7px 9px;border:1px solid #859497;border-radius:4px}
button{margin-top:18px;width:100%;font:inherit;padding:8px;border:0;border-radius:4px;background:#0b7285;color:#fff}
:focus-visible{outline:2px solid #0b7285;outline-offset:2px}p{color:#5a686b;margin:14px 0 0;font-size:12.5px}
p.wrong{color:#97503f;margin:0 0 8px;font-size:14px}nav{margin-top:14px;font-size:12.5px}a{color:#0b7285}
@media (max-width:600px){main{width:auto;margin:14px;min-width:min(88vw,360px)}input,button,label{font-size:16px}
input,button{min-height:46px}p,nav{font-size:14px}nav a{display:inline-block;padding:10px 0;min-width:44px}}"""

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cg fill='%230b7285'%3E"
    "%3Crect x='1' y='11' width='14' height='3'/%3E%3Crect x='3.5' y='6.5' width='9' height='3'/%3E"
    "%3Crect x='6' y='2' width='4' height='3'/%3E%3C/g%3E%3C/svg%3E"
)


_HELP = "The first time, by the link that an administrator sends; on this machine, by the one that serve prints."

_ONCE = "The link signs in once."


def add_to(app: FastAPI) -> None:
    """The routes; before the console is mounted, which would take them."""
    app.add_api_route(SIGN_IN_PATH, _page, methods=["GET"], include_in_schema=False, response_model=None)
    app.add_api_route(SIGN_IN_PATH, _signed_in, methods=["POST"], include_in_schema=False, response_model=None)
    app.add_api_route("/console/sign-out", _signed_out, methods=["POST"], include_in_schema=False, response_model=None)


async def _page(request: Request) -> Response:
    secret = request.query_params.get("link")
    if secret is None:
        return _form(request)
    wanted = request.query_params.get("next")
    return await _by_link(request, secret, wanted) if _is_opened(request) else _button(request, secret, wanted)


async def _signed_in(request: Request) -> Response:
    given: dict[str, Any] = dict(await request.form(max_files=0, max_fields=10))
    if "link" in given:
        return await _by_link(request, str(given["link"]), str(given.get("next", "")))
    try:
        name, password = str(given.get("name", "")), str(given.get("password", ""))
        session = await asyncio.to_thread(_of(request).by_password, name, password)
    except TierwiseError as error:
        return _form(request, error, str(given.get("name", "")), str(given.get("next", "")))
    return await _entered(request, session, str(given.get("next", "")))


async def _by_link(request: Request, secret: str, wanted: str | None) -> Response:
    try:
        session = await asyncio.to_thread(_of(request).by_link, secret)
    except TierwiseError as error:
        return _form(request, error, wanted=wanted)
    return await _entered(request, session, wanted)


async def _signed_out(request: Request) -> Response:
    if request.state.session is not None:
        await asyncio.to_thread(_of(request).sign_out, request.state.session)
    answer = RedirectResponse(SIGN_IN_PATH, 303)
    answer.delete_cookie(_cookie(request), path="/")
    return answer


def _is_opened(request: Request) -> bool:
    """Whether a browser says that it goes to the page: what looks at links ahead of people (a chat's preview, a mail's
    scanner, a page that is loaded in advance) uses up none. Browsers say so under https and on this machine."""
    headers = request.headers
    return headers.get("sec-fetch-mode") == "navigate" and "sec-purpose" not in headers


def _of(request: Request) -> SignIns:
    found = request.state.sign_ins
    assert isinstance(found, SignIns)
    return found


def _cookie(request: Request) -> str:
    return cookie_name((request.scope.get("server") or ("", None))[1])


async def _entered(request: Request, session: str, wanted: str | None) -> Response:
    answer = RedirectResponse(_inside(wanted) or _first_page(request), 303)
    # lax: a link in a mail opens the page; the guard looks at where a change comes from.
    answer.set_cookie(
        _cookie(request), session, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    before = session_of(request.headers, (request.scope.get("server") or ("", None))[1])
    if before is not None:
        await asyncio.to_thread(_of(request).sign_out, before)
    return answer


def _inside(wanted: str | None) -> str | None:
    """The page of this console that was asked for; None where it was its first one, or something else."""
    if not wanted or not wanted.startswith("/console/") or any(c in wanted for c in "\r\n"):
        return None
    path, _, _ = wanted.partition("?")  # what is asked of a page may hold anything: a pattern, an address
    return None if "//" in path or "\\" in path or wanted == "/console/" else wanted


def _first_page(request: Request) -> str:
    """Where one begins who asked for no page: phones, which say that they are, with the pages made for them."""
    mobile = request.headers.get("sec-ch-ua-mobile") == "?1" or "Mobi" in request.headers.get("user-agent", "")
    return "/console/m/" if mobile else "/console/"


def _form(request: Request, error: TierwiseError | None = None, name: str = "", wanted: str | None = None) -> Response:
    language = _language(request)
    wrong = ""
    if error is not None:
        told = " ".join(str(problem_in_language(problem, language)) for problem in error.problems)
        wrong = f'<p class="wrong" role="alert">{escape(told)}</p>'
    fields = (
        f'<label for="name">{_said("Name", language)}</label>'
        f'<input id="name" name="name" value="{escape(name)}" autocomplete="username" required autofocus>'
        f'<label for="password">{_said("Password", language)}</label>'
        f'<input id="password" name="password" type="password" autocomplete="current-password" required>'
    )
    wanted = _inside(wanted or request.query_params.get("next"))
    return HTMLResponse(_html(language, fields, _HELP, {"next": wanted}, wrong), 200 if error is None else 403)


def _button(request: Request, secret: str, wanted: str | None) -> Response:
    """The page of a link that is not used yet."""
    field = f'<input type="hidden" name="link" value="{escape(secret)}">'
    return HTMLResponse(_html(_language(request), field, _ONCE, {"link": secret, "next": _inside(wanted)}))


def _html(language: str, fields: str, help_text: str, kept: dict[str, str | None], wrong: str = "") -> str:
    """kept: what the page in the other language is asked with."""
    other = "en" if language == "zh" else "zh"
    other_name = "English" if other == "en" else "中文"
    query = urlencode({"lang": other} | {name: value for name, value in kept.items() if value})
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{_said("Sign in", language)} · Tierwise</title><link rel="icon" href="{_ICON}"><style>{_STYLE}</style>'
        f'<main><h1>Tierwise</h1>{wrong}<form method="post" action="{SIGN_IN_PATH}?lang={language}">'
        f'<input type="hidden" name="next" value="{escape(kept.get("next") or "")}">{fields}'
        f"<button>{_said('Sign in', language)}</button></form><p>{_said(help_text, language)}</p>"
        f'<nav><a href="?{escape(query)}" lang="{other}">{other_name}</a></nav></main></html>'
    )


def _language(request: Request) -> str:
    accepted = accepted_language(request.headers.get("accept-language"))
    return known_language(request.query_params.get("lang")) or accepted or "zh"


def _said(text: str, language: str) -> str:
    return escape(in_language(text, language))
