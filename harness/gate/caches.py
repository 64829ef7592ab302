"""Caches that hide no change: what was kept of other code than the present one is not looked at while a gate runs."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from harness.cache import ENVIRONMENT, default_folder

_COMPILED = "NUMBA_CACHE_DIR"
_KEPT = 4  # versions of the code whose compiled loops are kept


@contextmanager
def fresh_caches() -> Iterator[None]:
    """An empty cache of models, embeddings and replies, which is gone afterwards; compiled loops of exactly this code only.

    numba compiles a loop again when its own file changed, not when a constant or a loop that it uses from another file did; so
    what it keeps lies in a folder of this code. A `NUMBA_CACHE_DIR` that is set already is left as it is.
    """
    home = default_folder()
    with tempfile.TemporaryDirectory(prefix="harness-gate-") as folder:
        compiled = os.environ.get(_COMPILED) or str(_compiled_folder(home) or Path(folder) / "compiled")
        with _environment({ENVIRONMENT: folder, _COMPILED: compiled}):
            yield


@contextmanager
def another_cache() -> Iterator[None]:
    """One more empty cache that shares models with the present one: what is asked in it is computed and not remembered."""
    with shared_models() as folder, _environment({ENVIRONMENT: folder}):
        yield


@contextmanager
def shared_models() -> Iterator[str]:
    """A folder for one more empty cache, with the models of the present one, which are large and made by the same code."""
    models = default_folder() / "models"
    with tempfile.TemporaryDirectory(prefix="harness-gate-") as folder:
        if models.is_dir():
            (Path(folder) / models.name).symlink_to(models)
        yield folder


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _compiled_folder(cache: Path) -> Path | None:
    """The folder of this code's compiled loops, None where nothing can be kept; those of older code beyond a few are removed."""
    home = cache / "compiled"
    own = home / _code_digest()
    try:
        own.mkdir(parents=True, exist_ok=True)
        os.utime(own)
        for old in sorted(home.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:
        return None
    return own


def _code_digest() -> str:
    """A digest of every source file of the harness and of the packages that offer plugins."""
    packages = {"harness", *(entry.module.partition(".")[0] for entry in metadata.entry_points(group="harness.plugins"))}
    digest = hashlib.sha256()
    for package in sorted(packages):
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for file in sorted(Path(folder).rglob("*.py")):
                digest.update(f"{file}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
