"""The data home: where files that plugins may not ship lie, how they are fetched from their pinned source, and checked."""

import contextlib
import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal

from harness.errors import AbsentData, InputError
from harness.protocols import DataFiles

ENVIRONMENT = "HARNESS_DATA"
State = Literal["ok", "missing", "wrong"]

_CHUNK = 1 << 16
_TIMEOUT = 60.0  # seconds without a byte


def data_home() -> Path:
    """The folder that holds one folder per data set: `HARNESS_DATA`, else `harness` in the user's data folder (XDG)."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named).expanduser()
    xdg = os.environ.get("XDG_DATA_HOME")
    return (Path(xdg) if xdg else Path.home() / ".local" / "share") / "harness"


def find_data(files: DataFiles, name: str) -> Path:
    """The folder that holds the files of the source called `name`; raises InputError saying how to get an absent one,
    AbsentData where none of them is there."""
    folder = data_home() / files.folder
    absent = [path for path in files.files if not (folder / path).is_file()]
    if absent:
        kind = AbsentData if len(absent) == len(files.files) else InputError
        raise kind(f"{name}: {folder / absent[0]} is absent (licence {files.licence}); {remedy(files, name)}")
    return folder


def remedy(files: DataFiles, name: str) -> str:
    """What to do where files of the source called `name` are absent, or are others than the pinned ones."""
    get = files.by_hand or f"run `harness data get {name}`"
    return f"{get}, or set {ENVIRONMENT} to a folder that holds {files.folder}/"


def check_data(files: DataFiles) -> dict[str, State]:
    """Per file: "ok", "missing", or "wrong" (its sha256 is not the pinned one)."""
    folder = data_home() / files.folder
    states: dict[str, State] = {}
    for path, sha256 in files.files.items():
        if not (folder / path).is_file():
            states[path] = "missing"
        else:
            states[path] = "ok" if _sha256(folder / path) == sha256 else "wrong"
    return states


def get_data(files: DataFiles, base: str | None = None, report: Callable[[str], None] = lambda message: None) -> Path:
    """Fetches what is not there or not right into the data home and returns the folder; every file's sha256 is checked.

    `base` replaces the pinned address: an http(s) URL, or a folder that holds the files (or holds `files.folder`). Files that are
    already right are left alone, so a second call goes on where the first one stopped. Raises InputError naming the file and its
    address, and leaves nothing half written.
    """
    folder = data_home() / files.folder
    states = check_data(files)
    for path, sha256 in files.files.items():
        if states[path] == "ok":
            report(f"{path}: already there")
            continue
        size = _fetch(_address(files, base, path), folder / path, sha256)
        report(f"{path}: {size:,} bytes, sha256 right" + (", replaced" if states[path] == "wrong" else ""))
    return folder


def _address(files: DataFiles, base: str | None, path: str) -> str | Path:
    root = files.base_url if base is None else base
    if not root:
        raise InputError(f"{files.folder}/{path} has no address that it could be fetched from; {files.by_hand}")
    scheme = urllib.parse.urlsplit(root).scheme
    if scheme in ("http", "https"):
        return f"{root.rstrip('/')}/{urllib.parse.quote(path)}"
    folder = Path(root).expanduser()
    if not folder.is_dir():
        raise InputError(f"{root!r} is neither an http(s) address nor a folder")
    return (folder / files.folder if (folder / files.folder).is_dir() else folder) / path


def _fetch(address: str | Path, target: Path, sha256: str) -> int:
    """Copies the address to the target by way of a temporary file beside it; returns the size in bytes."""
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "wb") as out, _open(address) as (source, expected):
            size, found = _copy(source, out)
        if expected is not None and size != expected:
            raise InputError(f"{address}: the connection ended after {size:,} of {expected:,} bytes; run the command again")
        if found != sha256:
            raise InputError(
                f"{address}: sha256 is {found}, pinned is {sha256}; the file was refused. "
                "Use the pinned address, or a copy of that very commit with --from."
            )
        os.chmod(temporary, 0o644)  # mkstemp makes files that only their owner can read
        os.replace(temporary, target)
        temporary = None
        return size
    except urllib.error.HTTPError as error:
        raise InputError(f"{address}: the server answered {error.code} {error.reason}; try another base with --from") from error
    except (OSError, http.client.HTTPException) as error:
        raise InputError(f"{address}: cannot be fetched to {target}: {error}; run the command again, or use --from") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


@contextlib.contextmanager
def _open(address: str | Path) -> Iterator[tuple[IO[bytes], int | None]]:
    """The bytes at an address, and how many the server announced."""
    if isinstance(address, Path):
        with address.open("rb") as file:
            yield file, None
        return
    request = urllib.request.Request(address, headers={"User-Agent": "metaeval-harness"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        length = response.headers.get("Content-Length")
        yield response, int(length) if length is not None and length.isdigit() else None


def _copy(source: IO[bytes], out: IO[bytes]) -> tuple[int, str]:
    sha, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        sha.update(chunk)
        out.write(chunk)
        size += len(chunk)
    out.flush()
    os.fsync(out.fileno())
    return size, sha.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
