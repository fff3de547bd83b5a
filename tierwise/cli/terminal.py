"""Tables and bars for the terminal: aligned whatever the script, plain text where nobody watches."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from tierwise.cli.language import told, word

_EIGHTHS = " ▏▎▍▌▋▊▉█"

BAR_COLOUR = "cyan"
BAR_CELLS = 20
GAP = 2
LEAST_CELLS = 6


def console(at_least: int = 0) -> Console:
    """On a terminal as wide as it is; elsewhere wide enough that nothing is cut or wrapped, and without colours."""
    usual = Console().width
    if sys.stdout.isatty():  # rich itself heeds NO_COLOR
        return Console(highlight=False, width=max(usual, at_least))
    return Console(highlight=False, width=max(usual, at_least, 160), color_system=None, force_terminal=False)


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
        return word("yes" if value else "no")
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return str(value)


def fixed(value: float | None, digits: int) -> Decimal | None:
    """A number with so many decimals, as a number still.

    >>> fixed(12.345, 1), fixed(None, 1)
    (Decimal('12.3'), None)
    """
    return None if value is None else Decimal(f"{value:.{digits}f}")


def percent(share: float | None, digits: int = 1) -> str:
    """0.1234 as 12.3 %; – for null."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    bars: Sequence[float] | None = None,
    spare: Sequence[str] = (),
) -> None:
    """Print a table: numbers to the right, texts to the left; `bars` adds one bar a row, 0..1.

    Where the terminal is narrow, bars get shorter, then columns of `spare` are left out, the first first, then texts
    are cut. Numbers never are.
    """
    out = console()
    shown = [[item if isinstance(item, str) else number(item) for item in row] for row in rows]
    right = [_is_of_numbers([row[i] for row in rows]) for i in range(len(columns))]
    heads = [told(word(name)) for name in columns]
    widths = [max([width(name), *(width(row[i]) for row in shown)]) for i, name in enumerate(heads)]
    kept = list(range(len(columns)))
    for name in spare:
        if _across([widths[i] for i in kept]) > out.width:
            kept.remove(columns.index(name))
    fitted = fit([widths[i] for i in kept], [not right[i] for i in kept], out.width)
    for_bar = min(BAR_CELLS, out.width - _across(fitted) - GAP)
    with_bars = bars is not None and for_bar >= LEAST_CELLS
    # Lines are put together here: Rich's Table measures every cell anew, a third of the time of a long table.
    lines = [_line([heads[i] for i in kept], fitted, [right[i] for i in kept])]
    lines[0].stylize("dim")
    for place, row in enumerate(shown):
        line = _line([row[i] for i in kept], fitted, [right[i] for i in kept])
        if bars is not None and with_bars:
            line.append(" " * GAP).append(bar(bars[place], for_bar), style=BAR_COLOUR)
        lines.append(line)
    if title:
        out.print(Text(told(title), style="bold"))
    # What still does not fit is wrapped by the terminal rather than cut.
    console(at_least=_across(fitted)).print(Text("\n").join(lines), no_wrap=True, crop=False, overflow="ignore")


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Text:
    shown = []
    for cell, room, to_the_right in zip(cells, widths, right, strict=True):
        taken = width(cell)
        if taken > room:
            cell = set_cell_size(cell, room - 1) + "…"
            taken = room
        shown.append(" " * (room - taken) + cell if to_the_right else cell + " " * (room - taken))
    return Text((" " * GAP).join(shown))


def fit(widths: Sequence[int], texts: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that fit into the room: of those of texts the widest is narrowed, as far as that is enough.

    >>> fit([30, 12, 9], [True, True, False], 40)
    [15, 12, 9]
    """
    fitted = list(widths)
    while _across(fitted) > room:
        long = [i for i, is_text in enumerate(texts) if is_text and fitted[i] > LEAST_CELLS]
        if not long:
            break
        fitted[max(long, key=lambda i: fitted[i])] -= 1
    return fitted


def clipped(text: str, cells: int) -> str:
    """The text, cut to so many cells where it takes more.

    >>> clipped("到期提醒 Reminders", 12)
    '到期提醒 Re…'
    """
    return text if width(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _across(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def say(text: str = "") -> None:
    """A line to read on stdout, in the reader's language."""
    console().print(Text(told(text)))


def padded(text: str, cells: int) -> str:
    """The text with blanks behind it, so that it takes so many cells at least.

    >>> padded("客户指标", 10) + "|"
    '客户指标  |'
    """
    return text + " " * (cells - width(text))


def width(text: str) -> int:
    """How many cells a text takes: two for a Chinese character.

    >>> width("重要价值 A")
    10
    """
    return cell_len(text)


_NUMBER = re.compile(r"-?[\d,.]+ (%|s)")


def _is_of_numbers(cells: Sequence[Any]) -> bool:
    """Whether a column has a number, or nothing but what cannot be told."""
    some = [cell for cell in cells if cell is not None and cell not in ("–", "")]
    if not some:
        return any(cell is None or cell == "–" for cell in cells)
    return any(
        _NUMBER.fullmatch(cell) if isinstance(cell, str) else isinstance(cell, int | float | Decimal) for cell in some
    )
