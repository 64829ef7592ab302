"""The SQLite file of the replies: opened late, per process, and loud where it cannot keep what was paid for."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.chat.store_owners import Owner
from harness.errors import StoreProblem

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

NAME = "replies.sqlite"
ASKING = "replies.asking"
FORMAT = 1
_SCHEMA = """
CREATE TABLE replies (key BLOB PRIMARY KEY, reply BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE kept (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL, model TEXT NOT NULL, at REAL NOT NULL, status TEXT NOT NULL, request BLOB NOT NULL,
  reply BLOB, raw BLOB
);
CREATE INDEX kept_by_key ON kept (key);
CREATE TABLE flights (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL, purpose TEXT NOT NULL, reserved INTEGER NOT NULL, owner TEXT, until REAL, why TEXT
);
CREATE INDEX flights_by_key ON flights (key);
CREATE INDEX flights_by_purpose ON flights (purpose);
CREATE TABLE spending (
  purpose TEXT PRIMARY KEY, spent INTEGER NOT NULL, unsure INTEGER NOT NULL, calls INTEGER NOT NULL,
  tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE repeats (id INTEGER PRIMARY KEY, key BLOB NOT NULL, at REAL NOT NULL, why TEXT NOT NULL);
"""


class Database:
    """The database `replies.sqlite` of a folder, made when it is first written to. Safe for threads and after a fork.

    What a transaction wrote outlives a kill; what was there at the last `sync` outlives a power failure too.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self.path = folder / NAME
        self.asking = folder / ASKING
        self._timeout = timeout
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: sqlite3.Connection | None = None
        self._process = os.getpid()

    def read(self, work: "Callable[[sqlite3.Connection], T]", otherwise: T) -> T:
        """What `work` returns; `otherwise` where there is no file yet."""
        import sqlite3

        with self._lock:
            if self._connection is None and not self.path.exists():
                return otherwise
            try:
                return work(self._connect(writing=False))
            except (sqlite3.Error, OSError) as error:
                raise self._problem("read", error) from None

    def write(self, work: "Callable[[sqlite3.Connection], T]") -> T:
        """What `work` returns, all of it in one transaction."""
        import sqlite3

        with self._lock:
            try:
                connection = self._connect(writing=True)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    result = work(connection)
                    connection.execute("COMMIT")
                except BaseException:  # an interrupt too: nothing half written stays, and it goes on its way
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                return result
            except (sqlite3.Error, OSError) as error:
                raise self._problem("written", error) from None

    def owner(self) -> Owner:
        """One that asks from now on."""
        self._make_folder()
        try:
            return Owner(self.asking)
        except OSError as error:
            raise self._problem("written", error) from None

    def sync(self) -> None:
        """What was written is on the disk when this returns."""
        try:
            descriptor = os.open(f"{self.path}-wal", os.O_RDWR)
        except FileNotFoundError:  # all of it was moved into the database, which SQLite then synced
            return
        try:
            os.fsync(descriptor)
        except OSError as error:
            raise self._problem("written", error) from None
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Ends the connection; the next call opens another."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _connect(self, *, writing: bool) -> "sqlite3.Connection":
        """The connection of this process."""
        import sqlite3

        if self._connection is not None and self._process == os.getpid():
            return self._connection
        # A connection must be neither used nor closed by a forked process, so the parent's is only kept from being collected.
        self._inherited, self._connection, self._process = self._connection, None, os.getpid()
        folder = self.path.parent
        if not writing and not os.access(folder, os.W_OK):
            # Where no writer left a log, only `immutable` can open a database in a folder that takes no lock files.
            mode = "mode=ro" if Path(f"{self.path}-wal").exists() else "immutable=1"
            return sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False)
        self._make_folder()
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        if not _version(connection):
            self._prepare(connection)
        version = _version(connection)
        if version != FORMAT:
            raise OSError(f"its format is {version}, and this version of the harness reads {FORMAT}")
        self._connection = connection
        return connection

    def _make_folder(self) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreProblem(
                f"the folder {folder}, where replies are to be kept, cannot be made ({error.strerror or error}): "
                "let HARNESS_CACHE name a folder that can be written to, and run the same command again"
            ) from None

    def _prepare(self, connection: "sqlite3.Connection") -> None:
        import sqlite3

        deadline = time.monotonic() + self._timeout
        while True:  # several processes that turn one new file to WAL at once are refused without waiting
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        connection.execute("BEGIN IMMEDIATE")
        if not _version(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")

    def _problem(self, what: str, error: Exception) -> StoreProblem:
        text = str(error)
        if "locked" in text:
            do = (
                f"another process has been writing for {self._timeout:g} seconds; end it, or wait, and run the same command again"
            )
        elif "full" in text or "No space" in text:
            do = "free some space and run the same command again; what was received before is kept"
        elif "malformed" in text or "not a database" in text:
            do = "the file is damaged; move it away (its replies are then asked again) or restore a copy of it"
        else:
            do = "see to that, or let HARNESS_CACHE name another folder; what was received before is kept"
        return StoreProblem(f"the replies in {self.path} cannot be {what} ({text}): {do}")


def _version(connection: "sqlite3.Connection") -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return version
