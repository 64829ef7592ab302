"""Further simulated studies: families and rank clusters, human level, whole systems, grids of scores, the scope of epsilon."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from msgspec import structs
from validity_pairs import DRAWS, LEVEL, RESAMPLES, Measures, cell_of, drawn_cell, resampler_of
from validity_plans import Plan
from validity_truth import accuracy_of, truth
from validity_worlds import Floats, Metric, World, draw, rate, system_effects, true_quality, values

from harness.judgments import JudgmentSet
from harness.meta.calibration import folds_of
from harness.meta.columns import Column
from harness.meta.compare import compare, ranks
from harness.meta.correlation import soft_pairwise_accuracy, system_pairwise_accuracy
from harness.meta.human_level import human_level_rows
from harness.meta.judging import Cell, estimate, judge, judge_column, make_cell
from harness.meta.options import MetaOptions
from harness.meta.pairs import Pairs
from harness.meta.slices import Slice
from harness.meta.system_level import system_rows
from harness.meta.table import Table
from harness.meta.targets import Ratings
from harness.records import JudgmentInfo, MetaRow

GOOD, WORSE = 0.9, 0.75  # strengths in a family of six
RATERS = 3
RELIABILITY = {"reliable": 0.4, "unreliable": 1.2}  # standard deviation of a rater's noise beside quality's of 1.37
SYSTEM_METRICS = {  # metric, and how much it favours some systems (in standard deviations of its scores)
    "strong": (Metric(GOOD), 0.0),
    "weak": (Metric(0.4), 0.0),
    "3 levels": (Metric(0.95, "3 levels", "B"), 0.0),
    "biased": (Metric(GOOD), 0.3),
}
_SEED = (3141,)


def family(world: World, plan: Plan, run: int) -> Measures:
    """Six metrics: all equal, or three better than three. How often Holm's family errs, and what rank clusters do."""
    drawn, cell = drawn_cell(world, plan, run)
    options = MetaOptions(resamples=RESAMPLES, draws=DRAWS, seed=run)
    found: Measures = {}
    for name, strengths in {"six equal": [GOOD] * 6, "three better than three": [GOOD] * 3 + [WORSE] * 3}.items():
        keys = [f"{index}" for index in range(6)]
        metrics = [Metric(strength, noise=f"family {key}") for strength, key in zip(strengths, keys, strict=True)]
        columns = [Column(key, None, values(drawn, one).ravel(), True) for key, one in zip(keys, metrics, strict=True)]
        judged = {column.key: judge_column(cell, column, options) for column in columns}
        whole = np.ones(len(cell.pairs), dtype=bool)
        own = {key: estimate(cell, one.right["accuracy"], whole) for key, one in judged.items()}
        rows = compare(cell, columns, judged, options, True, own)
        placed = ranks(columns, {key: one.value or 0.0 for key, one in own.items()}, rows, options.alpha)
        strength_of = dict(zip([column.key for column in columns], strengths, strict=True))
        same = [row for row in rows if strength_of[row.first.key] == strength_of[row.second.key]]
        differ = [row for row in rows if strength_of[row.first.key] != strength_of[row.second.key]]
        split = [placed[row.first.key] != placed[row.second.key] for row in same]
        found[name, "family error"] = float(any(row.p_adjusted < options.alpha for row in same))
        found[name, "family error without Holm"] = float(any(row.p < options.alpha for row in same))
        found[name, "equal metrics split (any)"] = float(any(split))
        found[name, "equal metrics split (share of pairs)"] = float(np.mean(split))
        if differ:
            joined = [placed[row.first.key] == placed[row.second.key] for row in differ]
            found[name, "different metrics joined (share of pairs)"] = float(np.mean(joined))
            found[name, "different metrics rejected (share of pairs)"] = float(
                np.mean([row.p_adjusted < options.alpha and row.value > 0 for row in differ])
            )
    return found


def human(world: World, plan: Plan, run: int) -> Measures:
    """One rater against the mean of the others, as `metaevaluate` writes it, against its value over all items."""
    found: Measures = {}
    for name, noise in RELIABILITY.items():
        rng = np.random.default_rng([*_SEED, world.items, world.systems, round(1000 * world.ties), run])
        rated = np.stack(_rated(world, plan.step, noise, rng))
        table = _table(world, run, ())
        ratings = Ratings(tuple(f"rater-{index}" for index in range(RATERS)), rated.reshape(RATERS, -1))
        (row,) = human_level_rows(table, _base("item"), ratings)
        assert row.value is not None
        true = _human_level(world.systems, plan.step, noise)
        found[name, "human level bias"] = row.value - true
        if row.low is not None and row.high is not None:
            found[name, "human level covered"] = float(row.low <= true <= row.high)
    return found


@lru_cache
def _human_level(systems: int, step: float, noise: float, items: int = 100_000) -> float:
    world = World(items, systems, 0.0)
    rated = _rated(world, step, noise, np.random.default_rng(_SEED))
    levels = []
    for rater in range(RATERS):
        others = np.mean([rated[index] for index in range(RATERS) if index != rater], axis=0)
        study = replace(draw(world, step, _SEED), ratings=others)
        levels.append(accuracy_of(study, world, rated[rater]).raw)
    return float(np.mean(levels))


def _rated(world: World, step: float, noise: float, rng: np.random.Generator) -> list[Floats]:
    quality = true_quality(world, rng)
    return [rate(quality, step, noise, rng) for _ in range(RATERS)]


def whole_systems(world: World, plan: Plan, run: int) -> Measures:
    """System-level pairwise accuracy and its intervals; soft pairwise accuracy when systems are named in the reverse order."""
    drawn, _ = drawn_cell(world, plan, run)
    found: Measures = {}
    for name, (metric, bias) in SYSTEM_METRICS.items():
        scores = values(drawn, metric) + bias * _favour(world.systems)
        table = _table(world, run, (Column(name, None, scores.ravel(), True),))
        hard, soft = system_rows(table, _base(None), drawn.ratings.ravel(), table.slices[0].outputs)
        true = _order_of_systems(world.systems, plan.step, metric, bias)
        assert hard.value is not None
        found[name, "system accuracy bias"] = hard.value - true
        percentile = replace(table, options=structs.replace(table.options, system_interval="percentile"))
        bare = next(system_rows(percentile, _base(None), drawn.ratings.ravel(), table.slices[0].outputs))
        for kind, row in (("", hard), ("percentile ", bare)):
            assert row.low is not None
            assert row.high is not None
            found[name, f"system accuracy {kind}covered"] = float(row.low - 1e-12 <= true <= row.high + 1e-12)
            found[name, f"system accuracy {kind}width"] = row.high - row.low
        again = soft_pairwise_accuracy(drawn.ratings.T[::-1], scores.T[::-1], table.options.draws, table.options.seed)
        assert soft.value is not None
        assert again is not None
        found[name, "soft accuracy"] = soft.value
        found[name, "soft accuracy changed by order of names"] = float(abs(soft.value - again) > 1e-9)
    return found


def _favour(systems: int) -> Floats:
    """What a metric adds to each system's outputs whatever they are worth, shape (systems,)."""
    return np.random.default_rng(100 + systems).permutation(system_effects(systems))


@lru_cache
def _order_of_systems(systems: int, step: float, metric: Metric, bias: float) -> float:
    large = draw(World(100_000, systems, 0.0), step, _SEED)
    means = (values(large, metric) + bias * _favour(systems)).mean(axis=0)
    return float(system_pairwise_accuracy(large.ratings.mean(axis=0), means))


def grid(world: World, plan: Plan, run: int) -> Measures:
    """Scores with one decimal (0.3 - 0.2 is not 0.2 - 0.1 as floats) against the same scores in whole numbers, where it is."""
    drawn, _ = drawn_cell(world, plan, run)
    found: Measures = {}
    for name, steps in {"0 to 1 by .1": 2.0, "0 to 10 by .1": 20.0}.items():
        middle = 5 if steps < 10 else 50
        whole = np.clip(np.rint(steps * values(drawn, Metric(GOOD)) + middle), 0, 2 * middle).ravel()
        exact = _accuracies(cell_of(world, drawn.ratings, run), whole)
        for tolerance in (0.0, 1e-12):
            one = _accuracies(cell_of(world, drawn.ratings, run, tolerance=tolerance), whole / 10)
            for statistic, value in one.items():
                found[f"{name}, tolerance {tolerance:g}", f"{statistic} minus exact"] = value - exact[statistic]
    return found


def scope(world: World, plan: Plan, run: int) -> Measures:
    """Two halves of the items, alike or unlike (scores four times as wide on one): epsilon of all, or of the half."""
    drawn, cell = drawn_cell(world, plan, run)
    scores = values(drawn, Metric(GOOD))
    half = np.arange(world.items) < world.items // 2
    found: Measures = {}
    for name, factor in {"alike": 1.0, "unlike": 4.0}.items():
        metric = np.where(half[:, None], scores, scores * factor).ravel()
        fixed = judge(cell, metric)
        true = truth_of_half(world)
        for part, chosen in (("first", half), ("second", ~half)):
            inside = np.repeat(chosen, world.systems)[cell.pairs.left]
            place = replace(cell, pairs=cell.pairs.where(inside), signs=cell.signs[inside], supports={})
            for label, one in (("slice", judge(place, metric)), ("global", judge(place, metric, fixed))):
                for statistic in ("accuracy", "accuracy_heldout"):
                    value = estimate(place, one.right[statistic], one.support(statistic)).value
                    if value is not None:
                        found[f"{name}, {part} half, {label} epsilon", f"{statistic} bias"] = value - true
    return found


@lru_cache
def truth_of_half(world: World) -> float:
    """True calibrated accuracy at a half's own epsilon; both halves are from one population, and a factor changes nothing."""
    return truth(replace(world, items=0), Metric(GOOD)).accuracy


def _accuracies(cell: Cell, scores: Floats) -> dict[str, float]:
    judged = judge(cell, scores)
    found = {name: estimate(cell, judged.right[name], judged.support(name)).value for name in judged.right}
    return {name: value for name, value in found.items() if value is not None}


def alike(clusters: int, right: float) -> dict[str, float]:
    """Exact coverage at a true share `right` of one pair a cluster: the harness's interval, and the bootstrap's alone."""
    from scipy.stats import binom

    pairs = Pairs(np.arange(clusters) * 2, np.arange(clusters) * 2 + 1, np.arange(clusters), clusters)
    covered, bare, wilson = 0.0, 0.0, 0.0
    resampler = resampler_of(clusters, 2, 1, 0)
    cell = make_cell(pairs, np.zeros(2 * clusters), folds_of(["0"], 5)[np.zeros(2 * clusters, dtype=int)], 5, resampler, 0.0)
    for count in range(clusters + 1):
        chance = float(binom.pmf(count, clusters, right))
        one = estimate(cell, (np.arange(clusters) < count).astype(np.int64), np.ones(clusters, dtype=bool))
        assert one.low is not None
        assert one.high is not None
        assert one.resampled is not None
        covered += chance * (one.low - 1e-12 <= right <= one.high + 1e-12)
        low, high = np.quantile(one.resampled, [0.025, 0.975])
        bare += chance * (low - 1e-12 <= right <= high + 1e-12)
        z, share = 1.959964, count / clusters
        half = z * np.sqrt(share * (1 - share) / clusters + z * z / (4 * clusters**2)) / (1 + z * z / clusters)
        middle = (share + z * z / (2 * clusters)) / (1 + z * z / clusters)
        wilson += chance * (abs(middle - right) <= half)
    return {"harness": covered, "bootstrap alone": bare, "Wilson": wilson}


def _base(grouping: str | None) -> MetaRow:
    return MetaRow(
        judgments="simulated", metric=None, criterion="quality", grouping=grouping, raters="", statistic="", value=None
    )


def _table(world: World, run: int, columns: tuple[Column, ...]) -> Table:
    """A table of the study's outputs, item by item, without texts."""
    item = np.repeat(np.arange(world.items), world.systems)
    system = np.tile(np.arange(world.systems), world.items)
    names = tuple(f"{run}/{index}" for index in range(world.items))
    options = MetaOptions(resamples=RESAMPLES, level=LEVEL, seed=run, draws=200)
    whole = Slice("all", np.ones(len(item), dtype=bool))
    data = JudgmentSet(JudgmentInfo(name="simulated", version="1"), (), ())
    return Table(data, options, {}, item, system, item, names, folds_of(names, 5)[item], columns, (whole,))
