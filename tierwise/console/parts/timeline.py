"""What happened, the newest first: a line each, with its day, its kind and what it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from tierwise.console.texts import Texts


@dataclass(frozen=True, slots=True)
class Moment:
    """One line. kind: a word before the text; colour: of its dot."""

    day: date
    kind: str
    text: str
    colour: str = "#5a686b"


def timeline(moments: Sequence[Moment], texts: Texts) -> str:
    """HTML, everything escaped; days are said once."""
    lines, last = [], None
    for moment in moments:
        day = f'<time datetime="{moment.day}">{texts.day(moment.day)}</time>' if moment.day != last else "<time></time>"
        last = moment.day
        lines.append(
            f'<li>{day}<i class="dot" style="background:{escape(moment.colour)}"></i><b>{escape(moment.kind)}</b>'
            f"<span>{escape(moment.text)}</span></li>"
        )
    return f'<ol class="tw-timeline">{"".join(lines)}</ol>'
