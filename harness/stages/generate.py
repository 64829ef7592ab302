"""Runs generators on examples: one segment line an output, resumable, and cached over runs under the generator's signature."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from harness.cache import Cache
from harness.executors.protocols import Executor
from harness.executors.serial import SerialExecutor
from harness.records import Example, Output
from harness.registry import PluginRef, Registry
from harness.stages.generate_job import generating_job
from harness.stages.generate_kept import Kept, Outputs, fine
from harness.stages.generators import BuiltGenerator, answered, build_generator
from harness.store import Run, stage_id

Report = Callable[[str, int, int], None]


class SystemRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A system under test: the name under which its outputs stand, and the generator that runs it."""

    name: str
    generator: PluginRef


def generate(
    run: Run,
    registry: Registry,
    systems: Sequence[SystemRef],
    examples: Sequence[Example],
    report: Report,
    *,
    cache: Cache | None,
    executor: Executor | None = None,
) -> list[Output]:
    """Every system's outputs for the examples, those that the run or the cache holds without asking again; systems in order.

    A generator with a `signature` (its model's digest and its decoding) is cached; one without is asked anew in every run. One
    that says how many examples are asked together (`GeneratorSpec.batch_size`) is asked by the `executor`, by default in this
    process; its batches are the same whatever is there already, so that outputs are the same to the last digit.

    Raises PluginError where a generator leaves an example out, doubles an output, or answers an example that it was not given.
    """
    where = executor or SerialExecutor()
    return [output for system in systems for output in _of_system(run, registry, system, examples, report, cache, where)]


def _of_system(
    run: Run,
    registry: Registry,
    system: SystemRef,
    examples: Sequence[Example],
    report: Report,
    cache: Cache | None,
    executor: Executor,
) -> list[Output]:
    built = build_generator(registry, system.generator)
    section = {"system": system.name, "generator": built.ref.name, **built.ref.params, "signature": built.signature}
    segments = run.segments(stage_id([], section, f"{built.spec.version} {built.code}".rstrip()))
    kept = Kept(segments, system.name, cache, built.signature)
    told = partial(report, system.name)
    if built.batch_size is None:
        known = _one_by_one(built, kept, examples, told)
    else:
        known = _in_batches(built, kept, system.name, examples, told, executor, built.batch_size)
    return [output for example in examples for output in known[example.id]]


def _one_by_one(
    built: BuiltGenerator, kept: Kept, examples: Sequence[Example], told: Callable[[int, int], None]
) -> dict[str, Outputs]:
    """The outputs by the example's id: all that is missing is asked in one call, and kept example by example."""
    known = kept.single(examples)
    told(len(known), len(examples))
    for example, outputs in answered(built, [example for example in examples if example.id not in known]):
        known[example.id] = kept.add_single(example, outputs)
        told(len(known), len(examples))
    return known


def _in_batches(
    built: BuiltGenerator,
    kept: Kept,
    label: str,
    examples: Sequence[Example],
    told: Callable[[int, int], None],
    executor: Executor,
    size: int,
) -> dict[str, Outputs]:
    """The outputs by the example's id: batches of which any is missing are asked again as a whole, what failed on its own."""
    batches = [examples[start : start + size] for start in range(0, len(examples), size)]
    held = kept.batches(batches)
    waiting = [[one for one in batch if not fine(there.get(one.id, _FAILED))] for batch, there in zip(batches, held, strict=True)]
    done = len(examples) - sum(map(len, waiting))
    told(done, len(examples))
    places = [place for place, some in enumerate(waiting) if some]
    if places:
        job = generating_job(built, label, lambda number: told(done + number, len(examples)))
        answers = executor.map(job, (waiting[place] for place in places))
        for place, said in zip(places, answers, strict=True):
            new = {example.id: outputs for example, outputs in zip(waiting[place], said, strict=True)}
            held[place] = kept.add_batch(batches[place], new, held[place])
            done += len(new)
            told(done, len(examples))
    return {id: outputs for there in held for id, outputs in there.items()}


_FAILED = (Output(id="", example_id="", system="", finish="error"),)
