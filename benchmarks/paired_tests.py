"""Paired tests of two metrics: seconds for 10,000 draws, and score-swap beside a draw of mt-metrics-eval's calibration.

python benchmarks/paired_tests.py --mt-metrics-eval PATH [--rounds 5] [--only WORD …] [--write]

500 items × 10 systems. A draw of score-swap swaps the two metrics' scores output by output and calibrates both anew. The peer has
no such test: its draw is the same swap and its own calibration (`tau_optimization`, `acc_23`, all pairs) of both, which is what
one would write with it; it is given a few of our draws, and the differences of those are compared. z-scores come beforehand.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import peer_mtme
import side_by_side
from side_by_side import Job

from harness.meta.calibration import calibrate
from harness.meta.pairs import human_signs, make_pairs, order_pairs
from harness.meta.score_swap import Swaps, score_swap
from harness.meta.significance import pair_swap, sign_flip

ITEMS, SYSTEMS, DRAWS, PEER_DRAWS = 500, 10, 10_000, 4


class Study:
    """Made-up ratings and two metrics of nearly the same strength, z-scored."""

    def __init__(self, items: int = ITEMS, systems: int = SYSTEMS) -> None:
        self.human, first = peer_mtme.made_up(items, systems, seed=1)
        second = self.human + np.random.default_rng(2).normal(0, 1.55, self.human.shape)
        self.first, self.second = ((values - values.mean()) / values.std() for values in (first, second))
        self.pairs = make_pairs(np.repeat(np.arange(items), systems), 10**8)
        self.signs = human_signs(self.pairs, self.human.ravel())

    def swaps(self, draws: int) -> Any:
        """Which outputs are swapped, (draws, outputs)."""
        rng = np.random.default_rng(3)
        return rng.integers(0, 2, (draws, self.human.size), dtype=np.int8)

    def ours(self, draws: int) -> Any:
        """Which draws are at least as extreme as the observed difference, preparation included, and what tells it."""
        swaps = Swaps.of(self.pairs, self.signs, self.first.ravel(), self.second.ravel())
        observed = abs(swaps.differences(np.zeros((1, self.human.size), dtype=np.int8))[0])
        return swaps.reach(self.swaps(draws), observed), swaps, observed

    def peer(self, calibrated: peer_mtme.Calibrated, draws: int) -> Any:
        """The same by the peer's calibration."""
        found = []
        for swap in self.swaps(draws):
            taken = swap.reshape(self.human.shape).astype(bool)
            sides = np.where(taken, self.second, self.first), np.where(taken, self.first, self.second)
            best = [calibrated(self.human, side)[0] for side in sides]
            found.append(best[0] - best[1])
        return np.array(found)

    def right(self) -> list[Any]:
        """What each metric gets right of the pairs at its own epsilon."""
        found = []
        for metric in (self.first, self.second):
            ordered = order_pairs(self.pairs, self.signs, metric.ravel())
            epsilon = calibrate(self.pairs, ordered)
            assert epsilon is not None
            found.append(ordered.right(epsilon).astype(np.float64))
        return found


def equal(study: Study, mine: Any, theirs: Any) -> str:
    """Differences of the draws that both did differ by rounding alone, and so the same draws are extreme."""
    reached, swaps, observed = mine
    worst = float(np.abs(swaps.differences(study.swaps(len(reached))[: len(theirs)]) - theirs).max())
    assert worst < 1e-9, worst
    assert (reached[: len(theirs)] == (np.abs(theirs) >= observed - 1e-12)).all()
    return f"{len(theirs)} draws differ by {worst:.1g} at most"


def figures() -> Sequence[dict[str, Any]]:
    """Seconds of each test at 10,000 draws."""
    study = Study()
    one, two = study.right()
    weighted = one - two
    by_item = np.bincount(study.pairs.group, weights=weighted)[:, None]
    tests = {
        "sign-flip (the default)": lambda: float(sign_flip(by_item, DRAWS, 0)[0]),
        "pair-swap": lambda: pair_swap(weighted, DRAWS, 0),
        "score-swap, calibrated in each draw": lambda: score_swap(
            study.pairs, study.signs, study.first.ravel(), study.second.ravel(), DRAWS, 0
        ),
    }
    found = []
    for name, test in tests.items():
        test()
        started = time.perf_counter()
        p = test()
        seconds = time.perf_counter() - started
        found.append({"job": f"{name}: {DRAWS:,} draws, {ITEMS} × {SYSTEMS}", "value": f"{seconds:.2f} s (p = {p:.4f})"})
    return found


def jobs() -> list[Job]:
    """Score-swap beside the peer, a draw being the calibration of both metrics."""
    name, calibrated = peer_mtme.tie_calibration()
    study = Study()
    return [
        Job(
            name=f"score-swap with calibration in each draw, {ITEMS} items × {SYSTEMS} systems",
            peer_name=name,
            ours=lambda: study.ours(1000),
            peer=lambda: study.peer(calibrated, PEER_DRAWS),
            equal=partial(equal, study),
            units=1000,
            unit="draw",
            at_least=150,
            peer_units=PEER_DRAWS,
            note=f"the peer does {PEER_DRAWS} of our 1,000 draws",
        )
    ]


if __name__ == "__main__":
    side_by_side.main(jobs(), __doc__ or "", "paired_tests", figures)
