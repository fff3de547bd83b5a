"""What a browser is told while the database does not answer: no page can be told from whom, and none is shown."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, Response

from tierwise.app.database_lost import lost
from tierwise.kernel.wording import accepted_language, in_language, problem_in_language

_STYLE = (
    "body{font:15px/1.6 system-ui,'Noto Sans SC',sans-serif;color:#1f2a2c;background:#f4f6f6;margin:0}"
    "main{max-width:520px;margin:15vh auto;padding:24px;background:#fff;border:1px solid #dfe6e7;border-radius:6px}"
    "h1{font-size:18px;margin:0 0 8px}a{color:#0b7285}"
)

SECONDS = 10


def lost_page(accepted: str | None) -> Response:
    """503 with what to do; the page looks again by itself. accepted: the browser's languages."""
    language = accepted_language(accepted) or "zh"
    problem = problem_in_language(lost().problems[0], language)
    again = in_language("Look again", language)
    html = (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tierwise</title>'
        f"<style>{_STYLE}</style><main><h1>{escape(problem.message)}</h1><p>{escape(problem.remedy or '')}</p>"
        f'<p><a href="">{escape(again)}</a></p></main></html>'
    )
    return HTMLResponse(html, 503, {"retry-after": str(SECONDS), "refresh": str(SECONDS)})
