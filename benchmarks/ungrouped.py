"""Tie calibration over all pairs of many outputs: mt-metrics-eval beside it at 2,000 outputs, and what 10,000 and 1,000,000 take.

python benchmarks/ungrouped.py [--mt-metrics-eval CHECKOUT] [--rounds 5] [--only WORD …] [--write]

The peer is Google's mt-metrics-eval, `tau_optimization` on one row of all outputs (it is no package: a checkout is given by path,
or in MT_METRICS_EVAL). It makes every pair, about half a kilobyte each, so there is none beside the larger sizes. Each of those
runs in a process of its own, whose peak memory is told; kernels are compiled (or read from the cache) before the clock starts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import Job, main

from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats
from harness.meta.ungrouped import People, into_segments, people_of
from harness.meta.ungrouped_calibration import Found, calibrate_sorted
from harness.meta.ungrouped_judging import TOLERANCE, LargeCell, judge_large
from harness.meta.ungrouped_profile import profile_of

LEVELS = {3: (0.6, 0.25, 0.15), 5: (0.45, 0.25, 0.15, 0.1, 0.05), 100: None, 0: None}
SIZES = (10_000, 1_000_000)


def outputs(number: int, levels: int, seed: int = 0) -> tuple[Floats, Floats]:
    """(human, metric): a continuous metric that correlates by about .6 with ratings of so many levels (0: continuous ones)."""
    rng = np.random.default_rng([seed, number, levels])
    quality = rng.normal(size=number)
    opinion = quality + 0.5 * rng.normal(size=number)
    metric = quality + rng.normal(size=number)
    if levels == 0:
        return opinion, metric
    shares = LEVELS.get(levels) or (1 / levels,) * levels
    places = np.empty(number, dtype=np.int64)
    places[np.argsort(-opinion)] = np.arange(number)
    return levels - np.searchsorted(np.cumsum(shares) * number, places, side="right").clip(0, levels - 1).astype(float), metric


def people(human: Floats) -> People:
    """Outputs of one group, each an item of its own, in five folds."""
    number = np.arange(len(human))
    found = people_of(number, np.zeros_like(number), human, (number * 2_654_435_761 >> 7) % 5, 5, number, 0.0)
    assert found is not None
    return found


def calibrated(human: Floats, metric: Floats, tolerance: float = 0.0) -> Found:
    """The best epsilon over all pairs, as the harness finds it."""
    side = people(human)
    data = into_segments(side, np.argsort(metric), metric, side.group, 1)
    profile = profile_of(side, metric, side.everyone) if tolerance else None
    found = calibrate_sorted(data, tolerance, None, None if profile is None else (profile, 0))
    assert found is not None
    return found


def job(number: int, peer: Any) -> Job:
    """Calibration of so many outputs beside the peer's."""
    human, metric = outputs(number, 5)

    def theirs() -> tuple[float, float]:
        stats = peer.TauSufficientStats.acc_23
        found = peer.tau_optimization(metric, human, stats)
        return float(found.best_threshold), float(found.best_tau)

    def equal(ours: Found, other: tuple[float, float]) -> str:
        difference = abs(ours.accuracy - other[1])
        assert difference < 1e-12, (ours, other)
        return f"accuracy differs by {difference:.0e}"

    name = f"tie calibration, {number:,} ungrouped outputs"
    pairs = number * (number - 1) // 2
    ours: Callable[[], Found] = lambda: calibrated(human, metric)  # noqa: E731
    return Job(name, "mt-metrics-eval", ours, theirs, equal, pairs, "pairs", rounds=3)


def measured(number: int, levels: int) -> dict[str, Any]:
    """What calibration, raw, calibrated and held-out accuracy of one metric take; run in a process of its own."""
    from harness.meta.resampling import Resampler
    from harness.meta.ungrouped_totals import Tally

    exact = number <= 11_000
    for small in (200, number):  # the small one compiles
        human, metric = outputs(small, levels)
        started, used = time.perf_counter(), time.process_time()
        found = calibrated(human, metric, 0.0 if exact else TOLERANCE)
        calibration = time.process_time() - used
        side = people(human)
        options = MetaOptions()
        tally = Tally(side, Resampler(side.cluster, side.n_clusters, options.resamples, options.level, 0), False)
        cell = LargeCell(side, tally, human, small, exact, options)
        verdicts = judge_large(cell, _column(metric))
        shares = []
        for statistic in ("accuracy_raw", "accuracy", "accuracy_heldout"):
            folds = verdicts.tested if statistic == "accuracy_heldout" else None
            right = verdicts.right(statistic, verdicts.keep).counts.sum()
            shares.append(right / cell.size(verdicts.keep, folds).counts.sum())
        wall = time.perf_counter() - started
    return {
        "calibration": calibration,
        "wall": wall,
        "cpu": time.process_time() - used,
        "mb": _peak(),
        "found": [found.epsilon, found.accuracy, found.bound],
        "shares": shares,
    }


def _peak() -> float:
    """The most memory that this process has held, MiB. `ru_maxrss` would count what its parent held before it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _column(metric: Floats) -> Any:
    from harness.meta.columns import Column

    return Column("metric", None, metric, True)


def figures() -> Sequence[dict[str, Any]]:
    """Time, memory and bound without a peer."""
    rows = []
    for number in SIZES:
        for levels in LEVELS:
            command = [sys.executable, __file__, "--one", str(number), str(levels)]
            one = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            epsilon, accuracy, bound = one["found"]
            said = "exact" if bound == 0 else f"no epsilon is better by more than {bound:.1e}"
            ratings = f"{levels} levels" if levels else "continuous ratings"
            best = f"accuracy {accuracy:.5f} at {epsilon:.4g}, {said}"
            cost = f"raw and held-out accuracy of five folds {one['cpu']:.1f} s of CPU; peak memory {one['mb']:,.0f} MB"
            value = f"calibration {one['calibration']:.2f} s of CPU ({best}); with {cost}"
            rows.append({"job": f"{number:,} ungrouped outputs, {ratings}", "value": value})
            print(f"{rows[-1]['job']}: {rows[-1]['value']}", flush=True)
    return rows


def checkout(arguments: list[str]) -> str | None:
    """The path given by --mt-metrics-eval, which is taken out of the arguments, or by the environment."""
    if "--mt-metrics-eval" in arguments:
        at = arguments.index("--mt-metrics-eval")
        path = arguments[at + 1]
        del arguments[at : at + 2]
        return path
    return os.environ.get("MT_METRICS_EVAL")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(int(sys.argv[2]), int(sys.argv[3]))))
        sys.exit()
    path = checkout(sys.argv)
    jobs = []
    if path is None:
        print("no peer: give --mt-metrics-eval CHECKOUT", file=sys.stderr)
    else:
        sys.path.insert(0, path)
        from mt_metrics_eval import tau_optimization

        jobs = [job(number, tau_optimization) for number in (500, 2_000)]
    main(jobs, str(__doc__), "ungrouped", figures)
