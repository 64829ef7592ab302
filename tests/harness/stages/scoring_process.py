"""A process to kill: scores a set slowly and writes the ids of the units it was asked about to a file, a line each.

python scoring_process.py RUN_FOLDER ASKED_FILE SECONDS_PER_UNIT ITEMS | gec-sv
"""

import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from harness.judgments import JudgmentSet, read_judgments
from harness.plugins import load_plugins
from harness.protocols import MetricSpec, Result, Unit
from harness.records import Example, JudgmentInfo, Output
from harness.registry import PluginRef
from harness.stages.score import BuiltMetric, build_metrics, score
from harness.store import Run

BATCH = 16


def main(folder: str, asked: str, seconds: str, source: str) -> None:
    if source.isdigit():
        data, inner = generated(int(source)), None
    else:
        registry = load_plugins()
        data = read_judgments(registry.build("judgment source", PluginRef(source)))
        [inner] = build_metrics(registry, [PluginRef("chrf")])
    spec = MetricSpec("slow", build=Slow, components=("f", "precision", "recall"), needs=("reference",), batch_size=BATCH)
    metric = BuiltMetric(PluginRef("slow"), spec, Slow(Path(asked), float(seconds), inner))
    with Run.open(folder, config={"metrics": ["slow"]}, command=["score"]) as run:
        scores = score(data, [metric], run=run)
        run.write_table("examples", data.examples)
        run.write_table("outputs", data.outputs)
        run.write_table("judgments", data.judgments)
        run.write_table("scores", scores)


def generated(items: int) -> JudgmentSet:
    """Swedish-looking items with five systems, of which one is silent now and then and items lack a reference now and then."""
    draw = random.Random(7)
    words = ["får", "för", "åka", "snö", "inte", "ett", "hus", "på", "röd", "bil", "måste", "själv"]

    def sentence() -> str:
        return " ".join(draw.choices(words, k=draw.randint(3, 12)))

    examples, outputs = [], []
    for i in range(items):
        references = (sentence(),) if i % 17 else ()
        examples.append(Example(id=f"set/{i}", kind="instruction", language="sv", references=references, source=sentence()))
        for system in ("granska", "gpt3", "mt", "s2", "mm"):
            text = sentence() if draw.random() > 0.02 else ""
            outputs.append(Output(id=f"set/{i}/{system}", example_id=f"set/{i}", system=system, text=text))
    return JudgmentSet(JudgmentInfo(name="set", version="1"), tuple(examples), tuple(outputs))


class Slow:
    """Shares of the words in common, or chrF; an empty answer raises. What it is asked is in the file before it answers."""

    signature = "slow|v:1"

    def __init__(self, asked: Path, seconds: float, inner: BuiltMetric | None) -> None:
        self.asked, self.seconds, self.inner = asked, seconds, inner

    def score(self, units: Sequence[Unit]) -> list[Result]:
        return [self._one(unit) for unit in units]

    def _one(self, unit: Unit) -> Result:
        descriptor = os.open(self.asked, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{unit.output.id}\n".encode())
        os.close(descriptor)
        time.sleep(self.seconds)
        said, right = set((unit.output.text or "").split()), set(unit.example.references[0].split())
        precision, recall = len(said & right) / len(said), len(said & right) / len(right)
        if self.inner is not None:
            [result] = self.inner.metric.score([unit])
            main = result.value if isinstance(result, Result) else result
        else:
            main = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return Result(main, components={"precision": precision, "recall": recall})


if __name__ == "__main__":
    main(*sys.argv[1:])
