"""Puts the console under /console of an application whose requests carry a context (`request.state.context`)."""

from __future__ import annotations

import os
from importlib import import_module, resources
from types import SimpleNamespace

from fastapi import FastAPI

PATH = "/console"

_FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#0b7285">'
    '<rect x="1" y="11" width="14" height="3"/><rect x="3.5" y="6.5" width="9" height="3"/>'
    '<rect x="6" y="2" width="4" height="3"/></g></svg>'
)


def mount_console(app: FastAPI) -> None:
    """Mount the pages. Once a process: NiceGUI keeps one application."""
    # NiceGUI would look for its storage in the working folder. The console stores nothing; there is no such place.
    os.environ.setdefault("NICEGUI_STORAGE_PATH", os.path.join(os.devnull, "nicegui"))
    from nicegui import ui

    from tierwise.console.not_found import answer_unknown_addresses
    from tierwise.console.phone.mount import mount_phone

    mount_phone(app)
    pages = resources.files("tierwise.console.pages")
    for name in sorted(each.name for each in pages.iterdir()):
        if name.endswith(".py") and not name.startswith("_"):
            import_module(f"tierwise.console.pages.{name.removesuffix('.py')}")
    answer_unknown_addresses()
    ui.add_css(resources.files("tierwise.console").joinpath("style.css").read_text("utf-8"), shared=True)
    ui.run_with(
        app,
        mount_path=PATH,
        title="Tierwise",
        favicon=_FAVICON,
        language=None,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=30,
    )
    _let_it_search_nothing()


def _let_it_search_nothing() -> None:
    """At its start NiceGUI goes through all objects for the server, which only its own `app.shutdown` needs.

    The list of them holds each tuple that another thread is just making, which then ends in a SystemError there; the
    worker and what is asked ahead are at work by then.
    """
    vars(import_module("nicegui.ui_run_with"))["gc"] = SimpleNamespace(get_objects=list)
