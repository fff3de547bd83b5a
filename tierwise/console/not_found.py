"""What an address of the console that is none is answered with."""

from __future__ import annotations

from html import escape

from nicegui import app
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tierwise.console.texts import Texts, language_for

_STYLE = (
    "body{font:15px/1.6 system-ui,'Noto Sans SC',sans-serif;color:#1f2a2c;background:#f4f6f6;margin:0}"
    "main{max-width:520px;margin:15vh auto;padding:24px;background:#fff;border:1px solid #dfe6e7;border-radius:6px}"
    "h1{font-size:18px;margin:0 0 8px}a{color:#0b7285}"
)


def answer_unknown_addresses() -> None:
    """Pages that are not there, in the reader's language, with the way on; parts of pages as programs expect it."""

    @app.exception_handler(404)
    async def answered(request: Request, error: Exception) -> Response:
        endpoint = request.scope.get("endpoint")
        of_a_part = endpoint is not None and endpoint is not app and not request.scope.get("nicegui_page_path")
        if "/_nicegui" in request.url.path or (of_a_part and isinstance(error, HTTPException)):
            return JSONResponse({"detail": "Not Found"}, 404)
        return HTMLResponse(page_html(request), 404)


def page_html(request: Request) -> str:
    """The whole page."""
    asked = request.query_params.get("lang")
    texts = Texts(language_for(asked, request.headers.get("accept-language", ""), "zh"))
    return (
        f'<!doctype html><html lang="{escape(texts("html_language"))}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tierwise</title>'
        f"<style>{_STYLE}</style><main data-notice='not-found'><h1>{escape(texts('not_found'))}</h1>"
        f"<p>{escape(texts('not_found_text'))}</p>"
        f'<p><a href="/console/">{escape(texts("go_on_to", place=texts("place_overview")))}</a></p></main></html>'
    )
