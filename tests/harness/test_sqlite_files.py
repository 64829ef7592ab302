"""SQLite files that several processes share."""

import gc
import os
import sqlite3
import weakref
from pathlib import Path

import pytest

from harness.sqlite_files import OwnConnection, check_format, format_of, in_transaction, open_read_only, open_shared, turn_to_wal


def _rows(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    made = open_shared(tmp_path / "numbers.sqlite", 1)
    turn_to_wal(made, 1)
    in_transaction(made, lambda new: new.execute("CREATE TABLE numbers (number INTEGER)"))
    return made


def test_a_transaction_that_is_interrupted_leaves_nothing_of_what_it_wrote(connection: sqlite3.Connection) -> None:
    def interrupted(to: sqlite3.Connection) -> None:
        to.execute("INSERT INTO numbers VALUES (1)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_transaction(connection, interrupted)
    in_transaction(connection, lambda to: to.execute("INSERT INTO numbers VALUES (2)"))
    assert _rows(connection) == [2]


def test_a_transaction_gives_what_the_work_returns_and_others_see_all_of_it(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    assert in_transaction(connection, lambda to: to.execute("INSERT INTO numbers VALUES (3), (4)").rowcount) == 2
    assert _rows(open_shared(tmp_path / "numbers.sqlite", 1)) == [3, 4]


def test_a_file_is_read_without_its_log_and_not_written(connection: sqlite3.Connection, tmp_path: Path) -> None:
    in_transaction(connection, lambda to: to.execute("INSERT INTO numbers VALUES (5)"))
    connection.close()
    reading = open_read_only(tmp_path / "numbers.sqlite")
    assert _rows(reading) == [5]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("INSERT INTO numbers VALUES (6)")


def test_a_file_of_another_format_is_refused_with_both_numbers(connection: sqlite3.Connection) -> None:
    assert format_of(connection) == 0
    connection.execute("PRAGMA user_version = 7")
    check_format(connection, 7)
    with pytest.raises(OSError, match="its format is 7, and this version of the harness reads 8"):
        check_format(connection, 8)


class Watched(sqlite3.Connection):
    """One that a weak reference can be made to."""


@pytest.mark.parametrize("used", [True, False])
def test_a_forked_process_has_no_connection_and_leaves_its_parents_alone(tmp_path: Path, used: bool) -> None:
    own = OwnConnection()
    assert own.held() is None
    assert not own.known
    made = sqlite3.connect(tmp_path / "numbers.sqlite", factory=Watched)
    made.execute("CREATE TABLE numbers (number INTEGER)")
    assert own.hold(made) is own.held() is made
    parents = weakref.ref(made)
    del made
    child = os.fork()
    if child == 0:
        inherits = own.known and (not used or (own.held() is None and own.held() is None))
        own.close()
        gc.collect()
        os._exit(0 if inherits and parents() is not None and own.held() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert _rows(own.held() or open_shared(Path(), 0)) == []
    own.close()
    assert not own.known
