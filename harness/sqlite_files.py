"""SQLite files that several processes share: a connection of each process's own, whole transactions, a log beside the file."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")


class OwnConnection:
    """The connection of this process; None before one is made, and after a fork in the child."""

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._process = os.getpid()

    @property
    def known(self) -> bool:
        """Whether one was made, if perhaps by the process that this one was forked from."""
        return self._connection is not None

    def held(self) -> "sqlite3.Connection | None":
        """The connection that this process made, if it has."""
        if self._process != os.getpid():
            if self._connection is not None:
                # A connection must be neither used nor closed by a forked process, so it is only kept from being collected.
                self._inherited.append(self._connection)
            self._connection, self._process = None, os.getpid()
        return self._connection

    def hold(self, connection: "sqlite3.Connection") -> "sqlite3.Connection":
        """The connection, which `held` returns from now on."""
        self.held()
        self._connection = connection
        return connection

    def close(self) -> None:
        """Ends the connection; one of another process is left alone."""
        own = self.held()
        if own is not None:
            own.close()
        self._connection = None


def open_shared(path: Path, timeout: float) -> "sqlite3.Connection":
    """A connection to read and write by, from any thread; `timeout`: seconds to wait for another process's lock."""
    import sqlite3

    connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def open_read_only(path: Path) -> "sqlite3.Connection":
    """A connection to a file in a folder that takes no lock files."""
    import sqlite3

    # Where no writer left a log, only `immutable` can open a database there.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False)


def in_transaction(connection: "sqlite3.Connection", work: "Callable[[sqlite3.Connection], T]") -> T:
    """What `work` returns, all of it in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:  # an interrupt too: nothing half written stays, and it goes on its way
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def turn_to_wal(connection: "sqlite3.Connection", timeout: float) -> None:
    """From now on the file has a log beside it (WAL), so that readers and a writer do not wait for each other."""
    import sqlite3

    deadline = time.monotonic() + timeout
    while True:  # several processes that turn one new file to WAL at once are refused without waiting
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def format_of(connection: "sqlite3.Connection") -> int:
    """The number of the file's format; 0 in a new one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def check_format(connection: "sqlite3.Connection", wanted: int) -> None:
    """Raises OSError for a file of another format."""
    version = format_of(connection)
    if version != wanted:
        raise OSError(f"its format is {version}, and this version of the harness reads {wanted}")
