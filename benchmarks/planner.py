"""Does the planner's N give the power it promises? Clusters are drawn from real differences, and the harness's own test is run.

python benchmarks/planner.py [--judgments gec-sv] [--metric chrf --metric rouge-l …] [--delta .02 .05 .1] [--trials 4000]

For each criterion, pair of metrics (or metric and sentinel) and difference: the per-cluster differences that there are, centred
and shifted by delta (half of the studies by -delta: nobody knows which metric is better), are drawn with replacement, N of them,
and tested by flipping signs. Printed beside N: the share of studies that reject with its 95 % interval, and the same for the
formula without the simulation that the planner adds where few items are needed. Second: how often the interval of the spread
holds the true one.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import HarnessError
from harness.judgments import JudgmentSet
from harness.meta.cluster_values import cluster_values
from harness.meta.columns import Column, MetricSummary
from harness.meta.judging import judge_column
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats
from harness.meta.planner import SIMULATED, clusters_by_simulation, clusters_for_difference, spread
from harness.meta.significance import draws_needed, sign_flip
from harness.meta.table import Table
from harness.meta.targets import ratings_on, targets
from harness.records import Score

BAND = 0.03
METRICS = ("chrf", "rouge-l", "rouge-l:tokenizer=rouge-score", "bleu")
AGAINST = ("constant", "length", "source-change")


@dataclass(frozen=True)
class Checked:
    """One plan: what was asked, N by formula and as planned, and its power with how many studies that rests on."""

    what: str
    delta: float
    alpha: float
    spread: float
    formula: int
    planned: int
    power: float
    smallest: bool  # asked only where the power is above the band
    studies: int

    @property
    def held(self) -> bool:
        """Whether the power is 80 % ± 3, or above with an N so small that a cluster fewer would be too few."""
        return abs(self.power - 0.8) <= BAND or self.smallest


def main() -> None:
    """Prints a line per plan, then how many held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgments", default="gec-sv", help="a judgment source with ratings (default: gec-sv)")
    parser.add_argument("--metric", action="append", help=f"default: {', '.join(METRICS)}")
    parser.add_argument(
        "--delta", type=float, nargs="+", default=[0.02, 0.05, 0.1], help="differences to find (default: .02 .05 .1)"
    )
    parser.add_argument(
        "--family", type=int, nargs="+", default=[1, 6], help="comparisons that alpha .05 is shared by (default: 1 6)"
    )
    parser.add_argument("--trials", type=int, default=4000, help="simulated studies of each plan (default: 4000)")
    parser.add_argument("--largest", type=int, default=4000, help="leave out plans for more clusters than this (default: 4000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spread", action="store_true", help="only how often the spread's interval holds the true one")
    arguments = parser.parse_args()
    pairs = list(differences(arguments.judgments, arguments.metric or METRICS))
    if not arguments.spread:
        _print_plans(pairs, arguments)
    for items in (30, 50, 191):
        shares = covered(pairs, items, arguments.seed)
        shown = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
        print(f"the spread's 95 % interval at {items} clusters holds the true spread: {shown}")


def _print_plans(pairs: Sequence[tuple[str, Floats]], arguments: argparse.Namespace) -> None:
    done: list[Checked] = []
    by_formula: list[float] = []
    print(
        f"{'criterion, pair':<58}{'delta':>6}{'alpha':>7}{'spread':>7}{'formula':>8}{'power':>6}{'N':>6}   power [95 % interval]"
    )
    for what, values in pairs:
        for family in arguments.family:
            for delta in arguments.delta:
                one = check(what, values, delta, 0.05 / family, arguments.trials, arguments.seed, arguments.largest)
                if one is not None:
                    done.append(one)
                    by_formula.append(power(values, delta, one.formula, one.alpha, arguments.trials, arguments.seed))
                    print(_line(one, by_formula[-1]))
    formula = sum(abs(found - 0.8) <= BAND for found in by_formula)
    strict = sum(abs(one.power - 0.8) <= BAND for one in done)
    print(f"\n{strict} of {len(done)} plans have 80 % ± 3 power, {arguments.trials:,} studies each; by formula alone {formula}")
    print(f"{sum(one.held for one in done) - strict} more have over 83 % with the smallest N that has 80 %")


def _line(one: Checked, by_formula: float) -> str:
    reach = 1.96 * math.sqrt(one.power * (1 - one.power) / one.studies)
    mark = "" if abs(one.power - 0.8) <= BAND else "  smallest N" if one.held else "  OUTSIDE"
    return (
        f"{one.what:<58}{one.delta:>6.2f}{one.alpha:>7.4f}{one.spread:>7.3f}{one.formula:>8,}{by_formula:>6.3f}"
        f"{one.planned:>6,}   {one.power:.3f} [{one.power - reach:.3f} {one.power + reach:.3f}]{mark}"
    )


def differences(judgments: str, metrics: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """(criterion and pair, a difference of calibrated accuracy per cluster) of every two metrics, and with sentinels."""
    from harness.plugins import load_plugins
    from harness.stages.evaluate import KIND, read_source, summarise
    from harness.stages.score import build_metrics, score

    registry = load_plugins()
    data = read_source(registry, registry.parse(KIND, judgments))
    built = build_metrics(registry, [registry.parse("metric", name) for name in metrics])
    labels = {metric.signature: metric.label for metric in built}
    yield from pair_differences(data, score(data, built), [summarise(metric) for metric in built], labels)


def pair_differences(
    data: JudgmentSet, scores: Sequence[Score], metrics: Sequence[MetricSummary], labels: dict[str, str]
) -> Iterator[tuple[str, Floats]]:
    """As `differences`, of a set that is scored."""
    options = MetaOptions(slices=(), random_draws=1)
    table = Table.of(data, scores, metrics, options)
    known = [column for column in table.columns if column.ranked and column.values is not None]
    own = [column for column in known if not column.sentinel]
    rivals = [column for column in known if column.sentinel and _name(column, labels) in AGAINST]
    for criterion in data.criteria:
        ratings = ratings_on(data.judgments, criterion, table.position)
        target = targets(ratings, "primary", data.info.primary_rater)[0]
        cell = table.cell(np.ones(len(table.item), dtype=bool), table.item, target.values)
        if cell is None:
            raise HarnessError(f"{criterion}: no item has two rated outputs")
        judged = {column.key: judge_column(cell, column, options) for column in known}
        for index, first in enumerate(own):
            for second in (*own[index + 1 :], *rivals):
                values = cluster_values(cell, judged, (first, second), "accuracy")
                yield f"{criterion}: {_name(first, labels)} – {_name(second, labels)}", values


def check(what: str, values: Floats, delta: float, alpha: float, trials: int, seed: int, largest: int) -> Checked | None:
    """The plan for these differences and its power; None where there is nothing to plan for or N is above `largest`."""
    true = float(values.std())  # of the population that is drawn from: these clusters
    if true < 1e-9:
        return None
    formula = clusters_for_difference(true, delta, alpha)
    if formula > largest:
        return None
    planned = clusters_by_simulation(values, delta, alpha, 0.8, 0, formula) if formula <= SIMULATED else formula
    found = power(values, delta, planned, alpha, trials, seed)
    smallest = found > 0.8 + BAND and power(values, delta, planned - 1, alpha, trials, seed) < 0.8
    return Checked(what, delta, alpha, true, formula, planned, found, smallest, trials)


def power(values: Floats, delta: float, clusters: int, alpha: float, trials: int, seed: int) -> float:
    """Share of studies in which the sign-flip test rejects at alpha."""
    rng = np.random.default_rng([seed, clusters])
    centred = values - values.mean()
    rejected = 0
    for start in range(0, trials, 200):
        size = min(200, trials - start)
        sign = np.where(np.arange(size) % 2 == 0, 1.0, -1.0)
        studies = np.rint((centred[rng.integers(0, len(centred), (clusters, size))] + sign * delta) * 2**16)
        p = sign_flip(studies, draws_needed(1, alpha, 1000), int(rng.integers(2**31)))
        rejected += int((p < alpha).sum())
    return rejected / trials


def covered(pairs: Sequence[tuple[str, Floats]], clusters: int, seed: int, studies: int = 500) -> dict[str, float]:
    """How often an interval of the spread, from so many drawn clusters, holds the spread of all: the planner's and two others.

    `bootstrap` is the percentile interval of 200 resamples, `chi-square` that of normal values. Shares over every pair.
    """
    from scipy.stats import chi2

    rng = np.random.default_rng([seed, 9])
    reach = np.sqrt((clusters - 1) / chi2.ppf([0.975, 0.025], clusters - 1))
    held = {"planner": 0, "bootstrap": 0, "chi-square": 0}
    total = 0
    for _, values in pairs:
        true = float(values.std())
        for _ in range(studies if true > 1e-9 else 0):
            drawn = values[rng.integers(0, len(values), clusters)]
            found = spread(drawn)
            again = drawn[rng.integers(0, clusters, (200, clusters))].std(axis=1, ddof=1)
            total += 1
            held["planner"] += found is not None and None not in (found.low, found.high) and found.low <= true <= found.high
            low, high = np.quantile(again, [0.025, 0.975])
            held["bootstrap"] += bool(low <= true <= high)
            low, high = reach * drawn.std(ddof=1)
            held["chi-square"] += bool(low <= true <= high)
    return {name: count / max(total, 1) for name, count in held.items()}


def _name(column: Column, labels: dict[str, str]) -> str:
    return labels.get(column.signature, column.signature.partition("|")[0])


if __name__ == "__main__":
    main()
