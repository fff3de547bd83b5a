"""A button that copies the page's address: all that one asked for stands in it."""

from __future__ import annotations

from nicegui import ui

from tierwise.console.texts import Texts

_COPY = """
(() => {
  const address = location.href;
  if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(address); return; }
  const field = document.createElement("textarea");
  field.value = address;
  document.body.appendChild(field);
  field.select();
  document.execCommand("copy");
  field.remove();
})()
"""
"""Without TLS browsers have no clipboard for scripts; a selected text is copied there as well."""


def copy_address(texts: Texts) -> None:
    """The browser copies by itself, within the click; the page says so."""
    button = ui.button(texts("copy_address")).props("flat dense no-caps data-copy-address")
    button.on("click", lambda: ui.notify(texts("address_copied"), type="positive"), js_handler=_HANDLER)


_HANDLER = f"(...args) => {{ {_COPY}; emit(...args); }}"
