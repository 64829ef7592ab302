"""The tables of a study's database, and connections on which a commit is on disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from harness.annotate.errors import StoreUnavailable
from harness.errors import InputError, MissingExtra

VERSION = 1
_WAIT = 30_000  # milliseconds that a writer waits for another one
_CREATION = 7_305_421_119  # the number of the lock under which one process makes the tables

metadata = MetaData()
_id = BigInteger().with_variant(Integer, "sqlite")
study_table = Table(
    "study",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("study", Text, nullable=False),  # JSON of the Study
    Column("source", Text),  # JSON of the JudgmentInfo of the items' source
    Column("created_at", String(40), nullable=False),
    Column("next_number", Integer, nullable=False),
    Column("owner_hash", String(64)),
)
examples_table = Table(
    "examples",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("record", Text, nullable=False),
)
outputs_table = Table(
    "outputs",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("record", Text, nullable=False),
)
raters_table = Table(
    "raters",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("pseudonym", String(64), nullable=False, unique=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("slot", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("added_at", String(40), nullable=False),
    Column("consented_at", String(40)),
    Column("consent_hash", String(64)),
    Column("consent_language", String(35)),
    Column("consent_how", String(40)),
    sqlite_autoincrement=True,
)
tasks_table = Table(
    "tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("rater_id", _id, ForeignKey("raters.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("form", String(10), nullable=False),
    Column("outputs", Text, nullable=False),  # JSON list of output ids, as shown
    Column("known", Integer),
    UniqueConstraint("rater_id", "position"),
)
answers_table = Table(  # only ever added to, until a rater is deleted
    "answers",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("rater_id", _id, ForeignKey("raters.id"), nullable=False),
    Column("task_id", String(32), ForeignKey("tasks.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # the highest counts; 0 and below came late and never did
    Column("client_id", String(64), nullable=False),
    Column("content", Text, nullable=False),  # JSON: answers, note
    Column("seconds", Float),
    Column("client_time", String(64)),
    Column("saved_at", String(40), nullable=False),
    UniqueConstraint("rater_id", "client_id"),
    UniqueConstraint("task_id", "revision"),
    Index("answers_of_rater", "rater_id"),
    sqlite_autoincrement=True,
)
audit_table = Table(
    "audit",
    metadata,
    Column("id", _id, primary_key=True, autoincrement=True),
    Column("at", String(40), nullable=False),
    Column("event", Text, nullable=False),
    sqlite_autoincrement=True,
)


class Database:
    """A database by SQLAlchemy URL or path of an SQLite file; what reads or writes is one transaction, safe across processes."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.engine = _engine(url, create)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads; it sees one state of the database."""
        with self._transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: on disk when the block is left, undone if it raises; SQLite lets one in at a time."""
        with self._transaction(writing=True) as connection:
            yield connection

    @contextmanager
    def creating(self) -> Iterator[Connection]:
        """The transaction that makes the tables if they are not there; one process at a time."""
        with self._transaction(writing=True) as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION})
            metadata.create_all(connection)
            yield connection

    def forget_deleted(self) -> None:
        """Empties SQLite's write-ahead log, in which rows that were deleted would stay readable for a while."""
        if self.engine.dialect.name == "sqlite":
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                raw.close()

    def close(self) -> None:
        """Gives all connections back."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, writing: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {"harness_writing": writing}
        if not writing and self.engine.dialect.name == "postgresql":
            options["isolation_level"] = "REPEATABLE READ"
        try:
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            # The driver's own words; SQLAlchemy's would repeat the statement with its values, and those are the raters'.
            raise StoreUnavailable(f"{self.name}: {type(error.orig).__name__}: {_first_line(error.orig)}") from None

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self.engine.url.render_as_string(hide_password=True)


def _engine(url: str, create: bool) -> Engine:
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{Path(url).expanduser()}")
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise InputError(f"{parsed.get_backend_name()}: a study lives in SQLite or PostgreSQL")
        if parsed.get_backend_name() == "sqlite":
            _make_file(parsed.database, create)
            engine = create_engine(parsed)
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        line = "pip install 'metaeval-harness[annotate-postgres]'"
        raise MissingExtra(f"PostgreSQL needs the package {error.name!r}; install it with: {line}") from error
    except (SQLAlchemyError, NoSuchModuleError) as error:
        raise InputError(f"not a database that can be used: {_first_line(error)}") from None


def _make_file(database: str | None, create: bool) -> None:
    """The SQLite file, readable by its owner only; what raters say is theirs."""
    if not database or database == ":memory:":
        raise InputError("a study needs a database in a file, so that nothing is lost when the program ends")
    path = Path(database)
    if not create and not path.is_file():
        raise InputError(f"{path}: there is no such file; `harness data annotate serve STUDY.yaml` makes the study there")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_WAIT}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("harness_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [""])[0]
