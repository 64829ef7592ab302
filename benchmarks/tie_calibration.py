"""Tie calibration beside mt-metrics-eval: from scores to the best accuracy and its epsilon, pairs included.

python benchmarks/tie_calibration.py --mt-metrics-eval PATH [--rounds 5] [--only WORD …] [--write]

Ours are the functions that make the accuracy rows of `harness metaeval` (harness.meta.pairs, harness.meta.calibration); the peer
is `tau_optimization` with `acc_23` on all pairs. The largest job is done in three rounds: the peer takes a quarter of a minute.
"""

from typing import Any

import numpy as np
import peer_mtme
import side_by_side
from side_by_side import Job

from harness.meta.calibration import calibrate
from harness.meta.pairs import accuracy, human_signs, make_pairs, order_pairs

SIZES = ((500, 10), (2000, 15), (1000, 50))
REPEATED = 1_000_000  # pairs that ours goes through in a round


def ours(human: Any, metric: Any) -> tuple[float, float]:
    """(accuracy, epsilon) over the pairs within each row."""
    pairs = make_pairs(np.repeat(np.arange(len(human)), human.shape[1]), 10**8)
    ordered = order_pairs(pairs, human_signs(pairs, human.ravel()), metric.ravel())
    epsilon = calibrate(pairs, ordered)
    assert epsilon is not None
    value = accuracy(pairs, ordered.right(epsilon))
    assert value is not None
    return value, epsilon


def equal(mine: tuple[float, float], theirs: tuple[float, float]) -> str:
    """The accuracies agree to 1e-9; epsilons may differ where two are equally good, so they are only reported."""
    assert abs(mine[0] - theirs[0]) < 1e-9, (mine, theirs)
    same = "same epsilon" if mine[1] == theirs[1] else f"epsilon {mine[1]:.6g} and {theirs[1]:.6g}, equally good"
    return f"accuracy differs by {abs(mine[0] - theirs[0]):.1g}, {same}"


def jobs() -> list[Job]:
    """One job a size."""
    name, peer = peer_mtme.tie_calibration()
    return [_job(name, peer, items, systems) for items, systems in SIZES]


def _job(name: str, peer: peer_mtme.Calibrated, items: int, systems: int) -> Job:
    human, metric = peer_mtme.made_up(items, systems, seed=items)
    pairs = items * systems * (systems - 1) // 2
    times = max(1, REPEATED // pairs)

    def repeatedly() -> tuple[float, float]:
        for _ in range(times - 1):
            ours(human, metric)
        return ours(human, metric)

    return Job(
        name=f"tie calibration by item, {items:,} items × {systems} systems",
        peer_name=name,
        ours=repeatedly,
        peer=lambda: peer(human, metric),
        equal=equal,
        units=pairs * times,
        unit="pair",
        at_least=150 if systems == 50 else None,
        peer_units=pairs,
        rounds=3 if systems == 50 else None,
        note="" if times == 1 else f"ours is done {times} times in a row, since once takes milliseconds",
    )


if __name__ == "__main__":
    side_by_side.main(jobs(), __doc__ or "", "tie_calibration")
