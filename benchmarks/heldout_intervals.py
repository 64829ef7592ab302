"""Do intervals of held-out accuracy hold the truth? Metrics of few levels and a continuous one, two kinds of resamples.

python benchmarks/heldout_intervals.py [--studies 1000] [--items 50 200] [--systems 5 15] [--ties .1 .35 .6] [--levels 3 11 0]

Per cell: coverage of what is best over all items / of what the chosen epsilons are worth there, with epsilons fixed and with
every second resample choosing them anew; how much longer the latter's intervals are; how often the folds chose differently.
"""

import argparse
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # the modules beside this script, also where it is loaded by its path

from validity_pairs import cell_of
from validity_truth import bin_of, curve, step_for
from validity_worlds import Floats, Metric, Study, World, draw, values

from harness.meta.columns import Column
from harness.meta.judging import Cell, Judged, estimate, estimate_judged, judge_column
from harness.meta.options import MetaOptions
from harness.meta.support import Estimate

STRENGTH = {3: 0.95, 11: 0.95, 0: 0.9}
BITS = 16
POPULATION = 40_000


def main() -> None:
    """Prints one line a cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--items", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--systems", type=int, nargs="+", default=[5, 15])
    parser.add_argument("--ties", type=float, nargs="+", default=[0.1, 0.35, 0.6])
    parser.add_argument("--levels", type=int, nargs="+", default=[3, 11], choices=STRENGTH, help="0: continuous")
    chosen = parser.parse_args()
    print("levels items systems ties | fixed: best/own  half-recalibrated: best/own  length | bias  folds differ")
    for levels in chosen.levels:
        for systems in chosen.systems:
            for ties in chosen.ties:
                for items in chosen.items:
                    found = cell(World(items, systems, ties), levels, chosen.studies)
                    print(f"{levels:6} {items:5} {systems:7} {ties:4} | {described(found)}", flush=True)


def cell(world: World, levels: int, studies: int) -> dict[str, float]:
    """Means over studies."""
    rows = [study(world, levels, run) for run in range(studies)]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def described(found: dict[str, float]) -> str:
    """The line of a cell, without its place."""
    ratio = found["width anew"] / found["width"]
    return (
        f"{found['best']:.3f}/{found['own']:.3f}  {found['best anew']:.3f}/{found['own anew']:.3f}  {ratio:.2f} | "
        f"{found['bias']:+.4f}  {found['differ']:.2f}"
    )


def study(world: World, levels: int, run: int) -> dict[str, float]:
    """One study: which intervals hold which truth, their widths, the bias."""
    drawn = draw(world, step(world.systems, world.ties), (world.items, world.systems, round(1000 * world.ties), run))
    made = cell_of(world, drawn.ratings, run)
    column = Column("m", None, scores(drawn, levels).ravel(), True)
    judged = judge_column(made, column, MetaOptions(seed=run))
    fixed = estimate(made, judged.right["accuracy_heldout"], judged.tested)
    anew = estimate_judged(made, judged, "accuracy_heldout")
    best, own = truths(world, levels, made, judged)
    found = {"bias": (fixed.value or 0.0) - best, "differ": float(len(set(judged.epsilons)) > 1)}
    for name, one in (("", fixed), (" anew", anew)):
        found |= {
            f"best{name}": holds(one, best),
            f"own{name}": holds(one, own),
            f"width{name}": (one.high or 0) - (one.low or 0),
        }
    return found


def scores(drawn: Study, levels: int) -> Floats:
    """A metric's scores on 3 levels, on 11, or continuous."""
    if levels == 3:
        return values(drawn, Metric(STRENGTH[3], "3 levels"))
    continuous = values(drawn, Metric(STRENGTH[levels]))
    return np.clip(np.rint(2 * continuous), -5, 5) if levels else continuous


def truths(world: World, levels: int, made: Cell, judged: Judged) -> tuple[float, float]:
    """(accuracy at the best epsilon over all items, that of the folds' epsilons, averaged as the folds' items are)."""
    worth = population_curve(world.systems, world.ties, levels)
    share = np.bincount(made.fold[:: world.systems], minlength=made.folds)
    known = [(weight, epsilon) for weight, epsilon in zip(share, judged.epsilons, strict=True) if epsilon is not None]
    at = worth[bin_of(np.array([epsilon for _, epsilon in known]), BITS)]
    return float(worth.max()), float(np.average(at, weights=[weight for weight, _ in known]))


@lru_cache
def population_curve(systems: int, ties: float, levels: int) -> Floats:
    """Accuracy over a very large study at every epsilon."""
    world = World(POPULATION if systems < 10 else POPULATION // 2, systems, ties)
    drawn = draw(world, step(systems, ties), (2718, 2))
    return curve(drawn, world, scores(drawn, levels), BITS)


@lru_cache
def step(systems: int, ties: float) -> float:
    """The step of the rating scale with which people tie this share of pairs."""
    return step_for(World(0, systems, ties))


def holds(found: Estimate, true: float) -> float:
    """1 where the interval holds the truth."""
    return float(found.low is not None and found.high is not None and found.low - 1e-9 <= true <= found.high + 1e-9)


if __name__ == "__main__":
    main()
