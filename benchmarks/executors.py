"""Where more processes pay: this process, two processes and Ray on the same work, over what a unit costs; break-even sizes.

python benchmarks/executors.py [--seconds 4] [--rounds 3] [--workers 2] [--only TEXT] [--no-ray] [--write]

A metric burns a given time a unit; ROUGE-L and chrF score texts of 20 and 150 words; a generator burns a given time an example
and answers 150 words. Each executor's rate is measured with its
workers warm, in turn with this process (medians of the rounds), its start by a first small job from cold. An executor pays from
N units on where its start + N × its time a unit is less than N × this process's time a unit.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import write

from harness.executors.choice import make_choice, make_executor
from harness.executors.protocols import Executor, Job
from harness.plugins import load_plugins
from harness.protocols import Unit
from harness.records import Example, Output
from harness.registry import PluginRef
from harness.stages.generate_job import generating_job
from harness.stages.generators import build_generator
from harness.stages.metrics import BuiltMetric, build_metrics
from harness.stages.score_job import scoring_job

BURN = """
import time
from harness import MetricSpec, hookimpl


class Burn:
    def __init__(self, ms=1.0):
        self.ms = ms
        self.signature = f"burn|ms:{ms}|v:1"

    def score(self, units):
        return [self.one(unit) for unit in units]

    def one(self, unit):
        end = time.perf_counter() + self.ms / 1000
        while time.perf_counter() < end:
            pass
        return float(len(unit.output.text))


@hookimpl
def harness_metrics():
    return [MetricSpec("burn", build=Burn, batch_size=BATCH)]
"""
ANSWER = """
import time
from harness import GeneratorSpec, Output, hookimpl


class Slow:
    def __init__(self, ms=1.0):
        self.ms = ms
        self.signature = f"slow|ms:{ms}|v:1"

    def generate(self, examples):
        for example in examples:
            end = time.perf_counter() + self.ms / 1000
            while time.perf_counter() < end:
                pass
            yield Output(id="x", example_id=example.id, system="x", text="ordet " * 150, finish="stop")


@hookimpl
def harness_generators():
    return [GeneratorSpec("slow-answer", build=Slow, batch_size=BATCH)]
"""
COSTS = (0.01, 0.1, 1.0, 10.0, 100.0)  # milliseconds a unit
ANSWERS = (1.0, 10.0, 100.0)  # milliseconds an example
WORDS = (20, 150)
MOST = 200_000  # units of one measurement


@dataclass(frozen=True)
class Work:
    """A job on batches of `size`: `name` for people, `make` makes what is worked on."""

    name: str
    job: Job[Any, Any]
    size: int
    make: Callable[[int], Sequence[Any]]


@dataclass(frozen=True)
class Measured:
    """Seconds a unit in this process and in each other executor."""

    work: str
    units: int
    here: float
    there: dict[str, float]


def works(folder: Path) -> Iterator[Work]:
    """The metrics and the generators to measure."""
    for cost in COSTS:
        file = folder / f"burn_{cost:g}.py".replace(".", "_", cost < 1)
        file.write_text(BURN.replace("BATCH", str(max(1, min(256, round(100 / cost))))))
        registry = load_plugins([file])
        [metric] = build_metrics(registry, [registry.parse("metric", f"burn:ms={cost}")])
        yield _scoring(f"{cost:g} ms a unit", metric, 20)
    registry = load_plugins()
    for name in ("rouge-l", "chrf"):
        [metric] = build_metrics(registry, [registry.parse("metric", name)])
        for words in WORDS:
            yield _scoring(f"{name}, {words} words", metric, words)
    for cost in ANSWERS:
        file = folder / f"answer_{cost:g}.py"
        size = max(1, round(100 / cost))
        file.write_text(ANSWER.replace("BATCH", str(size)))
        built = build_generator(load_plugins([file]), PluginRef("slow-answer", {"ms": cost}))
        yield Work(f"an answer of {cost:g} ms", generating_job(built, "slow", lambda number: None), size, make_examples)


def _scoring(name: str, metric: BuiltMetric, words: int) -> Work:
    return Work(name, scoring_job(metric, ()), metric.spec.batch_size, lambda number: make_units(number, words))


def make_examples(number: int) -> list[Example]:
    """Questions of some twenty words."""
    return [Example.from_instruction(f"e{i}", f"Skriv om {i}: " + "ett ord till " * 6, language="sv") for i in range(number)]


def make_units(number: int, words: int, seed: int = 0) -> list[Unit]:
    """Texts of made-up words, about half of them shared with the reference; at most 5,000 different ones."""
    rng = np.random.default_rng(seed)
    vocabulary = ["".join(rng.choice(list("abcdefghijklmnoprstuvåäö"), size=rng.integers(2, 9))) for _ in range(2000)]
    examples, outputs = [], []
    for i in range(min(number, 5000)):
        reference = rng.integers(0, 2000, words)
        answer = np.where(rng.random(words) < 0.5, reference, rng.integers(0, 2000, words))
        texts = [" ".join(vocabulary[word] for word in ids) for ids in (reference, answer)]
        examples.append(Example.from_instruction(f"e{i}", "Säg det.", [texts[0]], language="sv"))
        outputs.append(Output(id=f"o{i}", example_id=f"e{i}", system="s", text=texts[1]))
    return [Unit(examples[i % 5000], (outputs[i % 5000],)) for i in range(number)]


def seconds(executor: Executor, work: Work, units: Sequence[Any]) -> float:
    """How long the executor takes."""
    batches = [units[start : start + work.size] for start in range(0, len(units), work.size)]
    started = time.perf_counter()
    answered = sum(len(answers) for answers in executor.map(work.job, batches))
    assert answered == len(units)
    return time.perf_counter() - started


def measure(work: Work, executors: dict[str, Executor], budget: float, rounds: int) -> Measured:
    """The time a unit here and in each executor, its workers warm, in turns of as many units as take `budget` / `rounds` here."""
    with make_executor(make_choice(name="serial")) as here:
        few = work.make(4 * work.size)
        everyone = {"": here, **executors}
        for executor in everyone.values():
            seconds(executor, work, few)  # builds and compiles
        one = seconds(here, work, few) / len(few)
        units = work.make(int(max(8 * work.size, min(MOST, budget / rounds / one))))
        times: dict[str, list[float]] = {name: [] for name in everyone}
        for _ in range(rounds):
            for name, executor in everyone.items():
                times[name].append(seconds(executor, work, units) / len(units))
    medians = {name: statistics.median(some) for name, some in times.items()}
    return Measured(work.name, len(units) * rounds, medians.pop(""), medians)


def break_even(start: float, here: float, there: float) -> float | None:
    """The number of units from which on the executor is faster; None where it never is."""
    return start / (here - there) if there < here else None


def line(found: Measured, starts: dict[str, float]) -> str:
    """Times a unit, and from where on each executor pays."""
    parts = [f"here {_time(found.here)} a unit"]
    for name, there in found.there.items():
        units = break_even(starts[name], found.here, there)
        pays = "never pays" if units is None else f"pays from {_two(units)} units ({_two(units * found.here)} s of work here)"
        parts.append(f"{name} {_time(there)} ({found.here / there:.2f} ×), {pays}")
    return "; ".join(parts)


def main() -> None:
    """Starts each executor from cold, measures every work in all of them, prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="work of each measurement (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="turns in which it is done (default: 3)")
    parser.add_argument("--workers", type=int, default=2, help="processes and actors (default: 2)")
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only jobs with this in their names (an answer, chrf)")
    parser.add_argument("--no-ray", action="store_true", help="leave Ray out")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        everything = list(works(Path(folder)))
        executors: dict[str, Executor] = {}
        starts: dict[str, float] = {}
        for name in ("local",) if arguments.no_ray else ("local", "ray"):
            executor = stack.enter_context(make_executor(make_choice(name=name, workers=arguments.workers)))
            chrf = next(work for work in everything if work.name.startswith("chrf"))
            few = chrf.make(chrf.size)
            cold = seconds(executor, chrf, few)
            starts[name] = cold - seconds(executor, chrf, few)
            executors[name] = executor
            figures.append({"job": f"start of {name} with {arguments.workers} workers", "value": f"{starts[name]:.1f} s"})
            print(f"{figures[-1]['job']}: {figures[-1]['value']}", flush=True)
        for work in (work for work in everything if arguments.only in work.name):
            found = measure(work, executors, arguments.seconds, arguments.rounds)
            figures.append({"job": f"{work.name} ({found.units:,} units)", "value": line(found, starts)})
            print(f"{figures[-1]['job']}: {figures[-1]['value']}", flush=True)
    if arguments.write:
        write("executors", [], figures)


def _time(value: float) -> str:
    return f"{_two(value * 1e6)} µs" if value < 1e-3 else f"{_two(value * 1e3)} ms"


def _two(value: float) -> str:
    """Two figures that count."""
    return f"{float(f'{value:.2g}'):,g}"


if __name__ == "__main__":
    main()
