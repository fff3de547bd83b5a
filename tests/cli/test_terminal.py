"""What people read in a terminal."""

import re
import sys
from decimal import Decimal

import pytest

from tierwise.cli import manage, terminal


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


NARROW = [
    ("111", "重要价值客户 Key value", 1234, "50.0 %", Decimal("65052444.18"), 12.5),
    ("000", "一般挽留客户 Ordinary to win back", 7, "0.1 %", Decimal("9.00"), None),
]


def narrow(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **spare: list[str]
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    terminal.table("", ["RFM", "cell", "customers", "share", "amount", "days"], NARROW, bars=[1, 0.5], **spare)
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()


@pytest.mark.parametrize("columns", [100, 90, 80, 70, 60])
def test_a_narrow_terminal_cuts_bars_and_texts_but_no_number(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = narrow(columns, capsys, monkeypatch)
    assert all(terminal.width(line) <= columns for line in lines)
    assert "65,052,444.18" in lines[1]
    assert "customers" in lines[0]
    assert "50.0 %" in lines[1]


def test_what_can_be_spared_is_left_out_before_texts_are_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = narrow(75, capsys, monkeypatch, spare=["days", "share"])
    assert lines[0].split() == ["RFM", "cell", "customers", "share", "amount"]
    assert "Ordinary to win back" in lines[2]


def test_a_terminal_too_narrow_for_the_numbers_wraps_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "65,052,444.18" in narrow(30, capsys, monkeypatch)[1]


def test_a_column_of_numbers_that_cannot_be_told_stays_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("", ["share", "text"], [(None, "a"), ("–", "b")])
    assert capsys.readouterr().out.splitlines()[1].rstrip() == "    –  a"


def test_without_a_terminal_nothing_is_cut_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("", ["a"], [("x" * 150,)])
    out = capsys.readouterr().out
    assert "x" * 150 in out
    assert "\x1b" not in out


def test_progress_is_told_in_the_readers_language_and_rewrites_wider_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(manage, "language", lambda: "zh")
    progress = manage.Progress()
    progress(1, 4, "customer metrics")
    progress(2, 4, "write")
    progress.close()
    _, first, second, *_ = capsys.readouterr().err.split("\r")
    assert first.startswith("客户指标  25%")
    assert second.startswith("写入结果  50%")
    assert terminal.width(second) >= terminal.width(first), "nothing of the longer line is left"
