"""What every command shares: opening the context, one JSON object or something to read, errors to exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tierwise.kernel.errors import TierwiseError

if TYPE_CHECKING:
    from tierwise.app.context import Context

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def note(text: str) -> None:
    """A word to the person in front; never on stdout."""
    print(text, file=sys.stderr)


@contextmanager
def opened() -> Iterator[Context]:
    """The context of this home, closed again."""
    from tierwise.bootstrap import open_context

    context = open_context(note=note)
    try:
        yield context
    finally:
        context.database.dispose()


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
    if as_json:
        first = {"code": error.code, "message": error.message, "place": error.place, "remedy": error.remedy}
        print(json.dumps({**first, "problems": plain(list(error.problems))}, ensure_ascii=False))
    else:
        for problem in error.problems:
            where = f"{problem.place}: " if problem.place else ""
            note(f"error: {where}{problem.message}")
            if problem.remedy:
                note(f"       {problem.remedy}")
    raise SystemExit(FAILED)


def guarded(command: Callable[[], None]) -> None:
    """Run the command line; turn our errors into exit codes. Anything else is a defect and shows its trace."""
    as_json = "--json" in sys.argv[1:]
    try:
        command()
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
