"""The pictures of the docs: all that are shown are there, small, and every page of the console has one made."""

from __future__ import annotations

import re
from pathlib import Path

from docs.pictures.pages import PAGES

ROOT = Path(__file__).parents[2]
DRAWN = sorted((ROOT / "docs" / "pictures").rglob("*.png"))
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")

ONE_BYTES, ALL_BYTES = 120_000, 1_500_000


def test_pictures_of_pages_are_small() -> None:
    assert DRAWN
    assert [path.name for path in DRAWN if path.stat().st_size > ONE_BYTES] == []
    assert sum(path.stat().st_size for path in DRAWN) <= ALL_BYTES


def test_every_picture_is_shown_and_says_what_it_shows() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    shown = [(page.parent / path, said) for page in pages for said, path in SHOWN.findall(page.read_text("utf-8"))]
    assert [path.name for path in DRAWN if path not in {each for each, _ in shown}] == []
    assert [path for path, said in shown if not said] == []


def test_every_page_of_the_console_has_its_picture() -> None:
    sources = (ROOT / "tierwise" / "console" / "pages").glob("*.py")
    registered = {
        path for source in sources for path in re.findall(r'^@page\("([^"]+)"', source.read_text("utf-8"), re.M)
    }
    opened = {way[0].partition("?")[0] for way in PAGES.values()}
    clicked = {
        "/customers/{customer_id}": "customer",
        "/segments/{name}": "segment",
        "/insight/{name}": "insight",
        "/tags/{name}": "tag",
        "/data/imports/{import}": "data-import",
        "/data/runs/{run}": "data-run",
        "/data/definitions/{kind}/{name}": "data-definition",
    }
    only_on_the_way = {"/data/upload/{upload}", "/data/jobs/{job}"}
    assert set(clicked.values()) <= set(PAGES)
    assert registered - opened - set(clicked) - only_on_the_way == set()
