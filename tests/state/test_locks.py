"""Locks between processes: refused, waited for, given back, and never left by one who dies."""

import subprocess
import sys
import threading

import pytest
from sqlalchemy import Engine, text

from tierwise.kernel.errors import TierwiseError
from tierwise.state.locks import HOME_WRITE, held, hold_for_transaction, is_free, lock_key

HOLD = """
import sys, time
from tierwise.state.database import open_database
from tierwise.state.locks import held
with held(open_database(sys.argv[1]), "write"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_keys_stay_what_they_were() -> None:
    # Another key in another version, and two versions at work in one home would not see each other.
    assert lock_key(HOME_WRITE) == -3566792418461313208


def test_second_holder_is_refused_or_times_out(database: Engine) -> None:
    with held(database, "write"):
        for wait_seconds in (0, 0.05):
            second = held(database, "write", wait_seconds=wait_seconds)
            with pytest.raises(TierwiseError, match="another process") as caught, second:
                pass
            assert caught.value.code == "busy"
        with held(database, "other", wait_seconds=0):
            pass
    with held(database, "write", wait_seconds=0):
        pass


def test_lock_is_given_back_after_an_error(database: Engine) -> None:
    with pytest.raises(ZeroDivisionError), held(database, "write"):
        _ = 1 / 0
    with held(database, "write", wait_seconds=0):
        pass


def test_waiting_holder_goes_on_when_the_first_ends(database: Engine) -> None:
    order: list[str] = []

    def second() -> None:
        with held(database, "write"):
            order.append("second")

    thread = threading.Thread(target=second)
    with held(database, "write"):
        thread.start()
        with database.connect() as connection:
            waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
            while not connection.scalar(waiting):
                pass
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_timeout_of_one_wait_does_not_stay_with_the_connection(database: Engine) -> None:
    with held(database, "write", wait_seconds=0.05), database.connect() as connection:
        assert connection.scalar(text("select 1")) == 1
    with database.connect() as connection:
        assert connection.scalar(text("show lock_timeout")) == "0"


def test_killed_process_leaves_no_lock(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(TierwiseError), held(database, "write", wait_seconds=0):
            pass
        process.kill()
    with held(database, "write", wait_seconds=10):
        pass


def test_lock_of_a_transaction_ends_with_it(database: Engine) -> None:
    with database.begin() as first:
        hold_for_transaction(first, "definitions")
        with database.begin() as second:
            assert is_free(second, "definitions") is False
    with database.begin() as third:
        assert is_free(third, "definitions") is True
