"""The colour that each tier always has, and the ink that can be read on it."""

from __future__ import annotations

from tierwise.plots.look import INK

TIERS: dict[str, str] = {
    # RFM: money high in the accent's shades, money low in sand, the most valuable darkest.
    "111": "#084c59",
    "101": "#0b7285",
    "011": "#4a9fae",
    "001": "#9fced6",
    "110": "#8f7440",
    "100": "#b79a63",
    "010": "#d3bf97",
    "000": "#e6dfcf",
    # Lifecycle: growing in the accent's shades, silent in amber, lost in brick.
    "visitor": "#dfe6e7",
    "registered": "#c3d6d9",
    "active": "#9fced6",
    "reader": "#9fced6",
    "engaged": "#4a9fae",
    "introduction": "#9fced6",
    "first_purchase": "#4a9fae",
    "growth": "#4a9fae",
    "repeat": "#0b7285",
    "payer": "#0b7285",
    "maturity": "#0b7285",
    "vip": "#084c59",
    "dormant": "#e0b45c",
    "dormant_3m": "#ecd093",
    "dormant_5m": "#e0b45c",
    "dormant_7m": "#c99332",
    "lost_presumed": "#c98367",
    "lost": "#97503f",
    # Activity, and the prospect's decision.
    "new": "#9fced6",
    "active_high": "#084c59",
    "active_mid": "#0b7285",
    "active_low": "#4a9fae",
    "sleeping": "#e0b45c",
    "inactive": "#c9cfcf",
    "considering": "#4a9fae",
    "silent": "#e0b45c",
    "learning": "#0b7285",
    "comparing": "#084c59",
}

_OTHERS = ("#084c59", "#0b7285", "#4a9fae", "#9fced6", "#8f7440", "#b79a63", "#d3bf97", "#e6dfcf")
"""The first, which is the best of a level, is the darkest: neighbours can be told apart in grey."""


def colour_of(name: str, place: int = 0) -> str:
    """The colour of a tier; one of a fixed round, by its place in the ladder, for names that nobody has fixed."""
    return TIERS.get(name) or _OTHERS[place % len(_OTHERS)]


def fixed_colours() -> tuple[str, ...]:
    """All that `colour_of` may answer, each once."""
    return tuple(dict.fromkeys([*TIERS.values(), *_OTHERS]))


def ink_on(colour: str) -> str:
    """Black or white, whichever has the more contrast on that colour."""
    ground = luminance(colour) + 0.05
    return INK if ground / (luminance(INK) + 0.05) > 1.05 / ground else "#ffffff"


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, 0 to 1, as WCAG 2 has it."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.03928 else float(((channel + 0.055) / 1.055) ** 2.4)
