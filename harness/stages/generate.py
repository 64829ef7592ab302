"""Runs generators on examples: one segment line an output, resumable, and cached over runs under the generator's signature."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from harness.cache import Cache, cache_key
from harness.errors import PluginError
from harness.protocols import Generator
from harness.records import Example, Output, digest, from_json, to_json
from harness.registry import PluginRef, Registry
from harness.segments import Segments
from harness.stages.answer_languages import with_languages
from harness.store import Run, stage_id

KIND = "generator"
NAMESPACE = "outputs"
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
) -> list[Output]:
    """Every system's outputs for the examples, those that the run or the cache holds without asking again; systems in order.

    A generator with a `signature` (its model's digest and its decoding) is cached; one without is asked anew in every run.
    Raises PluginError where a generator leaves an example out, doubles an output, or answers an example that it was not given.
    """
    return [output for system in systems for output in _of_system(run, registry, system, examples, report, cache)]


def _of_system(
    run: Run, registry: Registry, system: SystemRef, examples: Sequence[Example], report: Report, cache: Cache | None
) -> list[Output]:
    spec = registry.find(KIND, system.generator.name).spec
    generator: Generator = registry.build(KIND, system.generator)
    signature: str | None = getattr(generator, "signature", None)
    section = {"system": system.name, "generator": system.generator.name, **system.generator.params, "signature": signature}
    segments = run.segments(stage_id([], section, spec.version))
    known = _held(segments, {example.id: digest([example]) for example in examples})
    if cache is not None and signature is not None:
        _take_from_cache(cache, signature, system.name, [one for one in examples if one.id not in known], segments, known)
    waiting = [example for example in examples if example.id not in known]
    report(system.name, len(examples) - len(waiting), len(examples))
    for example, outputs in _answered(generator, waiting, system):
        segments.append([_Line(example=digest([example]), outputs=outputs)])
        known[example.id] = outputs
        if cache is not None and signature is not None and all(output.finish != "error" for output in outputs):
            cache.put(_key(signature, example), b"\n".join(map(to_json, outputs)), namespace=NAMESPACE)
        report(system.name, len(known), len(examples))
    return [output for example in examples for output in known[example.id]]


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a segment: the digest of the example, and all that the system said of it."""

    example: str
    outputs: tuple[Output, ...]


def _held(segments: Segments, digests: dict[str, str]) -> dict[str, tuple[Output, ...]]:
    """What the segments hold of these very examples; an error is asked again."""
    held: dict[str, tuple[Output, ...]] = {}
    for line in segments.read(_Line):
        of = line.outputs[0].example_id
        if digests.get(of) == line.example and all(output.finish != "error" for output in line.outputs):
            held[of] = line.outputs
    return held


def _take_from_cache(
    cache: Cache,
    signature: str,
    system: str,
    examples: Iterable[Example],
    segments: Segments,
    known: dict[str, tuple[Output, ...]],
) -> None:
    for example in examples:
        found = cache.get(_key(signature, example), namespace=NAMESPACE)
        if found is None:
            continue
        outputs = tuple(_named(from_json(line, Output), system) for line in found.split(b"\n"))
        segments.append([_Line(example=digest([example]), outputs=outputs)])
        known[example.id] = outputs


def _answered(
    generator: Generator, examples: Sequence[Example], system: SystemRef
) -> Iterator[tuple[Example, tuple[Output, ...]]]:
    """Each example with its outputs as soon as they are complete: a generator gives them example by example."""
    if not examples:
        return
    by_id = {example.id: example for example in examples}
    done: set[str] = set()
    current: list[Output] = []
    for output in getattr(generator, "generate_as_done", generator.generate)(examples):
        _check(output, by_id, done, system)
        if current and output.example_id != current[0].example_id:
            done.add(current[0].example_id)
            yield by_id[current[0].example_id], _numbered(current, by_id, system)
            current = []
        current.append(output)
    if current:
        done.add(current[0].example_id)
        yield by_id[current[0].example_id], _numbered(current, by_id, system)
    left = [example.id for example in examples if example.id not in done]
    if left:
        raise PluginError(f"generator {system.generator.name!r} gave no output for {left[0]!r} ({len(left)} examples in all)")


def _check(output: Output, known: dict[str, Example], done: set[str], system: SystemRef) -> None:
    where = f"generator {system.generator.name!r}"
    if not isinstance(output, Output):
        raise PluginError(f"{where} yields {type(output).__name__}; it is to yield Output")
    if output.example_id not in known:
        raise PluginError(f"{where} answers {output.example_id!r}, an example that it was not given")
    if output.example_id in done:
        raise PluginError(f"{where} comes back to {output.example_id!r}; all outputs of an example are to come one after another")


def _numbered(outputs: Sequence[Output], known: dict[str, Example], system: SystemRef) -> tuple[Output, ...]:
    samples = [output.sample for output in outputs]
    if len(set(samples)) != len(samples):
        raise PluginError(f"generator {system.generator.name!r} gives {outputs[0].example_id!r} two outputs of one sample number")
    told = with_languages(outputs, known[outputs[0].example_id].language)
    return tuple(_named(output, system.name) for output in told)


def _named(output: Output, system: str) -> Output:
    """The output under the system's name, with an id that no other system's output has."""
    return msgspec.structs.replace(output, system=system, id=f"{output.example_id}/{system}/{output.sample}")


def _key(signature: str, example: Example) -> str:
    return cache_key(signature=signature, example=digest([example]))
