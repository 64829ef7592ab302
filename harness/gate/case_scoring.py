"""What the stage of scores makes of metrics that have no number for all units or fail on some, in batches of several sizes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harness.judgments import JudgmentSet
from harness.protocols import Columns, MetricSpec, Result, Unit
from harness.registry import PluginRef
from harness.score_table import STATUSES
from harness.stages.metrics import BuiltMetric
from harness.stages.score import score

_SIZES = (1, 3, 256)


def scoring_lines(data: JudgmentSet) -> Iterator[tuple[tuple[str | None, ...], list[Any]]]:
    """Every score and status of every probe, unit by unit; where batches of another size give others, those too."""
    for name, spec, metric in _probes():
        held: dict[tuple[str, ...], list[Any]] = {}
        for size in _SIZES:
            built = BuiltMetric(PluginRef(name), _sized(spec, size), metric)
            for block in score(data, [built]).blocks:
                for unit, value, status in zip(block.targets, block.values.tolist(), block.status.tolist(), strict=True):
                    key = (name, block.component or "", "+".join(unit) if len(unit) < 4 else f"{len(unit)} outputs of {unit[0]}")
                    values = [None if value != value else value, STATUSES[status]]
                    if key not in held:
                        held[key] = values
                        yield key, values
                    elif held[key] != values:
                        yield (*key, f"in batches of {size}"), values


def _probes() -> Iterator[tuple[str, MetricSpec, Any]]:
    one = MetricSpec(name="gate-words", build=_Words, components=("both", "found"), needs=("reference",))
    yield "gate-words", one, _Words()
    yield "gate-length", MetricSpec(name="gate-length", build=_Length), _Length()
    yield "gate-group", MetricSpec(name="gate-group", build=_Size, unit="group", needs=("reference",)), _Size()
    yield "gate-corpus", MetricSpec(name="gate-corpus", build=_Size, unit="corpus"), _Size()
    yield "gate-peers", MetricSpec(name="gate-peers", build=_Peers, needs=("peers", "source")), _Peers()


def _sized(spec: MetricSpec, size: int) -> MetricSpec:
    from dataclasses import replace

    return replace(spec, batch_size=size)


class _Words:
    """Words in common with the best reference; cannot read what begins with a question mark, fails on an exclamation mark."""

    signature = "gate-words|v:1"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        return [self._one(unit) for unit in units]

    def _one(self, unit: Unit) -> Result:
        text = unit.output.text or ""
        if text.startswith("!"):
            raise ValueError("an exclamation mark")
        if text.startswith("?"):
            return Result(None, "unparsed")
        words = set(text.split())
        found = max(len(words & set(reference.split())) for reference in unit.example.references)
        return Result(found / max(len(words), 1), components={"both": found / max(len(words), 1), "found": float(found)})


class _Length:
    """Code points, as columns; no value for the empty text."""

    signature = "gate-length|v:1"

    def score(self, units: Sequence[Unit]) -> list[Result]:
        return [Result(float(len(unit.output.text or "")) or None, "ok" if unit.output.text else "empty") for unit in units]

    def score_columns(self, units: Sequence[Unit]) -> Columns:
        sizes = np.array([float(len(unit.output.text or "")) for unit in units])
        return Columns({None: np.where(sizes > 0, sizes, np.nan)}, ["ok" if size else "empty" for size in sizes])


class _Size:
    """How many outputs a unit has."""

    signature = "gate-size|v:1"

    def score(self, units: Sequence[Unit]) -> list[float]:
        return [float(len(unit.outputs)) for unit in units]


class _Peers:
    """How many other outputs the example has."""

    signature = "gate-peers|v:1"

    def score(self, units: Sequence[Unit]) -> list[float]:
        return [float(len(unit.peers)) for unit in units]
