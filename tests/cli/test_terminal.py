"""What people read in a terminal."""

from decimal import Decimal

import pytest

from tierwise.cli import terminal


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [(0.0, "    "), (0.5, "██  "), (1.0, "████"), (0.28125, "█▏  "), (2.0, "████"), (-1.0, "    ")],
)
def test_bars_are_exact_to_an_eighth_and_keep_their_width(fraction: float, shown: str) -> None:
    assert terminal.bar(fraction, 4) == shown


def test_columns_line_up_whatever_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(
        "标题 title",
        ["stage", "customers", "share"],
        [("重要价值客户", 1234, "50.0 %"), ("Lost", 7, "–"), ("沉睡 3m", Decimal("0.50"), "0.1 %")],
        bars=[1, 0.5, 0],
    )
    title, *lines = capsys.readouterr().out.splitlines()
    assert title.strip() == "标题 title"

    assert terminal.width(lines[1][: lines[1].index("1,234") + 5]) == terminal.width(
        lines[2][: lines[2].index("7") + 1]
    )

    assert lines[1].rstrip().endswith("█" * 20)


def test_numbers_for_people() -> None:
    shown = [terminal.number(value) for value in (None, 1234567, Decimal("1234.50"), True, 0.125, "x")]
    assert shown == ["–", "1,234,567", "1,234.50", "yes", "0.12", "x"]
    assert terminal.percent(None) == "–"
    assert terminal.percent(0.125, 0) == "12 %"


def test_without_a_terminal_nothing_is_cut_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("", ["a"], [("x" * 150,)])
    out = capsys.readouterr().out
    assert "x" * 150 in out
    assert "\x1b" not in out
