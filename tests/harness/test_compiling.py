"""Kernels are compiled once and kept; where nothing can be kept, they are compiled all the same."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from numba.core import event

from harness.compiling import Undisturbed, compiled

PROGRAM = """
import sys
from numba.core import event
compiled = []
class Compiling(event.Listener):
    def on_start(self, found): compiled.append(found.data["dispatcher"].py_func.__name__)
    def on_end(self, found): pass
event.register("numba:compile", Compiling())
import numpy as np
from kernel import total
print(total(np.arange(5.0)), len(compiled))
"""
KERNEL = """
import numba

@numba.njit(cache=True)
def total(values):
    found = 0.0
    for value in values:
        found += value
    return found
"""


BEGUN = event.Event("numba:compile", event.EventStatus.START, {"dispatcher": numba.njit(lambda one: one)})


def run(folder: Path, **environment: str) -> str:
    own = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    own.pop("NUMBA_CACHE_DIR", None) if "NUMBA_CACHE_DIR" not in environment else None
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kernel_is_compiled_once_and_where_nothing_can_be_kept_every_time(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text(KERNEL, encoding="utf-8")
    kept = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert run(tmp_path, **kept) == "10.0 1\n"
    assert run(tmp_path, **kept) == "10.0 0\n"


@pytest.mark.slow
def test_the_harness_computes_where_neither_its_folder_nor_a_cache_can_be_written(tmp_path: Path) -> None:
    """As in an image with a read-only file system; for root, which writes anywhere, the folders' names are taken by files."""
    root = Path(__file__).resolve().parents[2]
    for package in ("harness", "plugins/harness_plugins"):
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").write_bytes(b"")
    (tmp_path / "home").write_bytes(b"")
    code = (
        "import harness; rows = [{'item': str(i), 'system': s, 'output': 'ord ' * (i + j), 'reference': 'ord ord', 'rating': i}"
        " for i in range(8) for j, s in enumerate('ab')];"
        "print(len(harness.metaevaluate(rows, ['rouge-l'], resamples=20, draws=20, random_draws=5)) > 20)"
    )
    own = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(tmp_path / "plugins"))),
        "HOME": str(tmp_path / "home"),
    }
    own |= {"XDG_CACHE_HOME": str(tmp_path / "home" / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    own.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", code], env=own, cwd="/", capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_no_circles_are_looked_for_while_something_is_compiled_and_again_behind_it():
    held = Undisturbed()
    assert gc.isenabled()
    held.on_start(BEGUN)
    held.on_start(BEGUN)  # a kernel that another one calls
    assert not gc.isenabled()
    held.on_end(BEGUN)
    assert not gc.isenabled()
    held.on_end(BEGUN)
    assert gc.isenabled()


def test_who_looks_for_no_circles_is_left_alone():
    held = Undisturbed()
    gc.disable()
    try:
        held.on_start(BEGUN)
        held.on_end(BEGUN)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_kernel_that_cannot_be_compiled_leaves_the_search_for_circles_on():
    @compiled()
    def wrong(value):
        return value.nothing

    with pytest.raises(numba.TypingError):
        wrong(1)
    assert gc.isenabled()
