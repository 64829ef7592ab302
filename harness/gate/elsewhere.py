"""What metrics say in a fresh process with another seed of hashes, beside what they say in this one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.errors import HarnessError
from harness.gate.caches import another_cache
from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.records import Example
from harness.registry import PluginRef, Registry
from harness.stages.metrics import BuiltMetric, ask, build_metrics, prepare
from harness.stages.units import make_work

_UNITS = 24  # asked of each metric, of all sets together
_LONGEST = 600  # characters of the outputs of a unit
_SEEDS = ("4711", "4712")
_SECONDS = 300  # the imports of large libraries

Place = tuple[tuple[str, ...], str | None]


@dataclass(frozen=True)
class Elsewhere:
    """What came of asking about `units` here and in a fresh process.

    `apart`: unit, value here and there, where a component differs; `failed`: why it could not be asked there, None if it could.
    """

    units: int
    apart: tuple[tuple[str, float | None, float | None], ...] = ()
    failed: str | None = None


class _Question(NamedTuple):
    ref: PluginRef
    asked: list[tuple[Sequence[Example], list[Unit]]]


def ask_elsewhere(
    registry: Registry, metrics: Mapping[str, BuiltMetric], sets: Mapping[str, Sequence[JudgmentSet]]
) -> dict[str, Elsewhere]:
    """By label, for the metrics that cost nothing but CPU and that another process can find: what one process for all of them,
    which knows nothing of what was asked before, says of some short pairs of each of their sets."""
    questions = {label: _question(metric, sets[label]) for label, metric in metrics.items() if _findable(registry, metric)}
    questions = {label: question for label, question in questions.items() if any(units for _, units in question.asked)}
    if not questions:
        return {}
    files = {str(file) for question in questions.values() if (file := registry.find("metric", question.ref.name).file)}
    there = _there(questions, sorted(files))
    return {label: _compared(metrics[label], question, there[label]) for label, question in questions.items()}


def main() -> None:
    """The other side: reads the questions from stdin, and writes what the metrics say, or why they do not."""
    from harness.plugins import load_plugins

    files, questions = pickle.loads(sys.stdin.buffer.read())
    out, sys.stdout = sys.stdout, sys.stderr
    registry = load_plugins(files, strict=False)
    out.buffer.write(pickle.dumps({label: _answered(registry, question) for label, question in questions.items()}))
    out.flush()


def _findable(registry: Registry, metric: BuiltMetric) -> bool:
    """Whether it may be asked for nothing, and its plugin was loaded by name or from a file, and so can be loaded again."""
    entry = registry.entries["metric"].get(metric.ref.name)
    loaded = {(one.plugin, one.distribution) for one in registry.loaded}
    free = metric.spec.cost == "cpu" and metric.spec.unit != "corpus"
    return free and entry is not None and (entry.plugin, entry.distribution) in loaded


def _question(metric: BuiltMetric, sets: Sequence[JudgmentSet]) -> _Question:
    """Its units backwards: what a memo of this process was given first, the other one is given last."""
    chosen = [(data.examples, _some(make_work(data, metric.spec).units, _UNITS // len(sets))) for data in sets]
    wanted = ({unit.example.id for unit in units} for _, units in chosen)
    kept = [[one for one in examples if one.id in ids] for (examples, _), ids in zip(chosen, wanted, strict=True)]
    return _Question(metric.ref, [(some, units[::-1]) for some, (_, units) in zip(kept, chosen, strict=True)])


def _some(units: Sequence[Unit], most: int) -> list[Unit]:
    short = [unit for unit in units if sum(len(output.text or "") for output in unit.outputs) <= _LONGEST]
    return short[:: max(1, -(-len(short) // max(1, most)))]


def _there(questions: Mapping[str, _Question], files: list[str]) -> dict[str, dict[Place, float | None] | str]:
    seed = next(seed for seed in _SEEDS if seed != os.environ.get("PYTHONHASHSEED"))
    changed = {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    code = "from harness.gate.elsewhere import main; main()"
    with another_cache():
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps((files, dict(questions))),
            capture_output=True,
            env={**os.environ, **changed},
            timeout=_SECONDS,
        )
    if done.returncode:
        why = " ".join(done.stderr.decode(errors="replace").strip().splitlines()[-1:]) or f"it ended with {done.returncode}"
        return dict.fromkeys(questions, why)
    return pickle.loads(done.stdout)  # type: ignore[no-any-return]  # from our own child, by a pipe that nobody else has


def _answered(registry: Registry, question: _Question) -> dict[Place, float | None] | str:
    try:
        (metric,) = build_metrics(registry, [question.ref])
        return _said(metric, question)
    except HarnessError as error:
        return str(error)
    except Exception as error:  # isolation: whatever a stranger's plugin raises here is told of it alone
        return f"{type(error).__name__}: {error}"


def _said(metric: BuiltMetric, question: _Question) -> dict[Place, float | None]:
    found: dict[Place, float | None] = {}
    for examples, units in question.asked:
        prepare(metric, examples)
        found |= {(score.targets, score.component): score.value for score in ask(metric, units)}
    return found


def _compared(metric: BuiltMetric, question: _Question, there: dict[Place, float | None] | str) -> Elsewhere:
    units = sum(len(some) for _, some in question.asked)
    if isinstance(there, str):
        return Elsewhere(units, failed=there)
    try:
        here = _said(metric, question)
    except HarnessError as error:
        return Elsewhere(units, failed=f"it fails here and not there: {error}")
    apart = tuple(("+".join(place[0]), value, there.get(place)) for place, value in here.items() if value != there.get(place))
    return Elsewhere(units, apart)
