"""Only what is typed is built of the command line, and it is what all of it would have been."""

from __future__ import annotations

import pytest
from typer.main import get_command

from tierwise.cli.main import app
from tierwise.cli.tree import command_of

WHOLE = get_command(app)


@pytest.mark.parametrize("words", [[], ["--help"], ["shwo", "rfm"], ["-h"]], ids=" ".join)
def test_all_commands_are_there_where_none_is_named(words: list[str]) -> None:
    assert set(command_of(app, words).commands) == set(WHOLE.commands)


@pytest.mark.parametrize("words", [["import", "a.csv"], ["show", "rfm", "--json"], ["tag", "add", "x"]], ids=" ".join)
def test_what_is_named_is_alone(words: list[str]) -> None:
    built = command_of(app, words)
    assert list(built.commands) == words[:1]
    below = getattr(built.commands[words[0]], "commands", None)
    assert below is None or list(below) == words[1:2]


@pytest.mark.parametrize("words", [["show", "--help"], ["show", "fmr"], ["quarantine", "--to", "x.csv"]], ids=" ".join)
def test_below_a_group_without_a_name_all_are_there(words: list[str]) -> None:
    assert set(command_of(app, words).commands[words[0]].commands) == set(WHOLE.commands[words[0]].commands)


def test_each_command_is_the_same_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in WHOLE.commands.items():
        for below in getattr(command, "commands", {"": None}):
            words = [name, *([below] if below else []), "--help"]
            WHOLE(words, prog_name="tierwise", standalone_mode=False)
            expected = capsys.readouterr().out
            command_of(app, words)(words, prog_name="tierwise", standalone_mode=False)
            assert capsys.readouterr().out == expected != "", words
