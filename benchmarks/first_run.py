"""What a user waits for: compiling kernels for the first time, starting again, and running what has not changed once more.

python benchmarks/first_run.py [--rounds 5] [--json] [--write]

(a) compiles every kernel into an empty cache, in one process, and (b) loads them from it; (c) runs `quickstart` and, where its
data is found, `gec-sv` with three metrics, with an empty cache, and then the same commands again, of which nothing has changed.
Medians, in seconds of the clock and of the processor (of the latter a busy machine takes no more).
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

ROOT = Path(__file__).resolve().parents[1]
COMPILE, AGAIN = 5.0, 1.0  # seconds asked for
LISTENER = """
import json, random, sys, time
from numba.core import event
depth, seconds, processor, functions, began = 0, 0.0, 0.0, [], (0.0, 0.0)
class Compiling(event.Listener):
    def on_start(self, found):
        global depth, began
        depth += 1
        if depth == 1: began = (time.perf_counter(), time.thread_time())
        functions.append(found.data["dispatcher"].py_func.__name__)
    def on_end(self, found):
        global depth, seconds, processor
        depth -= 1
        if depth == 0:
            seconds += time.perf_counter() - began[0]
            processor += time.thread_time() - began[1]
event.register("numba:compile", Compiling())
"""
# Calls every kernel once: texts of all kinds, pairs of a few outputs, and groups that are too large for their pairs to be made.
EVERYTHING = (
    LISTENER
    + """
import harness
draw = random.Random(1)
words = "en katt sitter på mattan och ser ut genom fönstret när det regnar".split()
texts = lambda: " ".join(draw.choices(words, k=draw.randint(3, 90)))
references = [texts() for item in range(40)]
rows = [
    {"item": str(item), "system": system, "output": texts(), "reference": references[item], "source": "Källa",
     "rating": draw.randint(1, 4) + draw.random() * (item % 2)}
    for item in range(40) for system in "abcd"
]
few = {"resamples": 20, "draws": 20, "random_draws": 5}
metrics = ["rouge-1", "rouge-2", "rouge-l", "rouge-lsum", "rouge-l:stemmer=swedish", "chrf", "chrf:word_order=2", "bleu"]
harness.metaevaluate(rows, metrics, **few)
for test in ("score-swap", "pair-swap", "bootstrap"):
    harness.metaevaluate(rows, metrics[:2], test=test, **few)
harness.metaevaluate(rows, metrics[:2], epsilon_scope="global", max_pairs=100, **few)
print(json.dumps({"compiling": seconds, "compiling_processor": processor, "functions": sorted(set(functions))}))
"""
)
# A command, and into the file that is its first argument what it waited for.
COMMAND = (
    LISTENER
    + """
import atexit, pathlib
@atexit.register
def tell(place=pathlib.Path(sys.argv[1])):
    place.write_text(json.dumps({"compiling": seconds, "functions": len(set(functions))}))
from harness.cli.main import main
sys.argv = ["harness", *sys.argv[2:]]
main()
"""
)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", nargs="+", default=("kernels", "quickstart", "gec-sv"), metavar="PART")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if "kernels" in arguments.only:
            figures |= kernels(Path(folder), arguments.rounds)
        for name, command in commands().items():
            if name in arguments.only:
                figures[name] = again(Path(folder), name, command, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        print("\n".join(lines(figures)))
    if arguments.write:
        rows = [dict(zip(("job", "value"), text.split(": ", 1), strict=True)) for text in lines(figures)]
        write("first_run", [], rows)


def kernels(folder: Path, rounds: int) -> dict[str, Any]:
    """Seconds of compiling, and of the whole process, with an empty cache and with a filled one."""
    found: dict[str, list[dict[str, Any]]] = {"first compile": [], "second start": []}
    for number in range(rounds):
        place = folder / f"numba-{number}"
        for name in found:
            found[name].append(_kernels(place))
        shutil.rmtree(place, ignore_errors=True)
    return {
        name: {
            "compiling": statistics.median(one["compiling"] for one in some),
            "compiling_processor": statistics.median(one["compiling_processor"] for one in some),
            "process": statistics.median(one["process"] for one in some),
            "processor": statistics.median(one["processor"] for one in some),
            "functions": len(some[0]["functions"]),
        }
        for name, some in found.items()
    }


def _kernels(cache: Path) -> dict[str, Any]:
    done, clock, processor = _timed([sys.executable, "-c", EVERYTHING], {"NUMBA_CACHE_DIR": str(cache)})
    return {**json.loads(done), "process": clock, "processor": processor}


def commands() -> dict[str, list[str]]:
    """Commands to run twice; gec-sv only where its data is found."""
    found = {"quickstart": ["run", str(ROOT / "configs" / "quickstart.yaml")]}
    home = os.environ.get("HARNESS_DATA", "")
    if home and any(Path(home).glob("*gec*")):
        metrics = [word for metric in ("rouge-l", "chrf", "bleu") for word in ("--metric", metric)]
        found["gec-sv"] = ["metaeval", "--judgments", "gec-sv", *metrics]
    return found


def again(folder: Path, name: str, command: list[str], rounds: int) -> dict[str, Any]:
    """Seconds of the first run of a command, and of the next ones, which print the same."""
    output = folder / name
    asked = [*command, "-o", str(output)]
    whole, told, kept = [sys.executable, "-m", "harness", *asked], folder / f"{name}.json", folder / f"{name}-numba"
    first, clock, _ = _timed([sys.executable, "-c", COMMAND, str(told), *asked], {"NUMBA_CACHE_DIR": str(kept)})
    if not (output / "unchanged.json").exists():  # code that was edited seconds ago is not trusted
        time.sleep(6)
        first, _, _ = _timed([*whole, "--fresh"], {})
    times = []
    for _ in range(rounds):
        said, seconds, processor = _timed(whole, {})
        if said != first:
            raise SystemExit(f"{name}: the second run printed something else")
        times.append((seconds, processor))
    return {
        "first": clock,
        **json.loads(told.read_text(encoding="utf-8")),
        "again": statistics.median(seconds for seconds, _ in times),
        "processor": statistics.median(processor for _, processor in times),
        "taken over": (output / "unchanged.json").exists(),
    }


def _timed(command: list[str], environment: dict[str, str]) -> tuple[str, float, float]:
    """stdout, seconds of the clock, seconds of the processor."""
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH")]))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    clock, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout, clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lines(figures: dict[str, Any]) -> list[str]:
    """One line a figure."""
    said = []
    with contextlib.suppress(KeyError):
        first, second = figures["first compile"], figures["second start"]
        said.append(
            f"first compile of {first['functions']} kernels: {first['compiling']:.2f} s "
            f"({first['compiling_processor']:.2f} s of the processor; asked for: {COMPILE:g} s); "
            f"the process {first['process']:.1f} s"
        )
        said.append(
            f"second start: {second['compiling']:.2f} s of compiling {second['functions']} kernels; the process "
            f"{second['process']:.1f} s"
        )
    for name, found in figures.items():
        if "again" in found:
            said.append(
                f"{name}: first run {found['first']:.1f} s, of which it compiles {found['functions']} kernels for "
                f"{found['compiling']:.2f} s while others are compiled beside it (asked for: {COMPILE:g} s); unchanged "
                f"{found['again']:.2f} s ({found['processor']:.2f} s of the processor; asked for: {AGAIN:g} s)"
            )
    return said


if __name__ == "__main__":
    main()
