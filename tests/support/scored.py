"""A judgment set, a slow metric in a plain file, and what a run folder holds after it was scored by an executor."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from harness.executors.protocols import Executor
from harness.judgments import JudgmentSet
from harness.plugins import load_plugins
from harness.records import Example, JudgmentInfo, Output
from harness.registry import PluginRef
from harness.stages.metrics import build_metrics
from harness.stages.score import score
from harness.stages.score_job import Scoring
from harness.store import Run

PLUGIN = '''
"""The share of examples that are longer than the answer; slow, and it says in a file which process was asked."""
import os, time
from pathlib import Path
from harness import MetricSpec, hookimpl


class Slow:
    def __init__(self, seconds=0.0, log="", fails=-1):
        self.seconds, self.log, self.fails = seconds, log, fails
        self.signature = "slow|v:1"

    def prepare(self, examples):
        self.lengths = [len(example.instruction or '') for example in examples]

    def score(self, units):
        time.sleep(self.seconds)
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{os.getpid()} {units[0].output.id}\\n")
        return [self.one(unit) for unit in units]

    def one(self, unit):
        number = int("".join(filter(str.isdigit, unit.output.id)) or 0)
        if number == self.fails:
            raise ValueError("no good")
        return sum(length > number for length in self.lengths) / 7


@hookimpl
def harness_metrics():
    return [MetricSpec("slow", build=Slow, batch_size=4)]
'''


def write_plugin(folder: Path) -> Path:
    file = folder / "slow_metric.py"
    file.write_text(PLUGIN)
    return file


def make_data(number: int) -> JudgmentSet:
    """`number` examples with instructions of growing length, and an output for each."""
    examples = [Example.from_instruction(f"e{i:03}", "x" * (i + 1), language="sv", task="t") for i in range(number)]
    outputs = [Output(id=f"o{i:03}", example_id=f"e{i:03}", system="s", text=f"svar {i}") for i in range(number)]
    return JudgmentSet(JudgmentInfo(name="made", version="1"), tuple(examples), tuple(outputs), (), ())


def score_into(
    folder: Path,
    data: JudgmentSet,
    plugin: Path,
    executor: Executor,
    progress: Callable[[str, int, int], None] | None = None,
    **params: object,
) -> dict[str, int]:
    """Scores into the run folder and returns the run's counts."""
    metrics = build_metrics(load_plugins([plugin]), [PluginRef("slow", params)])
    with executor, Run.open(folder, config={"name": "made"}, command=["test"]) as run:
        run.write_table("scores", score(data, metrics, run=run, executor=Scoring(executor), progress=progress))
        return dict(run.counts)


def held(folder: Path) -> dict[str, bytes]:
    """The bytes of the finished table and of all segments, whose folders are named by stage id."""
    files = [folder / "scores.parquet", *sorted((folder / "segments").rglob("*.jsonl"))]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def processes(log: Path) -> set[int]:
    """Who was asked, but for this process."""
    return {int(line.split()[0]) for line in log.read_text().splitlines()} - {os.getpid()} if log.exists() else set()


def killing_half_way(log: Path) -> tuple[Callable[[str, int, int], None], set[int]]:
    """A progress that kills one of the processes of the log once half is done, and the set that this process is then in."""
    killed: set[int] = set()

    def kill(label: str, done: int, total: int) -> None:
        if done >= total // 2 and not killed:
            victim = min(processes(log))
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)

    return kill, killed
