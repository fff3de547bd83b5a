"""Measuring in turn: A, B, A, B, …, so that what disturbs the machine disturbs both; medians, and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryFile

from tierwise.kernel.clock import monotonic_seconds


@dataclass(frozen=True, slots=True)
class Once:
    """One process: seconds of what was measured in it, the most memory it held, MiB, and the processor's seconds.

    The latter are of the whole process, its start included, and tell more than the clock where others use the machine.
    """

    seconds: float
    peak_mib: float
    cpu_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """All turns of one thing."""

    name: str
    turns: tuple[Once, ...]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(turn.seconds for turn in self.turns)

    @property
    def cpu_seconds(self) -> float:
        """The median."""
        return median(turn.cpu_seconds for turn in self.turns)

    @property
    def peak_mib(self) -> float:
        return max(turn.peak_mib for turn in self.turns)


def process(command: Sequence[str], *, says_seconds: bool = True, environment: Mapping[str, str] | None = None) -> Once:
    """Run a command to its end. says_seconds: its last line of stdout is the figure; else its whole wall time is.

    Raises SystemExit with what it said when it fails. Linux counts what this process holds at the start into the peak
    of its child, so whoever measures must stay small: no DuckDB, no NumPy here.
    """
    with TemporaryFile("w+") as said, TemporaryFile("w+") as errors:
        started = monotonic_seconds()
        child = subprocess.Popen(command, stdout=said, stderr=errors, env={**os.environ, **(environment or {})})
        _, status, used = os.wait4(child.pid, 0)
        seconds = monotonic_seconds() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            raise SystemExit(f"{' '.join(command[1:])} failed:\n{errors.read()[-4000:]}")
        if says_seconds:
            seconds = float(said.read().split()[-1])
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Once(seconds, used.ru_maxrss / unit, used.ru_utime + used.ru_stime)


def in_turn(
    things: Mapping[str, Callable[[], Once]], times: int, told: Callable[[str, Once], None]
) -> dict[str, Measured]:
    """Each thing `times` times, one after the other in each round."""
    turns: dict[str, list[Once]] = {name: [] for name in things}
    for _ in range(times):
        for name, measure in things.items():
            once = measure()
            turns[name].append(once)
            told(name, once)
    return {name: Measured(name, tuple(found)) for name, found in turns.items()}
