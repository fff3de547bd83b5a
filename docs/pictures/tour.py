"""Walk the tour as its page tells it, word by word, and take its pictures: `make pictures`.

    python -m docs.pictures.tour [LANGUAGE …]

In the page, whatever stands in bold or as code in a line that begins with `- ` is done or looked for: `SENTENCES` has
the ways to say it. So a page that names what is not there fails.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from playwright.sync_api import Browser, Locator, Page, expect

from docs.pictures.browsing import DESK_PX, LANGUAGES, TALL_PX, chromium, served, settle, shoot, tierwise

ROOT = Path(__file__).parents[2]

TOURS = {"en": ROOT / "docs" / "tour.md", "zh": ROOT / "docs" / "tour.zh.md"}

SENTENCES = {
    "en": {
        "click": r"Click \*\*(?P<what>.+?)\*\*(?: in \*\*(?P<where>.+?)\*\*)?\.",
        "choose_file": r"Choose the file `(?P<what>.+?)`\.",
        "choose_mended": r"Choose the file that you mended\.",
        "choose": r"In \*\*(?P<where>.+?)\*\* choose \*\*(?P<what>.+?)\*\*\.",
        "write": r"In \*\*(?P<where>.+?)\*\* write `(?P<what>.+?)`\.",
        "see": r"You see (?P<what>.+?)\.(?=\s|$)",
        "download": r"Download \*\*(?P<what>.+?)\*\*(?: in \*\*(?P<where>.+?)\*\*)?\.",
        "mend": r"In that workbook write `(?P<what>.+?)` in place of `(?P<where>.+?)`\.",
        "count_rows": r"That workbook has `(?P<what>.+?)` rows of customers\.",
        "back": r"Go back in the browser\.",
    },
    "zh": {
        "click": r"(?:在\*\*(?P<where>[^*]+)\*\*中)?点击\*\*(?P<what>.+?)\*\*。",
        "choose_file": r"选择文件`(?P<what>.+?)`。",
        "choose_mended": r"选择改好的文件。",
        "choose": r"在\*\*(?P<where>[^*]+)\*\*里选\*\*(?P<what>.+?)\*\*。",
        "write": r"在\*\*(?P<where>[^*]+)\*\*里填`(?P<what>.+?)`。",
        "see": r"看到(?P<what>.+?)。",
        "download": r"(?:在\*\*(?P<where>[^*]+)\*\*中)?下载\*\*(?P<what>.+?)\*\*。",
        "mend": r"在下载的表里把`(?P<where>.+?)`改成`(?P<what>.+?)`。",
        "count_rows": r"下载的表有`(?P<what>.+?)`行客户。",
        "back": r"用浏览器后退。",
    },
}
"""Language -> deed -> the sentence that tells it. what: is clicked, written, seen; where: the field, card or row."""

SHOWN = re.compile(r"^!\[[^\]]*\]\((?P<path>pictures/tour/[\w.-]+\.png)\)$")

PATIENCE_MS = 60_000
"""What is told to be seen may be the end of an import or a run, on a machine that has other work."""

QUOTED = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")


@dataclass(frozen=True)
class Deed:
    """One thing that the page tells to do or to look for. line: where. kind: of `SENTENCES`, or `picture`."""

    line: int
    kind: str
    what: str
    where: str | None = None


def deeds(page: Path, language: str) -> list[Deed]:
    """All of them, in the page's order. Raises ValueError where something is quoted that no sentence tells."""
    found: list[Deed] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if shown := SHOWN.match(line):
            found.append(Deed(number, "picture", shown["path"]))
        elif line.startswith("- "):
            found += _told(number, line[2:], language)
        elif "**" in line:
            raise ValueError(f"{page.name}:{number}: in bold, and nothing is done with it")
    return found


def _told(number: int, text: str, language: str) -> list[Deed]:
    matches = [
        (match.start(), kind, match) for kind, form in SENTENCES[language].items() for match in re.finditer(form, text)
    ]
    left = text
    for _, _, match in matches:
        left = left.replace(match[0], "")
    if "**" in left or "`" in left:
        raise ValueError(f"line {number}: quoted, and no sentence tells what to do with it: {left}")
    matches.sort(key=lambda each: each[0])
    return [
        Deed(number, kind, match.groupdict().get("what") or "", match.groupdict().get("where"))
        for _, kind, match in matches
    ]


@dataclass
class Walk:
    """A reader in a browser. folder: theirs, for downloads. pictures: where these go; None takes none."""

    page: Page
    folder: Path
    pictures: Path | None = None
    downloaded: Path = field(default_factory=Path)

    def do(self, deed: Deed) -> None:
        """Raises AssertionError or Playwright's TimeoutError where it cannot be done."""
        getattr(self, f"_{deed.kind}")(deed)

    def _within(self, where: str | None) -> Locator:
        """The card, row, field's box or condition that is called so; else the page."""
        page = self.page
        if where is None:
            return page.locator("body")
        named = page.get_by_text(where, exact=True)
        for selector in ("[data-figure]", ".tw-attributes > div", "tr", "[data-card]", "[data-leaf]", "label", "p"):
            found = page.locator(selector).filter(has=named).filter(visible=True)
            if found.count():
                return found.first
        return page.locator("#tw-main")

    def _to_click(self, what: str, where: str | None) -> Locator:
        box = self._within(where)
        several = (
            box.get_by_role("button", name=what, exact=True),
            box.get_by_role("link", name=what, exact=True),
            box.get_by_role("tab", name=what, exact=True),
            box.locator("svg text").get_by_text(what, exact=True),
            box.get_by_text(what, exact=True),
        )
        anything = several[0]
        for each in several[1:]:
            anything = anything.or_(each)
        anything.filter(visible=True).first.wait_for()
        for each in several:
            seen = each.filter(visible=True)
            if seen.count():
                return seen.first
        return anything.first

    def _click(self, deed: Deed) -> None:
        before = self.page.url
        self._to_click(deed.what, deed.where).click()
        self.page.wait_for_timeout(150)
        if self.page.url != before:
            settle(self.page)

    def _choose_file(self, deed: Deed) -> None:
        self._hand_in(ROOT / deed.what)

    def _choose_mended(self, deed: Deed) -> None:
        self._hand_in(self.downloaded)

    def _hand_in(self, path: Path) -> None:
        self.page.set_input_files("input[type=file]", path)
        self.page.wait_for_url("**/data/upload/*")
        settle(self.page)

    def _field(self, where: str | None) -> Locator:
        found = self.page.get_by_label(where or "", exact=True).filter(visible=True)
        found.last.wait_for()
        return found.last

    def _choose(self, deed: Deed) -> None:
        box = self._field(deed.where)
        box.click()
        if box.is_editable():
            box.fill(deed.what)
        self.page.locator(".q-menu .q-item").filter(has=self.page.get_by_text(deed.what, exact=True)).first.click()
        self.page.wait_for_timeout(300)
        settle(self.page)

    def _write(self, deed: Deed) -> None:
        self._field(deed.where).fill(deed.what)

    def _see(self, deed: Deed) -> None:
        """Each thing in bold; where code follows one, that stands inside it."""
        where = None
        for bold, code in QUOTED.findall(deed.what):
            if bold:
                where = bold
                expect(self.page.get_by_text(bold).filter(visible=True).first).to_be_visible(timeout=PATIENCE_MS)
            else:
                expect(self._within(where)).to_contain_text(code, timeout=PATIENCE_MS)

    def _download(self, deed: Deed) -> None:
        link = self._to_click(deed.what, deed.where)
        with self.page.expect_download() as waiting:
            link.click()
        self.downloaded = self.folder / waiting.value.suggested_filename
        waiting.value.save_as(self.downloaded)

    def _mend(self, deed: Deed) -> None:
        book = openpyxl.load_workbook(self.downloaded)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == deed.where]
        assert len(cells) == 1, f"{deed.where}: {len(cells)} cells"
        cells[0].value = deed.what
        book.save(self.downloaded)

    def _count_rows(self, deed: Deed) -> None:
        sheet = openpyxl.load_workbook(self.downloaded).worksheets[0]
        assert sheet.max_row - 1 == int(deed.what), f"{sheet.max_row - 1} rows below the header"

    def _back(self, deed: Deed) -> None:
        self.page.go_back()
        settle(self.page)

    def _picture(self, deed: Deed) -> None:
        settle(self.page)
        if self.pictures is not None:
            path = self.pictures / deed.what
            path.parent.mkdir(parents=True, exist_ok=True)
            shoot(self.page, path)


def walked(browser: Browser, language: str, folder: Path, pictures: Path | None = None) -> Iterator[Deed]:
    """The whole tour on a home of its own, in that folder; each deed after it was done.

    Raises what stopped it, with the line of the page as a note.
    """
    home = folder / "home"
    tierwise(home, "init", "--template", "retail")
    with served(home) as link:
        context = browser.new_context(locale=LANGUAGES[language], viewport={"width": DESK_PX, "height": TALL_PX})
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(link)
        settle(page)
        walk = Walk(page, folder, pictures)
        for deed in deeds(TOURS[language], language):
            try:
                walk.do(deed)
            except Exception as error:
                page.screenshot(path=folder / "stopped.png")
                error.add_note(f"{TOURS[language].name}:{deed.line}: {deed}; seen: {folder / 'stopped.png'}")
                raise
            yield deed
        context.close()
    tierwise(home, "stop")


def main(languages: list[str]) -> int:
    """Walk it and take its pictures into the docs."""
    with chromium() as browser:
        for language in languages or list(TOURS):
            folder = Path(tempfile.mkdtemp())
            done = sum(1 for _ in walked(browser, language, folder, ROOT / "docs"))
            print(f"{TOURS[language].name}: {done} deeds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
