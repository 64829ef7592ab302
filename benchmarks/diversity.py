"""The greedy choice at scale: agreement of the choice by neighbours with the exact one, and time and memory for many items.

python benchmarks/diversity.py [--items 100000] [--agree 5000] [--threads 1]

Items are random vectors of 384 numbers in clusters of 20 on average (a cluster's centre plus noise), relevance is uniform. The
choice by neighbours is shown as: share of the exact choice's items that it chooses too, and the mean exact diversity (one minus
the largest similarity to any earlier one) of what each of the two chose.
"""

import argparse
import resource
import time

import numpy as np

from harness.build.diversity import NEIGHBOURS, Chosen, normalised, select, select_by_neighbours
from harness.build.diversity_neighbours import nearest

WIDTH = 384


def main() -> None:
    options = _options()
    _agreement(options.agree)
    if options.items:
        _scale(options.items, options.threads)


def _agreement(count: int) -> None:
    print(f"{count:,} items, clusters of 20")
    head = f"{'spread':>6} {'chosen':>6} {'neighbours':>10} {'common':>7}"
    print(f"{head} {'exact: diversity':>16} {'ours: diversity':>15} {'value':>7}")
    for spread in (0.5, 1.0, 2.0):
        vectors, relevance, keys = clustered(count, spread)
        for part in (10, 2):
            exact = select(vectors, relevance, keys, count // part, exact=True)
            best = _value(vectors, relevance, exact)
            for neighbours in (8, NEIGHBOURS, 64):
                ours = select(vectors, relevance, keys, count // part, exact=False, neighbours=neighbours)
                common = len(set(exact.order) & set(ours.order)) / len(exact.order)
                value = _value(vectors, relevance, ours)
                print(
                    f"{spread:6} {count // part:6,} {neighbours:10} {common:7.3f} {_diversity(vectors, exact):16.3f} "
                    f"{_diversity(vectors, ours):15.3f} {value / best:7.4f}"
                )


def _scale(count: int, threads: int) -> None:
    import faiss

    faiss.omp_set_num_threads(threads)
    vectors, relevance, _ = clustered(count, 1.0)
    before = _peak()
    started, used = time.monotonic(), time.process_time()
    directions = normalised(vectors)
    found = nearest(directions, NEIGHBOURS)
    listed, listed_used = time.monotonic(), time.process_time()
    chosen = select_by_neighbours(found, relevance, count // 2, 1.0)
    ended, ended_used = time.monotonic(), time.process_time()
    some = np.random.default_rng(1).choice(count, 200, replace=False)
    products = directions[some] @ directions.T
    products[np.arange(len(some)), some] = -2
    best = np.argpartition(-products, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    recall = np.mean([len(set(row) & set(found.places[at].tolist())) for at, row in zip(some, best.tolist(), strict=True)])
    print(f"{count:,} items of {WIDTH}, {len(chosen.order):,} chosen, {NEIGHBOURS} neighbours, {threads} thread(s)")
    print(
        f"  neighbours {listed - started:.0f} s ({listed_used - used:.0f} s of CPU), recall {recall / NEIGHBOURS:.3f} (n = 200)"
    )
    print(f"  choice {ended - listed:.1f} s ({ended_used - listed_used:.1f} s of CPU)")
    print(f"  memory: {before / 1e9:.2f} GB with the vectors, {_peak() / 1e9:.2f} GB at the peak")


def clustered(count: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vectors, relevances and keys; `spread` is the noise beside centres of standard normal numbers."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(max(2, count // 20), WIDTH)).astype(np.float32)
    vectors = centres[draw.integers(len(centres), size=count)]
    for start in range(0, count, 10_000):
        part = vectors[start : start + 10_000]
        part += spread * draw.normal(size=part.shape).astype(np.float32)
    return vectors, draw.random(count), [f"{place:09d}" for place in range(count)]


def _diversity(vectors: np.ndarray, chosen: Chosen) -> float:
    directions = normalised(vectors[chosen.order])
    products = np.tril(directions @ directions.T, -1)
    return float(np.mean(1 - np.clip(products.max(axis=1), 0, 1)))


def _value(vectors: np.ndarray, relevance: np.ndarray, chosen: Chosen) -> float:
    return float(np.mean(relevance[chosen.order])) + _diversity(vectors, chosen)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000, help="for time and memory; 0 leaves that out")
    parser.add_argument("--agree", type=int, default=5_000, help="items for the agreement with the exact choice")
    parser.add_argument("--threads", type=int, default=1, help="of the index")
    return parser.parse_args()


if __name__ == "__main__":
    main()
