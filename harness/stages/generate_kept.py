"""What a system has said already: in the stage's segments and, over runs, in the cache under its generator's signature."""

from collections.abc import Iterable, Sequence

import msgspec

from harness.cache import Cache, cache_key
from harness.records import Example, Output, digest, from_json, to_json
from harness.segments import Segments
from harness.stages.answer_languages import with_languages

NAMESPACE = "outputs"
Outputs = tuple[Output, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a segment: the digest of the example, and all that the system said of it. `batch`: the digest of the examples
    that were asked together, of a generator that says how many are (`GeneratorSpec.batch_size`), else empty."""

    example: str
    outputs: Outputs
    batch: str = ""


class Kept:
    """The outputs of one system. `cache` and `signature` None: nothing is taken from other runs, or left to them."""

    def __init__(self, segments: Segments, system: str, cache: Cache | None, signature: str | None) -> None:
        self._segments, self._system = segments, system
        self._cache, self._signature = cache, signature

    def single(self, examples: Sequence[Example]) -> dict[str, Outputs]:
        """What is there of these very examples, by id, whatever they were asked with; an error is not."""
        digests = {example.id: digest([example]) for example in examples}
        held: dict[str, Outputs] = {}
        for line in self._segments.read(Line):
            of = line.outputs[0].example_id
            if digests.get(of) == line.example and fine(line.outputs):
                held[of] = line.outputs
        for example in examples:
            found = None if example.id in held else self._found(example=digests[example.id])
            if found:
                held[example.id] = tuple(found)
                self._append([example], [held[example.id]], "")
        return held

    def batches(self, batches: Sequence[Sequence[Example]]) -> list[dict[str, Outputs]]:
        """What is there of each of these very batches, by the example's id: of all its examples, errors among it, or of none,
        but for errors of other runs.

        A last digit may depend on what an example was asked with, so that nothing is taken over from other batches.
        """
        keys = [digest(batch) for batch in batches]
        held: dict[str, dict[str, Outputs]] = {key: {} for key in keys}
        for line in self._segments.read(Line):
            if line.batch in held:
                held[line.batch][line.outputs[0].example_id] = line.outputs
        return [self._whole(batch, key, held[key]) for batch, key in zip(batches, keys, strict=True)]

    def add_single(self, example: Example, outputs: Outputs) -> Outputs:
        """Keeps an example's outputs, on disk when it returns; as they are kept."""
        named = self._named(example, outputs)
        self._append([example], [named], "")
        if fine(named):
            self._put(named, example=digest([example]))
        return named

    def add_batch(self, batch: Sequence[Example], said: dict[str, Outputs], held: dict[str, Outputs]) -> dict[str, Outputs]:
        """Keeps what was `said` of a batch, or of some of its examples; all that is there of it, beside what is `held`."""
        key = digest(batch)
        named = {example.id: self._named(example, said[example.id]) for example in batch if example.id in said}
        self._append([example for example in batch if example.id in named], list(named.values()), key)
        everything = {**held, **named}
        if any(map(fine, named.values())):
            self._put([one for outputs in everything.values() if fine(outputs) for one in outputs], batch=key)
        return everything

    def _whole(self, batch: Sequence[Example], key: str, held: dict[str, Outputs]) -> dict[str, Outputs]:
        if len(held) == len(batch):
            return held
        found: dict[str, Outputs] = {}
        for output in self._found(batch=key):  # what is missing there were errors, which are not kept
            found[output.example_id] = (*found.get(output.example_id, ()), output)
        there = [example for example in batch if example.id in found]
        self._append(there, [found[example.id] for example in there], key)
        return found

    def _append(self, examples: Sequence[Example], outputs: Iterable[Outputs], batch: str) -> None:
        pairs = zip(examples, outputs, strict=True)
        self._segments.append([Line(example=digest([example]), outputs=some, batch=batch) for example, some in pairs])

    def _found(self, **key: str) -> list[Output]:
        if self._cache is None or self._signature is None:
            return []
        found = self._cache.get(cache_key(signature=self._signature, **key), namespace=NAMESPACE)
        return [] if found is None else [self._own(from_json(line, Output)) for line in found.split(b"\n")]

    def _put(self, outputs: Iterable[Output], **key: str) -> None:
        if self._cache is not None and self._signature is not None:
            content = b"\n".join(map(to_json, outputs))
            self._cache.put(cache_key(signature=self._signature, **key), content, namespace=NAMESPACE)

    def _named(self, example: Example, outputs: Outputs) -> Outputs:
        return tuple(map(self._own, with_languages(outputs, example.language)))

    def _own(self, output: Output) -> Output:
        """The output under the system's name, with an id that no other system's output has."""
        id = f"{output.example_id}/{self._system}/{output.sample}"
        return msgspec.structs.replace(output, system=self._system, id=id)


def fine(outputs: Iterable[Output]) -> bool:
    """Whether none of them is an error, which is asked again."""
    return all(output.finish != "error" for output in outputs)
