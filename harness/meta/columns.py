"""Metrics as columns: one number per output, with what meta-evaluation must know about each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.judgments import JudgmentSet
from harness.meta.options import MetaOptions
from harness.meta.pairs import Bools, Floats
from harness.meta.sentinels import random_signature, sentinel_scores
from harness.records import Score


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
    arrays: dict[tuple[str, str | None], Floats] = {}
    for score in scores:
        if len(score.targets) != 1:
            continue
        index = position.get(score.targets[0])
        if index is None:
            continue
        key = (score.metric, score.component)
        if key not in arrays:
            arrays[key] = np.full(len(position), np.nan)
        if score.value is not None:
            arrays[key][index] = score.value
    reference = np.isin([output.system for output in data.outputs], list(data.info.reference_systems))
    for metric in metrics:
        if metric.unit != "output":
            continue
        eligible = ~reference if "reference" in metric.needs and reference.any() else None
        for component in metric.components or (None,):
            values = arrays.get((metric.signature, component))
            if values is None:
                values = np.full(len(position), np.nan)
            signed = values if metric.higher_is_better else -values
            if eligible is not None:
                signed = np.where(eligible, signed, np.nan)
            main = component is None or component == metric.components[0]
            yield Column(metric.signature, component, signed, main, eligible=eligible)


def sentinel_columns(data: JudgmentSet, options: MetaOptions) -> Iterator[Column]:
    """The sentinels that have something to say about this set."""
    examples = {example.id: example for example in data.examples}
    yield Column(random_signature(options.random_draws), None, None, True, sentinel=True)
    for signature, values in sentinel_scores(examples, data.outputs).items():
        yield Column(signature, None, values, True, sentinel=True)
