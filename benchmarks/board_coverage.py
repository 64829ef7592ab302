"""Do a board's intervals hold the truth, and do its tests find differences where there are none? Simulated models, known truth.

python benchmarks/board_coverage.py [--studies 400] [--resamples 1000] [--only WORD …]

Per world and number of items: how often the 95 % interval holds the population's value, for the board's own interval, for the
plain percentile bootstrap and for value ± 1.96 standard errors (what lm-eval's tables give by their stderr), each with Wilson's
interval; and how wide the board's is beside the percentile one. Then the interval of the mean over tasks, how often
paired tests reject where two models are alike, and how often six equal models are split into more than one cluster of ranks.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from harness.leaderboard.board import make_board
from harness.leaderboard.comparisons import swap
from harness.leaderboard.intervals import Draws, find_interval, wilson
from harness.leaderboard.measures import Measure, find_measure
from harness.leaderboard.records import Item, ModelInfo, Results, TaskInfo, TaskResult
from harness.meta.pairs import Floats

POPULATION = 4000
MEANS: tuple[tuple[tuple[float, ...], tuple[int, ...]], ...] = (
    ((0.5, 0.5, 0.5), (20, 20, 20)),
    ((0.9, 0.95, 0.99), (20, 20, 20)),
    ((0.95, 0.9), (8, 400)),
    ((1.0, 0.9), (8, 400)),
    ((0.97,) * 8, (50,) * 8),
)
WORDS = tuple(
    f"{first}{last}" for first in ("sn", "st", "br", "l", "vatt", "gr") for last in ("ö", "åg", "en", "ar", "else", "ig")
)


@dataclass(frozen=True)
class World:
    """A population of items with a value, and how a study draws from it: `clusters` of that many items, if above 1."""

    name: str
    items: tuple[int, ...]
    population: Callable[[], Measure]
    in_cluster: int = 1


def main() -> None:
    """Prints one line a cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="only worlds whose name holds one of these words")
    chosen = parser.parse_args()
    worlds = [world for world in WORLDS if not chosen.only or any(word in world.name for word in chosen.only)]
    print(f"coverage of 95 % intervals, {chosen.studies} studies of each, {chosen.resamples} resamples")
    print("| world | items | board's interval | percentile | ± 1.96 SE | width, board / percentile |")
    print("| --- | --- | --- | --- | --- | --- |")
    for world in worlds:
        for items in world.items:
            found = coverage(world, items, chosen.studies, chosen.resamples)
            shown = " | ".join(share(found[kind], chosen.studies) for kind in ("board", "percentile", "normal"))
            print(f"| {world.name} | {items} | {shown} | {found['wider']:.2f} |", flush=True)
    print()
    print("| mean over tasks: shares right | items | board's interval |")
    print("| --- | --- | --- |")
    for shares, sizes in MEANS:
        named = ", ".join(f"{one:g}" for one in shares), ", ".join(map(str, sizes))
        print(f"| {named[0]} | {named[1]} | {share(means_held(shares, sizes, chosen.studies), chosen.studies)} |", flush=True)
    print()
    print("| tests at 5 % where nothing differs | items | rejected |")
    print("| --- | --- | --- |")
    for world in worlds:
        for items in world.items[:2]:
            rejected = rejections(world, items, chosen.studies, chosen.resamples)
            print(f"| {world.name}: two models | {items} | {share(rejected, chosen.studies)} |", flush=True)
    boards = max(1, chosen.studies // 2)
    for items in (20, 100):
        column, mean = splits(items, boards, chosen.resamples)
        print(f"| six equal models, one column: more than one cluster | {items} | {share(column, boards)} |", flush=True)
        print(f"| the same, mean of three tasks | {items} | {share(mean, boards)} |", flush=True)


def share(count: float, n: int) -> str:
    """A share with Wilson's interval."""
    low, high = wilson(round(count), n, 0.95)
    return f"{count / n:.3f} [{low:.3f}, {high:.3f}]"


def coverage(world: World, items: int, studies: int, resamples: int) -> dict[str, float]:
    """How many studies' intervals hold the truth, by kind, and the mean ratio of widths."""
    whole = world.population()
    truth = whole.total
    held = {"board": 0.0, "percentile": 0.0, "normal": 0.0}
    wider = []
    for study in range(studies):
        drawn = sample(world, whole, items, np.random.default_rng([study, items]))
        found = find_interval(drawn, "task", Draws(resamples, study), 0.95)
        values = found.resampled
        if values is None or found.low is None or found.high is None:
            continue  # no interval is no coverage
        low, high = np.quantile(values, [0.025, 0.975])
        half = 1.959964 * float(values.std(ddof=1))
        held["board"] += found.low <= truth <= found.high
        held["percentile"] += low <= truth <= high
        held["normal"] += abs(drawn.total - truth) <= half
        if high > low:
            wider.append((found.high - found.low) / (high - low))
    return held | {"wider": float(np.mean(wider)) if wider else float("nan")}


def means_held(shares: tuple[float, ...], sizes: tuple[int, ...], studies: int) -> int:
    """In how many studies the interval of the mean over tasks of right and wrong answers holds the mean of the shares."""
    held = 0
    for study in range(studies):
        rng = np.random.default_rng([study, len(sizes), 4])
        right = [(rng.random(n) < one).astype(float) for one, n in zip(shares, sizes, strict=True)]
        one = make_board(results_of([right]), resamples=10, seed=study).standings[0]  # Wilson's intervals ask for no draws
        held += one.low is not None and one.high is not None and one.low <= float(np.mean(shares)) <= one.high
    return held


def rejections(world: World, items: int, studies: int, resamples: int) -> int:
    """How often two models differ at 5 % that are alike: of each item, one of two equally good answers went to either."""
    count = 0
    for study in range(studies):
        rng = np.random.default_rng([study, items, 1])
        whole = world.population()
        rows = drawn_rows(world, whole, items, rng)
        other = partner(whole, rows, rng)
        first, second = (measure_of(whole, chosen, world.in_cluster) for chosen in (rows, other))
        turned = np.repeat(rng.integers(0, 2, -(-len(rows) // world.in_cluster)), world.in_cluster)[: len(rows), None]
        one = Measure(first.kind, first.keys, first.clusters, np.where(turned, first.parts, second.parts), first.value)
        two = Measure(first.kind, first.keys, first.clusters, np.where(turned, second.parts, first.parts), first.value)
        found = swap(one, two, "task", resamples, study)
        count += found is not None and found.p <= 0.05
    return count


def splits(items: int, boards: int, resamples: int) -> tuple[int, int]:
    """In how many boards of six equal models some column, or the mean of three tasks, has more than one cluster."""
    column = mean = 0
    for study in range(boards):
        rng = np.random.default_rng([study, items, 2])
        hard = rng.beta(2, 2, (3, items))
        scores = (rng.random((6, 3, items)) < hard).astype(float)
        board = make_board(results_of(scores), resamples=resamples, seed=study)
        column += any(cell.cluster != 1 for cell in board.cells if cell.column == "t0/s")
        mean += any(one.cluster != 1 for one in board.standings)
    return column, mean


def sample(world: World, whole: Measure, items: int, rng: np.random.Generator) -> Measure:
    """Items drawn from the population, cluster by cluster where there are clusters."""
    return measure_of(whole, drawn_rows(world, whole, items, rng), world.in_cluster)


def drawn_rows(world: World, whole: Measure, items: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of the population: whole clusters, with replacement."""
    size = world.in_cluster
    clusters = rng.integers(0, len(whole.keys) // size, items // size)
    return (clusters[:, None] * size + np.arange(size)).ravel()


def partner(whole: Measure, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other rows of the population, for a second model's answers."""
    return (rows + rng.integers(1, len(whole.keys))) % len(whole.keys)


def measure_of(whole: Measure, rows: np.ndarray, in_cluster: int) -> Measure:
    """The population's measure of these rows, each a new item."""
    keys = tuple(str(place) for place in range(len(rows)))
    clusters = tuple(str(place // in_cluster) for place in range(len(rows)))
    return Measure(whole.kind, keys, clusters, whole.parts[rows], whole.value)


def results_of(scores: Floats | Sequence[Sequence[Floats]]) -> Results:
    """Results of models (first axis) on tasks (second) with items (third)."""
    names = [f"m{place}" for place in range(len(scores))]
    tasks = [f"t{place}" for place in range(len(scores[0]))]

    def read_items(model: str, task: str):  # type: ignore[no-untyped-def]
        values = scores[names.index(model)][tasks.index(task)]
        return (Item(key=str(place), values={"s": float(value)}) for place, value in enumerate(values))

    return Results(
        models={name: ModelInfo(name=name) for name in names},
        tasks={task: TaskInfo(name=task, metric="s", baseline=0.0, ceiling=1.0) for task in tasks},
        results=tuple(
            TaskResult(model=name, task=task, values={"s": float(scores[place][at].mean())}, items=len(scores[place][at]))
            for place, name in enumerate(names)
            for at, task in enumerate(tasks)
        ),
        read_items=read_items,
    )


# --- populations


def _mean(values: Floats) -> Measure:
    items = [Item(key=str(place), values={"s": float(value)}) for place, value in enumerate(values)]
    return _found(items, "s", "mean")


def _found(items: list[Item], metric: str, aggregation: str) -> Measure:
    measure = find_measure(items, metric, aggregation, None)
    assert measure is not None, metric
    return measure


@cache
def right_or_wrong(right: float) -> Measure:
    """Independent items, this share of them right."""
    return _mean((np.arange(POPULATION) < right * POPULATION).astype(float))


@cache
def in_passages() -> Measure:
    """Five questions a passage that are mostly right or wrong together."""
    rng = np.random.default_rng(1)
    ability = rng.beta(0.8, 0.8, POPULATION // 5)
    return _mean((rng.random((POPULATION // 5, 5)) < ability[:, None]).astype(float).ravel())


@cache
def skewed() -> Measure:
    """Scores like ROUGE-L of short answers: many 0, some 1, the rest between."""
    rng = np.random.default_rng(2)
    kind = rng.random(POPULATION)
    return _mean(np.where(kind < 0.5, 0.0, np.where(kind < 0.62, 1.0, rng.beta(1.5, 4, POPULATION))))


@cache
def translations(metric: str) -> Measure:
    """chrF or BLEU of a corpus: sentences of 3 to 30 words, some nearly right, some hardly."""
    chance = random.Random(3)
    items = []
    for place in range(POPULATION):
        wanted = chance.choices(WORDS, k=chance.randint(3, 30))
        keep = chance.betavariate(2, 1.5)
        said = " ".join(word if chance.random() < keep else chance.choice(WORDS) for word in wanted)
        items.append(Item(key=str(place), meta={"parts": {metric: [" ".join(wanted), said]}}))
    return _found(items, metric, metric)


@cache
def perplexities() -> Measure:
    """Perplexity per character: documents of very unlike lengths and difficulties."""
    rng = np.random.default_rng(4)
    lengths = np.rint(np.exp(rng.normal(7, 0.8, POPULATION)))
    per_character = np.exp(rng.normal(0.3, 0.25, POPULATION))
    pairs = np.column_stack([-lengths * per_character, lengths]).tolist()
    return _found(
        [Item(key=str(place), meta={"parts": {"p": pair}}) for place, pair in enumerate(pairs)], "p", "weighted_perplexity"
    )


WORLDS = (
    World("accuracy .3", (15, 50, 100, 400), lambda: right_or_wrong(0.3)),
    World("accuracy .95", (15, 50, 100, 400), lambda: right_or_wrong(0.95)),
    World("accuracy, 5 items a passage", (50, 100, 400), in_passages, 5),
    World("skewed scores", (15, 50, 100, 400), skewed),
    World("chrF of a corpus", (15, 50, 100, 400), lambda: translations("chrf")),
    World("BLEU of a corpus", (15, 50, 100, 400), lambda: translations("bleu")),
    World("perplexity per character", (15, 50, 100, 400), perplexities),
)


if __name__ == "__main__":
    main()
