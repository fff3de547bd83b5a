"""Numbers in, numbers out: no frames, no definitions, no clock.

    >>> from tierwise import stats
    >>> stats.erlang_c(100, 180, 14).agents
    14

`compare_proportions`, `compare_means`, `sample_ratio`, `erlang_c`, `agents_needed` are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tierwise.stats.comparison import Comparison as Comparison
    from tierwise.stats.comparison import compare_means as compare_means
    from tierwise.stats.comparison import compare_proportions as compare_proportions
    from tierwise.stats.erlang import Waiting as Waiting
    from tierwise.stats.erlang import agents_needed as agents_needed
    from tierwise.stats.erlang import erlang_c as erlang_c
    from tierwise.stats.srm import SampleRatio as SampleRatio
    from tierwise.stats.srm import sample_ratio as sample_ratio

_WHERE = {
    "comparison": ("Comparison", "compare_means", "compare_proportions"),
    "erlang": ("Waiting", "agents_needed", "erlang_c"),
    "srm": ("SampleRatio", "sample_ratio"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
