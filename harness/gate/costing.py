"""What scoring a fixed sample costs: CPU seconds beside yardsticks measured in turn with it, and peak memory."""

import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec

from harness.gate.baseline import Cost
from harness.gate.memory import peak_of
from harness.gate.yardsticks import yardsticks
from harness.judgments import JudgmentSet
from harness.protocols import Unit
from harness.records import Example, Output
from harness.stages.metrics import BuiltMetric, answer, prepare
from harness.stages.units import make_work

ROUNDS = 8
_LEAST = 0.004  # CPU seconds of one call, beside which what a call itself costs is little
_JOB = 0.001  # CPU seconds of one measurement of a yardstick
_MOST = 0.1  # CPU seconds of one call above which a third of the rounds do
_FIRST, _TIMES, _GREATEST = 4, 4, 256  # units of the first call, how fast it grows, and units of the largest
_MEMORY = 6  # units of which the memory is looked at
_UNITS, _LONGEST, _WORDS = 24, 1000, 8

Clock = Callable[[], float]
Work = Callable[[], object]


def measure_cost(
    metric: BuiltMetric,
    sets: Sequence[JudgmentSet],
    *,
    rounds: int = ROUNDS,
    clock: Clock = time.process_time,
    jobs: Mapping[str, Work] | None = None,
) -> Cost | None:
    """The metric's cost for a unit of a sample of the sets; None where it would measure nothing: no unit, or a metric that asks
    others.

    Metric and yardsticks take turns for some rounds, on one thread, and of each the least is taken: whatever else runs on the
    machine only adds. Every call has texts that were never scored, made of the sample's words, so that no cache answers.
    `jobs`: other yardsticks.
    """
    jobs = yardsticks() if jobs is None else jobs
    chosen = sample(sets)
    if chosen is None or metric.spec.cost == "paid":
        return None
    fresh = _Fresh(metric, chosen)
    with _one_thread():
        if not fresh.size:
            return None
        few = min(fresh.size, _MEMORY)
        fresh.asked(few)()  # loads and compiles what it needs, and takes the memory that it keeps
        memory = peak_of(fresh.asked(few))
        units, seconds = fresh.enough(clock)
        calls = {name: _calls(job, clock) for name, job in jobs.items()}
        own, least = seconds / units, dict.fromkeys(calls, math.inf)
        done = 0
        while done < rounds:
            for name, job in jobs.items():
                least[name] = min(least[name], _seconds(job, calls[name], clock) / calls[name])
            done += 1 if seconds < _MOST else 3
            if done < rounds:
                seconds = _seconds(fresh.asked(units), 1, clock)
                own = min(own, seconds / units)
    return Cost(ratios={name: float(f"{own / seconds:.4g}") for name, seconds in least.items() if seconds}, memory=memory)


class _Fresh:
    """Work for the metric that nobody has done: each time the sample's words in another order."""

    def __init__(self, metric: BuiltMetric, chosen: JudgmentSet) -> None:
        self._metric, self._chosen = metric, chosen
        self._draw = random.Random()  # no seed: a cache on disk may hold the texts of the last run
        self.size = len(make_work(chosen, metric.spec).units)

    def asked(self, units: int) -> Work:
        """Asks the metric about so many units, in its batches; making the units is not part of the work."""
        made: list[Unit] = []
        examples: list[Example] = []
        while len(made) < units:
            data = shuffled(self._chosen, self._draw)
            examples += data.examples
            made += make_work(data, self._metric.spec).units
        prepare(self._metric, examples)
        size = self._metric.spec.batch_size
        batches = [made[start : min(start + size, units)] for start in range(0, units, size)]
        return lambda: [answer(self._metric, batch) for batch in batches]

    def enough(self, clock: Clock) -> tuple[int, float]:
        """How many units it takes to see what one costs, and the CPU seconds that these took."""
        units = min(_FIRST, self.size)
        while (seconds := _seconds(self.asked(units), 1, clock)) < _LEAST and units < _GREATEST:
            units *= _TIMES
        return units, seconds


def lower(one: Cost, other: Cost) -> Cost:
    """Of two measurements of the same, the lower figures."""
    ratios = {name: min(ratio, other.ratios.get(name, ratio)) for name, ratio in one.ratios.items()}
    memory = one.memory if other.memory is None else other.memory if one.memory is None else min(one.memory, other.memory)
    return Cost(ratios=ratios, memory=memory)


def sample(sets: Sequence[JudgmentSet]) -> JudgmentSet | None:
    """Some examples of the first set with their outputs, spread over it: of some words each and not long; None where none is."""
    if not sets or not sets[0].outputs:
        return None
    outputs: dict[str, list[Output]] = {}
    for output in sets[0].outputs:
        outputs.setdefault(output.example_id, []).append(output)
    answered = [example for example in sets[0].examples if example.id in outputs]
    fit = [example for example in answered if _fits(example, outputs[example.id])] or answered
    step = max(1.0, len(fit) / _UNITS)
    examples = [fit[int(place * step)] for place in range(min(_UNITS, len(fit)))]
    kept = tuple(output for example in examples for output in outputs[example.id])
    ids = {output.id for output in kept}
    return replace(
        sets[0],
        examples=tuple(examples),
        outputs=kept,
        judgments=(),
        # which pairs a metric of pairs is asked about
        preferences=tuple(one for one in sets[0].preferences if {one.output_a, one.output_b} <= ids),
    )


def shuffled(data: JudgmentSet, draw: random.Random) -> JudgmentSet:
    """The set with the words of every answer and reference in another order."""

    def mixed(text: str) -> str:
        return " ".join(sorted(text.split(), key=lambda word: draw.random()))  # ten times as fast as Random.shuffle

    def asked(example: Example) -> Example:
        return msgspec.structs.replace(example, references=tuple(map(mixed, example.references)))

    def answered(output: Output) -> Output:
        return output if output.text is None else msgspec.structs.replace(output, text=mixed(output.text))

    return replace(data, examples=tuple(map(asked, data.examples)), outputs=tuple(map(answered, data.outputs)))


def _fits(example: Example, outputs: Sequence[Output]) -> bool:
    texts = [*example.references, *(output.text or "" for output in outputs)]
    return all(len(text) <= _LONGEST and len(text.split()) >= _WORDS for text in texts)


def _calls(job: Work, clock: Clock) -> int:
    """How many calls of the job take long enough to be seen."""
    calls = 1
    while calls < 4096 and _seconds(job, calls, clock) < _LEAST:
        calls *= 2
    return calls


def _seconds(work: Work, calls: int, clock: Clock) -> float:
    start = clock()
    for _ in range(calls):
        work()
    return clock() - start


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch and numba, where something has loaded them, compute on one thread meanwhile."""
    loaded = {name: sys.modules[name] for name in ("torch", "numba") if name in sys.modules}
    before = {name: module.get_num_threads() for name, module in loaded.items()}
    for module in loaded.values():
        module.set_num_threads(1)
    try:
        yield
    finally:
        for name, module in loaded.items():
            module.set_num_threads(before[name])
