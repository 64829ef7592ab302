"""The SQLite file of the replies: opened late, per process, and loud where it cannot keep what was paid for."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.chat.store_owners import Owner
from harness.errors import StoreProblem
from harness.sqlite_files import OwnConnection, check_format, format_of, in_transaction, open_read_only, open_shared, turn_to_wal

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

NAME = "replies.sqlite"
ASKING = "replies.asking"
FORMAT = 1
_CACHE = 2**16  # KiB of the file that are held: replies are found by their keys, so each lies on another page
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
        self._own = OwnConnection()

    def read(self, work: "Callable[[sqlite3.Connection], T]", otherwise: T) -> T:
        """What `work` returns; `otherwise` where there is no file yet."""
        import sqlite3

        with self._lock:
            if not self._own.known and not self.path.exists():
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
                return in_transaction(self._connect(writing=True), work)
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
            self._own.close()

    def _connect(self, *, writing: bool) -> "sqlite3.Connection":
        """The connection of this process."""
        held = self._own.held()
        if held is not None:
            return held
        if not writing and not os.access(self.path.parent, os.W_OK):
            return open_read_only(self.path)
        self._make_folder()
        connection = open_shared(self.path, self._timeout)
        if not format_of(connection):
            self._prepare(connection)
        check_format(connection, FORMAT)
        connection.execute(f"PRAGMA cache_size = {-_CACHE}")
        return self._own.hold(connection)

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
        def make(new: "sqlite3.Connection") -> None:
            if not format_of(new):  # else another process was first
                for statement in _SCHEMA.split(";"):
                    new.execute(statement)
                new.execute(f"PRAGMA user_version = {FORMAT}")

        turn_to_wal(connection, self._timeout)
        in_transaction(connection, make)

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
