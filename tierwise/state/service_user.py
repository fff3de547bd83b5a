"""Which account runs the embedded PostgreSQL.

PostgreSQL refuses to run as root. Where Tierwise is root (containers), the server runs as the account that owns
its data, else as `postgres` where that account exists, else as `nobody`. No permission of any folder is widened
for that account: where it cannot reach the programs or the home, the one capability that it lacks goes with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.kernel.errors import TierwiseError

OTHER_WAY = "run Tierwise as an ordinary user, or set TIERWISE_DATABASE_URL to a PostgreSQL server"
_CAPABILITY_BITS = {"dac_read_search": 2, "dac_override": 1}


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """The account of the server process. capability: the one that it takes along, None where none is needed."""

    uid: int
    gid: int
    capability: str | None = None

    @property
    def is_self(self) -> bool:
        return self.uid == os.geteuid()

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line that runs `arguments` as this account, started with `identity()`."""
        if self.is_self or self.capability is None:
            return list(arguments)
        return [
            str(shutil.which("setpriv")),
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            f"--inh-caps=+{self.capability}",
            f"--ambient-caps=+{self.capability}",
            *arguments,
        ]

    def identity(self) -> dict[str, Any]:
        """Keywords for `subprocess` that drop to this account, where `command()` does not do so itself."""
        if self.is_self or self.capability is not None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose(data: Path) -> ServiceUser:
    """The account for this data folder (which may not exist yet), before anything is known about its reach."""
    owner = _owner(data)
    if os.geteuid() != 0:
        if owner is not None and owner.uid != os.geteuid():
            raise TierwiseError(
                "postgres_other_owner",
                f"the database belongs to user {owner.uid}, and this is user {os.geteuid()}",
                place=str(data),
                remedy="run as that user, or choose another TIERWISE_HOME",
            )
        return ServiceUser(os.geteuid(), os.getegid())
    if owner is not None and owner.uid != 0:
        return owner
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(account.pw_uid, account.pw_gid)
    raise TierwiseError(
        "postgres_refuses_root", "PostgreSQL does not run as root, and there is no account nobody", remedy=OTHER_WAY
    )


def with_reach(user: ServiceUser, programs: Iterable[Path], folders: Iterable[Path]) -> ServiceUser:
    """The same account, with a capability where it cannot otherwise read `programs` and enter `folders`.

    Raises `postgres_out_of_reach` where a capability is needed and this process cannot give it.
    """
    if user.is_self:
        return user
    programs, folders = list(programs), list(folders)
    cannot_read = [path for path in programs if not _may(path, user, stat.S_IROTH) or not _enters(path.parent, user)]
    cannot_enter = [path for path in folders if not _enters(path, user)]
    if not cannot_read and not cannot_enter:
        return user
    # Reading and searching suffice unless a program file itself may not be executed by others.
    runs = all(_may(path, user, stat.S_IXOTH) for path in programs[:2])
    wanted = ("dac_read_search", "dac_override") if runs else ("dac_override",)
    held = _capabilities()
    for name in wanted:
        if held >> _CAPABILITY_BITS[name] & 1 and shutil.which("setpriv"):
            return ServiceUser(user.uid, user.gid, name)
    raise TierwiseError(
        "postgres_out_of_reach",
        f"PostgreSQL does not run as root, and user {user.uid} cannot reach this path",
        place=str((cannot_read + cannot_enter)[0]),
        remedy=f"{OTHER_WAY}; or install util-linux (setpriv) and allow the capability DAC_OVERRIDE",
    )


def give(path: Path, user: ServiceUser) -> None:
    """Make `path` (not what is below it) the account's own; raises `postgres_ownership`."""
    found = os.lstat(path)
    if user.is_self or (found.st_uid, found.st_gid) == (user.uid, user.gid):
        return
    try:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    except OSError as error:
        raise TierwiseError(
            "postgres_ownership",
            f"cannot give this path to user {user.uid}: {error.strerror}",
            place=str(path),
            remedy=OTHER_WAY,
        ) from error


def give_tree(top: Path, user: ServiceUser) -> None:
    """Make `top` and everything in it the account's own (a copy restored by root belongs to root)."""
    if user.is_self:
        return
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            give(Path(folder, name), user)
    give(top, user)


def _owner(data: Path) -> ServiceUser | None:
    try:
        found = os.stat(data)
    except FileNotFoundError:
        return None
    return ServiceUser(found.st_uid, found.st_gid)


def _may(path: Path, user: ServiceUser, other_bit: int) -> bool:
    """Whether the mode of `path` gives the account what `other_bit` (S_IROTH, S_IXOTH) gives others."""
    found = path.stat()
    if found.st_uid == user.uid:
        return bool(found.st_mode & other_bit << 6)
    if found.st_gid == user.gid:
        return bool(found.st_mode & other_bit << 3)
    return bool(found.st_mode & other_bit)


def _enters(folder: Path, user: ServiceUser) -> bool:
    folder = folder.resolve()
    return all(_may(each, user, stat.S_IXOTH) for each in (folder, *folder.parents))


def _capabilities() -> int:
    """The effective capabilities of this process as bits; 0 where the system does not tell."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    except OSError:
        pass
    return 0
