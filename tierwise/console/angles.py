"""The six angles from which a customer is looked at, and which attribute belongs where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tierwise.app.vocabulary import AttributeWords

Angle = Literal["state", "value", "orders", "interactions", "responses", "base"]

ANGLES: tuple[Angle, ...] = ("state", "value", "orders", "interactions", "responses", "base")
"""In the order of the page: where the customer stands, what they are worth, and what that comes of."""

_STATE = ("recency_days", "silent_days", "normal_silence_days", "overdue_days")

_PARTS: tuple[tuple[Angle, tuple[str, ...]], ...] = (
    ("responses", ("promotion", "coupon", "discount", "refund")),
    ("interactions", ("visit", "interact")),
    ("base", ("registered", "closed_on", "birth", "age_years", "gender", "tenure")),
    ("value", ("monetary", "amount", "profit", "cost", "net_sales", "_score", "decile", "_points", "rank", "share")),
    ("orders", ("order", "frequency", "line_", "unit", "product", "category", "store", "interval")),
)


def angle_of(words: AttributeWords) -> Angle:
    """Where an attribute is shown: a trait with the base facts, a tier with what the customer's state is."""
    name = words.name
    if words.group == "trait":
        return "base"
    if words.group in ("tier", "tag") or name in _STATE or name.endswith("_since"):
        return "state"
    return next((angle for angle, parts in _PARTS if any(part in name for part in parts)), "state")


def windows_of(names: Sequence[str]) -> dict[str, dict[int, str]]:
    """Attributes that are counted over the whole life and over windows: by the first's name, days -> name; 0: all."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        whole, _, window = name.rpartition("_")
        if window.endswith("d") and window[:-1].isdigit() and whole in names:
            found.setdefault(whole, {0: whole})[int(window[:-1])] = name
    return found
