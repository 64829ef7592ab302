"""mt-metrics-eval's tie calibration, from a checkout given by path: `--mt-metrics-eval PATH`, or MT_METRICS_EVAL."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Calibrated = Callable[[Any, Any], tuple[float, float]]


def tie_calibration() -> tuple[str, Calibrated]:
    """(the peer's name, human and metric scores of (items, systems) → (accuracy, epsilon) over every pair).

    `tau_optimization` with `acc_23`, which is what its KendallWithTiesOpt calls, all pairs being searched (sample_rate 1).
    Takes `--mt-metrics-eval PATH` off the command line.
    """
    path = checkout()
    module = _module(path / "mt_metrics_eval" / "tau_optimization.py")

    def calibrated(human: Any, metric: Any) -> tuple[float, float]:
        found = module.tau_optimization(metric, human, module.TauSufficientStats.acc_23, sample_rate=1.0)
        return float(found.best_tau), float(found.best_threshold)

    commit = subprocess.run(["git", "-C", path, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return f"mt-metrics-eval {commit.stdout.strip()}".strip(), calibrated


def checkout() -> Path:
    """Where the checkout lies; leaves with a sentence where nobody said."""
    given = os.environ.get("MT_METRICS_EVAL")
    if "--mt-metrics-eval" in sys.argv:
        place = sys.argv.index("--mt-metrics-eval")
        _, given = sys.argv.pop(place), sys.argv.pop(place)
    if given is None or not (Path(given) / "mt_metrics_eval" / "tau_optimization.py").exists():
        raise SystemExit(
            "give a checkout of github.com/google-research/mt-metrics-eval: --mt-metrics-eval PATH or MT_METRICS_EVAL"
        )
    return Path(given)


def made_up(items: int, systems: int, seed: int) -> tuple[Any, Any]:
    """(human, metric), both (items, systems): ratings 1 to 5, and a metric that knows something of them."""
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 6, (items, systems)).astype(np.float64)
    return human, human + rng.normal(0, 1.5, human.shape)


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("mtme_tau_optimization", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
