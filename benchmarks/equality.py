"""Every statistic and metric held against independent tools on all judgment sets at hand: largest differences, set by set.

HARNESS_DATA=… python benchmarks/equality.py --mt-metrics-eval CHECKOUT --nlpstats CHECKOUT [--sets gec-sv …] [--write]

`mt-metrics-eval` (Google's) and `nlpstats` are no packages of an index, so their checkouts are given by path; without one, what
it would show is left out. The other tools (scipy, krippendorff, sacrebleu, rouge-score, bert-score) are
installed. Our side is the public Python API. Numbers above 1e-9 are listed with their reason, or the script fails.
"""

import argparse
import itertools
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import write

import harness
from harness.meta.correlation import soft_by_signs
from harness.plugins import load_plugins
from harness.stages.evaluate import read_source

SETS = (
    *("contrast-sv", "gec-sv", "quinductor-sv", "swectrl-sv", "wmt-da", "pandalm:references=gpt-3.5-turbo"),
    *(
        "recipes",
        "cola",
        "llmbar:natural",
        "llmbar:adversarial",
        *(f"roscoe:{part}" for part in ("cosmos", "drop", "esnli", "gsm8k")),
    ),
)
TOLERANCE = 1e-9
PEER_PAIRS = 700_000  # pairs that mt-metrics-eval calibrates on in reasonable time and memory
STATISTICS = ("accuracy_raw", "accuracy", "kendall_b", "pearson", "spearman")
SYSTEM_LEVEL = ("system_pairwise_accuracy", "soft_pairwise_accuracy")
GROUPINGS = {"item": "item", "system": "sys", "none": "none"}


@dataclass
class Found:
    """Differences of one kind on one set: how many numbers were compared, the largest difference, and where it was."""

    numbers: int = 0
    largest: float = 0.0
    where: str = ""
    reason: str = ""
    skipped: list[str] = field(default_factory=list)

    def add(self, ours: float | None, theirs: float | None, where: str) -> None:
        """One number beside another; a missing one equals only a missing one."""
        self.numbers += 1
        mine, other = (math.nan if value is None else float(value) for value in (ours, theirs))
        if math.isnan(mine) and math.isnan(other):
            return
        difference = math.inf if math.isnan(mine) or math.isnan(other) else abs(mine - other)
        if difference > self.largest:
            self.largest, self.where = difference, where


@dataclass(frozen=True)
class Grid:
    """One criterion of a set: mean ratings and metrics' scores as matrices, nan where missing.

    Rows are systems and columns items; of several samples of a system, each is a row where outputs are grouped by item, and a
    column where they are grouped by system.
    """

    human: np.ndarray
    metrics: dict[str, np.ndarray]


Table = dict[tuple[str, str, str], Found]


def main() -> None:
    """Compares, prints a line for each set, kind and tool, and exits with 1 where a difference has no reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mt-metrics-eval", type=Path, help="a checkout of Google's mt-metrics-eval")
    parser.add_argument("--nlpstats", type=Path, help="a checkout of nlpstats")
    parser.add_argument("--sets", nargs="+", default=SETS, help="judgment sets (default: all that are at hand)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    for path in filter(None, (arguments.mt_metrics_eval, arguments.nlpstats)):
        sys.path.insert(0, str(path))
    table: Table = defaultdict(Found)
    for name in arguments.sets:
        try:
            data = read_source(*_source(name))
        except harness.HarnessError as error:
            print(f"{name}: left out: {error}")
            continue
        compare_statistics(name, data, table, arguments)
        compare_agreement(name, data, table)
        compare_preferences(name, data, table, arguments)
        compare_metrics(name, data, table)
        compare_bertscore(name, data, table)
    lines = {" · ".join(key): line(found) for key, found in sorted(table.items())}
    for key, value in lines.items():
        print(f"{key}: {value}")
    if arguments.write:
        write("equality", [], [{"job": key, "value": value} for key, value in lines.items()])
    sys.exit(any(found.largest > TOLERANCE and not found.reason for found in table.values()))


def line(found: Found) -> str:
    """What came of one comparison, in words."""
    said = f"{found.numbers:,} numbers, largest difference {found.largest:.1e}"
    if found.largest > TOLERANCE:
        said += f" ({found.where}): {found.reason or 'NO REASON KNOWN'}"
    return said + "".join(f"; {text}" for text in found.skipped)


def compare_statistics(name: str, data: Any, table: Table, arguments: argparse.Namespace) -> None:
    """Pairwise accuracy raw and calibrated, and correlations, by item, by system and ungrouped."""
    if not data.judgments:
        return
    metrics = ["chrf", "rouge-l", "bleu"] if any(example.references for example in data.examples) else ["length-only"]
    plugin = Path(__file__).with_name("length_only.py")
    options = {"slices": (), "raters": "mean", "resamples": 2, "random_draws": 1, "draws": 1000}
    rows = harness.metaevaluate(data, metrics, plugins=[plugin], **options)
    values = {
        (row.criterion, row.grouping, row.metric.partition("|")[0], row.statistic): row
        for row in rows
        if row.metric and "|sentinel|" not in row.metric and row.slice == "all" and row.support == "own" and not row.against
        if row.component in (None, "f1")
    }
    scores = harness.score(data, metrics, plugins=[plugin])
    for criterion in data.criteria:
        grids = {grouping: _grid(data, criterion, scores, grouping) for grouping in GROUPINGS}
        for (grouping, averaged), metric in itertools.product(GROUPINGS.items(), grids["item"].metrics):
            grid = grids[grouping]
            matrix = grid.metrics[metric]
            ours = {s: values.get((criterion, grouping, metric, s)) for s in STATISTICS}
            if ours["accuracy"] is None or ours["accuracy"].value is None:
                continue
            where = f"{criterion}, {metric}"
            if arguments.mt_metrics_eval:
                _mt_metrics_eval(table, name, grouping, averaged, grid.human, matrix, ours, where)
            if arguments.nlpstats and grouping != "system":
                _nlpstats(table, name, grouping, grid.human, matrix, ours, where)
            if grouping == "none":
                _scipy(table, name, grid.human, matrix, ours, where)
        if arguments.mt_metrics_eval:
            for metric in grids["system"].metrics:
                level = {s: values.get((criterion, None, metric, s)) for s in SYSTEM_LEVEL}
                _system_level(table, name, grids["system"], metric, level, f"{criterion}, {metric}")


def _system_level(table: Table, name: str, grid: Grid, metric: str, ours: Any, where: str) -> None:
    """System-level pairwise accuracy (exact) and soft pairwise accuracy (both tools draw permutations)."""
    from mt_metrics_eval.stats import Agreement, PairwiseConfidenceError

    human, matrix = grid.human, grid.metrics[metric]
    both = np.isfinite(human) & np.isfinite(matrix)
    if len(human) < 2 or not both.any(axis=1).all():
        return
    people, machine = (np.nanmean(np.where(both, values, np.nan), axis=1) for values in (human, matrix))
    tied = len(np.unique(people)) < len(people)
    if not tied:  # the peer counts a pair that people tie as wrong; here it is left out, as Kocmi et al. (2021) do
        right, pairs = Agreement(people.tolist(), machine.tolist())[:2]
        found = table[name, "system_pairwise_accuracy", "mt-metrics-eval"]
        found.add(_of(ours.get("system_pairwise_accuracy")), right / pairs if pairs > 1 else right, where)
    complete = both.all(axis=0)
    if complete.all():
        theirs = PairwiseConfidenceError(human.ravel().tolist(), matrix.ravel().tolist(), len(human))[0]
        found = table[name, "soft_pairwise_accuracy", "mt-metrics-eval"]
        found.add(_of(ours.get("soft_pairwise_accuracy")), theirs, where)
        found.reason = (
            "both draw 1,000 permutations, each its own; ours counts draws that equal the observed difference half: the row "
            "below gives both the same draws, counts so in both, and rounds scores so that the peer's float32 sums are exact"
        )
        alike = _rounded(human), _rounded(matrix)
        found = table[name, "soft_pairwise_accuracy, the same draws, equal ones by half", "mt-metrics-eval"]
        found.add(soft_by_signs(*alike, _peer_signs(human.shape[1])), _peer_by_half(*alike), where)


def _peer_signs(items: int, draws: int = 1000, seed: int = 4) -> np.ndarray:
    """The signs that mt-metrics-eval draws (`pce.compute_pairwise_p_values`), shape (draws, items)."""
    return 2.0 * np.rint(np.random.default_rng(seed).random(size=(draws, items), dtype=np.float32)) - 1.0


def _peer_by_half(human: np.ndarray, metric: np.ndarray) -> float:
    """mt-metrics-eval's soft pairwise accuracy, draws that equal the observed difference counted half.

    Its p of (a, b) counts sums that reach the observed one, that of (b, a), systems in the other order, so many that do not
    exceed it: their mean, the second from 1, counts equal ones by half.
    """
    from mt_metrics_eval import pce

    def by_half(scores: np.ndarray) -> np.ndarray:
        reached, exceeded = pce.compute_pairwise_p_values(scores), 1 - pce.compute_pairwise_p_values(scores[::-1])[::-1, ::-1].T
        return (reached + exceeded) / 2

    return float(pce.compute_one_minus_pce(by_half(human), by_half(metric)))


def _rounded(scores: np.ndarray) -> np.ndarray:
    """The scores in steps of a power of two, so fine that the peer's sums, in float32, are just exact; shape as `scores`."""
    largest = float(np.abs(scores).sum(axis=1).max())
    step = 2.0 ** np.ceil(np.log2(largest / 2**23)) if largest else 1.0
    return np.rint(scores / step) * step


def compare_agreement(name: str, data: Any, table: Table) -> None:
    """Krippendorff's α of every criterion with two raters, at the level that the harness reports."""
    import krippendorff

    from harness.meta.options import MetaOptions
    from harness.stages.metaevaluate import metaevaluate

    if not data.judgments:
        return
    options = MetaOptions(slices=(), groupings=("item",), resamples=2, random_draws=1, draws=1)
    rows = [row for row in metaevaluate(data, [], [], options) if row.statistic.startswith("krippendorff_alpha")]
    for row in rows:
        if row.slice != "all" or row.value is None:
            continue
        judged = [j for j in data.judgments if j.criterion == row.criterion and isinstance(j.value, (int, float))]
        raters, outputs = (sorted({getattr(j, key) for j in judged}) for key in ("rater", "output_id"))
        ratings = np.full((len(raters), len(outputs)), np.nan)
        for j in judged:
            ratings[raters.index(j.rater), outputs.index(j.output_id)] = j.value
        level = row.statistic.rpartition("_")[2]
        theirs = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
        table[name, f"Krippendorff α ({level})", "krippendorff"].add(row.value, theirs, str(row.criterion))


def compare_preferences(name: str, data: Any, table: Table, arguments: argparse.Namespace) -> None:
    """Of a set of preferences: accuracy on pairs beside mt-metrics-eval, agreement beside krippendorff and scikit-learn.

    A pair is an item of two systems for the peer, rated 1 and 0, or 0 and 0 where people tie.
    """
    if not data.preferences:
        return
    plugin = Path(__file__).with_name("length_only.py")
    metrics = ["length-only", *(["chrf", "rouge-l"] if any(example.references for example in data.examples) else [])]
    rows = harness.metaevaluate(data, metrics, plugins=[plugin], slices=(), resamples=2, random_draws=1, draws=1)
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for score in harness.score(data, metrics, plugins=[plugin]):
        if score.component in (None, "f1") and score.value is not None:
            values[score.metric][score.targets[0]] = score.value
    for criterion in data.criteria:
        words = _words([one for one in data.preferences if one.criterion == criterion and one.winner is not None])
        own = [row for row in rows if row.criterion == criterion and row.slice == "all" and row.support in (None, "own")]
        if arguments.mt_metrics_eval:
            _preferred(table, name, own, words, values)
        _agreement(table, name, own, words)


Words = dict[tuple[str, str], dict[str, int]]  # a pair of outputs → each rater's word: 1 the first, -1 the second, 0 a tie


def _words(preferences: Sequence[Any]) -> Words:
    words: Words = defaultdict(dict)
    for one in preferences:
        sign = {"a": 1, "b": -1, "tie": 0}[one.winner]
        first, second = sorted((one.output_a, one.output_b))
        words[first, second][one.rater] = sign if first == one.output_a else -sign
    return words


def _preferred(table: Table, name: str, rows: Sequence[Any], words: Words, values: dict[str, dict[str, float]]) -> None:
    """Accuracy raw and calibrated, where a strict majority of a pair's raters said the same."""
    from mt_metrics_eval.stats import Correlation

    ours = {(row.metric, row.statistic): row.value for row in rows if row.component in (None, "f1") and not row.against}
    counts = {pair: Counter(said.values()).most_common(1)[0] for pair, said in words.items()}
    sides = {pair: sign for pair, (sign, count) in counts.items() if 2 * count > len(words[pair])}
    for metric, scores in values.items():
        pairs = [pair for pair in sides if pair[0] in scores and pair[1] in scores]
        gold = [[float(sides[pair] * side > 0) for pair in pairs] for side in (1, -1)]
        machine = [[scores[pair[place]] for pair in pairs] for place in (0, 1)]
        theirs = Correlation(2, gold[0] + gold[1], machine[0] + machine[1])
        raw = theirs.KendallVariants("item", variant="acc23")[0]
        best = theirs.KendallWithTiesOpt("item", sample_rate=1.0)[0]
        for statistic, value in (("accuracy_raw", raw), ("accuracy", best)):
            table[name, f"{statistic} (preferences)", "mt-metrics-eval"].add(ours[metric, statistic], value, metric)


def _agreement(table: Table, name: str, rows: Sequence[Any], words: Words) -> None:
    """Krippendorff's α of all raters, Cohen's κ of every two."""
    import krippendorff
    from sklearn.metrics import cohen_kappa_score

    raters = sorted({rater for said in words.values() for rater in said})
    said = np.array([[words[pair].get(rater, np.nan) for pair in sorted(words)] for rater in raters], dtype=np.float64)
    for row in rows:
        if row.statistic == "krippendorff_alpha_nominal" and row.value is not None:
            theirs = krippendorff.alpha(reliability_data=said, level_of_measurement="nominal")
            table[name, "Krippendorff α (nominal)", "krippendorff"].add(row.value, theirs, row.raters)
        elif row.statistic == "cohen_kappa" and row.value is not None:
            one, other = (said[raters.index(rater)] for rater in row.raters.split("+"))
            both = np.isfinite(one) & np.isfinite(other)
            table[name, "Cohen's κ", "scikit-learn"].add(row.value, cohen_kappa_score(one[both], other[both]), row.raters)


def compare_metrics(name: str, data: Any, table: Table) -> None:
    """chrF, chrF++ and BLEU beside sacrebleu; ROUGE beside rouge-score; every output that has a reference."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics import BLEU, CHRF

    examples = {example.id: example for example in data.examples}
    outputs = [o for o in data.outputs if o.text and o.text.strip() and examples[o.example_id].references]
    if not outputs:
        return
    pairs = {o.id: (o.text, list(examples[o.example_id].references)) for o in outputs}
    sacre = {"chrf": CHRF(), "chrf:word_order=2": CHRF(word_order=2), "bleu": BLEU(effective_order=True)}
    for label, scorer in sacre.items():
        ours = {s.targets[0]: s.value for s in harness.score(data, f"{label}{',' if ':' in label else ':'}norm=none")}
        for key, (text, references) in pairs.items():
            if ours[key] is not None:
                table[name, label, "sacrebleu"].add(ours[key], scorer.sentence_score(text, references).score, key)
    kinds = {"rouge-1": "rouge1", "rouge-2": "rouge2", "rouge-l": "rougeL", "rouge-lsum": "rougeLsum"}
    original = RougeScorer(list(kinds.values()))
    theirs = {key: original.score_multi(references, text) for key, (text, references) in pairs.items()}
    for label, kind in kinds.items():
        found = [s for s in harness.score(data, f"{label}:tokenizer=rouge-score") if s.component == "f1"]
        for score in found:
            key = score.targets[0]
            if key in pairs and score.value is not None:
                table[name, label, "rouge-score"].add(score.value, theirs[key][kind].fmeasure, key)


def compare_bertscore(name: str, data: Any, table: Table) -> None:
    """BERTScore beside the package bert-score with the same encoder, on the outputs of one system."""
    references = {example.id for example in data.examples if example.references}
    systems = [s for s in data.systems if s not in data.info.reference_systems]
    kept = {o.id for o in data.outputs if o.system == systems[0] and o.example_id in references}
    if not kept:
        return
    few = replace(
        data,
        outputs=tuple(o for o in data.outputs if o.id in kept),
        judgments=tuple(j for j in data.judgments if j.output_id in kept),
        preferences=(),
    )
    ours, theirs = (
        {(s.targets[0], s.component): s.value for s in harness.score(few, f"bertscore:implementation={implementation}")}
        for implementation in ("harness", "bert-score")
    )
    found = table[name, "bertscore (f1, precision, recall)", "bert-score"]
    for key, value in theirs.items():
        found.add(ours[key], value, str(key))
    if found.largest < 1e-5:
        found.reason = "float32 sums in another order; in bert-score itself a pair alone and in a mixed batch differs by 2e-7"


def _mt_metrics_eval(
    table: Table, name: str, grouping: str, averaged: str, human: np.ndarray, metric: np.ndarray, ours: Any, where: str
) -> None:
    from mt_metrics_eval.stats import Correlation

    gold = [None if math.isnan(h) or math.isnan(m) else h for h, m in zip(human.ravel(), metric.ravel(), strict=True)]
    theirs = Correlation(len(human), gold, np.nan_to_num(metric).ravel().tolist())
    tool = "mt-metrics-eval"
    raw = theirs.KendallVariants(averaged, variant="acc23")[0]
    table[name, f"accuracy_raw ({grouping})", tool].add(_of(ours["accuracy_raw"]), raw, where)
    found = table[name, f"accuracy ({grouping})", tool]
    if ours["accuracy"].n_pairs <= PEER_PAIRS:
        best = theirs.KendallWithTiesOpt(averaged, sample_rate=1.0)[0]
    else:  # what the peer gets at our epsilon: the value, not that no other epsilon is better
        best = theirs.KendallVariants(averaged, variant="acc23", epsilon=ours["accuracy"].epsilon)[0]
        said = f"over {PEER_PAIRS:,} pairs the peer is asked at our epsilon"
        if said not in found.skipped:
            found.skipped.append(said)
    found.add(ours["accuracy"].value, best, where)
    for statistic, function in (("kendall_b", theirs.Kendall), ("pearson", theirs.Pearson), ("spearman", theirs.Spearman)):
        value, _, n = function(averaged)
        table[name, f"{statistic} ({grouping})", tool].add(_of(ours[statistic]), value if n else None, where)


def _nlpstats(table: Table, name: str, grouping: str, human: np.ndarray, metric: np.ndarray, ours: Any, where: str) -> None:
    from nlpstats.correlations.correlations import global_level, input_level

    both = np.isfinite(human) & np.isfinite(metric)
    keep = both.sum(axis=0) > 1  # scipy refuses columns of one
    if not keep.any() or (grouping == "none" and not keep.all()):
        return
    x, z = np.where(both, metric, np.nan)[:, keep], np.where(both, human, np.nan)[:, keep]
    for statistic, coefficient in (("kendall_b", "kendall"), ("pearson", "pearson"), ("spearman", "spearman")):
        with np.errstate(all="ignore"):
            theirs = (input_level if grouping == "item" else global_level)(x, z, coefficient)
        table[name, f"{statistic} ({grouping})", "nlpstats"].add(_of(ours[statistic]), theirs, where)


def _scipy(table: Table, name: str, human: np.ndarray, metric: np.ndarray, ours: Any, where: str) -> None:
    from scipy.stats import kendalltau, pearsonr, spearmanr

    both = np.isfinite(human) & np.isfinite(metric)
    for statistic, function in (("kendall_b", kendalltau), ("pearson", pearsonr), ("spearman", spearmanr)):
        table[name, f"{statistic} (none)", "scipy"].add(_of(ours[statistic]), function(metric[both], human[both])[0], where)


def _of(row: Any) -> float | None:
    return None if row is None else row.value


def _grid(data: Any, criterion: str, scores: Sequence[Any], grouping: str) -> Grid:
    """The criterion as matrices; ratings that are words count as missing."""
    ratings: dict[str, list[float]] = defaultdict(list)
    sign = 1.0
    for judgment in data.judgments:
        if judgment.criterion == criterion and judgment.span is None and isinstance(judgment.value, (int, float)):
            ratings[judgment.output_id].append(judgment.value)
            if judgment.scale is not None and judgment.scale.direction == "down":
                sign = -1.0
    unknown = data.info.unknown_systems if grouping == "system" else ()
    kept = [o for o in data.outputs if o.system not in (*data.info.reference_systems, *unknown)]
    by_system = grouping == "system"
    cells = {o.id: (o.system, (o.example_id, o.sample)) if by_system else ((o.system, o.sample), o.example_id) for o in kept}
    rows, columns = (sorted({cell[axis] for cell in cells.values()}) for axis in (0, 1))
    place = {key: (rows.index(row), columns.index(column)) for key, (row, column) in cells.items()}
    human = np.full((len(rows), len(columns)), np.nan)
    for key, given in ratings.items():
        if key in place:
            human[place[key]] = sign * float(np.mean(given))
    metrics: dict[str, np.ndarray] = {}
    for score in scores:
        if score.component in (None, "f1") and score.targets[0] in place and score.value is not None:
            matrix = metrics.setdefault(score.metric.partition("|")[0], np.full(human.shape, np.nan))
            matrix[place[score.targets[0]]] = score.value
    return Grid(human, metrics)


def _source(name: str) -> Iterator[Any]:
    registry = load_plugins(())
    return iter((registry, registry.parse("judgment source", name)))


if __name__ == "__main__":
    main()
