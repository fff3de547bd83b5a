"""A sentence whose numbers lead to whom they count."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from tierwise.console.texts import Texts


def sentence(texts: Texts, key: str, links: Mapping[str, str], **values: object) -> str:
    """HTML of a text, everything escaped. links: of its values by name the address; an empty one leads nowhere."""
    stands = {name: f"\0{name}\0" if links.get(name) else value for name, value in values.items()}
    said = escape(texts(key, **stands))
    for name, address in links.items():
        if address:
            said = said.replace(f"\0{name}\0", f'<a href="{escape(address)}">{escape(str(values[name]))}</a>')
    return said
