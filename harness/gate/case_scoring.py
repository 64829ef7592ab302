"""What the stage of scores makes of metrics that have no number for all units or fail on some, in batches of several sizes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from harness.judgments import JudgmentSet, select_examples
from harness.protocols import Columns, MetricSpec, Result, Unit
from harness.registry import PluginRef
from harness.score_table import STATUSES, ScoreTable
from harness.stages.metrics import BuiltMetric
from harness.stages.score import score
from harness.store import Run

_SIZES = (1, 3, 256)
_ITEMS = 14


def scoring_lines(data: JudgmentSet) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Every score and status of every probe, unit by unit; where batches of another size give others, or a run folder that was
    left in the middle and is taken up again, those too. Of the first items alone."""
    data = select_examples(data, [example.id for example in data.examples[:_ITEMS]])
    for spec, metric in _probes():
        if spec.unit == "pair" and not data.preferences:
            continue
        first = dict(_lines(spec.name, score(data, [_built(spec, metric, _SIZES[0])])))
        yield from first.items()
        ways = {f"in batches of {size}": score(data, [_built(spec, metric, size)]) for size in _SIZES[1:]}
        ways["from a run folder"] = _resumed(data, _built(spec, metric, _SIZES[1]))
        for way, table in ways.items():
            for key, values in _lines(spec.name, table):
                if first.get(key) != values:
                    yield (*key, way), values


def _resumed(data: JudgmentSet, metric: BuiltMetric) -> ScoreTable:
    """The scores of a run that was stopped by an error after its first batch, and gone on with."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        with suppress(_StopError), Run.open(place, config={}, command=()) as run:
            score(data, [metric], run=run, progress=_stop)
        with Run.open(place, config={}, command=()) as run:
            table = score(data, [metric], run=run)
            run.finish("done")
        return table


class _StopError(Exception):
    """Stops a run in the middle."""


def _stop(label: str, done: int, total: int) -> None:
    raise _StopError


def _lines(name: str, table: ScoreTable) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for block in table.blocks:
        for unit, value, status in zip(block.targets, block.values.tolist(), block.status.tolist(), strict=True):
            key = (name, block.component or "", "+".join(unit) if len(unit) < 4 else f"{len(unit)} outputs of {unit[0]}")
            yield key, [None if value != value else value, STATUSES[status]]


def _probes() -> Iterator[tuple[MetricSpec, Any]]:
    yield MetricSpec(name="gate-words", build=_Words, components=("both", "found"), needs=("reference",)), _Words()
    yield MetricSpec(name="gate-length", build=_Length), _Length()
    yield MetricSpec(name="gate-group", build=_Size, unit="group", needs=("reference",)), _Size()
    yield MetricSpec(name="gate-corpus", build=_Size, unit="corpus"), _Size()
    yield MetricSpec(name="gate-pair", build=_Longer, unit="pair"), _Longer()
    yield MetricSpec(name="gate-peers", build=_Peers, needs=("peers", "source")), _Peers()


def _built(spec: MetricSpec, metric: Any, size: int) -> BuiltMetric:
    return BuiltMetric(PluginRef(spec.name), replace(spec, batch_size=size), metric)


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


class _Longer:
    """How many code points the first of two outputs has more."""

    signature = "gate-pair|v:1"

    def score(self, units: Sequence[Unit]) -> list[float]:
        return [float(len(one.outputs[0].text or "") - len(one.outputs[1].text or "")) for one in units]


class _Peers:
    """How many other outputs the example has."""

    signature = "gate-peers|v:1"

    def score(self, units: Sequence[Unit]) -> list[float]:
        return [float(len(unit.peers)) for unit in units]
