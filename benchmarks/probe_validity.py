"""Are the imageability probe's statistics right? Simulated words with known truth: sizes of tests, coverage of intervals.

python benchmarks/probe_validity.py [--studies 400] [--processes 2] [--words 30,150] [--write]

Worlds: `null` (gain has nothing to do with imageability), `linear` (it grows with it), `confound` (it grows with frequency, which
goes with imageability by .9), `uneven` (null, and the gains of easily pictured words vary three times as much), each with
occurrences that differ by word, alone or in videos that shift all their words (`videos`). The true correlation is that of
200,000 words with as many occurrences each. Where videos alone are drawn again, the truth of the mean is that of the words at
hand: such an interval says nothing of other words. Every study has a number, which is its seed.
"""

import argparse
import math
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from harness_plugins.video.probe.figures import Settings
from harness_plugins.video.probe.matching import matched
from harness_plugins.video.probe.regression import regress
from harness_plugins.video.probe.statistics import mean, spearman
from harness_plugins.video.probe.table import Floats, WordTable

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

LEVEL, ALPHA = 0.95, 0.05
MEAN = 0.3  # the gain of a word of mean imageability


@dataclass(frozen=True)
class World:
    """How gains come about. `slope`: of a word's gain on imageability (both in standard deviations of words), `frequency`: on log
    frequency; `along`: correlation of the two; `uneven`: spread of gains of words of the upper half over that of the others;
    `videos`: standard deviation of what all words of a video share."""

    name: str
    words: int
    slope: float = 0.0
    frequency: float = 0.0
    along: float = 0.0
    uneven: float = 1.0
    videos: float = 0.0


def worlds(words: int) -> list[World]:
    """Every world at a number of words, its occurrences independent, and in videos that shift them."""
    alone = [
        World("null", words),
        World("linear", words, slope=0.5),
        World("confound", words, frequency=1.0, along=0.9),
        World("uneven", words, uneven=3.0),
    ]
    return alone + [replace(one, name=f"{one.name}, videos", videos=0.5) for one in alone]


def draw(world: World, seed: int) -> tuple[WordTable, Floats, float]:
    """Words, their occurrences (1 to 20, more of frequent words) in a fifth as many videos; gains, and the words' true mean."""
    rng = np.random.default_rng([seed, world.words])
    count = world.words
    frequency = rng.normal(size=count)
    imageability = world.along * frequency + math.sqrt(1 - world.along**2) * rng.normal(size=count)
    spread = np.where(imageability > 0, world.uneven, 1.0)
    own = MEAN + world.slope * imageability + world.frequency * frequency + spread * rng.normal(size=count)
    often = 1 + rng.poisson(np.exp(1 + 0.7 * frequency))
    word = np.repeat(np.arange(count), np.minimum(often, 20))
    cluster = rng.integers(0, max(len(word) // 5, 5), len(word))
    shift = world.videos * rng.normal(size=int(cluster.max()) + 1)
    table = WordTable(
        words=tuple(f"w{number:05}" for number in range(count)),
        imageability=4 + imageability,
        frequency=3 + frequency,
        length=rng.integers(2, 10, count).astype(float),
        classes=(None,) * count,
        word=word,
        cluster=cluster,
    )
    return table, own[word] + shift[cluster] + rng.normal(size=len(word)), float(own.mean())


def truth(world: World) -> dict[str, float]:
    """Of the mean, of rho (by very many words), and of the slope and the matched difference where they are 0 by design."""
    table, values, _ = draw(replace(world, words=200_000), 0)
    sums = np.bincount(table.word, values) / np.bincount(table.word)
    ranks = [np.argsort(np.argsort(side)).astype(float) for side in (table.imageability, sums)]
    known = {"mean": MEAN, "spearman": float(np.corrcoef(ranks[0], ranks[1])[0, 1]), "regression": world.slope}
    if world.slope == 0:
        known["matched"] = 0.0
    if world.slope == 0 and world.along == 0:
        known["spearman"] = 0.0
    return known


def study(world: World, known: dict[str, float], seed: int) -> dict[str, tuple[bool | None, bool | None]]:
    """By figure: whether its interval holds the truth, and whether its test rejects."""
    table, values, own = draw(world, seed)
    found: dict[str, tuple[bool | None, bool | None]] = {}
    for by in ("words", "videos", "both"):
        settings = Settings(resamples=400, permutations=399, seed=seed, by=by, level=LEVEL)
        figures = {"mean": mean(table, values, settings)}
        if by != "videos":
            figures["spearman"] = spearman(table, values, settings)
        if by == "words":
            pairs = matched(table, values, settings)
            figures |= {"matched": pairs.difference, "regression": regress(table, values, settings).term("imageability")}
        for name, one in figures.items():
            held = None
            if one.low is not None and one.high is not None and name in known:
                held = one.low <= (own if by == "videos" else known[name]) <= one.high
            found[f"{name}, by {by}" if name in ("mean", "spearman") else name] = (held, None if one.p is None else one.p < ALPHA)
    return found


def simulate(world: World, studies: int, processes: int) -> list[dict[str, object]]:
    """A row by figure: the share of intervals that hold the truth, and of tests that reject, with the numbers of each."""
    known = truth(world)
    tallies: dict[str, list[tuple[bool | None, bool | None]]] = defaultdict(list)
    with ProcessPoolExecutor(processes) as pool:
        for one in pool.map(partial(study, world, known), range(1, studies + 1), chunksize=10):
            for name, row in one.items():
                tallies[name].append(row)
    rows: list[dict[str, object]] = []
    for name, outcomes in tallies.items():
        held = [one for one, _ in outcomes if one is not None]
        tests = [two for _, two in outcomes if two is not None]
        figure = name.split(",")[0]
        rows.append(
            {
                "world": world.name,
                "words": world.words,
                "figure": name,
                "truth": known.get(figure),
                "coverage": sum(held) / len(held) if held else None,
                "intervals": len(held),
                "rejected": sum(tests) / len(tests) if tests else None,
                "tests": len(tests),
                "studies": len(outcomes),
            }
        )
    return rows


def main() -> None:
    """Simulates world after world and prints what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--words", default="30,150")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    figures: list[dict[str, str]] = []
    for words in map(int, arguments.words.split(",")):
        for world in worlds(words):
            made = simulate(world, arguments.studies, arguments.processes)
            figures.append({"job": f"{world.name}: {words} words, {arguments.studies} studies", "value": _value(made)})
            print(figures[-1]["job"], figures[-1]["value"], sep="\n  ", flush=True)
    if arguments.write:
        write("probe_validity", [], figures)


def _value(rows: list[dict[str, object]]) -> str:
    """The shares of a world as a line; of intervals and tests that there were in fewer studies, in how many."""

    def shares(name: str, of: str) -> str:
        known = [row for row in rows if row[name] is not None]
        return ", ".join(
            f"{row['figure']} {row[name]:.3f}" + (f" (in {row[of]})" if row[of] != row["studies"] else "") for row in known
        )

    return f"intervals that hold the truth: {shares('coverage', 'intervals')}; tests that reject: {shares('rejected', 'tests')}"


if __name__ == "__main__":
    main()
