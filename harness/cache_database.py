"""The SQLite file of a cache: opened late, per process, and never the reason why a run fails."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

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
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        self._process = os.getpid()

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
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                    connection.execute("COMMIT")
                except BaseException:  # an interrupt too: nothing half written stays, and it goes on its way
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                return result
            except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
                self._give_up(error, writing=True)
                return otherwise

    def close(self) -> None:
        """Ends the connection; the next call opens another."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def say(self, text: str) -> None:
        """Warns, once for each text."""
        problem = f"the cache {self.path.parent} {text}"
        if problem != self.problem:
            self.problem = problem
            logging.getLogger("harness.cache").warning("%s", problem)

    def _connect(self) -> "sqlite3.Connection | None":
        """The connection of this process; None where there is no database and none may be made."""
        import sqlite3

        if self._connection is not None and self._process == os.getpid():
            return self._connection
        # A connection must be neither used nor closed by a forked process, so the parent's is only kept from being collected.
        self._inherited, self._connection, self._process = self._connection, None, os.getpid()
        folder = self.path.parent
        if folder.exists() and not os.access(folder, os.W_OK):
            self._writable = False
            self.say("is read-only: what is there is used, nothing new is kept")
            if not self.path.exists():
                return None
            # Where no writer left a log, only `immutable` can open a database in a folder that takes no lock files.
            mode = "mode=ro" if Path(f"{self.path}-wal").exists() else "immutable=1"
            connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA synchronous = NORMAL")
            if not _version(connection):
                self._prepare(connection)
        version = _version(connection)
        if version != FORMAT:
            raise OSError(f"its format is {version}, and this version of the harness reads {FORMAT}")
        self._connection = connection
        return connection

    def _prepare(self, connection: "sqlite3.Connection") -> None:
        import sqlite3

        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        deadline = time.monotonic() + self._timeout
        while True:  # several processes that turn one new file to WAL at once are refused without waiting
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")

    def _give_up(self, error: Exception, *, writing: bool) -> None:
        """After an error nothing more is written; and nothing is read either, unless writing alone failed."""
        busy = any(word in str(error) for word in ("locked", "readonly", "full"))
        self._writable = False
        if writing and (busy or (isinstance(error, OSError) and self._connection is not None)):
            self.say(f"cannot be written ({error}): what is there is used, nothing new is kept")
        else:
            self._usable = False
            self.say(
                f"cannot be used ({error}): going on without it; "
                "`harness cache prune --all` starts it afresh, HARNESS_CACHE names another folder"
            )


def _version(connection: "sqlite3.Connection") -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return version
