"""A second process compiles what is needed later: when it is started, that it ends, and that what it left is taken over."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import compiling_beside as module
from harness.compiling_beside import compilation_begins, compiling_beside

TWO_CORES = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="on one core nothing is compiled beside")


@TWO_CORES
def test_the_first_compilation_starts_it_and_the_end_of_the_block_ends_it() -> None:
    with compiling_beside("harness.meta.first_kernels", "harness.meta"):
        assert not module._started
        compilation_begins("harness.text.kernels")
        (process,) = module._started
        compilation_begins("harness.text.kernels")
        assert module._started == [process]
    assert process.returncode is not None
    assert not module._started


@TWO_CORES
def test_it_is_not_started_where_it_would_be_late_nor_after_the_block() -> None:
    with compiling_beside("harness.meta.first_kernels", "harness.meta"):
        compilation_begins("harness.meta.pair_kernels")
        compilation_begins("harness.text.kernels")
        assert not module._started
    compilation_begins("harness.text.kernels")
    assert not module._started


def test_on_one_core_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 1)
    with compiling_beside("harness.meta.first_kernels", "harness.meta"):
        compilation_begins("harness.text.kernels")
        assert not module._started


def test_a_process_that_cannot_be_started_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(module.sys, "executable", "/nowhere/python")
    with compiling_beside("harness.meta.first_kernels", "harness.meta"):
        compilation_begins("harness.text.kernels")
        assert not module._started


LISTENING = """
import json, sys
from numba.core import event
class Listener(event.Listener):
    def on_start(self, found): functions.append(found.data["dispatcher"].py_func.__module__)
    def on_end(self, found): pass
functions = []
event.register("numba:compile", Listener())
import harness
rows = [{"item": str(i), "system": s, "output": f"en katt {i} {s}", "reference": f"en hund {i}", "rating": (i * len(s)) % 3}
        for i in range(12) for s in ("a", "bb", "ccc")]
harness.metaevaluate(rows, ["rouge-l"], resamples=20, draws=20, random_draws=2, groupings=("item", "system"))
print(json.dumps(functions))
"""


def test_what_it_leaves_is_all_that_a_meta_evaluation_by_item_and_by_system_compiles(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-P", "-m", "harness.meta.first_kernels"], env=environment, check=True)
    done = subprocess.run([sys.executable, "-c", LISTENING], env=environment, capture_output=True, text=True, check=True)
    compiled = json.loads(done.stdout)
    assert any(name.startswith("harness.text.") for name in compiled)
    assert not [name for name in compiled if name.startswith("harness.meta.")]
