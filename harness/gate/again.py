"""Whether a metric says the same when it is asked again, and which of its parameters its signature leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import PluginError
from harness.gate.caches import another_cache
from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.records import Score
from harness.registry import PluginRef, Registry
from harness.stages.metrics import BuiltMetric, ask, build_metrics, prepare
from harness.stages.units import make_work
from harness.testing.parameters import varied

_UNITS = 12  # asked a second time
_BATCH = 5  # of them at a time: no divisor of anything usual
_LONGEST = 600  # characters; long texts take long and differ in nothing else


@dataclass(frozen=True)
class Again:
    """What came of asking about the same `units` twice: in order with a batch for all, then backwards and in small batches.

    `apart`: unit, first and second value, where a component differs.
    """

    units: int
    apart: tuple[tuple[str, float | None, float | None], ...]


def ask_again(registry: Registry, metric: BuiltMetric, sets: Sequence[JudgmentSet], *, anew: bool = True) -> Again:
    """Asks about some short pairs of every set twice, the second time of the metric built `anew` without what is cached, else of
    the same object. Raises PluginError where the metric breaks its protocol."""
    chosen = [(data, _some(make_work(data, metric.spec).units, _UNITS // len(sets))) for data in sets]
    if metric.spec.unit == "corpus" or not any(units for _, units in chosen):
        return Again(0, ())
    apart: list[tuple[str, float | None, float | None]] = []
    with another_cache():
        (other,) = build_metrics(registry, [metric.ref]) if anew else [metric]
        for data, units in chosen:
            first = _by_place(_asked(metric, data, units, len(units)))
            second = _by_place(_asked(other, data, units[::-1], _BATCH))
            apart += [("+".join(place[0]), one, second[place]) for place, one in first.items() if one != second[place]]
    return Again(sum(len(units) for _, units in chosen), tuple(apart))


def _asked(metric: BuiltMetric, data: JudgmentSet, units: Sequence[Unit], size: int) -> list[Score]:
    prepare(metric, data.examples)
    return [score for start in range(0, len(units), size) for score in ask(metric, units[start : start + size])]


def silent_parameters(registry: Registry, metric: BuiltMetric) -> list[str]:
    """The parameters of which every other value that could be tried leaves the signature as it is, sorted.

    A parameter by whose name no score can depend on it (`device`) is left out, and so is one of which no other value is known.
    """
    found = []
    for name, values in varied(metric.spec, metric.ref.params, {}).items():
        others = [other for other in (_signature(registry, metric, name, value) for value in values) if other is not None]
        if metric.signature in others:
            found.append(name)
    return sorted(found)


def _signature(registry: Registry, metric: BuiltMetric, name: str, value: object) -> str | None:
    """The signature with another value of a parameter; None where the metric does not take it, which may be a wrong guess."""
    try:
        (other,) = build_metrics(registry, [PluginRef(metric.ref.name, {**metric.ref.params, name: value})])
    except PluginError:
        return None
    return other.signature


def _some(units: Sequence[Unit], most: int) -> list[Unit]:
    """At most so many units of short texts, from all over the list."""
    short = [unit for unit in units if sum(len(output.text or "") for output in unit.outputs) <= _LONGEST]
    step = max(1, -(-len(short) // max(1, most)))
    return short[::step]


def _by_place(scores: Sequence[Score]) -> dict[tuple[tuple[str, ...], str | None], float | None]:
    return {(score.targets, score.component): score.value for score in scores}
