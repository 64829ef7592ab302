"""A generator in a plain file whose answers tell which examples it was asked together, and what a run folder holds of it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cache import Cache
from harness.executors.protocols import Executor
from harness.plugins import load_plugins
from harness.records import Example
from harness.registry import PluginRef
from harness.stages.generate import SystemRef, generate
from harness.store import Run

PLUGIN = '''
"""Says which examples stand beside the one that it answers; slow, and it says in a file which process was asked what."""
import os, signal, time
from pathlib import Path
from harness import GeneratorSpec, Output, hookimpl


class Beside:
    def __init__(self, seconds=0.0, log="", dies="", fails="", signed=False, size=4, cost="cpu", threads=1):
        self.seconds, self.log, self.dies, self.fails = seconds, log, dies, fails
        self.batch_size, self.cost = size, cost
        self.threads = threads
        if signed:
            self.signature = "beside|v:1"

    def generate(self, examples):
        time.sleep(self.seconds)
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{os.getpid()} {' '.join(example.id for example in examples)}\\n")
        for example in reversed(examples):
            if example.id == self.dies:
                os.kill(os.getpid(), signal.SIGKILL)
            if example.id == self.fails and not Path("mended").exists():
                yield Output(id="x", example_id=example.id, system="x", finish="error", meta={"detail": "no good"})
                continue
            for sample in range(2):
                text = f"{example.instruction} {sample}, beside {len(examples)} from {examples[0].id}"
                yield Output(id="x", example_id=example.id, system="x", sample=sample, text=text, finish="stop")


@hookimpl
def harness_generators():
    return [GeneratorSpec("beside", build=Beside, help="tells what stands beside")]
'''


def write_generator(folder: Path) -> Path:
    file = folder / "beside_generator.py"
    file.write_text(PLUGIN)
    return file


def make_questions(number: int) -> list[Example]:
    return [Example.from_instruction(f"e/{i:03}", f"Säg {i}.", [str(i)], language="sv", task="say") for i in range(number)]


def generate_into(
    folder: Path,
    questions: Sequence[Example],
    plugins: Sequence[Path],
    executor: Executor,
    report: Callable[[str, int, int], None] = lambda label, done, total: None,
    *,
    generator: str = "beside",
    cache: Cache | None = None,
    **params: object,
) -> None:
    """Has the system "s" answer in the run folder, and writes its table."""
    system = SystemRef(name="s", generator=PluginRef(generator, params))
    with executor, Run.open(folder, config={"name": "made"}, command=["test"]) as run:
        registry = load_plugins(plugins)
        run.write_table("outputs", generate(run, registry, [system], questions, report, cache=cache, executor=executor))


def outputs_held(folder: Path) -> dict[str, bytes]:
    """The bytes of the finished table and of all segments, whose folders are named by stage id."""
    files = [folder / "outputs.parquet", *sorted((folder / "segments").rglob("*.jsonl"))]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def asked(log: Path) -> list[list[str]]:
    """The ids of each batch that was asked."""
    return [line.split()[1:] for line in log.read_text().splitlines()] if log.exists() else []
