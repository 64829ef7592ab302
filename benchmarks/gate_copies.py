"""Copies of the repository in which one file is changed and the real `harness gate` is run.

Used by gate_catalogue.py and gate_mutants.py. What would hide a change is kept out: each run has an empty HARNESS_CACHE, Python
writes no bytecode, and what numba compiled of the changed module, or of one that imports it, is forgotten.
"""

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
PASSED, FAILED, USAGE, UNSURE = 0, 1, 2, 4
_PACKAGES = {"harness": ".", "harness_plugins": "plugins"}  # package → folder of the copy in which it lies


@dataclass(frozen=True)
class GateRun:
    """What a run of the gate came to. `code` is its exit code, negative for a signal; `text` what it printed, `errors` what it
    printed beside that (progress, errors); `cpu` and `wall` are seconds."""

    code: int
    text: str
    errors: str
    cpu: float
    wall: float
    timed_out: bool = False


class Copy:
    """The repository's files as they are at a commit, in a folder of their own, with what numba compiled of them."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder, self.commit = folder, commit
        self._compiled = folder.parent / f"{folder.name}.numba"
        self._changed = folder.parent / f"{folder.name}.changed"
        if self._changed.exists():  # somebody was stopped in between: the file may hold the change still
            shutil.rmtree(folder, ignore_errors=True)
            self._changed.unlink()
        if not folder.is_dir():
            folder.mkdir(parents=True)
            packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
            subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)

    def twin(self, folder: Path) -> "Copy":
        """Another copy of the commit, which has compiled what this one has."""
        from numba.core.caching import _CacheLocator as Locator  # its folders are named by the path of what was compiled

        other = Copy(folder, self.commit)
        for module in self.folder.rglob("*kernels.py"):
            relative = module.relative_to(self.folder)
            kept = self._compiled / Locator.get_suitable_cache_subpath(str(module))
            wanted = other._compiled / Locator.get_suitable_cache_subpath(str(other.folder / relative))
            if kept.is_dir() and not wanted.is_dir():
                shutil.copytree(kept, wanted)
        return other

    def environment(self, cache: Path, compiled: Path) -> dict[str, str]:
        """What makes a Python process of this environment take the copy's code and nothing that was kept of other code."""
        path = os.pathsep.join(str(self.folder / place) for place in _PACKAGES.values())
        own = {"PYTHONPATH": path, "HARNESS_CACHE": str(cache), "NUMBA_CACHE_DIR": str(compiled), "PYTHONDONTWRITEBYTECODE": "1"}
        own |= {"HARNESS_DATA": os.environ.get("HARNESS_DATA", str(ROOT.parent / "shared" / "data"))}
        dropped = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
        return {name: value for name, value in os.environ.items() if name not in dropped} | ONE_THREAD | own

    @contextmanager
    def changed(self, file: str, text: str) -> Iterator[None]:
        """The file with this text; afterwards it is as it was, to the time of its last change."""
        path = self.folder / file
        kept, about = path.read_bytes(), path.stat()
        self._changed.write_text(file)
        try:
            path.write_text(text, encoding="utf-8")
            yield
        finally:
            path.write_bytes(kept)
            os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
            self._changed.unlink()

    def gate(
        self, options: Sequence[str] = (), changed: str | None = None, limit: float = 600, memory: int | None = None
    ) -> GateRun:
        """The gate's run with these options; `changed` is the file that is not as at the commit, `memory` a limit in bytes."""
        with tempfile.TemporaryDirectory() as scratch:
            compiled = self.compiled_without(changed, Path(scratch) / "numba")
            cache = Path(scratch) / "cache"
            cache.mkdir()
            command = [sys.executable, "-m", "harness", "gate", *options]
            if memory is not None:
                command = ["sh", "-c", 'ulimit -v "$0" && exec "$@"', str(memory // 1024), *command]
            done = run(command, self.folder, self.environment(cache, compiled), limit)
        if done.code == USAGE and "Usage:" in done.errors:
            raise SystemExit(f"`harness gate {' '.join(options)}` is not understood:\n{done.errors}")
        return done

    def compiled_without(self, changed: str | None, folder: Path) -> Path:
        """numba's folder for a run: the shared one for the code as it is, else a copy that lacks what the file is part of."""
        if changed is None:
            self._compiled.mkdir(exist_ok=True)
            return self._compiled
        forgotten = importers(self.folder, changed)

        def stale(_: str, names: list[str]) -> list[str]:
            return [name for name in names if name.split(".")[0] in forgotten and name.endswith((".nbi", ".nbc"))]

        if self._compiled.is_dir():
            shutil.copytree(self._compiled, folder, ignore=stale)
        return folder


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float) -> GateRun:
    """The command's output, exit code and cost; past `limit` wall seconds it is killed with everything that it started."""
    start, timed_out = time.monotonic(), False
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as beside:
        child = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=beside, start_new_session=True)
        while True:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if not timed_out and time.monotonic() - start > limit:
                timed_out = True
                os.killpg(child.pid, signal.SIGKILL)
            time.sleep(0.05)
        child.returncode = os.waitstatus_to_exitcode(status)
        text, errors = (_whole(file) for file in (output, beside))
    return GateRun(child.returncode, text, errors, usage.ru_utime + usage.ru_stime, time.monotonic() - start, timed_out)


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def importers(folder: Path, file: str) -> set[str]:
    """The names (stems) of the modules that import the file's as they load, itself among them, over any number of steps."""
    imports = _imports(folder)
    found, new = {module_of(file)}, {module_of(file)}
    while new:
        new = {module for module, named in imports.items() if named & new} - found
        found |= new
    return {module.rsplit(".", 1)[-1] for module in found}


def module_of(file: str) -> str:
    """`plugins/harness_plugins/metrics/lcs.py` → `harness_plugins.metrics.lcs`."""
    return file.removeprefix("plugins/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(folder: Path) -> dict[str, set[str]]:
    """Module → what it imports as it loads (modules, and names in them, which may be modules): what numba can freeze."""
    found: dict[str, set[str]] = {}
    for package, place in _PACKAGES.items():
        for path in sorted((folder / place / package).rglob("*.py")):
            named: set[str] = set()
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Import):
                    named |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            found[module_of(path.relative_to(folder).as_posix())] = named
    return found


def head(revision: str = "HEAD") -> str:
    """The commit that is checked out, or another."""
    said = subprocess.run(["git", "rev-parse", revision], cwd=ROOT, capture_output=True, check=True, text=True)
    return said.stdout.strip()
