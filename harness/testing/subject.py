"""The metric that is being checked, and how it is asked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.protocols import MetricSpec, Unit
from harness.records import Example, Score
from harness.registry import PluginRef, Registry
from harness.stages.metrics import BuiltMetric, ask, build_metrics, prepare

TOLERANCE = 1e-5  # a batch of other sizes may change the last bits of a model's float32


@dataclass(frozen=True)
class Subject:
    """A metric that is being checked, and what its author says of it."""

    registry: Registry
    ref: PluginRef
    spec: MetricSpec
    tolerance: float = TOLERANCE
    score_range: tuple[float, float] | None = None
    alternatives: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    without_effect: frozenset[str] = frozenset()

    def built(self) -> BuiltMetric:
        """The metric, built anew."""
        (metric,) = build_metrics(self.registry, [self.ref])
        return metric

    def scores(self, units: Sequence[Unit], examples: Sequence[Example] | None = None) -> list[Score]:
        """The scores of a metric that is built anew and has seen the examples (else those of the units)."""
        metric = self.built()
        prepare(metric, list({unit.example.id: unit.example for unit in units}.values()) if examples is None else examples)
        return ask(metric, units)

    def same(self, one: float | None, other: float | None) -> bool:
        """Whether two values are one within the tolerance."""
        if one is None or other is None:
            return one is other
        return math.isclose(one, other, rel_tol=self.tolerance, abs_tol=self.tolerance)
