"""What the metrics of a gate say now: a Baseline without history, made from the code as it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import HarnessError, InputError, PluginError
from harness.gate.baseline import Baseline, JudgedScores, MetricBaseline, PairScores, Value
from harness.gate.config import GateConfig, GatedSet, set_name
from harness.gate.judges import Judged, replay_all
from harness.gate.pairs import read_pairs
from harness.judgments import JudgmentSet
from harness.registry import PluginRef, Registry
from harness.score_table import STATUSES, Block, ScoreTable
from harness.stages.evaluate import read_source
from harness.stages.metrics import BuiltMetric, build_metrics
from harness.stages.score import score

Report = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """The present state: `now` to compare with a baseline, and what it was measured on.

    `sets`: pairs and judged sets by their names in the baseline; `scores`: by metric's label and set; `absent`: sets that may be
    absent and are, with the reason; `broken`: metrics that could not be asked, with the reason.
    """

    now: Baseline
    built: Mapping[str, BuiltMetric]
    sets: Mapping[str, JudgmentSet]
    scores: Mapping[tuple[str, str], ScoreTable]
    absent: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    judges: Sequence[Judged] = ()


def measure(config: GateConfig, registry: Registry, report: Report = lambda message: None) -> Measured:
    """Every metric's signature and scores on every set of the config. Raises InputError for a set that cannot be read."""
    built, broken = build_all(registry, config.metrics)
    pairs = {set_name(path): read_pairs(path) for path in config.pairs}
    judged, absent = read_sets(config, registry)
    tables: dict[tuple[str, str], ScoreTable] = {}
    metrics: dict[str, MetricBaseline] = {}
    for label, metric in built.items():
        report(label)
        on_pairs: dict[str, PairScores] = {}
        on_judged: dict[str, JudgedScores] = {}
        try:
            for name, data in pairs.items():
                table = tables[label, name] = score(data, [metric])
                on_pairs[name] = PairScores(digest=data.digest, scores=by_unit(table.blocks))
            for gated in config.judgments:
                if gated.label in judged and held_to(gated, metric):
                    data = judged[gated.label]
                    table = tables[label, gated.label] = score(data, [metric])
                    values = _values(table.blocks[0]) if table.blocks else []
                    on_judged[gated.label] = JudgedScores(digest=data.digest, values=values)
        except HarnessError as error:
            broken[label] = str(error)
            continue
        metrics[label] = MetricBaseline(
            signature=metric.signature,
            tolerance=tolerance(config, metric),
            components=list(metric.components),
            higher_is_better=metric.spec.higher_is_better,
            pairs=on_pairs,
            judged=on_judged,
        )
    judges = [] if config.judges is None else replay_all(config.judges, registry, report)
    replies = {one.label: one.now for one in judges if one.now is not None}
    return Measured(Baseline(metrics=metrics, judges=replies), built, {**pairs, **judged}, tables, absent, broken, judges)


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


def read_sets(config: GateConfig, registry: Registry) -> tuple[dict[str, JudgmentSet], dict[str, str]]:
    """The judged sets by their labels; and those that may be absent and are, with the reason."""
    judged: dict[str, JudgmentSet] = {}
    absent: dict[str, str] = {}
    for gated in config.judgments:
        try:
            judged[gated.label] = read_source(registry, gated.ref)
        except InputError as error:
            if not gated.optional:
                raise
            absent[gated.label] = str(error)
    return judged, absent


def held_to(gated: GatedSet, metric: BuiltMetric) -> bool:
    """Whether the metric is to agree with people on the set."""
    return gated.metrics is None or metric.label in gated.metrics or metric.ref.name in gated.metrics


def tolerance(config: GateConfig, metric: BuiltMetric) -> float:
    """How far a score may move: what the config says of the label, else of the name, else what the metric's author says."""
    by_name = config.tolerances.get(metric.ref.name, metric.spec.tolerance)
    return config.tolerances.get(metric.label, by_name)


def by_unit(blocks: Sequence[Block]) -> dict[str, list[Value]]:
    """Unit → one value a component, in the blocks' order."""
    columns = [_values(block) for block in blocks]
    units = ["+".join(targets) for targets in blocks[0].targets] if blocks else []
    return {unit: list(values) for unit, values in zip(units, zip(*columns, strict=True), strict=True)}


def _values(block: Block) -> list[Value]:
    return list(_told(block))


def _told(block: Block) -> Iterator[Value]:
    for value, status in zip(block.values.tolist(), block.status.tolist(), strict=True):
        yield STATUSES[status] if value != value else value
