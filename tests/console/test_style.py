"""The look: few sizes of type, and colours that can be read on what they stand on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tierwise.console
from tierwise.console.charts.colours import luminance

ROOT = Path(tierwise.console.__file__).parent

SIZES_PX = {12, 13, 15, 17, 23, 30}
"""Notes, text, headings, the page's title, figures, the one number of a page."""


def colours(sheet: str) -> dict[str, str]:
    return dict(re.findall(r"--(?:tw-)?(\w+): (#[0-9a-f]{6})", (ROOT / sheet).read_text("utf-8")))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_one_scale_of_type() -> None:
    sizes = re.findall(r"font-size: ([\d.]+)px", (ROOT / "style.css").read_text("utf-8"))
    assert len(sizes) > 20
    assert {float(size) for size in sizes} <= SIZES_PX


@pytest.mark.parametrize("sheet", ["style.css", "phone/phone.css"])
def test_text_can_be_read_in_the_sun(sheet: str) -> None:
    found = colours(sheet)
    for name in ("ink", "muted", "accent", "warn"):
        for ground in ("#ffffff", found["paper"]):
            assert contrast(found[name], ground) >= 4.5, (name, ground)


def test_contrast_as_wcag_has_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
