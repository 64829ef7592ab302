"""What metrics say in a fresh process with another seed of hashes, beside what they say in this one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple

from harness.cache import ENVIRONMENT
from harness.errors import HarnessError
from harness.gate.caches import shared_models
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


class FreshProcess:
    """A process that knows nothing of what this one was asked, and answers meanwhile: `start`, and later `compared`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._held = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._metrics: Mapping[str, BuiltMetric] = {}
        self._questions: dict[str, _Question] = {}

    def __enter__(self) -> "FreshProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        self._held.close()

    def asks(self, metric: BuiltMetric) -> bool:
        """Whether the metric may be asked for nothing, and its plugin was loaded by name or from a file, and so can be loaded
        again."""
        entry = self._registry.entries["metric"].get(metric.ref.name)
        loaded = {(one.plugin, one.distribution) for one in self._registry.loaded}
        free = metric.spec.cost == "cpu" and metric.spec.unit != "corpus"
        return free and entry is not None and (entry.plugin, entry.distribution) in loaded

    def start(self, metrics: Mapping[str, BuiltMetric], sets: Mapping[str, Sequence[JudgmentSet]]) -> None:
        """Asks about some short pairs of each of their sets, of the metrics that cost nothing but CPU and that another process
        can find. Does nothing where it was started before."""
        if self._process is not None:
            return
        self._metrics = {label: metric for label, metric in metrics.items() if self.asks(metric)}
        questions = {label: _question(metric, sets[label]) for label, metric in self._metrics.items()}
        self._questions = {label: question for label, question in questions.items() if any(some for _, some in question.asked)}
        if not self._questions:
            return
        names = {question.ref.name for question in self._questions.values()}
        files = sorted({str(file) for name in names if (file := self._registry.find("metric", name).file)})
        self._process = self._started(files)

    def compared(self, labels: Collection[str]) -> dict[str, Elsewhere]:
        """By label, for those of these metrics that it was asked about: what it says beside what this process says now."""
        if self._process is None:
            return {}
        there = self._there(self._process)
        return {
            label: _compared(self._metrics[label], question, there[label])
            for label, question in self._questions.items()
            if label in labels
        }

    def _started(self, files: Sequence[str]) -> "subprocess.Popen[bytes]":
        seed = next(seed for seed in _SEEDS if seed != os.environ.get("PYTHONHASHSEED"))
        changed = {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        folder = self._held.enter_context(shared_models())
        asked = Path(self._held.enter_context(TemporaryDirectory())) / "asked"
        asked.write_bytes(pickle.dumps((list(files), self._questions)))
        return subprocess.Popen(
            [sys.executable, "-c", "from harness.gate.elsewhere import main; main()", str(asked)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **changed, ENVIRONMENT: folder},
        )

    def _there(self, process: "subprocess.Popen[bytes]") -> "dict[str, dict[Place, float | None] | str]":
        try:
            out, told = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            return dict.fromkeys(self._questions, f"it has said nothing for {_SECONDS} seconds")
        if process.returncode:
            why = " ".join(told.decode(errors="replace").strip().splitlines()[-1:]) or f"it ended with {process.returncode}"
            return dict.fromkeys(self._questions, why)
        return pickle.loads(out)  # type: ignore[no-any-return]  # from our own child, by a pipe that nobody else has


def main() -> None:
    """The other side: reads the questions from the file that it is given, and writes what the metrics say, or why they do not."""
    from harness.plugins import load_plugins

    files, questions = pickle.loads(Path(sys.argv[1]).read_bytes())
    out, sys.stdout = sys.stdout, sys.stderr
    registry = load_plugins(files, strict=False)
    out.buffer.write(pickle.dumps({label: _answered(registry, question) for label, question in questions.items()}))
    out.flush()


def _question(metric: BuiltMetric, sets: Sequence[JudgmentSet]) -> _Question:
    """Its units backwards: what a memo of this process was given first, the other one is given last."""
    chosen = [(data.examples, _some(make_work(data, metric.spec).units, _UNITS // len(sets))) for data in sets]
    wanted = ({unit.example.id for unit in units} for _, units in chosen)
    kept = [[one for one in examples if one.id in ids] for (examples, _), ids in zip(chosen, wanted, strict=True)]
    return _Question(metric.ref, [(some, units[::-1]) for some, (_, units) in zip(kept, chosen, strict=True)])


def _some(units: Sequence[Unit], most: int) -> list[Unit]:
    short = [unit for unit in units if sum(len(output.text or "") for output in unit.outputs) <= _LONGEST]
    return short[:: max(1, -(-len(short) // max(1, most)))]


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
