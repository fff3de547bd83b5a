"""The tour: what its page tells is done in a browser, word by word; both languages tell the same."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from docs.pictures import tour
from docs.pictures.browsing import chromium, found_chromium
from examples.tour import make

ROOT = Path(__file__).parents[2]


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.soak)])
def test_the_tour_goes_as_its_page_tells(language: str, tmp_path: Path) -> None:
    if found_chromium() is None:
        pytest.skip("no Chromium: on Debian, apt-get install chromium")
    with chromium() as browser:
        done = list(tour.walked(browser, language, tmp_path))
    assert done == tour.deeds(tour.TOURS[language], language)
    assert len(done) > 60


def test_both_languages_tell_the_same_deeds_and_numbers() -> None:
    zh, en = (tour.deeds(tour.TOURS[language], language) for language in ("zh", "en"))
    assert [deed.kind for deed in zh] == [deed.kind for deed in en]
    for one, other in zip(zh, en, strict=True):
        if one.kind != "write":
            numbers = [sorted(re.findall(r"\d+", each.what)) for each in (one, other)]
            assert numbers[0] == numbers[1], (one.line, other.line)


@pytest.mark.parametrize("line", ["- Have a look at **Data**.", "- You see `3`, and **x", "Then **Data**."])
def test_what_is_quoted_and_not_done_is_refused(line: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"- Click **Data**.\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"2: (quoted|in bold)"):
        tour.deeds(page, "en")


def test_the_shop_s_file_is_as_it_is_made(tmp_path: Path) -> None:
    make.write(tmp_path / "shop.xlsx")
    made, kept = (
        {sheet.title: list(sheet.values) for sheet in openpyxl.load_workbook(path, read_only=True)}
        for path in (tmp_path / "shop.xlsx", ROOT / "examples" / "tour" / "shop.xlsx")
    )
    assert made == kept
