"""Answers to held-out examples, scored by a metric of the registry: what a trainer may be handed to choose its checkpoint by."""

import math
from collections.abc import Sequence
from functools import cache

from harness.errors import InputError, PluginError
from harness.judgments import JudgmentSet
from harness.protocols import HeldOut
from harness.records import Example, JudgmentInfo, Output
from harness.registry import Registry
from harness.stages.metrics import BuiltMetric, build_metrics
from harness.stages.score import score


class RegistryScorer:
    """A `harness.protocols.Scorer` of the metrics that a registry holds; each is built once, when it is first asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._built = cache(self._build)

    def higher_is_better(self, metric: str) -> bool:
        """Whether more of the metric is better. PluginError: an unknown metric, or one that scores no outputs."""
        return self._built(metric).spec.higher_is_better

    def mean(self, metric: str, examples: Sequence[Example], outputs: Sequence[Output]) -> HeldOut:
        """The metric's main component: its mean over the outputs (a corpus metric's value for all of them together).

        Outputs without a score are counted, and stand in for nothing. Raises InputError where no output has one.
        """
        built = self._built(metric)
        info = JudgmentInfo(name="held-out examples", version="1")
        table = score(JudgmentSet(info, tuple(examples), tuple(outputs)), [built])
        found = [one for one in table if one.component == built.components[0]]
        values = [one.value for one in found if one.value is not None]
        if not values:
            reasons = sorted({f"{one.status}{f' ({one.detail})' if one.detail else ''}" for one in found})
            raise InputError(f"{metric} scores none of the {len(found):,} held-out answers: {'; '.join(reasons)[:300]}")
        return HeldOut(math.fsum(values) / len(values), len(outputs), len(found) - len(values))

    def _build(self, metric: str) -> BuiltMetric:
        [built] = build_metrics(self._registry, [self._registry.parse("metric", metric)])
        if built.spec.unit not in ("output", "corpus"):
            raise PluginError(
                f"metric {metric!r} scores each {built.spec.unit}, not outputs: a checkpoint cannot be chosen by it"
            )
        return built
