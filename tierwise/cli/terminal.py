"""Tables and bars for the terminal: aligned whatever the script, plain text where nobody watches."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_EIGHTHS = " ▏▎▍▌▋▊▉█"

BAR_COLOUR = "cyan"


def console() -> Console:
    """On a terminal as wide as it is; elsewhere wide enough that nothing is cut or wrapped, and without colours."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return Console(highlight=False)
    return Console(highlight=False, width=max(Console().width, 160), color_system=None, force_terminal=False)


def bar(fraction: float, width: int = 20) -> str:
    """A bar of `width` cells for 0..1, to an eighth of a cell; out of range is cut.

    >>> bar(0.5, 4)
    '██  '
    """
    eighths = round(min(max(fraction, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)


def number(value: Any) -> str:
    """With thousands separators; – for null.

    >>> number(Decimal("1234.50")), number(None)
    ('1,234.50', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value)


def percent(share: float | None, digits: int = 1) -> str:
    """0.1234 as 12.3 %; – for null."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, bars: Sequence[float] | None = None
) -> None:
    """Print a table: numbers to the right, texts to the left; `bars` adds one bar a row, 0..1."""
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    right = [
        any(isinstance(row[i], int | float | Decimal) or _numeric(row[i]) for row in rows) for i in range(len(columns))
    ]
    for name, to_right in zip(columns, right, strict=True):
        grid.add_column(Text(name, style="dim"), justify="right" if to_right else "left", no_wrap=True)
    if bars is not None:
        grid.add_column("", no_wrap=True)
    for i, row in enumerate(rows):
        cells = [Text(item if isinstance(item, str) else number(item)) for item in row]
        if bars is not None:
            cells.append(Text(bar(bars[i]), style=BAR_COLOUR))
        grid.add_row(*cells)
    out = console()
    if title:
        out.print(Text(title, style="bold"))
    out.print(grid)


def say(text: str = "") -> None:
    """A line to read on stdout."""
    console().print(Text(text))


def width(text: str) -> int:
    """How many cells a text takes: two for a Chinese character.

    >>> width("重要价值 A")
    10
    """
    return cell_len(text)


def _numeric(item: Any) -> bool:
    return isinstance(item, str) and item[:1] in "0123456789-–" and item.endswith("%")
