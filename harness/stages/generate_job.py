"""Generation as a job for an executor: how another process builds the generator again, and how a worker answers."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from harness.executors.plugin_files import PluginFile
from harness.executors.protocols import Job
from harness.executors.same_code import check_same
from harness.records import Example, Output
from harness.registry import PluginRef
from harness.stages.elsewhere import file_to_send, identity, packages_of, plugins_there
from harness.stages.generators import BuiltGenerator, answered, build_generator

Said = list[tuple[Output, ...]]  # the outputs of each example of a batch, in the batch's order


def generating_job(built: BuiltGenerator, label: str, tell: Callable[[int], None]) -> Job[Sequence[Example], Said]:
    """The job of answering batches of examples with the generator. `tell`: is called, where a batch is answered in this process,
    with the number of its examples that are done."""
    threads: int | None = getattr(built.generator, "threads", None)
    return Job(
        label=label,
        here=partial(GeneratorWorker, built, tell),
        recipe=GeneratorRecipe(built.ref, file_to_send(built.origin, built.code), _identity(built), threads),
        first_of=_first_of,
        cost=built.cost,
        packages=packages_of(built.spec.build, type(built.generator)),
        threads=threads or 1,
    )


class GeneratorWorker:
    """A generator that answers batches."""

    def __init__(self, built: BuiltGenerator, tell: Callable[[int], None] | None = None) -> None:
        self._built, self._tell = built, tell

    def work(self, batch: Sequence[Example]) -> Said:
        """The outputs of each example, as the generator gave them; PluginError where it breaks its protocol."""
        said: dict[str, tuple[Output, ...]] = {}
        for example, outputs in answered(self._built, batch):
            said[example.id] = outputs
            if self._tell is not None:
                self._tell(len(said))
        return [said[example.id] for example in batch]


@dataclass(frozen=True)
class GeneratorRecipe:
    """How a worker builds the generator; `made_by` is what it must then be, `threads` those with which it is to compute."""

    ref: PluginRef
    file: PluginFile | None
    made_by: dict[str, str]
    threads: int | None

    def open(self) -> GeneratorWorker:
        """The generator, built; PluginError if it is not the same generator."""
        with plugins_there(self.file) as registry:
            built = build_generator(registry, self.ref)
        check_same(f"generator {str(self.ref)!r}", self.made_by, _identity(built), platform.node())
        if self.threads is not None:
            built.generator.threads = self.threads  # type: ignore[attr-defined]  # one of those that have it
        return GeneratorWorker(built)


def _identity(built: BuiltGenerator) -> dict[str, str]:
    """What must be the same for the outputs to be the same."""
    return identity("generator", built.spec.version, built.code, built.signature or "none")


def _first_of(batch: Sequence[Example]) -> str:
    return f"example {batch[0].id!r}"
