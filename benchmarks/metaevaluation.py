"""Where a meta-evaluation's time goes: CPU seconds by part, of a judgment set, or of items made up in any number.

python benchmarks/metaevaluation.py [--judgments contrast-sv] [--metric chrf --metric rouge-l …] [--write]
python benchmarks/metaevaluation.py --items 100000 --systems 10 [--slices 2] [--write]

The first runs the whole stage on a set (gec-sv where HARNESS_DATA names the data, else the shipped contrast-sv), metrics scored
beforehand. The second makes up ratings and nine columns (metrics of several strengths, sentinels) and runs the item grouping: the
slice of everything, and once more in `--slices` parts. There is no peer: the figures are what it takes.
"""

import argparse
import cProfile
import os
import pstats
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import side_by_side

from harness.meta.columns import Column
from harness.meta.options import MetaOptions
from harness.meta.pairs import Floats, make_pairs

METRICS = ("chrf", "rouge-l", "rouge-l:tokenizer=rouge-score", "bleu")
FOLDS = 5


def main() -> None:
    """Prints the seconds of the whole and of its parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judgments", help="a judgment source with ratings")
    parser.add_argument("--metric", action="append", help=f"default: {', '.join(METRICS)}")
    parser.add_argument("--items", type=int, help="make up so many items instead")
    parser.add_argument("--systems", type=int, default=10, help="outputs of each made-up item (default: 10)")
    parser.add_argument("--slices", type=int, default=0, help="evaluate the made-up items again in so many parts (default: 0)")
    parser.add_argument("--parts", type=int, default=12, help="how many functions to print (default: 12)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    if arguments.items:
        name = f"{arguments.items:,} items × {arguments.systems} systems by item, nine columns"
        name += f", and again in {arguments.slices} slices" if arguments.slices else ""
        seconds, rows, parts = timed(lambda: made_up(arguments.items, arguments.systems, arguments.slices))
    else:
        source = arguments.judgments or ("gec-sv" if os.environ.get("HARNESS_DATA") else "contrast-sv")
        work = of_a_set(source, arguments.metric or METRICS)
        name = f"{source}: all criteria, groupings and slices, {len(arguments.metric or METRICS)} metrics"
        seconds, rows, parts = timed(work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    value = f"{seconds:.1f} s CPU, {rows:,} rows, {peak:,.0f} MB at most"
    print(f"{name}: {value}")
    for function, spent in parts[: arguments.parts]:
        print(f"  {spent:7.2f} s  {function}")
    if arguments.write:
        side_by_side.write("metaevaluation", [], [{"job": name, "value": value}])


def timed(work: Callable[[], Sequence[Any]]) -> tuple[float, int, list[tuple[str, float]]]:
    """(CPU seconds, rows, the functions by seconds spent in themselves), from a second run: the first compiles and warms up."""
    made_up(30, 4, 0)
    profile = cProfile.Profile(time.process_time)
    started = time.process_time()
    profile.enable()
    rows = work()
    profile.disable()
    seconds = time.process_time() - started
    stats: Any = pstats.Stats(profile)
    spent = [(_name(*key), values[2]) for key, values in stats.stats.items()]
    return seconds, len(rows), sorted(spent, key=lambda part: -part[1])


def of_a_set(source: str, metrics: Sequence[str]) -> Callable[[], Sequence[Any]]:
    """The stage `metaevaluate` on a set that is read and scored here."""
    from harness.plugins import load_plugins
    from harness.stages.evaluate import KIND, read_source, summarise
    from harness.stages.metaevaluate import metaevaluate
    from harness.stages.score import build_metrics, score

    registry = load_plugins()
    data = read_source(registry, registry.parse(KIND, source))
    built = build_metrics(registry, [registry.parse("metric", name) for name in metrics])
    scores = score(data, built)
    return lambda: metaevaluate(data, scores, [summarise(metric) for metric in built], MetaOptions())


def made_up(items: int, systems: int, slices: int) -> list[Any]:
    """The rows of the item grouping of made-up items: all, then each of `slices` parts."""
    rng = np.random.default_rng(0)
    human = rng.integers(1, 6, items * systems).astype(np.float64)
    columns = list(_columns(human, rng))
    item = np.repeat(np.arange(items), systems)
    rows = list(_rows(item, human, columns, np.ones(len(item), dtype=bool)))
    part = rng.integers(0, max(slices, 1), items)[item]
    for number in range(slices):
        rows += _rows(item, human, columns, part == number)
    return rows


def _columns(human: Floats, rng: np.random.Generator) -> list[Column]:
    """Two metrics, one with three components, and six sentinels."""
    truth = human + rng.normal(0, 1, len(human))
    size = rng.integers(20, 400, len(human)).astype(np.float64)
    change = rng.normal(0, 1, len(human))
    noisy = [truth + rng.normal(0, noise, len(human)) for noise in (1, 1.5, 2, 2.5)]
    metrics = [Column("m|a", name, noisy[place], place == 0) for place, name in enumerate(("f1", "precision", "recall"))]
    known = {"constant": size * 0, "length": size, "minus-length": -size, "similarity": change, "change": -change}
    sentinels = [Column(f"{name}|sentinel", None, values, True, sentinel=True) for name, values in known.items()]
    return [*metrics, Column("m|b", None, noisy[3], True), Column("random|sentinel", None, None, True, sentinel=True), *sentinels]


def _rows(item: Any, human: Floats, columns: Sequence[Column], outputs: Any) -> list[Any]:
    from harness.meta.judging import make_cell
    from harness.meta.pairs import Pairs
    from harness.meta.resampling import Resampler
    from harness.meta.rows import cell_rows
    from harness.meta.task import CellTask
    from harness.records import MetaRow

    options = MetaOptions(slices=())
    chosen = np.flatnonzero(outputs)
    local = make_pairs(item[chosen], options.max_pairs)
    pairs = Pairs(chosen[local.left], chosen[local.right], local.group, local.n_groups)
    names, place = np.unique(item[chosen], return_inverse=True)
    cluster = np.full(len(item), -1)
    cluster[chosen] = place
    resampler = Resampler(cluster, len(names), options.resamples, options.level, options.seed)
    cell = make_cell(pairs, human, item * 2_654_435_761 % 2**32 % FOLDS, FOLDS, resampler, 0.0)
    base = MetaRow(
        judgments="made-up", metric=None, criterion="quality", grouping="item", epsilon_scope="slice", raters="primary",
        statistic="", value=None, seed=0,
    )  # fmt: skip
    task = CellTask(cell, base, item, np.where(outputs, item, -1), True)
    return cell_rows(task, columns, options)[0]


def _name(file: str, line: int, function: str) -> str:
    return function if file == "~" else f"{Path(file).stem}.{function}"


if __name__ == "__main__":
    main()
