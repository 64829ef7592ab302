"""How often `harness advise` says "use" of a metric that is no better than the best sentinel, and of metrics that are better.

python benchmarks/advice.py [--studies 400] [--items 50 200 1000] [--world gec-sv --world synthetic] [--resamples 1000]

A study draws items with replacement: from the real ratings of gec-sv (five systems, criterion grammaticality or meaning; needs
`harness data get gec-sv`), or from a synthetic model. The metrics are made to measure: a parameter is set so that the metric's
calibrated accuracy on 20,000 drawn items is that of the best sentinel there (its true accuracy), or higher by a stated advantage.
Printed: how many studies said "use", as a share with its exact 95 % interval, and how many studies there were.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.meta.advice import Advice, advise
from harness.meta.calibration import calibrate, folds_of
from harness.meta.columns import Column
from harness.meta.judging import Cell, estimate_judged, judge_column, make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats, accuracy, human_signs, make_pairs, order_pairs
from harness.meta.resampling import Resampler
from harness.meta.sentinels import sentinel_scores
from harness.records import MetaRow

TUNED_ON = 20_000  # items on which a metric's parameter is set


@dataclass(frozen=True)
class World:
    """Items to draw from: ratings and each sentinel's scores, shape (items, systems); `best` names the best sentinel."""

    name: str
    ratings: Floats
    sentinels: dict[str, Floats]
    best: str

    def draw(self, items: int, rng: np.random.Generator) -> "World":
        """A study: items drawn with replacement."""
        chosen = rng.integers(0, len(self.ratings), items)
        return World(
            self.name, self.ratings[chosen], {name: values[chosen] for name, values in self.sentinels.items()}, self.best
        )


Kind = Callable[[World, float, np.random.Generator], Floats]  # a study, a strength in 0..1, noise → scores


def main() -> None:
    """Prints the table, a world after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400, help="simulated studies of each size (default: 400)")
    parser.add_argument("--items", type=int, nargs="+", default=[50, 200, 1000], help="sizes of a study (default: 50 200 1000)")
    parser.add_argument("--world", action="append", choices=["gec-sv", "gec-sv-meaning", "synthetic"], help="default: all three")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples of an interval (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name in arguments.world or ["gec-sv", "gec-sv-meaning", "synthetic"]:
        world = synthetic_world() if name == "synthetic" else gec_world(name.partition("gec-sv-")[2] or "grammaticality")
        lines = simulate(world, arguments.items, arguments.studies, arguments.resamples, arguments.seed)
        worth = true_accuracy(world, world.sentinels[world.best])
        print(f"\n{world.name}: the best sentinel is {world.best}, true accuracy {worth:.3f}")
        print(f"{'metric':<11}{'advantage':>9}{'items':>7}{'studies':>9}   {'use':<22}use or weak")
        for line in lines:
            print(line)


def simulate(
    world: World, sizes: Sequence[int], studies: int, resamples: int, seed: int, advantages: Sequence[float] = (0.05, 0.1)
) -> Iterator[str]:
    """A line per metric and size."""
    for (kind, advantage, size), found in said(world, sizes, studies, resamples, seed, advantages).items():
        use = sum(one.verdict == "use" for one in found)
        either = sum(one.verdict in ("use", "weak") for one in found)
        shown = "none" if not advantage else f"{advantage:+.2f}"
        yield f"{kind:<11}{shown:>9}{size:>7}{studies:>9}   {share(use, studies):<22}{share(either, studies)}"


def said(
    world: World,
    sizes: Sequence[int],
    studies: int,
    resamples: int,
    seed: int,
    advantages: Sequence[float] = (),
    tuned_on: int = TUNED_ON,
) -> dict[tuple[str, float, int], list[Advice]]:
    """What was said in every study of each metric: kind, true advantage over the best sentinel, items → advice."""
    wanted = [(kind, 0.0) for kind in KINDS] + [("noisy", advantage) for advantage in advantages]
    strengths = {(kind, advantage): tune(world, KINDS[kind], advantage, seed, tuned_on) for kind, advantage in wanted}
    rng = np.random.default_rng([seed, 2])
    found: dict[tuple[str, float, int], list[Advice]] = {}
    for size in sizes:
        for number in range(studies):
            study = world.draw(size, rng)
            metrics = {key: KINDS[key[0]](study, strength, rng) for key, strength in strengths.items()}
            for key, advice in zip(metrics, advise_on(study, list(metrics.values()), resamples, number), strict=True):
                found.setdefault((*key, size), []).append(advice)
    return found


def advise_on(study: World, metrics: Sequence[Floats], resamples: int, seed: int) -> list[Advice]:
    """The harness's own advice on metrics' scores (shape (items, systems)), through its own calibration, folds and bootstrap."""
    options = MetaOptions(resamples=resamples, random_draws=5, seed=seed)
    cell = cell_of(study, resamples, seed)
    columns = [Column(f"metric-{index}|v:1", None, values.ravel(), True) for index, values in enumerate(metrics)]
    columns += [Column(f"{name}|sentinel|v:1", None, values.ravel(), True, True) for name, values in study.sentinels.items()]
    columns.append(Column("random|sentinel|v:1", None, None, True, True))
    rows = []
    for column in columns:
        judged = judge_column(cell, column, options)
        value = estimate_judged(cell, judged, "accuracy_heldout")
        row = MetaRow(judgments=study.name, metric=column.signature, criterion="quality", grouping="item", raters="simulated",
                      statistic="accuracy_heldout", value=value.value, low=value.low, high=value.high, n_items=value.n_groups,
                      n_clusters=value.n_clusters, n_pairs=value.n_pairs, coverage=1.0, support="own")  # fmt: skip
        rows.append(row)
    return advise(rows, {column.signature: column.signature for column in columns if not column.sentinel})


def cell_of(study: World, resamples: int, seed: int) -> Cell:
    """The pairs of systems within each item of the study; every drawn item is a cluster of its own."""
    items, systems = study.ratings.shape
    item = np.repeat(np.arange(items), systems)
    fold = folds_of([f"{seed}/{index}" for index in range(items)], 5)[item]
    resampler = Resampler(item, items, resamples, 0.95, seed)
    return make_cell(make_pairs(item, 10**9), study.ratings.ravel(), fold, 5, resampler, 0.0)


def true_accuracy(study: World, scores: Floats) -> float:
    """Calibrated accuracy on a large study."""
    pairs = make_pairs(np.repeat(np.arange(len(scores)), scores.shape[1]), 10**9)
    ordered = order_pairs(pairs, human_signs(pairs, study.ratings.ravel()), scores.ravel())
    return accuracy(pairs, ordered.right(calibrate(pairs, ordered) or 0.0)) or 0.0


def tune(world: World, kind: Kind, advantage: float, seed: int, items: int = TUNED_ON) -> float:
    """The strength at which the metric's true accuracy is the best sentinel's plus `advantage`."""
    large = world.draw(items, np.random.default_rng(1))
    wanted = true_accuracy(large, large.sentinels[large.best]) + advantage
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if true_accuracy(large, kind(large, middle, np.random.default_rng([seed, 3]))) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def noisy(study: World, strength: float, rng: np.random.Generator) -> Floats:
    """The rating and noise on every answer: errs everywhere alike."""
    return strength * study.ratings + (1 - strength) * 2 * rng.standard_normal(study.ratings.shape)


def coarse(study: World, strength: float, rng: np.random.Generator) -> Floats:
    """The same on a grid of five values, as a judge gives them."""
    return np.clip(np.rint(noisy(study, strength, rng) * 1.5), -1, 3)


def patchy(study: World, strength: float, rng: np.random.Generator) -> Floats:
    """Right on some items, without any worth on the others: items differ as much as they can."""
    sees = rng.random((len(study.ratings), 1)) < strength
    return np.where(
        sees, study.ratings + 0.01 * rng.standard_normal(study.ratings.shape), rng.standard_normal(study.ratings.shape)
    )


def disguised(study: World, strength: float, rng: np.random.Generator) -> Floats:
    """The best sentinel with noise where it is too good, and a grain of the rating where it is not: nearly a sentinel."""
    scores = study.sentinels[study.best]
    spread = scores.std() or 1.0
    return scores / spread + 0.1 * rng.standard_normal(scores.shape) + 0.3 * strength * study.ratings


KINDS: dict[str, Kind] = {"noisy": noisy, "coarse": coarse, "patchy": patchy, "disguised": disguised}


def gec_world(criterion: str = "grammaticality") -> World:
    """Real ratings and sentinels of gec-sv: the items on which all five systems are rated."""
    from harness.plugins import load_plugins
    from harness.stages.evaluate import KIND, read_source

    registry = load_plugins()
    data = read_source(registry, registry.parse(KIND, "gec-sv"))
    scores = sentinel_scores({example.id: example for example in data.examples}, data.outputs)
    place = {output.id: index for index, output in enumerate(data.outputs)}
    given = {(j.output_id, j.criterion): float(j.value) for j in data.judgments
             if j.rater == data.info.primary_rater and isinstance(j.value, float)}  # fmt: skip
    by_item: dict[str, list[str]] = {}
    for output in sorted(data.outputs, key=lambda one: (one.example_id, one.system)):
        by_item.setdefault(output.example_id, []).append(output.id)
    whole = [ids for ids in by_item.values() if len(ids) == 5 and all((one, criterion) in given for one in ids)]
    index = np.array([[place[one] for one in ids] for ids in whole])
    ratings = np.array([[given[one, criterion] for one in ids] for ids in whole])
    sentinels = {signature.partition("|")[0]: values[index] for signature, values in scores.items()}
    return _world(f"gec-sv, {criterion} ({len(whole)} items)", ratings, sentinels)


def synthetic_world(items: int = 20_000, systems: int = 4, seed: int = 5) -> World:
    """Ratings 1–3 of a latent quality (item, system, answer), and lengths that lean on it, so that length is a rival."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(0, 0.7, (items, 1)) + np.linspace(-0.5, 0.5, systems) + rng.normal(0, 0.8, (items, systems))
    ratings = 1.0 + (quality > -0.4) + (quality > 0.5)
    length = np.rint(np.exp(3.5 + 0.35 * quality + 0.4 * rng.standard_normal((items, systems))))
    return _world("synthetic", ratings, {"constant": np.zeros_like(length), "length": length, "minus-length": -length})


def _world(name: str, ratings: Floats, sentinels: dict[str, Floats]) -> World:
    plain = World(name, ratings, sentinels, "")
    return World(name, ratings, sentinels, max(sentinels, key=lambda one: true_accuracy(plain, sentinels[one])))


def share(count: int, of: int) -> str:
    """The share with its exact binomial interval (Clopper and Pearson), in per cent."""
    low = 0.0 if count == 0 else _root(lambda p: 1 - _below(count, of, p) - 0.025)
    high = 1.0 if count == of else _root(lambda p: 0.025 - _below(count + 1, of, p))
    return f"{count / of:.1%} [{low:.1%} {high:.1%}]"


def _below(count: int, of: int, p: float) -> float:
    """P(X < count) of a binomial."""
    return sum(math.exp(math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(p)
                        + (of - k) * math.log1p(-p)) for k in range(count))  # fmt: skip


def _root(function: Callable[[float], float]) -> float:
    """Where an increasing function of 0..1 crosses 0."""
    low, high = 1e-12, 1 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


if __name__ == "__main__":
    main()
