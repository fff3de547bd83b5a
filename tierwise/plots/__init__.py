"""Plots as data: what is shown, apart from how. `tierwise.plots` in Python.

    >>> from tierwise import plots
    >>> shown = plots.bars({"step": ["lead", "visit"], "customers": [80, 31]}, label="step", values="customers")
    >>> plots.options(shown)["series"][0]["data"]
    [80, 31]

`bars`, `lines`, `heat` and `flow` take a frame (pandas, Polars, Arrow) or a dict of columns. `options` gives ECharts
options as plain data; `svg` and `save` draw with Matplotlib, of the extra `plot`. A notebook shows a plot by itself.
"""

from __future__ import annotations

from tierwise.plots.drawing import save as save
from tierwise.plots.drawing import svg as svg
from tierwise.plots.frames import bars as bars
from tierwise.plots.frames import flow as flow
from tierwise.plots.frames import heat as heat
from tierwise.plots.frames import lines as lines
from tierwise.plots.options import options as options
from tierwise.plots.plot import Bars as Bars
from tierwise.plots.plot import Flow as Flow
from tierwise.plots.plot import Heat as Heat
from tierwise.plots.plot import Lines as Lines
from tierwise.plots.plot import Link as Link
from tierwise.plots.plot import Plot as Plot
from tierwise.plots.plot import Series as Series

__all__ = [
    "Bars", "Flow", "Heat", "Lines", "Link", "Plot", "Series", "bars", "flow", "heat", "lines", "options", "save",
    "svg",
]  # fmt: skip
