"""The commands as Typer builds them, only as far as the words that were typed go.

Of some hundred commands Typer would look through every option of each, which takes a tenth of a second of every start.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from typer import Typer
from typer.main import get_command_name, get_group, solve_typer_info_defaults
from typer.models import CommandInfo, TyperInfo


def command_of(app: Typer, words: Sequence[str]) -> Any:
    """The command line of `app` with no more than what the words ask for; all of it where they name no command."""
    return get_group(_narrowed(app, words))


def _narrowed(app: Typer, words: Sequence[str]) -> Typer:
    if not words:
        return app
    commands = [each for each in app.registered_commands if _name_of_command(each) == words[0]]
    groups = [each for each in app.registered_groups if solve_typer_info_defaults(each).name == words[0]]
    if not commands and not groups:  # --help, a name that is not there: all of them count
        return app
    narrow = copy(app)
    narrow.registered_commands = commands
    narrow.registered_groups = [_narrowed_group(each, words[1:]) for each in groups]
    return narrow


def _narrowed_group(group: TyperInfo, words: Sequence[str]) -> TyperInfo:
    if group.typer_instance is None:
        return group
    narrow = copy(group)
    narrow.typer_instance = _narrowed(group.typer_instance, words)
    return narrow


def _name_of_command(command: CommandInfo) -> str:
    return command.name or get_command_name(getattr(command.callback, "__name__", ""))
