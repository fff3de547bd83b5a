"""The catalogue: every file of `members/` is one insight, found by its name, loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tierwise.app.insights import members
from tierwise.app.insights.insight import Insight
from tierwise.kernel.errors import TierwiseError, unknown_name


def names() -> tuple[str, ...]:
    """Of all insights, sorted."""
    return tuple(sorted(found.name for found in iter_modules(members.__path__)))


def member(name: str) -> Insight:
    """The insight of that name; `common-paths` is `common_paths`. Raises `unknown_insight`."""
    wanted, known = name.replace("-", "_"), names()
    if wanted not in known:
        raise TierwiseError.of([unknown_name("insight", name, known)])
    found = import_module(f"{members.__name__}.{wanted}").INSIGHT
    assert isinstance(found, Insight)
    return found
