"""Databases for the tests of the store: a fresh SQLite file, and a fresh schema of a real PostgreSQL server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import postgres
from sqlalchemy import create_engine, text


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `--db` would be given."""
    if request.param == "sqlite":
        return str(tmp_path / "study.sqlite")
    server = request.getfixturevalue("postgres_server")
    name = f"study_{uuid.uuid4().hex}"
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{server}&options=-csearch_path%3D{name}"
