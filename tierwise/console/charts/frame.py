"""What all charts share: type, and shares as axes show them."""

from __future__ import annotations

FONT = {
    "fontFamily": '-apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
    "fontSize": 12,
}


def hundredths(share: float | None) -> float | None:
    """0.1234 as 12.34, for an axis in per cent; null stays null."""
    return None if share is None else round(share * 100, 4)
