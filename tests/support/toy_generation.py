"""A generation stage in small: a generator plugin as a job, outputs on disk as they come, finished batches left alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import Example, Output
from harness.executors.plugin_files import PluginFile
from harness.executors.protocols import Executor, Job
from harness.plugins import load_plugins
from harness.protocols import Generator
from harness.registry import PluginRef
from harness.segments import Segments

ECHO = Path(__file__).resolve().parents[1] / "plugin_package" / "outside_plugins" / "echo.py"


@dataclass(frozen=True)
class Generating:
    """A generator that answers batches."""

    generator: Generator

    def work(self, batch: Sequence[Example]) -> list[Output]:
        return list(self.generator.generate(batch))


@dataclass(frozen=True)
class GeneratorRecipe:
    """How a worker builds the generator."""

    ref: PluginRef
    file: PluginFile

    def open(self) -> Generating:
        with self.file.on_disk() as path:
            return Generating(load_plugins([path]).build("generator", self.ref))


def make_examples(number: int) -> list[Example]:
    return [Example.from_instruction(f"e/{i:03}", f"Säg {i}.", language="sv", task="say") for i in range(number)]


def generate(examples: Sequence[Example], folder: Path, executor: Executor, size: int = 4) -> Iterator[list[Output]]:
    """Yields each batch's outputs once they are on disk; examples whose outputs are there already are not asked again."""
    recipe = GeneratorRecipe(PluginRef("echo"), PluginFile.read(ECHO))
    job = Job("echo", recipe.open, recipe, lambda batch: f"example {batch[0].id!r}")
    segments = Segments(folder)
    there = {output.example_id for output in segments.read(Output)}
    batches = [list(examples[start : start + size]) for start in range(0, len(examples), size)]
    left = [batch for batch in batches if not all(example.id in there for example in batch)]
    for outputs in executor.map(job, left):
        segments.append(outputs)
        yield outputs
