"""The SQLite file of a cache: opened late, per process, and never the reason why a run fails."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.sqlite_files import OwnConnection, check_format, format_of, in_transaction, open_read_only, open_shared, turn_to_wal

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

NAME = "cache.sqlite"
FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  namespace TEXT, key BLOB, value BLOB, shard TEXT, offset INTEGER, size INTEGER, dtype TEXT, shape TEXT, crc INTEGER, used REAL,
  PRIMARY KEY (namespace, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_shard ON entries (shard);
"""


class Database:
    """The database `cache.sqlite` of a folder, which is made when it is first needed. Safe for threads and after a fork.

    `read` and `write` return `otherwise` where the database cannot be used; `problem` then says why, and so did one warning
    (logger `harness.cache`). `timeout`: seconds to wait for another process's lock.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self.path = folder / NAME
        self.problem: str | None = None
        self._timeout = timeout
        self._usable = self._writable = True
        self._lock = threading.RLock()
        self._own = OwnConnection()

    @property
    def writable(self) -> bool:
        """False once writing was given up."""
        return self._usable and self._writable

    def read(self, work: "Callable[[sqlite3.Connection], T]", otherwise: T) -> T:
        """What `work` returns."""
        import sqlite3

        with self._lock:
            if not self._usable:
                return otherwise
            try:
                connection = self._connect()
                return work(connection) if connection is not None else otherwise
            except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # sqlite3 cannot decode a damaged schema's text
                self._give_up(error, writing=False)
                return otherwise

    def write(self, work: "Callable[[sqlite3.Connection], T]", otherwise: T) -> T:
        """What `work` returns, all of it in one transaction."""
        import sqlite3

        with self._lock:
            if not self.writable:
                return otherwise
            try:
                connection = self._connect()
                if connection is None or not self._writable:
                    return otherwise
                return in_transaction(connection, work)
            except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
                self._give_up(error, writing=True)
                return otherwise

    def close(self) -> None:
        """Ends the connection; the next call opens another."""
        with self._lock:
            self._own.close()

    def say(self, text: str) -> None:
        """Warns, once for each text."""
        problem = f"the cache {self.path.parent} {text}"
        if problem != self.problem:
            self.problem = problem
            logging.getLogger("harness.cache").warning("%s", problem)

    def _connect(self) -> "sqlite3.Connection | None":
        """The connection of this process; None where there is no database and none may be made."""
        held = self._own.held()
        if held is not None:
            return held
        folder = self.path.parent
        if folder.exists() and not os.access(folder, os.W_OK):
            self._writable = False
            self.say("is read-only: what is there is used, nothing new is kept")
            if not self.path.exists():
                return None
            connection = open_read_only(self.path)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            connection = open_shared(self.path, self._timeout)
            if not format_of(connection):
                self._prepare(connection)
        check_format(connection, FORMAT)
        return self._own.hold(connection)

    def _prepare(self, connection: "sqlite3.Connection") -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        turn_to_wal(connection, self._timeout)
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")

    def _give_up(self, error: Exception, *, writing: bool) -> None:
        """After an error nothing more is written; and nothing is read either, unless writing alone failed."""
        busy = any(word in str(error) for word in ("locked", "readonly", "full"))
        self._writable = False
        if writing and (busy or (isinstance(error, OSError) and self._own.known)):
            self.say(f"cannot be written ({error}): what is there is used, nothing new is kept")
        else:
            self._usable = False
            self.say(
                f"cannot be used ({error}): going on without it; "
                "`harness cache prune --all` starts it afresh, HARNESS_CACHE names another folder"
            )
