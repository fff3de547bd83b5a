"""The parts that pages are made of: HTML in which nothing from data is markup."""

from __future__ import annotations

from tierwise.console.parts.figures import Figure, figures
from tierwise.console.parts.notice import nothing_yet, refused
from tierwise.console.parts.table import HEADING, Bar, Cell, Column, table
from tierwise.console.texts import Texts
from tierwise.kernel.errors import Problem

EVIL = '<img src=x onerror="alert(1)">'


def test_nothing_from_data_is_markup() -> None:
    columns = [Column(EVIL, "text"), Column("n"), Column("share", "bar")]
    made = table(columns, [(Cell(EVIL, EVIL, colour=EVIL, badge=EVIL), EVIL, Bar(0.5, EVIL, EVIL))], name=EVIL)
    made += figures([Figure(EVIL, EVIL, EVIL, EVIL, EVIL)])
    made += refused([Problem("x", EVIL, EVIL, EVIL)], Texts("en"))
    assert "<img" not in made
    assert 'onerror="' not in made


def test_numbers_stand_right_and_texts_left() -> None:
    made = table([Column("name", "text"), Column("n")], [("a", "1")], name="t")
    assert '<td class="text">a</td><td class="number">1</td>' in made
    assert '<th scope="col" class="number">n</th>' in made


def test_a_table_is_named_by_the_heading_that_it_stands_under() -> None:
    before = HEADING.set("card-stores")
    assert 'data-table="t" aria-labelledby="card-stores">' in table([Column("n")], [("1",)], name="t")
    HEADING.reset(before)
    assert "aria-labelledby" not in table([Column("n")], [("1",)], name="t")


def test_bars_are_as_long_as_their_share() -> None:
    lengths = {0.25: "25.00%", None: "0.00%", -0.5: "0.00%", 1.7: "100.00%"}
    for share, length in lengths.items():
        assert f"width:{length}" in table([Column("s", "bar")], [(Bar(share, "", "#000000"),)], name="t")


def test_only_a_last_row_that_is_a_total_is_marked() -> None:
    rows = [("a",), ("b",)]
    assert table([Column("x", "text")], rows, name="t", total=True).count('class="total"') == 1
    assert 'class="total"' not in table([Column("x", "text")], rows, name="t")


def test_the_empty_state_leads_to_the_pages_that_fill_it() -> None:
    for language in ("zh", "en"):
        texts = Texts(language)
        made = nothing_yet(texts)
        for address, what in (("/console/data", "empty_import"), ("/console/data/runs", "empty_run")):
            assert f'<a href="{address}">{texts(what)}</a>' in made
        assert "tierwise" not in made, "commands are no remedy in a page"
        others = nothing_yet(texts, may_import=False)
        assert texts("empty_ask") in others
        assert "<a" not in others, "who may not import is led to nothing that they may not do"


def test_a_refusal_tells_every_problem() -> None:
    made = refused([Problem("a", "first", "x:1", "do this"), Problem("b", "second")], Texts("en"))
    assert "x:1: first (do this)" in made
    assert "second" in made
