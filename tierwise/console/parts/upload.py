"""A place to choose a file or drop it, which the keyboard reaches and a screen reader names."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import UploadEventArguments


def upload(label: str, sent: Callable[[UploadEventArguments], Awaitable[None]], *, accept: str = "") -> ui.upload:
    """The file is sent once it is chosen. accept: endings of names, by comma; empty for all."""
    box = ui.upload(label=label, on_upload=sent, auto_upload=True).classes("tw-upload")
    box.props("flat bordered" + (f' accept="{accept}"' if accept else ""))
    box.on("vnodeMounted", js_handler=_NAMED % json.dumps(label))
    return box


_NAMED = """(vnode) => {
  const input = vnode.el.querySelector('input[type=file]');
  const around = input.closest('[role=button]');
  input.setAttribute('aria-label', %s);
  input.tabIndex = 0;
  if (around) { around.removeAttribute('role'); around.tabIndex = -1; }
}"""
"""Quasar's uploader has its input, which the keyboard does not reach, within a button that has no name."""
