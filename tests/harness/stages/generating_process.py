"""A process to kill: a slow generator answers examples in an order of its own and writes which it was asked, a line each.

python generating_process.py RUN_FOLDER ASKED_FILE SECONDS_PER_EXAMPLE
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.cache import Cache
from harness.protocols import GeneratorSpec
from harness.records import Example, Output
from harness.registry import Entry, PluginRef, Registry
from harness.stages.generate import SystemRef, generate
from harness.store import Run

EXAMPLES = [Example.from_instruction(f"e/{n:02}", f"Säg {n}", [str(n)], language="sv") for n in range(24)]


class Slow:
    """Two samples an example, the last example first."""

    signature = "slow|v:1"

    def __init__(self, asked: Path, seconds: float) -> None:
        self._asked, self._seconds = asked, seconds

    def generate(self, examples: Sequence[Example]) -> Iterator[Output]:
        raise AssertionError("the stage can take any order")

    def generate_as_done(self, examples: Sequence[Example]) -> Iterator[Output]:
        for example in reversed(examples):
            with self._asked.open("a", encoding="utf-8") as file:
                file.write(f"{example.id}\n")
            time.sleep(self._seconds)
            for sample in range(2):
                text = f"{example.instruction} {sample}"
                yield Output(id="x", example_id=example.id, system="x", sample=sample, text=text, finish="stop")


def main(folder: str, asked: str, seconds: str) -> None:
    registry = Registry()
    generator = Slow(Path(asked), float(seconds))
    registry.entries["generator"]["slow"] = Entry(GeneratorSpec("slow", build=lambda: generator), "test", "test")
    system = SystemRef(name="slow", generator=PluginRef("slow"))
    with Run.open(Path(folder), config={}, command=["generate"]) as run, Cache(Path(folder).parent / "cache") as cache:
        outputs = generate(run, registry, [system], EXAMPLES, lambda label, done, total: None, cache=cache)
        run.write_table("outputs", outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
