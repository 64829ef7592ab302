"""A real PostgreSQL server for tests, on a temporary folder and a unix socket; skipped where its programs are not installed."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOLDERS = "usr/lib/postgresql/*/bin"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty database; the server is stopped and its folder removed afterwards.

    initdb refuses to run as root, so root runs it as the user `postgres` (or `nobody`).
    """
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = sorted(Path("/").glob(_FOLDERS), key=lambda folder: int(folder.parent.name.split(".")[0]))
    if not programs:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # a socket's path may have 107 characters at most
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, log = folder / "data", folder / "log"
        _run(
            user, programs[-1] / "initdb", "-D", data, "-U", "study", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"
        )
        options = f"-c fsync=off -c listen_addresses='' -c unix_socket_directories='{folder}'"
        _run(user, programs[-1] / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql://study@/postgres?host={folder}"
        finally:
            _run(user, programs[-1] / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(user: pwd.struct_passwd | None, *command: object) -> None:
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd="/", capture_output=True, text=True, timeout=60, check=False, **as_user)
    assert done.returncode == 0, f"{words[0]} failed: {done.stdout}{done.stderr}"
