"""The embedded server: what happens to two commands at once, kill -9, strangers' pids, odd paths, half-made data."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tierwise.kernel.errors import TierwiseError
from tierwise.state import embedded, postmaster, service_user, socket_folder
from tierwise.state.database import open_database
from tierwise.state.embedded import EmbeddedServer

ENSURE = """
import pathlib, sys
from tierwise.state.embedded import EmbeddedServer
print(EmbeddedServer(pathlib.Path(sys.argv[1])).ensure())
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server that these tests may kill, in a path with a space, quotes and Chinese, made by one `ensure`."""
    server = EmbeddedServer(tmp_path_factory.mktemp("own") / """4S 店 "华东" 'a' 100%""")
    yield server
    server.stop()


def ask(server: EmbeddedServer, sql: str) -> object:
    engine = open_database(server.ensure())
    try:
        with engine.begin() as connection:
            result = connection.execute(text(sql))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def pid_of(server: EmbeddedServer) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def stranger(server: EmbeddedServer) -> subprocess.Popen[bytes]:
    """A process of the server's own account that is no PostgreSQL, in the server's own folder."""
    user = service_user.choose(server.data)
    return subprocess.Popen(["sleep", "600"], cwd=server.data, **user.identity())


def leave_stale_files(server: EmbeddedServer, pid: int) -> None:
    """What a container that was switched off leaves: the pid file and the socket's lock, both naming `pid`."""
    place = socket_folder.find(server.folder)
    assert place is not None
    lines = f"{pid}\n{server.data}\n1700000000\n5432\n{place}\n\n  123456 7\nready   \n"
    for path in (server.data / "postmaster.pid", place / ".s.PGSQL.5432.lock"):
        path.write_text(lines)
        path.chmod(0o600)
        service_user.give(path, service_user.choose(server.data))


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits for init to take note (Z) does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill(pid: int) -> None:
    """kill -9, and wait until it has taken effect."""
    os.kill(pid, signal.SIGKILL)
    while lives(pid):
        time.sleep(0.001)


def alive(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def test_path_with_space_quotes_and_chinese_works(own: EmbeddedServer) -> None:
    assert ask(own, "show data_directory") == str(own.data)


def test_server_is_utf8_utc_durable_and_hears_no_network(own: EmbeddedServer) -> None:
    names = ("server_encoding", "TimeZone", "fsync", "synchronous_commit", "listen_addresses")
    found = [ask(own, f"show {name}") for name in names]
    assert found == ["UTF8", "UTC", "on", "on", ""]
    assert ask(own, "select datcollate from pg_database where datname = current_database()") == "C"


def test_socket_and_data_are_private_and_the_parent_is_left_alone(own: EmbeddedServer) -> None:
    own.folder.parent.parent.chmod(0o711)
    own.stop()
    own.ensure()
    place = own.status().socket_dir
    assert place is not None
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, own.data, own.folder)] == [0o700] * 3
    assert stat.S_IMODE(own.folder.parent.parent.stat().st_mode) == 0o711
    assert own.folder.parent.stat().st_uid == os.geteuid()


def test_second_ensure_uses_the_server_that_is_there(own: EmbeddedServer) -> None:
    own.ensure()
    before = pid_of(own)
    own.ensure()
    assert pid_of(own) == before


def test_environment_of_the_caller_does_not_reach_the_server(
    own: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.stop()
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGOPTIONS", "-c timezone=Asia/Shanghai")
    assert ask(own, "show port") == "5432"
    assert ask(own, "show timezone") == "UTC"


def test_stop_leaves_nothing_running(own: EmbeddedServer) -> None:
    own.ensure()
    processes = list(postmaster.processes_of(own.data))
    assert len(processes) > 1
    assert own.stop() is True
    assert not [pid for pid in processes if lives(pid)]
    assert not (own.data / "postmaster.pid").exists()
    assert not list((own.folder / "socket").iterdir())
    assert own.status().running is False
    assert own.stop() is False


def test_stop_ends_open_sessions(own: EmbeddedServer) -> None:
    engine = open_database(own.ensure())
    with engine.connect() as connection:
        connection.execute(text("select 1"))
        assert own.stop() is True
        connection.invalidate()
    engine.dispose()
    assert not list(postmaster.processes_of(own.data))


def test_kill_9_of_the_postmaster_loses_nothing_committed(own: EmbeddedServer) -> None:
    ask(own, "create table survivor as select 42 as n")
    killed = pid_of(own)
    kill(killed)
    assert ask(own, "select n from survivor") == 42
    assert pid_of(own) != killed


def test_busy_orphans_of_a_killed_postmaster_are_ended_before_the_next_start(
    own: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_ORPHAN_TICKS", 30)
    engine = open_database(own.ensure())
    raw = engine.raw_connection()
    backend: int = raw.driver_connection.info.backend_pid  # type: ignore[union-attr]
    raw.driver_connection.pgconn.send_query(b"select count(*) from generate_series(1, 100000000000)")  # type: ignore[union-attr]
    while Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[0] != "R":
        time.sleep(0.01)
    kill(pid_of(own))
    assert postmaster.is_ours(backend, own.data)
    assert ask(own, "select 1") == 1
    assert not postmaster.is_ours(backend, own.data)
    raw.invalidate()
    engine.dispose()


def test_stale_pid_of_a_stranger_is_cleared_and_the_stranger_left_alone(own: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    with stranger(own) as other:
        leave_stale_files(own, other.pid)
        assert own.status().running is False
        assert ask(own, "select 1") == 1
        assert alive(other)
        assert pid_of(own) != other.pid
        other.kill()


def test_stop_never_signals_a_stranger(own: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    with stranger(own) as other:
        leave_stale_files(own, other.pid)
        assert own.stop() is False
        assert alive(other)
        other.kill()


def test_postgres_of_another_home_is_a_stranger(own: EmbeddedServer, server: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    other = pid_of(server)
    leave_stale_files(own, other)
    assert own.stop() is False
    own.ensure()
    assert pid_of(server) == other
    assert pid_of(own) != other


def test_pid_file_cut_short_is_cleared(own: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    (own.data / "postmaster.pid").write_text("")
    assert ask(own, "select 1") == 1


def test_server_outlives_its_command_and_holds_none_of_its_files(own: EmbeddedServer) -> None:
    own.stop()
    # Ends only when every holder of the pipe has closed it.
    done = subprocess.run(
        [sys.executable, "-c", ENSURE, str(own.folder.parent)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == own.ensure()
    assert os.getsid(pid_of(own)) != os.getsid(0)


def test_process_is_proved_by_its_title_where_proc_may_not_be_read(own: EmbeddedServer, tmp_path: Path) -> None:
    own.ensure()
    processes = list(postmaster.processes_of(own.data))
    assert postmaster._is_ours_by_title(pid_of(own), own.data)
    strangers = [pid for pid in processes if not postmaster._is_ours_by_title(pid, own.data)]
    assert not set(strangers) & set(postmaster.processes_of(own.data))  # what has ended meanwhile has no title
    assert not any(postmaster._is_ours_by_title(pid, tmp_path) for pid in processes)
    assert not postmaster._is_ours_by_title(os.getpid(), own.data)


def test_server_that_cannot_start_says_why(own: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    control = own.data / "global" / "pg_control"
    away = control.rename(own.folder / "pg_control")
    with pytest.raises(TierwiseError, match="pg_control") as caught:
        own.ensure()
    away.rename(control)
    assert (caught.value.code, caught.value.place) == ("postgres_start", str(own.log))
    assert ask(own, "select 1") == 1


def test_cluster_of_another_version_is_refused(own: EmbeddedServer) -> None:
    own.ensure()
    own.stop()
    version = own.data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(TierwiseError) as caught:
        own.ensure()
    version.write_text("18\n")
    assert caught.value.code == "postgres_version"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can restore a copy that belongs to root")
def test_copy_that_root_restored_is_given_back_to_the_server(own: EmbeddedServer, tmp_path: Path) -> None:
    ask(own, "create table kept as select 7 as n")
    own.stop()
    shutil.copytree(own.folder, tmp_path / "postgres")
    assert (tmp_path / "postgres" / "data").stat().st_uid == 0
    copy = EmbeddedServer(tmp_path)
    try:
        assert ask(copy, "select n from kept") == 7
    finally:
        copy.stop()


def test_commands_at_once_in_a_fresh_home_start_one_server(tmp_path: Path) -> None:
    commands = [
        subprocess.Popen([sys.executable, "-c", ENSURE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    server = EmbeddedServer(tmp_path)
    try:
        urls = {command.communicate(timeout=60)[0].strip() for command in commands}
        assert [command.returncode for command in commands] == [0, 0, 0]
        assert urls == {server.ensure()}
        assert server.log.read_text().count("starting PostgreSQL") == 1
    finally:
        server.stop()


def test_initdb_killed_in_the_middle_is_done_anew(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    with subprocess.Popen([sys.executable, "-c", ENSURE, str(tmp_path)], start_new_session=True) as command:
        while not list(server.folder.glob("data.new-*/global")):
            assert command.poll() is None
            time.sleep(0.005)
        command.kill()
    assert not server.data.exists()
    try:
        assert ask(server, "select 1") == 1
        assert not list(server.folder.glob("data.new-*"))
    finally:
        server.stop()


def test_path_too_long_for_a_socket_uses_a_private_folder_and_removes_it(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / ("long" * 25) / "a,b")
    try:
        assert ask(server, "select 1") == 1
        place = server.status().socket_dir
        assert place is not None
        assert not place.is_relative_to(tmp_path)
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
        server.stop()
        assert not place.exists()
        assert ask(server, "select 1") == 1
    finally:
        server.stop()


def test_home_that_cannot_be_used_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TierwiseError) as caught:
        EmbeddedServer(tmp_path / "file").ensure()
    assert caught.value.code == "postgres_start"
    assert "TIERWISE_DATABASE_URL" in (caught.value.remedy or "")


def test_status_and_stop_of_a_home_that_is_not_there_make_nothing(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "none")
    status = server.status()
    assert (status.running, status.ready, status.pid, status.size_bytes) == (False, False, None, 0)
    assert server.stop() is False
    assert not (tmp_path / "none").exists()
