"""The token of `serve`: made once per home, readable by its owner only."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from tierwise.kernel.errors import TierwiseError

FILE = "serve.token"

_SHORTEST = 20


def read_or_make_token(home: Path) -> str:
    """The token in `home/serve.token`, made (0600) where there is none.

    Raises `bad_token_file` where the file cannot be read or made, is open to others, or holds too short a token.
    """
    path = home / FILE
    token = secrets.token_urlsafe(32)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise _bad(path, f"cannot be made: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise _bad(path, "can be read by others")
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(path, "cannot be read") from error
    if len(token) < _SHORTEST:
        raise _bad(path, f"holds a token of {len(token)} characters; {_SHORTEST} are the least")
    return token


def _bad(path: Path, what: str) -> TierwiseError:
    return TierwiseError("bad_token_file", f"{FILE} {what}", place=str(path), remedy="delete it; a new one is made")
