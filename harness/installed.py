"""What a process runs: its Python, the installed distributions, its environment, and code that can be edited in place."""

import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

import harness
from harness.file_states import list_files

_ADDRESSES = ("OPENAI_BASE_URL", "OPENAI_API_VERSION", "AZURE_OPENAI_ENDPOINT")  # no keys
_VARIABLES = ("HARNESS_", "HF_", "TRANSFORMERS_", "XDG_", "TORCH_", "PYTHONPATH", *_ADDRESSES)
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_METADATA = (".dist-info", ".egg-info", ".egg-link", ".pth")


def watched_variables() -> dict[str, str]:
    """The environment's variables that we and the model libraries read, as they are now: libraries set some while they load."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)}


def surroundings_digest(variables: Mapping[str, str] | None = None) -> str:
    """sha256 over Python, the machine, the variables (those of now by default), and what is installed.

    A distribution is known by its name, its version and the time of its installation.
    """
    sha = hashlib.sha256(f"{harness.__version__} {sys.version} {platform.machine()} {Path.home()}".encode())
    for name, value in (watched_variables() if variables is None else variables).items():
        sha.update(f"\0{name}={value}".encode("utf-8", "surrogateescape"))
    for line in sorted(_distributions()):
        sha.update(f"\n{line}".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def code_roots() -> list[str]:
    """Packages (folders) and modules (files) in use that lie outside site-packages and the standard library, sorted."""
    library = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
    files = {name: file for name, module in sorted(sys.modules.items()) if (file := _file(module))}
    roots: list[str] = []
    for name, file in files.items():
        if file.startswith(library) or not _INSTALLED.isdisjoint(Path(file).parts):
            continue
        top = files.get(name.partition(".")[0], "")
        root = str(Path(top).parent) if Path(top).name == "__init__.py" and file.startswith(str(Path(top).parent)) else file
        if root not in roots:
            roots.append(root)
    return sorted(roots)


def code_digest(roots: list[str]) -> tuple[str, float]:
    """sha256 over the names, sizes, times and inodes of all files of the code, and when the last of them changed (seconds).

    Raises OSError where a file is gone, and TooManyError where a folder is no package's.
    """
    sha, last = hashlib.sha256(), 0.0
    for root in roots:
        paths = [os.path.join(root, name) for name in list_files(Path(root))] if os.path.isdir(root) else [root]
        for path in paths:
            found = os.stat(path)
            last = max(last, found.st_mtime, found.st_ctime)
            state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            sha.update(f"{path}\0{state}\n".encode("utf-8", "surrogateescape"))
    return sha.hexdigest(), last


def _file(module: object) -> str | None:
    try:
        file = getattr(module, "__file__", None)
    except Exception:  # a lazy stand-in of a stranger's may raise whatever it likes when it is asked; it is no file of ours
        return None
    return file if isinstance(file, str) and os.path.isabs(file) and os.path.exists(file) else None


def _distributions() -> Iterator[str]:
    for folder in dict.fromkeys(os.path.abspath(entry) for entry in sys.path):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_METADATA):
                        yield f"{entry.path} {entry.stat().st_mtime_ns}"
        except OSError:
            continue  # entries of the path that are archives, or are not there
