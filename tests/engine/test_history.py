"""History: only changes are written, any past state can be read, and what was not recorded never happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.engine import history
from tierwise.engine import history_reading as reading
from tierwise.engine.duckdb_session import connect
from tierwise.engine.history import Kind, Move, Written, changes, states
from tierwise.engine.history_files import HISTORY, files_of, let_go
from tierwise.engine.lake import Lake
from tierwise.kernel.errors import TierwiseError

FIRST = date(2026, 1, 1)
STAGE, VIP, TIER = ("stage", "stage"), ("segment", "vip"), ("tier", "stage")
"""A tier and a stage of one name are two things."""

State = dict[tuple[int, str, str], str]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(tmp_path / "spill") as connection:
        yield connection


class Book:
    """A table of history whose versions are recorded as PostgreSQL would."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, root: Path) -> None:
        self.connection = connection
        self.lake = Lake(root)
        self.version: int | None = None

    def write(self, state: Mapping[tuple[int, str, str], str | None], as_of: date) -> Written:
        """Compare and write, and do not record."""
        keys = list(state)
        rows = pa.table(
            {
                "customer_key": pa.array([key for key, _, _ in keys], pa.int64()),
                "kind": pa.array([kind for _, kind, _ in keys], pa.string()),
                "name": pa.array([name for _, _, name in keys], pa.string()),
                "value": pa.array(list(state.values()), pa.string()),
            }
        )
        self.lake.heal(HISTORY, self.version)
        return changes(self.connection, self.lake, self.version, self.connection.from_arrow(rows), as_of)

    def record(self, state: Mapping[tuple[int, str, str], str | None], as_of: date) -> Written:
        written = self.write(state, as_of)
        self.version = written.version
        return written

    @property
    def past(self) -> reading.Past:
        past = reading.open_past(self.connection, self.lake, self.version)
        assert past is not None
        return past

    def state(self, on: date) -> State:
        rows = reading.state_on(self.past, on).fetchall()
        found = {(key, kind, name): value for key, kind, name, value in rows}
        assert len(found) == len(rows), "somebody is there twice"
        return found

    def rows(self) -> int:
        """Rows in the files of the recorded version."""
        files = self.lake.files(HISTORY, self.version)
        return len(self.connection.read_parquet(files)) if files else 0


@pytest.fixture
def book(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Book:
    return Book(connection, tmp_path / "lake")


def naive_intervals(days: Mapping[date, State]) -> set[tuple[int, str, str, str, date, date | None]]:
    """What a dictionary of states says: each stretch of recorded days on which a value was held."""
    found = set()
    since: dict[tuple[int, str, str], tuple[str, date]] = {}
    for on, state in sorted(days.items()):
        for key, (value, began) in list(since.items()):
            if state.get(key) != value:
                found.add((*key, value, began, on))
                del since[key]
        for key, value in state.items():
            since.setdefault(key, (value, on))
    return found | {(*key, value, began, None) for key, (value, began) in since.items()}


def naive_state(days: Mapping[date, State], on: date) -> State:
    known = [recorded for recorded in days if recorded <= on]
    return days[max(known)] if known else {}


one_state = st.dictionaries(
    st.tuples(st.integers(1, 4), st.sampled_from([STAGE, VIP, TIER])).map(lambda pair: (pair[0], *pair[1])),
    st.sampled_from(["a", "b", "c"]),
    max_size=8,
)


@settings(max_examples=8, deadline=None)
@given(runs=st.lists(st.tuples(st.integers(-1, 3), one_state, st.booleans()), min_size=1, max_size=8))
def test_it_says_what_a_dictionary_of_states_says(runs: list[tuple[int, State, bool]]) -> None:
    """Days that move on, stand still (a second run) or go back; every third run or so dies before it is recorded."""
    with (
        TemporaryDirectory() as folder,
        connect(Path(folder) / "spill") as connection,
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(history, "TOGETHER_AFTER", 3)
        book = Book(connection, Path(folder) / "lake")
        days: dict[date, State] = {}
        today = FIRST
        for step, state, dies in runs:
            on = today + timedelta(days=step)
            if dies and days:
                book.write(state, on)
                continue
            written = book.record(state, on)
            assert written.touched == (not days or on >= max(days))
            if written.touched:
                _check_moves(written, naive_state(days, on - timedelta(days=1)), state)
                days[on] = state
                today = on
        assert naive_intervals(days) == {
            (key, i.kind, i.name, i.value, i.valid_from, i.valid_to)
            for key in range(1, 5)
            for i in reading.intervals_of(book.past, key)
        }
        for on in (min(days) + timedelta(days=n) for n in range((max(days) - min(days)).days + 2)):
            assert book.state(on) == naive_state(days, on)
        _check_figures(book, days)


def _check_moves(written: Written, before: State, after: State) -> None:
    found = {(m.kind, m.name, m.value): (m.entries, m.exits) for m in written.moves}
    for (kind, name, value), (entries, exits) in found.items():
        came = [k for k, v in after.items() if k[1:] == (kind, name) and v == value and before.get(k) != value]
        went = [k for k, v in before.items() if k[1:] == (kind, name) and v == value and after.get(k) != value]
        assert (entries, exits) == (len(came), len(went))
    assert written.entries == sum(before.get(k) != v for k, v in after.items())
    assert written.exits == sum(after.get(k) != v for k, v in before.items())


def _check_figures(book: Book, days: Mapping[date, State]) -> None:
    """Counts, moves, flows and lengths of the stages, by the same dictionary."""
    first, last = min(days), max(days)
    held = {on: {k[0]: v for k, v in state.items() if k[1:] == STAGE} for on, state in days.items()}
    for on, of_stage in held.items():
        counts = reading.counts_on(book.past, *STAGE, on)
        assert counts == {v: list(of_stage.values()).count(v) for v in sorted(set(of_stage.values()))}
    for move in reading.moves(book.past, *STAGE, first, last):
        both = held[first].keys() | held[last].keys()
        pairs = [(held[first].get(key), held[last].get(key)) for key in both]
        assert pairs.count((move.before, move.after)) == move.customers
    intervals = [i for i in naive_intervals(days) if i[1:3] == STAGE]
    for flow in reading.flows(book.past, *STAGE, first, last):
        assert flow.entries == sum(i[3] == flow.value and i[4] == flow.day for i in intervals)
        assert flow.exits == sum(i[3] == flow.value and i[5] == flow.day for i in intervals)
    began = min((i[4] for i in intervals), default=first)
    for length in reading.dwell(book.past, *STAGE, last):
        known = [(f, t) for _, _, _, v, f, t in intervals if v == length.value and f > began]
        ended = [(t - f).days for f, t in known if t is not None]
        assert length.ended == len(ended)
        assert length.median_days == (median(ended) if ended else None)
        assert length.mean_days == (pytest.approx(sum(ended) / len(ended)) if ended else None)
        assert length.still_open == sum(t is None for _, t in known)
        assert length.unknown_start == sum(i[3] == length.value and i[4] == began for i in intervals)


def stage(**held: str) -> State:
    """stage(c1="new") is customer 1 in the stage new."""
    return {(int(name[1:]), *STAGE): value for name, value in held.items()}


MATRIX = (stage(c1="new", c2="new", c3="vip", c4="lost"), stage(c1="vip", c2="new", c4="lost", c5="new"))
"""Worked by hand: 1 rises, 2 and 4 stay, 3 goes away, 5 comes."""


def test_the_small_matrix(book: Book) -> None:
    assert book.record(MATRIX[0], day(0)).entries == 4
    written = book.record(MATRIX[1], day(10))
    assert written.moves == (Move("stage", "stage", "new", 1, 1), Move("stage", "stage", "vip", 1, 1))
    found = {(m.before, m.after): m.customers for m in reading.moves(book.past, *STAGE, day(0), day(10))}
    assert found == {
        ("new", "vip"): 1, ("new", "new"): 1, ("lost", "lost"): 1, ("vip", None): 1, (None, "new"): 1,
    }  # fmt: skip
    links = reading.links(book.past, *STAGE, [day(0), day(5), day(10)])
    assert {(link.before, link.after) for link in links if link.from_day == day(0)} == {
        ("new", "new"), ("vip", "vip"), ("lost", "lost"), (None, None),
    }  # fmt: skip
    assert {(link.before, link.after): link.customers for link in links if link.from_day == day(5)} == found
    assert reading.intervals_of(book.past, 1) == (
        reading.Interval("stage", "stage", "new", day(0), day(10)),
        reading.Interval("stage", "stage", "vip", day(10), None),
    )


def test_lengths_leave_out_what_began_at_an_unknown_day(book: Book) -> None:
    """The first day's intervals began nobody knows when. 2 was vip 4 days, 3 was vip 6 days; 1 is vip since day 12."""
    book.record(stage(c1="new", c2="new", c3="new"), day(0))
    book.record(stage(c1="new", c2="vip", c3="vip"), day(2))
    book.record(stage(c1="new", c2="lost", c3="vip"), day(6))
    book.record(stage(c1="new", c2="lost"), day(8))
    book.record(stage(c1="vip", c2="lost"), day(12))
    told = {length.value: length for length in reading.dwell(book.past, *STAGE, day(20))}
    assert told["vip"] == reading.Dwell("vip", 2, 5.0, 5.0, 1, 8.0, 8.0, 0)
    assert told["new"] == reading.Dwell("new", 0, None, None, 0, None, None, 3)
    assert told["lost"] == reading.Dwell("lost", 0, None, None, 1, 14.0, 14.0, 0)


def test_an_unchanged_day_writes_no_rows_and_is_known(book: Book) -> None:
    book.record(MATRIX[0], day(0))
    rows = book.rows()
    written = book.record(MATRIX[0], day(3))
    assert (written.touched, written.moves, book.rows()) == (True, (), rows)
    assert files_of(book.lake, book.version).last_day == day(3)
    assert not book.record(MATRIX[1], day(2)).touched


def test_a_past_run_leaves_it_alone_and_says_so(book: Book) -> None:
    book.record(MATRIX[0], day(5))
    version = book.version
    written = book.record(MATRIX[1], day(4))
    assert (written.touched, written.version, book.lake.latest_version(HISTORY)) == (False, version, version)
    assert written.note is not None
    assert "recorded up to 2026-01-06" in written.note
    assert book.state(day(5)) == MATRIX[0]


def test_a_second_run_of_a_day_replaces_the_first(book: Book) -> None:
    book.record(MATRIX[0], day(0))
    book.record(stage(c1="lost", c9="new"), day(1))
    written = book.record(MATRIX[1], day(1))
    assert written.entries == 2
    assert written.exits == 2
    assert book.state(day(1)) == MATRIX[1]
    assert reading.intervals_of(book.past, 9) == ()
    assert len([d for d, _ in files_of(book.lake, book.version).days]) == 2


def test_a_crash_between_commit_and_record_is_healed(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one in the commit that puts days together."""
    monkeypatch.setattr(history, "TOGETHER_AFTER", 2)
    book.record(MATRIX[0], day(0))
    for number in range(1, 4):
        lost = book.write(stage(c7="lost"), day(number))
        assert lost.version != book.version
        assert book.state(day(number)) == MATRIX[0 if number == 1 else (number - 1) % 2]
        book.record(MATRIX[number % 2], day(number))
        assert book.state(day(number)) == MATRIX[number % 2]
        assert reading.intervals_of(book.past, 7) == ()
    assert files_of(book.lake, book.version).closed


def test_days_are_put_together_and_old_files_go(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "TOGETHER_AFTER", 3)
    for number in range(11):
        book.record(MATRIX[number % 2], day(number))
    files = files_of(book.lake, book.version)
    assert (len(files.closed), len(files.opened)) == (3, 1)
    assert 1 <= len(files.days) <= 3
    closed = book.connection.read_parquet([str(book.lake.path(HISTORY) / path) for path in files.closed])
    assert closed.filter("valid_to IS NULL OR valid_to <= valid_from").fetchall() == []
    for number in range(11):
        assert book.state(day(number)) == MATRIX[number % 2]
    there = len(list(book.lake.path(HISTORY).glob("*.parquet")))
    book.version = let_go(book.lake, keep_hours=0)
    assert len(list(book.lake.path(HISTORY).glob("*.parquet"))) == len(files.closed) + 1 + len(files.days) < there
    assert book.state(day(3)) == MATRIX[1]


def test_states_come_from_the_snapshot_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "CREATE TABLE profile AS SELECT * FROM (VALUES (1, 'new', 3), (2, NULL, NULL)) "
        't(customer_key, "阶段", decile)'
    )
    connection.execute(
        "CREATE TABLE tag_rows AS SELECT * FROM (VALUES (1, 'likes', 'red'), (2, 'vegan', NULL), (2, 'other', 'x')) "
        "t(customer_key, tag, value)"
    )
    connection.execute("CREATE TABLE segment_rows AS SELECT * FROM (VALUES (2, 'vip')) t(customer_key, segment)")
    ladders: dict[str, Kind] = {"阶段": "stage", "decile": "tier"}
    found = states(connection, ladders, ["likes", "vegan"], tag_rows="tag_rows", segment_rows="segment_rows")
    assert sorted(found.fetchall(), key=str) == sorted(
        [
            (1, "stage", "阶段", "new"),
            (1, "tier", "decile", "3"),
            (1, "tag", "likes", "red"),
            (2, "tag", "vegan", None),
            (2, "segment", "vip", None),
        ],
        key=str,
    )
    assert states(connection, {}, segment_rows="segment_rows", segments=["other"]).fetchall() == []
    assert states(connection, {}).fetchall() == []


def test_who_is_in_a_segment_holds_yes(book: Book) -> None:
    book.record({(1, *VIP): None}, day(0))
    assert book.state(day(0)) == {(1, *VIP): "yes"}
    assert book.record({(1, *VIP): None}, day(1)).moves == ()


def test_two_values_of_one_name_are_refused_and_nothing_is_written(book: Book) -> None:
    book.record(MATRIX[0], day(0))
    version = book.version
    double = pa.table({"customer_key": [1, 1], "kind": ["tag"] * 2, "name": ["likes"] * 2, "value": ["red", "blue"]})
    with pytest.raises(TierwiseError) as caught:
        changes(book.connection, book.lake, version, book.connection.from_arrow(double), day(1))
    assert caught.value.code == "ambiguous_state"
    assert book.lake.latest_version(HISTORY) == version
    assert book.record(MATRIX[1], day(1)).touched


def test_another_programs_files_are_told(book: Book) -> None:
    book.record(MATRIX[0], day(0))
    from deltalake import DeltaTable

    DeltaTable(str(book.lake.path(HISTORY))).optimize.compact()
    book.record(MATRIX[1], day(1))
    DeltaTable(str(book.lake.path(HISTORY))).optimize.compact(min_commit_interval=None)
    with pytest.raises(TierwiseError) as caught:
        files_of(book.lake, book.lake.latest_version(HISTORY))
    assert caught.value.code == "bad_history_file"


def test_any_engine_reads_the_table(book: Book) -> None:
    """Delta's own reader sees the contract's columns; an open row that a closed one overtakes is the same interval."""
    from deltalake import DeltaTable

    for number in range(3):
        book.record(MATRIX[number % 2], day(number))
    table = DeltaTable(str(book.lake.path(HISTORY)), version=book.version).to_pyarrow_table()
    assert table.column_names == ["customer_key", "kind", "name", "value", "valid_from", "valid_to"]
    book.connection.register("raw", table)
    intervals = book.connection.execute(
        "SELECT customer_key, kind, name, value, valid_from, max(valid_to) FROM raw GROUP BY ALL"
    ).fetchall()
    assert set(intervals) == naive_intervals({day(n): MATRIX[n % 2] for n in range(3)})
