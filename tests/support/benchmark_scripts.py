"""The scripts of `benchmarks/` as modules, so that tests run small versions of what the documentation quotes."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


def benchmark(name: str) -> ModuleType:
    """The module of `benchmarks/NAME.py`."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))  # the scripts import their frame as a neighbour
    full = f"benchmarks_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module  # before it runs: dataclasses look their module up by name
        spec.loader.exec_module(module)
    return sys.modules[full]
