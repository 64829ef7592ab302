"""What the metrics of a gate say now: a Baseline without history, made from the code as it is."""

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from harness.errors import HarnessError, PluginError
from harness.gate.again import Again, ask_again, silent_parameters
from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, PairScores, Value
from harness.gate.beside import Beside
from harness.gate.case_tables import Cases, measure_statistics
from harness.gate.config import GateConfig, held_to, set_name
from harness.gate.costing import measure_cost
from harness.gate.elsewhere import Elsewhere, FreshProcess
from harness.gate.judged_sets import read_sets
from harness.gate.judges import Judged, replay_all
from harness.gate.pairs import read_pairs
from harness.judgments import JudgmentSet
from harness.registry import PluginRef, Registry
from harness.score_table import OK, STATUSES, Block, ScoreTable
from harness.stages.metrics import BuiltMetric, build_metrics
from harness.stages.score import score

Report = Callable[[str], None]
PARTS = ("", "scores", "again", "judges", "statistics", "cost")  # what can be left out; "": what a metric says of itself


@dataclass(frozen=True)
class Measured:
    """The present state: `now` to compare with a baseline, and what it was measured on.

    `sets`: pairs and judged sets by their names in the baseline; `scores`: by metric's label and set; `absent`: sets that may be
    absent and are, with the reason; `broken`: metrics that could not be asked, with the reason; `again`: by label, what came of
    asking a second time, `elsewhere`: in a fresh process; `broken_cases`: runs of the statistics' cases that raised an error,
    with it; `seconds`: how long each metric took, by label.
    """

    now: Baseline
    built: Mapping[str, BuiltMetric]
    sets: Mapping[str, JudgmentSet]
    scores: Mapping[tuple[str, str], ScoreTable]
    absent: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    judges: Sequence[Judged] = ()
    again: Mapping[str, Again] = field(default_factory=dict)
    broken_cases: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)


def measure(
    config: GateConfig, registry: Registry, report: Report = lambda message: None, parts: Collection[str] = PARTS
) -> Measured:
    """Every metric's signature and scores on every set of the config, and the other `parts` that the config has.

    Raises InputError for a set that cannot be read.
    """
    with Beside(lambda: _without_metrics(config, registry, parts)) as beside, FreshProcess(registry) as fresh:
        return _with_metrics(config, registry, report, parts, beside, fresh)


def _without_metrics(config: GateConfig, registry: Registry, parts: Collection[str]) -> tuple[list[Judged], Cases]:
    """The judges on their recorded replies, and the statistics' cases: what needs no metric of the gate."""
    judges: list[Judged] = []
    if config.judges is not None and "judges" in parts:
        judges = replay_all(config.judges, registry, only=config.only_judges)
    if config.statistics is not None and "statistics" in parts:
        return judges, measure_statistics(config.statistics)
    return judges, Cases({}, {})


def _with_metrics(
    config: GateConfig,
    registry: Registry,
    report: Report,
    parts: Collection[str],
    beside: Beside[tuple[list[Judged], Cases]],
    fresh: FreshProcess,
) -> Measured:
    sets = _Sets({}, {}, {})
    built: dict[str, BuiltMetric] = {}
    broken: dict[str, str] = {}
    metrics: dict[str, MetricBaseline] = {}
    tables: dict[tuple[str, str], ScoreTable] = {}
    again: dict[str, Again] = {}
    if not {"", "scores", "again", "cost"}.isdisjoint(parts):
        built, broken = build_all(registry, config.metrics)
    if not {"scores", "again", "cost"}.isdisjoint(parts):
        sets = _read(config, registry)
    asked = {label: _asked_about(config, metric, sets) for label, metric in built.items()} if "again" in parts else {}
    seconds: dict[str, float] = {}
    for label, metric in built.items():
        report(label)
        if asked and again and not fresh.asks(metric):  # what comes before has compiled loops, which a process beside would, too
            fresh.start(built, asked)
        begun = time.perf_counter()
        try:
            own, table = _one(config, metric, sets, "scores" in parts)
            if "again" in parts:
                # built anew once a plugin: a model takes long to load, and is the same for all parameters
                first = metric.ref.name not in {built[other].ref.name for other in again}
                again[label] = ask_again(registry, metric, asked[label], anew=first)
            if "cost" in parts and (config.cost.slower is not None or config.cost.larger is not None):
                pairs = _pairs(config, metric, sets)
                texts = (*pairs.values(), *sets.judged.values()) if pairs else _asked_about(config, metric, sets)
                own = msgspec.structs.replace(own, cost=measure_cost(metric, texts))
        except HarnessError as error:
            broken[label] = str(error)
            continue
        metrics[label] = msgspec.structs.replace(own, silent=silent_parameters(registry, metric))
        seconds[label] = time.perf_counter() - begun
        tables |= {(label, name): found for name, found in table.items()}
    if asked:
        fresh.start({label: built[label] for label in metrics}, asked)
    elsewhere = fresh.compared(metrics)
    if config.judges is not None or config.statistics is not None:
        report("judges and statistics")
    judges, cases = beside.result()
    replies = {one.label: one.now for one in judges if one.now is not None}
    now = Baseline(metrics=metrics, judges=replies, statistics=dict(cases.tables))
    every = {**sets.pairs, **sets.judged}
    return Measured(now, built, every, tables, sets.absent, broken, judges, again, cases.broken, seconds, elsewhere)


class _Sets(NamedTuple):
    pairs: Mapping[str, JudgmentSet]
    judged: Mapping[str, JudgmentSet]
    absent: Mapping[str, str]


def _read(config: GateConfig, registry: Registry) -> _Sets:
    judged, absent = read_sets(config, registry)
    return _Sets({set_name(path): read_pairs(path) for path in config.pairs}, judged, absent)


def _one(config: GateConfig, metric: BuiltMetric, sets: _Sets, scored: bool) -> tuple[MetricBaseline, dict[str, ScoreTable]]:
    """What the metric says now, and its tables by set; without its scores unless `scored`."""
    asked = {**_pairs(config, metric, sets), **_judged(config, metric, sets)} if scored else {}
    tables = {name: score(data, [metric]) for name, data in asked.items()}
    pairs, judged = {}, {}
    for name, table in tables.items():
        blocks = sorted(table.blocks, key=lambda block: metric.components.index(block.component))  # the main one first
        digest = asked[name].digest
        if name in sets.pairs:
            pairs[name] = PairScores(digest=digest, scores=by_unit(blocks), statuses=_statuses(blocks))
        else:
            others = {block.component: _values(block) for block in blocks[1:] if block.component is not None}
            judged[name] = JudgedScores(digest=digest, values=_values(blocks[0]) if blocks else [], others=others)
    own = MetricBaseline(
        signature=metric.signature,
        tolerance=tolerance(config, metric),
        components=list(metric.components),
        higher_is_better=metric.spec.higher_is_better,
        unit=metric.spec.unit,
        needs=sorted(metric.spec.needs),
        declared_cost=metric.spec.cost,
        pairs=pairs,
        judged=judged,
    )
    return own, tables


def build_all(registry: Registry, refs: Sequence[PluginRef]) -> tuple[dict[str, BuiltMetric], dict[str, str]]:
    """The metrics that can be built by their labels, and of the others why not."""
    built: dict[str, BuiltMetric] = {}
    broken: dict[str, str] = {}
    for ref in refs:
        try:
            (metric,) = build_metrics(registry, [ref])
        except PluginError as error:
            broken[str(ref)] = str(error)
        else:
            built[metric.label] = metric
    return built, broken


def _pairs(config: GateConfig, metric: BuiltMetric, sets: _Sets) -> Mapping[str, JudgmentSet]:
    """The pairs that the metric is asked about."""
    return {} if {metric.label, metric.ref.name} & {*config.off_pairs} else sets.pairs


def _judged(config: GateConfig, metric: BuiltMetric, sets: _Sets) -> dict[str, JudgmentSet]:
    """The judged sets that are here and that the metric is held to."""
    held = [gated.label for gated in config.judgments if held_to(gated, metric.ref)]
    return {label: sets.judged[label] for label in held if label in sets.judged}


def _asked_about(config: GateConfig, metric: BuiltMetric, sets: _Sets) -> tuple[JudgmentSet, ...]:
    """What the metric is asked about a second time: its pairs, or its judged sets where it has none."""
    return tuple((_pairs(config, metric, sets) or _judged(config, metric, sets)).values())


def tolerance(config: GateConfig, metric: BuiltMetric) -> float:
    """How far a score may move: what the config says of the label, else of the name, else what the metric's author says."""
    by_name = config.tolerances.get(metric.ref.name, metric.spec.tolerance)
    return config.tolerances.get(metric.label, by_name)


def by_unit(blocks: Sequence[Block]) -> dict[str, list[Value]]:
    """Unit → one value a component, in the blocks' order."""
    columns = [_values(block) for block in blocks]
    units = ["+".join(targets) for targets in blocks[0].targets] if blocks else []
    return {unit: list(values) for unit, values in zip(units, zip(*columns, strict=True), strict=True)}


def _statuses(blocks: Sequence[Block]) -> dict[str, str]:
    """The statuses of units that have a score and are not "ok", by the main component."""
    if not blocks:
        return {}
    main = blocks[0]
    odd = [place for place, missing in enumerate(main.missing.tolist()) if not missing and main.status[place] != OK]
    return {"+".join(main.targets[place]): STATUSES[main.status[place]] for place in odd}


def _values(block: Block) -> list[Value]:
    return list(_told(block))


def _told(block: Block) -> Iterator[Value]:
    for value, status in zip(block.values.tolist(), block.status.tolist(), strict=True):
        if value != value:
            yield STATUSES[status]
        else:
            yield value if math.isfinite(value) else "infinite" if value > 0 else "minus infinite"  # JSON has no such number
