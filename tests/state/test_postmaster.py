"""The proof that a process is ours, and the signal that depends on it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tierwise.state import postmaster


def test_stranger_in_the_data_folder_is_not_ours(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"], cwd=tmp_path) as other:
        assert not postmaster.is_ours(other.pid, tmp_path)
        other.kill()


def test_signal_without_proof_is_not_sent(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        assert postmaster.signal_if(other.pid, lambda pid: False, signal.SIGKILL) is False
        assert other.poll() is None
        assert postmaster.signal_if(other.pid, lambda pid: pid == other.pid, signal.SIGKILL) is True
        assert other.wait() == -signal.SIGKILL


def test_signal_to_one_who_has_gone_is_not_sent() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert postmaster.signal_if(gone.pid, lambda pid: True, signal.SIGKILL) is False


@pytest.mark.parametrize("written", ["", "\n", "abc\n", "0\n", "1\n/data\n"])
def test_pid_file_that_names_no_server_reads_as_none(tmp_path: Path, written: str) -> None:
    (tmp_path / "postmaster.pid").write_text(written)
    assert postmaster.read_pid_file(tmp_path) is None


def test_pid_file_is_read_while_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    assert postmaster.read_pid_file(tmp_path) == postmaster.PidFile(os.getpid(), "")
