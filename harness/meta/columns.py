"""Metrics as columns: one number per output, with what meta-evaluation must know about each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.judgments import JudgmentSet
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats, Ints
from harness.meta.sentinels import random_signature, sentinel_scores
from harness.records import Score
from harness.score_table import ScoreTable


@dataclass(frozen=True)
class MetricSummary:
    """What meta-evaluation must know of a metric beyond its scores."""

    signature: str
    name: str
    components: tuple[str, ...] = ()
    higher_is_better: bool = True
    needs: tuple[str, ...] = ()
    unit: str = "output"


@dataclass(frozen=True)
class Column:
    """One component of a metric: `values` per output, higher is better, nan where missing.

    `ranked`: a metric's main component, which enters families and rank clusters; `sentinel`: knows nothing of quality;
    `values` is None for the random sentinel, which is drawn; `eligible` (per output) leaves out the systems that are
    the reference, for metrics that use it; None means all.
    """

    signature: str
    component: str | None
    values: Floats | None
    ranked: bool
    sentinel: bool = False
    eligible: Bools | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the column."""
        return self.signature, self.component or ""


def metric_columns(
    data: JudgmentSet, scores: Sequence[Score], metrics: Sequence[MetricSummary], position: Mapping[str, int]
) -> Iterator[Column]:
    """One column a component of every metric that scores outputs. `position`: output id → index."""
    table = ScoreTable.of(scores)
    places: dict[int, Ints] = {}
    reference = of_systems(data, data.info.reference_systems)
    for metric in metrics:
        if metric.unit != "output":
            continue
        eligible = ~reference if "reference" in metric.needs and reference.any() else None
        for component in metric.components or (None,):
            values = np.full(len(position), np.nan)
            block = table.block(metric.signature, component)
            if block is not None:
                if id(block.targets) not in places:
                    places[id(block.targets)] = block.targets.positions(position)
                here = places[id(block.targets)]
                known = (here >= 0) & ~block.missing
                values[here[known]] = block.values[known]
            signed = values if metric.higher_is_better else -values
            if eligible is not None:
                signed = np.where(eligible, signed, np.nan)
            main = component is None or component == metric.components[0]
            yield Column(metric.signature, component, signed, main, eligible=eligible)


def of_systems(data: JudgmentSet, systems: Iterable[str]) -> Bools:
    """Which outputs are of one of the systems, shape (N,)."""
    wanted = frozenset(systems)
    if not wanted:
        return np.zeros(len(data.outputs), dtype=bool)
    return np.fromiter((output.system in wanted for output in data.outputs), dtype=bool, count=len(data.outputs))


def sentinel_columns(data: JudgmentSet, options: MetaOptions) -> Iterator[Column]:
    """The sentinels that have something to say about this set."""
    examples = {example.id: example for example in data.examples}
    yield Column(random_signature(options.random_draws), None, None, True, sentinel=True)
    for signature, values in sentinel_scores(examples, data.outputs).items():
        yield Column(signature, None, values, True, sentinel=True)
