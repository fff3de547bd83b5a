"""What every command shares: opening the context, one JSON object or something to read, errors to exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.abc import MetaPathFinder
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tierwise.cli import language
from tierwise.cli.tree import command_of
from tierwise.kernel.errors import TierwiseError
from tierwise.kernel.wording import Language, problem_in_language

if TYPE_CHECKING:
    from typer import Typer

    from tierwise.app.context import Context

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def note(text: str) -> None:
    """A word to the person in front, in the person's language; never on stdout."""
    _aside(language.told(text))


def _aside(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def opened() -> Iterator[Context]:
    """The context of this home, closed again."""
    from tierwise.bootstrap import open_context

    context = open_context(note=note)
    try:
        if not language.is_chosen():
            language.choose(_of_the_project(context))
        yield context
    finally:
        context.database.dispose()


@contextmanager
def as_the_home_speaks() -> Iterator[None]:
    """For commands that open no context of their own: what they say in the end, errors too, is in the language of the
    home's project, where nothing else has been said."""
    try:
        yield
    finally:
        if not language.is_chosen():
            from tierwise.bootstrap import Settings, language_of_home

            with suppress(TierwiseError):
                if (found := language_of_home(Settings.from_environment())) is not None:
                    language.choose(found)


def _of_the_project(context: Context) -> Language:
    from tierwise.app.defining import project_of

    return project_of(context).language


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("left out by the command line", name=fullname)


def leave_out_pandas() -> None:
    """For the rest of this process, as if pandas were not installed, as it need not be.

    Where it is, DuckDB loads it to ask whether a constant is its NaT: most of a second, of a command that has no such
    frame.
    """
    sys.meta_path.insert(0, _NoPandas())


def write(path: Path, text: str) -> None:
    """Write a file. Raises `write_failed`."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise TierwiseError("write_failed", f"cannot be written: {error.strerror}", place=str(path)) from error


def tell(result: Any, as_json: bool, for_people: Callable[[], None]) -> None:
    """One JSON object on stdout, or what `for_people` prints."""
    if as_json:
        print(json.dumps(plain(result), ensure_ascii=False))
    else:
        for_people()


def plain(value: Any) -> Any:
    """As JSON has it: money and other decimals as text, dates as 2026-06-30."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def refuse(error: TierwiseError, as_json: bool) -> NoReturn:
    """Say what is wrong, all of it, and end with 1."""
    problems = [problem_in_language(problem, language.language()) for problem in error.problems]
    if as_json:
        print(json.dumps({**plain(problems[0]), "problems": plain(problems)}, ensure_ascii=False))
    else:
        for problem in problems:
            where = f"{problem.place}: " if problem.place else ""
            _aside(f"{language.word('error')}: {where}{problem.message}")
            if problem.remedy:
                _aside(f"       {problem.remedy}")
    raise SystemExit(FAILED)


def guarded(app: Typer) -> None:
    """Run the command line; turn our errors into exit codes. Anything else is a defect and shows its trace."""
    as_json = "--json" in sys.argv[1:]
    try:
        sys.argv[1:] = language.speak(sys.argv[1:])
        _run(app)
    except TierwiseError as error:
        refuse(error, as_json)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILED) from None
    except SystemExit as end:
        if end.code == INTERRUPTED:  # Typer has made it of Ctrl-C
            note("interrupted; nothing was left half-done")
        raise
    except Exception as error:
        from tierwise.app.database_lost import LOST, lost

        if isinstance(error, LOST):
            refuse(lost(), as_json)
        raise
    finally:
        language.forget()


def _run(app: Typer) -> None:
    """Typer speaks English: in another language, its helps and what it says of misuse are translated."""
    command = command_of(app, sys.argv[1:])
    if language.language() == "en":
        command()
        return
    language.translate(command)
    try:
        ended = command(standalone_mode=False)
    except Exception as error:
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        said = StringIO()
        error.show(file=said)
        _aside(language.fixed(said.getvalue()).rstrip("\n"))
        raise SystemExit(error.exit_code) from None
    raise SystemExit(ended if isinstance(ended, int) else DONE)
