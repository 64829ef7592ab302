"""Built generators, whose outputs are checked against their protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from harness.errors import PluginError
from harness.plugin_code import plugin_code_digest
from harness.protocols import Generator, GeneratorSpec
from harness.records import Example, Output
from harness.registry import PluginRef, Registry

KIND = "generator"
COSTS = ("cpu", "gpu", "paid")


@dataclass(frozen=True)
class BuiltGenerator:
    """A generator with what it was built from: `origin` is the distribution or the path of the plain file that offers it, `code`
    the digest of such a file, else empty."""

    ref: PluginRef
    spec: GeneratorSpec
    generator: Generator
    code: str
    origin: str

    @property
    def signature(self) -> str | None:
        """Same signature, same outputs; None for a generator that promises nothing."""
        return getattr(self.generator, "signature", None)

    @property
    def cost(self) -> Literal["cpu", "gpu", "paid"]:
        """What asking it costs: its own word, else its spec's."""
        return cast(Literal["cpu", "gpu", "paid"], getattr(self.generator, "cost", self.spec.cost))

    @property
    def batch_size(self) -> int | None:
        """Examples of a batch; None where it is to be asked about all examples in one call, here: it did not say, or is paid."""
        if self.cost == "paid":
            return None
        size: int | None = getattr(self.generator, "batch_size", self.spec.batch_size)
        return size


def build_generator(registry: Registry, ref: PluginRef) -> BuiltGenerator:
    """The generator, built. Raises PluginError for an unknown or broken one."""
    entry = registry.find(KIND, ref.name)
    assert isinstance(entry.spec, GeneratorSpec)  # discovery keeps other specs out
    code = "" if entry.file is None else plugin_code_digest(entry.file)
    built = BuiltGenerator(ref, entry.spec, registry.build(KIND, ref), code, entry.distribution)
    _check_attributes(built)
    return built


def _check_attributes(built: BuiltGenerator) -> None:
    """Raises PluginError where what the generator says of itself, instead of its spec, cannot be meant."""
    where = f"generator {built.ref.name!r}"
    for name in ("batch_size", "threads"):
        value = getattr(built.generator, name, None)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise PluginError(f"{where} has {name} {value!r}; it is to be a whole number from 1 on, or None")
    if built.cost not in COSTS:
        raise PluginError(f"{where} has cost {built.cost!r}; it is to be one of {', '.join(COSTS)}")


def answered(built: BuiltGenerator, examples: Sequence[Example]) -> Iterator[tuple[Example, tuple[Output, ...]]]:
    """Each example with its outputs as soon as they are complete: a generator gives them example by example.

    Raises PluginError where it leaves an example out, doubles an output, or answers an example that it was not given.
    """
    if not examples:
        return
    by_id = {example.id: example for example in examples}
    done: set[str] = set()
    current: list[Output] = []
    for output in getattr(built.generator, "generate_as_done", built.generator.generate)(examples):
        _check(output, by_id, done, built)
        if current and output.example_id != current[0].example_id:
            done.add(current[0].example_id)
            yield by_id[current[0].example_id], _whole(current, built)
            current = []
        current.append(output)
    if current:
        done.add(current[0].example_id)
        yield by_id[current[0].example_id], _whole(current, built)
    left = [example.id for example in examples if example.id not in done]
    if left:
        raise PluginError(f"generator {built.ref.name!r} gave no output for {left[0]!r} ({len(left)} examples in all)")


def _check(output: Output, known: dict[str, Example], done: set[str], built: BuiltGenerator) -> None:
    where = f"generator {built.ref.name!r}"
    if not isinstance(output, Output):
        raise PluginError(f"{where} yields {type(output).__name__}; it is to yield Output")
    if output.example_id not in known:
        raise PluginError(f"{where} answers {output.example_id!r}, an example that it was not given")
    if output.example_id in done:
        raise PluginError(f"{where} comes back to {output.example_id!r}; all outputs of an example are to come one after another")


def _whole(outputs: Sequence[Output], built: BuiltGenerator) -> tuple[Output, ...]:
    samples = [output.sample for output in outputs]
    if len(set(samples)) != len(samples):
        raise PluginError(f"generator {built.ref.name!r} gives {outputs[0].example_id!r} two outputs of one sample number")
    return tuple(outputs)
