"""A plot as a picture, SVG or PNG, by Matplotlib of the extra `plot`. The same plot gives the same SVG."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierwise.kernel.errors import TierwiseError
from tierwise.plots.look import ACCENT, ACCENT_LIGHT, INK, LINE, MUTED, colour_at
from tierwise.plots.plot import Bars, Flow, Heat, Lines, Plot, Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURES = (".svg", ".png")
"""The endings of files that `save` writes."""

_FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "SimHei", "WenQuanYi Micro Hei", "DejaVu Sans"]
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": _FONTS,
    "font.size": 9,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.unicode_minus": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "svg.fonttype": "none",
    "svg.hashsalt": "tierwise",
}
_INCHES = (7.2, 4.0)
_ROW_INCHES = 0.26
_INSIDE = 3
"""So many names of series have room among the bars."""

_LONGEST = 28
"""Characters of a label; longer ones are cut."""


def svg(plot: Plot) -> str:
    """The picture as SVG text; texts stay texts, in fonts of whoever looks. Raises `missing_extra`."""
    return _drawn(plot, "svg").decode("utf-8")


def save(plot: Plot, path: Path | str) -> Path:
    """Write the picture to a file ending in .svg or .png. Raises `unknown_format`, `missing_extra`, `write_failed`."""
    file = Path(path)
    ending = file.suffix.lower()
    if ending not in PICTURES:
        raise TierwiseError(
            "unknown_format",
            f'"{ending or file.name}" is no format of a picture',
            place=str(file),
            remedy=".svg or .png",
        )
    drawn = _drawn(plot, ending[1:])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(drawn)
    except OSError as error:
        raise TierwiseError("write_failed", f"cannot be written: {error.strerror}", place=str(file)) from error
    return file


def drawn_in_notebook(plot: Any) -> str | None:
    """SVG, or None where Matplotlib is not there: a notebook then shows the plot's text."""
    try:
        return svg(plot)
    except TierwiseError:
        return None


def _drawn(plot: Plot, kind: str) -> bytes:
    with _matplotlib() as matplotlib, matplotlib.rc_context(_STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=_size(plot), layout="tight")
        axes = figure.add_subplot()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        if isinstance(plot, Bars):
            _bars(axes, plot)
        elif isinstance(plot, Lines):
            _lines(axes, plot)
        elif isinstance(plot, Heat):
            _heat(axes, plot)
        else:
            _flow(axes, plot)
        axes.set_title(plot.title)
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return out.getvalue()


@contextmanager
def _matplotlib() -> Iterator[Any]:
    """Matplotlib, quiet about fonts: of those asked for one is there or the reader's own draws the text."""
    try:
        import matplotlib
    except ImportError as error:
        raise TierwiseError(
            "missing_extra", "pictures need Matplotlib", remedy='pip install "tierwise[plot]"'
        ) from error
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
            warnings.filterwarnings("ignore", message="Tight layout not applied")
            yield matplotlib
    finally:
        logger.setLevel(level)


def _size(plot: Plot) -> tuple[float, float]:
    rows = 0
    if isinstance(plot, Heat):
        rows = len(plot.rows)
    elif isinstance(plot, Bars) and plot.lying:
        rows = len(plot.labels)
    elif isinstance(plot, Flow):
        rows = max(len({link.source for link in plot.links}), len({link.target for link in plot.links}))
    return _INCHES[0], max(_INCHES[1], 1.2 + rows * _ROW_INCHES)


def _bars(axes: Axes, plot: Bars) -> None:
    width = 0.7 if plot.stacked else 0.7 / max(len(plot.series), 1)
    base = [0.0] * len(plot.labels)
    for place, series in enumerate(plot.series):
        heights = [value or 0.0 for value in series.values]
        shift = 0.0 if plot.stacked else (place - (len(plot.series) - 1) / 2) * width
        at = [i + shift for i in range(len(plot.labels))]
        look: dict[str, Any] = {"color": colour_at(place), "label": _plain(series.name)}
        if plot.lying:
            axes.barh(at, heights, width, left=base if plot.stacked else None, **look)
        else:
            axes.bar(at, heights, width, bottom=base if plot.stacked else None, **look)
        if plot.stacked:
            base = [below + height for below, height in zip(base, heights, strict=True)]
    shown = [_short(label) for label in plot.labels]
    if plot.lying:
        axes.set_yticks(range(len(shown)), shown)
        axes.invert_yaxis()
    else:
        axes.set_xticks(range(len(shown)), shown, **_turned(shown))
    _count_along(axes, plot.unit, "x" if plot.lying else "y")
    if plot.makes_a_whole:
        (axes.set_xlim if plot.lying else axes.set_ylim)(0, 1)
    if len(plot.series) > 1:
        # Bars that lie, are stacked or are many may fill the axes: beside them the legend covers none.
        full = plot.stacked or plot.lying or len(plot.series) > _INSIDE
        beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if full else {}
        axes.legend(frameon=False, labelcolor=MUTED, **beside)


def _lines(axes: Axes, plot: Lines) -> None:
    for place, series in enumerate(plot.series):
        values = [float("nan") if value is None else value for value in series.values]
        axes.plot(range(len(values)), values, color=colour_at(place), marker="o", markersize=3, linewidth=1.4,
                  label=_plain(series.name))  # fmt: skip
    every = max(1, len(plot.labels) // 12)
    shown = [_short(label) for label in plot.labels[::every]]
    axes.set_xticks(range(0, len(plot.labels), every), shown, **_turned(shown))
    _count_along(axes, plot.unit, "y")
    if len(plot.series) > 1:
        axes.legend(frameon=False, labelcolor=MUTED)


def _heat(axes: Axes, plot: Heat) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    table = [[float("nan") if value is None else value for value in row] for row in plot.values]
    if plot.rows and plot.columns:
        colours = LinearSegmentedColormap.from_list("accent", ["#ffffff", ACCENT_LIGHT, ACCENT])
        drawn = axes.imshow(table, aspect="auto", cmap=colours)
        bar = axes.figure.colorbar(drawn, ax=axes, format=_formatter(plot.unit))
        bar.outline.set_visible(False)
    columns = [_short(name) for name in plot.columns]
    axes.set_xticks(range(len(columns)), columns, **_turned(columns))
    axes.set_yticks(range(len(plot.rows)), [_short(name) for name in plot.rows])


def _flow(axes: Axes, plot: Flow) -> None:
    """Left and right, the names in the order of the links, bands between them as broad as their values."""
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path as Outline

    total = sum(link.value for link in plot.links) or 1.0
    gap = 0.045 * total
    starts = [_places([(getattr(link, side), link.value) for link in plot.links], gap) for side in ("source", "target")]
    at = [{name: place for name, (place, _) in side.items()} for side in starts]
    for link in plot.links:
        low, high = at[0][link.source], at[1][link.target]
        at[0][link.source], at[1][link.target] = low + link.value, high + link.value
        points = [(0.02, low), (0.5, low), (0.5, high), (0.98, high), (0.98, high + link.value),
                  (0.5, high + link.value), (0.5, low + link.value), (0.02, low + link.value), (0.02, low)]  # fmt: skip
        curve = [Outline.MOVETO, *[Outline.CURVE4] * 3, Outline.LINETO, *[Outline.CURVE4] * 3, Outline.CLOSEPOLY]
        axes.add_patch(PathPatch(Outline(points, curve), facecolor=ACCENT, alpha=0.22, linewidth=0))
    for side, across, align in ((0, 0.0, "right"), (1, 0.98, "left")):
        for name, (place, size) in starts[side].items():
            axes.add_patch(Rectangle((across, place), 0.02, size, facecolor=ACCENT, linewidth=0))
            beside = across - 0.01 if side == 0 else across + 0.03
            axes.text(beside, place + size / 2, _short(name), ha=align, va="center", color=MUTED)
    longest = max(sum(size for _, size in side.values()) + gap * len(side) for side in starts)
    axes.set_xlim(-0.45, 1.45)
    axes.set_ylim(longest, -gap)
    axes.set_axis_off()


def _places(parts: list[tuple[str, float]], gap: float) -> dict[str, tuple[float, float]]:
    """Where each name begins, and how much it holds."""
    sizes: dict[str, float] = {}
    for name, value in parts:
        sizes[name] = sizes.get(name, 0.0) + value
    found, place = {}, 0.0
    for name, size in sizes.items():
        found[name] = (place, size)
        place += size + gap
    return found


def _count_along(axes: Axes, unit: Unit, side: str) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_major_formatter(_formatter(unit))
    axes.grid(axis="x" if side == "x" else "y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def _formatter(unit: Unit) -> Any:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    return PercentFormatter(1.0, decimals=None) if unit == "rate" else FuncFormatter(lambda value, _: f"{value:,.6g}")


def _turned(labels: list[str]) -> dict[str, Any]:
    return {"rotation": 40, "ha": "right"} if sum(map(len, labels)) > 60 else {}


def _plain(text: str) -> str:
    """A dollar sign would begin a formula."""
    return text.replace("$", r"\$")


def _short(text: str) -> str:
    return _plain(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
