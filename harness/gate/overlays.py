"""Other versions of an installed package, each in a folder that a process can be given in place of the installed one."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.cache import default_folder
from harness.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*\Z")
_SECONDS = 300  # for one call of pip


class NoWheel(InputError):
    """A version that cannot be had here: there is no wheel of it for this Python and machine."""


def released(package: str) -> list[str]:
    """The versions that the index has for this Python, oldest first, without pre-releases; InputError where pip cannot tell."""
    _check(package)
    said = _pip("index", "versions", package)
    found = re.search(r"^Available versions: (.+)$", said.stdout, re.MULTILINE)
    if said.returncode or found is None:
        raise InputError(f"pip cannot list the versions of {package}: {_last(said.stderr)}; is the package index reachable?")
    return [version.strip() for version in reversed(found[1].split(","))]


def overlay(package: str, version: str) -> Path:
    """A folder with that version alone, without what it depends on; kept, so that the next call needs no network.

    Only wheels are installed, so nothing of the package runs meanwhile. Raises NoWheel where there is none.
    """
    _check(package, version)
    home = default_folder() / "gate-bisect" / f"py{sys.version_info.major}.{sys.version_info.minor}"
    folder = home / f"{package.lower()}-{version}"
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".making-") as making:
        said = _pip(
            "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", f"{making}/it", f"{package}=={version}"
        )
        if said.returncode:
            raise NoWheel(f"{package} {version} cannot be installed: {_last(said.stderr)}")
        try:
            os.replace(f"{making}/it", folder)
        except OSError:  # another process was faster
            if not folder.is_dir():
                raise
    return folder


def environment(folder: Path, cache: str, compiled: str) -> dict[str, str]:
    """The environment of a process that finds the overlay before what is installed, and keeps what it computes in `cache` and
    compiled loops in `compiled`."""
    kept = dict(os.environ)
    paths = [str(folder), *(path for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path)]
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "HARNESS_CACHE": cache, "NUMBA_CACHE_DIR": compiled}


def _pip(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"`pip {' '.join(words)}` took more than {_SECONDS} s; is the package index reachable?") from error
    if "No module named pip" in said.stderr:
        raise InputError(f"there is no pip in {Path(sys.executable).parent}; `{_how_to_get_pip()}` installs it")
    return said


def _how_to_get_pip() -> str:
    return "uv pip install pip" if shutil.which("uv") else "python -m ensurepip"


def _last(text: str) -> str:
    """The last error that pip told, else its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it says nothing"])[-1].removeprefix("ERROR: ")


def _check(package: str, version: str = "0") -> None:
    """Neither may be read by pip as anything else than a name and a version."""
    if not _NAME.match(package):
        raise InputError(f"{package!r} is no name of a package")
    if not _VERSION.match(version):
        raise InputError(f"{version!r} is no version")
