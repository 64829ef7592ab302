"""One simulated study through the harness: which intervals hold the truth, how far estimates are off, which tests reject."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
from validity_plans import Comparison, Plan
from validity_truth import bin_of, curve, population
from validity_worlds import Metric, Study, World, draw, values

from harness.meta.calibration import calibrate, folds_of
from harness.meta.columns import Column
from harness.meta.compare import compare
from harness.meta.judging import STATISTICS, Cell, Judged, estimate, estimate_judged, judge_column, make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import Ints, Pairs, make_pairs, order_pairs
from harness.meta.resampling import Resampler, coins
from harness.meta.rows import cell_rows
from harness.meta.score_swap import Swaps, score_swap
from harness.meta.significance import pair_swaps
from harness.meta.support import Estimate
from harness.meta.task import CellTask
from harness.records import MetaRow

ALPHA = 0.05
LEVEL = 0.95
RESAMPLES = 1000
DRAWS = 1000  # of sign flips
PAIR_DRAWS, SCORE_DRAWS = 400, 99  # with 99 draws p ≤ .05 has probability .05 under an exact null, as with any 20k - 1
AT_A_TIME = 6  # draws of score swaps, between which it is seen whether p can still be small
CHECKED = 100  # every so many studies, that stopping early changes nothing
_BITS = 16  # curves of accuracy by epsilon are kept in bins a hundredth wide
Measures = dict[tuple[str, str], float]  # (cell, measure) → one number; measures that were not taken are left out


def study(world: World, plan: Plan, run: int, relations: Collection[str] = (), clusters: str = "document") -> Measures:
    """The measures of study number `run`: `covered` and `reject` are 0 or 1, `bias` is estimate minus truth.

    `relations`: only comparisons of these (default: all); `clusters`: resample and flip by `document` or, wrongly where documents
    hold several items, by `item`.
    """
    drawn, cell = drawn_cell(world, plan, run, clusters)
    chosen = [one for one in plan.comparisons if not relations or one.relation in relations]
    options = MetaOptions(resamples=RESAMPLES, draws=DRAWS, seed=run)
    names = dict.fromkeys(name for one in chosen for name in (one.first, one.second))
    columns = {name: Column(name, None, values(drawn, plan.metrics[name]).ravel(), True) for name in names}
    found: Measures = {}
    judged: dict[str, Judged] = {}
    accuracies: dict[str, Estimate] = {}
    for name, column in columns.items():
        judged[name] = judge_column(cell, column, options)
        for statistic in STATISTICS:
            one = estimate_judged(cell, judged[name], statistic)
            if statistic == "accuracy_heldout" and judged[name].choices is not None:
                found |= fixed_interval(name, cell, judged[name], plan.truths[name][1])
            true = plan.truths[name][statistic != "accuracy_raw"]
            found |= _interval(name, statistic, one.value, one.low, one.high, true)
            if statistic == "accuracy":
                accuracies[name] = one
            elif statistic == "accuracy_heldout" and world.grouping == "item" and one.low is not None and one.high is not None:
                expected = _at_epsilons(world, plan, name, cell, judged[name])
                found[name, "accuracy_heldout here bias"] = (one.value or 0.0) - expected
                found[name, "accuracy_heldout here covered"] = float(one.low <= expected <= one.high)
    found |= _floor(world, cell, plan, columns[chosen[0].first], options)
    for one in chosen:
        found |= _compared(world, cell, one, columns, judged, accuracies, options)
    return found


def fixed_interval(name: str, cell: Cell, judged: Judged, true: float) -> Measures:
    """The held-out interval with epsilons fixed, which is the default's for metrics with many different scores."""
    one = estimate(cell, judged.right["accuracy_heldout"], judged.tested)
    return _interval(name, "accuracy_heldout fixed", None, one.low, one.high, true)


def cell_of(world: World, ratings: np.ndarray, run: int, clusters: str = "document", tolerance: float = 0.0) -> Cell:
    """The cell of a study's ratings (shape (items, systems)): pairs in the world's grouping, clusters, folds."""
    size = 1 if clusters == "item" else world.document
    pairs = pairs_of(replace(world, ties=0.0))
    resampler = resampler_of(world.items, world.systems, size, run)
    names = [f"{run}/{index}" for index in range(resampler.n_clusters)]
    return make_cell(pairs, ratings.ravel(), folds_of(names, 5)[resampler.cluster], 5, resampler, tolerance)


@lru_cache(2)
def pairs_of(world: World) -> Pairs:
    """All pairs of the world's grouping; outputs lie item by item."""
    item = np.repeat(np.arange(world.items), world.systems)
    system = np.tile(np.arange(world.systems), world.items)
    groups: Ints = {"item": item, "system": system, "none": np.zeros_like(item)}[world.grouping]
    return make_pairs(groups, 10**9)


def resampler_of(items: int, systems: int, document: int, seed: int) -> Resampler:
    """Resamples items, or documents of several items."""
    cluster = np.repeat(np.arange(items) // document, systems)
    return Resampler(cluster, int(cluster[-1]) + 1, RESAMPLES, LEVEL, seed)


def _at_epsilons(world: World, plan: Plan, name: str, cell: Cell, judged: Judged) -> float:
    """What each fold's epsilon is worth over all items, averaged as the folds' items are."""
    share = np.bincount(cell.fold[:: world.systems], minlength=cell.folds)
    known = [(weight, epsilon) for weight, epsilon in zip(share, judged.epsilons, strict=True) if epsilon is not None]
    bins = bin_of(np.array([epsilon for _, epsilon in known]), _BITS)
    worth = _curves(replace(world, items=0, document=1), tuple(plan.metrics.items()))[name][bins]
    return float(np.average(worth, weights=[weight for weight, _ in known]))


@lru_cache(32)
def _curves(world: World, metrics: tuple[tuple[str, Metric], ...]) -> dict[str, np.ndarray]:
    study = population(world)
    return {name: curve(study, world, values(study, metric), _BITS).astype(np.float32) for name, metric in metrics}


def _interval(cell: str, statistic: str, value: float | None, low: float | None, high: float | None, true: float) -> Measures:
    found: Measures = {}
    if value is not None:
        found[cell, f"{statistic} bias"] = value - true
    if low is not None and high is not None:
        found[cell, f"{statistic} covered"] = float(low - 1e-12 <= true <= high + 1e-12)
        found[cell, f"{statistic} width"] = high - low
    return found


def _floor(world: World, cell: Cell, plan: Plan, column: Column, options: MetaOptions) -> Measures:
    """Rows of one metric as `metaevaluate` writes them: the floor and what is above it."""
    base = MetaRow(judgments="simulated", metric=None, criterion="quality", grouping=world.grouping, raters="one", statistic="",
                   value=None)  # fmt: skip
    item = np.repeat(np.arange(world.items), world.systems)
    rows, _ = cell_rows(CellTask(cell, base, item, None, world.grouping == "item"), [column], options)
    true = {"tie_floor": world.ties, "floor": plan.floor}
    true["above_floor"] = (plan.truths[column.signature][1] - plan.floor) / (1 - plan.floor)
    found: Measures = {}
    for row in rows:
        if row.statistic in true:
            where = "people" if row.metric is None else row.metric
            found |= _interval(where, row.statistic, row.value, row.low, row.high, true[row.statistic])
    return found


def _compared(
    world: World,
    cell: Cell,
    one: Comparison,
    columns: Mapping[str, Column],
    judged: Mapping[str, Judged],
    accuracies: Mapping[str, Estimate],
    options: MetaOptions,
) -> Measures:
    pair = [columns[one.first], columns[one.second]]
    keyed = {column.key: judged[column.signature] for column in pair}
    own = {column.key: accuracies[column.signature] for column in pair}
    within = world.grouping == "item"
    found: Measures = {}
    for test in ("sign-flip", "bootstrap") if within else ("bootstrap",):
        (row,) = compare(cell, pair, keyed, with_test(options, test, DRAWS), within, own)
        found[one.name, f"{test} reject"] = float(row.p <= ALPHA)
        if test == "bootstrap":
            found |= _interval(one.name, "difference", row.value, row.low, row.high, one.difference)
    return found


def swaps(world: World, plan: Plan, run: int) -> Measures:
    """Whether score-swap and pair-swap reject, on the very studies of `study`: apart, since they cost a hundred times as much."""
    drawn, cell = drawn_cell(world, plan, run)
    options = MetaOptions(resamples=RESAMPLES, draws=PAIR_DRAWS, seed=run, test="pair-swap")
    columns = {name: Column(name, None, values(drawn, metric).ravel(), True) for name, metric in plan.metrics.items()}
    calibrated = {name: right_pairs(cell, column.values) for name, column in columns.items()}
    found: Measures = {}
    for one in plan.comparisons:
        pair = [columns[one.first], columns[one.second]]
        right = [calibrated[name] for name in (one.first, one.second)]  # groups are of one size
        rejects = pair_swap_rejects(right[0] - right[1], run), score_swap_rejects(cell, pair[0].values, pair[1].values, run)
        found |= {
            (one.name, f"{test} reject"): float(said) for test, said in zip(("pair-swap", "score-swap"), rejects, strict=True)
        }
        if run % CHECKED == 0:
            judged = {column.key: judge_column(cell, column, options) for column in pair}
            own = {column.key: estimate_judged(cell, judged[column.key], "accuracy") for column in pair}
            (row,) = compare(cell, pair, judged, options, True, own)
            p = score_swap(cell.pairs, cell.signs, pair[0].values, pair[1].values, SCORE_DRAWS, run)
            told = f"{world.label}, {one.name}, study {run}: stopping early changes what is rejected"
            assert rejects == (row.p <= ALPHA, p <= ALPHA), told
    return found


def right_pairs(cell: Cell, scores: np.ndarray) -> np.ndarray:
    """The pairs that `judge` finds right at the best epsilon, 0 or 1, without what it says held out."""
    ordered = order_pairs(cell.pairs, cell.signs, scores, cell.gap_tolerance)
    return ordered.right(calibrate(cell.pairs, ordered) or 0.0).view(np.int8)


def pair_swap_rejects(differences: np.ndarray, run: int) -> bool:
    """Whether `pair_swap` rejects, its draws in its order, until as many are extreme as make p > alpha whatever follows.

    `differences`: -1, 0 or 1 of each pair.
    """
    extreme, enough = 0, ALPHA * (1 + PAIR_DRAWS)
    for part in pair_swaps(differences[differences != 0].astype(np.int32), PAIR_DRAWS, run):
        extreme += int(part.sum())
        if 1 + extreme > enough + 1e-9:
            return False
    return True


def score_swap_rejects(cell: Cell, first: np.ndarray, second: np.ndarray, run: int) -> bool:
    """Whether `score_swap` rejects, its draws in its order, until as many are extreme as make p > alpha whatever follows."""
    swaps = Swaps.of(cell.pairs, cell.signs, *(np.divide(one - one.mean(), one.std() or 1.0) for one in (first, second)))
    observed = abs(swaps.differences(np.zeros((1, len(first)), dtype=np.int8))[0])
    rng = np.random.default_rng([run, 3])
    extreme, enough = 0, ALPHA * (1 + SCORE_DRAWS)
    for start in range(0, SCORE_DRAWS, AT_A_TIME):
        drawn = coins(rng, min(AT_A_TIME, SCORE_DRAWS - start), len(first))
        extreme += int(swaps.reach(drawn, observed).sum())
        if 1 + extreme > enough + 1e-9:
            return False
    return True


def drawn_cell(world: World, plan: Plan, run: int, clusters: str = "document") -> tuple[Study, Cell]:
    """The study number `run` of a world and its cell."""
    drawn = draw(world, plan.step, (world.items, world.systems, round(1000 * world.ties), run))
    return drawn, cell_of(world, drawn.ratings, run, clusters)


def with_test(options: MetaOptions, test: str, draws: int) -> MetaOptions:
    """The options with another test."""
    return MetaOptions(resamples=options.resamples, draws=draws, seed=options.seed, test=test)
