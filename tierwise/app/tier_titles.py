"""What the columns of levels, matrices and price bands are called, beside the one of the definition's own name."""

from __future__ import annotations

from collections.abc import Iterable

from tierwise.app.views import Label
from tierwise.definitions.base import Definition, Text
from tierwise.definitions.graph import SINCE, tiers_of
from tierwise.definitions.level import Level
from tierwise.definitions.matrix import Matrix
from tierwise.definitions.price_band import PriceBand
from tierwise.metrics.level import level_columns
from tierwise.metrics.matrix import matrix_columns
from tierwise.metrics.price_band import price_band_columns


def tier_titles(definitions: Iterable[Definition]) -> dict[str, Label]:
    """Column -> its title, for every definition of these kinds."""
    titles: dict[str, Label] = {}
    for definition in definitions:
        match definition:
            case Level():
                names = level_columns(definition)
                titles[names["score"]] = _of(definition, "得分", "score")
                titles[names["to_next"]] = _of(definition, "距上一级分数", "points to the next level")
                for indicator in definition.scorecard.indicators:
                    line = _called(indicator.title, indicator.line)
                    titles[names[indicator.line]] = _of(definition, f"{line.zh}得分", f"points for {line.en}")
            case Matrix():
                names = matrix_columns(definition)
                for dimension in definition.dimensions:
                    part = _called(dimension.title, dimension.label)
                    titles[names[dimension.label]] = _of(definition, part.zh, part.en)
            case PriceBand():
                titles[price_band_columns(definition)["share"]] = _of(definition, "占比", "share")
        titles |= {f"{tier}{SINCE}": _of(definition, "起始日", "since") for tier in tiers_of(definition)}
    return titles


def _called(title: Text, name: str) -> Label:
    return Label(title.in_language("zh") or name, title.in_language("en") or name)


def _of(definition: Definition, zh: str, en: str) -> Label:
    whole = _called(definition.title, definition.name)
    return Label(f"{whole.zh}：{zh}", f"{whole.en}: {en}")
