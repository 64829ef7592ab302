"""The main job from end to end: many outputs scored with ROUGE-L, chrF and the sentinels, and held against their ratings.

python benchmarks/end_to_end.py [--outputs 10000 100000] [--again] [--folder DIR] [--source records|jsonl|csv|parquet]
    [--threads 2] [--set KEY=VALUE ...] [--write]

Makes a set of ten systems (Swedish words, seeded: an answer is its reference with words exchanged, dropped or doubled, the more
the worse its system; people rate what was left), and runs `harness metaeval` on it in a process of its own with two threads.
Prints the seconds of each step, CPU seconds, and the most memory that the process held. `--again` runs the same command once
more on the finished run. The full size is `--outputs 1000000`.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

SYSTEMS = 10
METRICS = ("rouge-l", "chrf")
SCALE = {"low": 0.0, "high": 100.0, "direction": "up"}


@dataclass(frozen=True)
class Timed:
    """One run of the command: seconds by step in their order, wall and CPU seconds, the most memory (MiB), its exit status."""

    outputs: int
    steps: dict[str, float]
    wall: float
    cpu: float
    memory: float
    status: int
    said: str


def main() -> None:
    """Makes the sets that are asked for and runs the command on each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=int, nargs="*", default=[10_000, 100_000], help="sizes (default: 10000 100000)")
    parser.add_argument("--source", choices=("records", "jsonl", "csv", "parquet"), default="records", help="how it is written")
    parser.add_argument("--again", action="store_true", help="run the same command once more on the finished run")
    parser.add_argument("--folder", type=Path, help="where sets and runs are kept (default: a folder that is removed)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="options of the meta-evaluation")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    found: list[Timed] = []
    try:
        for outputs in arguments.outputs:
            source = make_set(folder / f"set-{outputs}", outputs // SYSTEMS, arguments.source)
            run = folder / f"run-{outputs}"
            shutil.rmtree(run, ignore_errors=True)
            for again in range(1 + arguments.again):
                timed = run_command(source, run, outputs, arguments.threads, arguments.set)
                print(line(timed, again=bool(again)), flush=True)
                if timed.status:
                    raise SystemExit(timed.said)
                found += [timed] if not again else []
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.write:
        write("end_to_end", [], [_figure(timed) for timed in found])


def line(timed: Timed, again: bool = False) -> str:
    """A run in one line."""
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in timed.steps.items())
    what = "again, unchanged" if again else "from source to report"
    return (
        f"{timed.outputs:,} outputs {what}: {timed.wall:.1f} s, {timed.cpu:.1f} s of CPU, {timed.memory:,.0f} MiB at most"
        f" ({timed.outputs / timed.wall:,.0f} outputs/s); seconds by step: {steps}"
    )


def run_command(source: str, run: Path, outputs: int, threads: int, settings: Sequence[str] = ()) -> Timed:
    """Runs `harness metaeval` in a process of its own. Its progress says when each step begins."""
    program = str(Path(sys.executable).with_name("harness"))
    metrics = [word for metric in METRICS for word in ("--metric", metric)]
    command = [program, "metaeval", "--judgments", source, *metrics, "-o", str(run)]
    command += [word for setting in settings for word in ("--set", setting)]
    names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True)
    assert process.stderr is not None
    steps: dict[str, float] = {}
    said: list[str] = []
    since, before = started, "reading and checking"
    for told in process.stderr:
        said.append(told)
        ended_step = re.match(r"(.+): \d+ of \d+.*, ([\d.]+) s$", told.strip())
        if ended_step is None:
            continue
        now, label, seconds = time.perf_counter(), ended_step[1], float(ended_step[2])
        steps[before] = steps.get(before, 0.0) + now - seconds - since
        steps[label], since = seconds, now
        before = "writing the report" if label == "meta-evaluating" else "writing tables"
    _, status, used = os.wait4(process.pid, 0)
    ended = time.perf_counter()
    steps[before] = steps.get(before, 0.0) + ended - since
    return Timed(
        outputs,
        steps,
        ended - started,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        os.waitstatus_to_exitcode(status),
        "".join(said[-5:]),
    )


def make_set(folder: Path, items: int, source: str, seed: int = 0) -> str:
    """Writes the set, unless it is there, and returns the reference of its judgment source."""
    folder.mkdir(parents=True, exist_ok=True)
    if source == "records":
        if not (folder / "info.json").exists():
            _write_records(folder, items, seed)
        return f"records:{folder}"
    path = folder / f"ratings.{source}"
    if not path.exists():
        _write_rows(path, items, seed)
    return f"table:{path},scale=[0, 100]"


def answers(items: int, seed: int) -> Iterator[tuple[int, str, str, list[tuple[str, str, float]]]]:
    """(item, reference, source, [(system, answer, rating)]): the fewer words an answer keeps, the lower its rating."""
    draw = random.Random(seed)
    words = vocabulary()
    weights = np.cumsum(1 / (np.arange(len(words)) + 3.0)).tolist()  # common words are common, as in any text
    rates = [0.04 + 0.5 * system / SYSTEMS for system in range(SYSTEMS)]
    for item in range(items):
        reference = draw.choices(words, cum_weights=weights, k=draw.randint(12, 28))
        other = draw.choices(words, cum_weights=weights, k=40)
        given = []
        for system, rate in enumerate(rates):
            wrong = rate * draw.uniform(0.3, 1.7)
            text = [word if draw.random() > wrong else other[draw.randrange(40)] for word in reference]
            kept = sum(mine == theirs for mine, theirs in zip(text, reference, strict=True)) / len(reference)
            rating = min(100.0, max(0.0, float(round(100 * kept + draw.gauss(0, 12)))))
            given.append((f"system-{system}", " ".join(text), rating))
        source = [word if draw.random() > 0.15 else other[draw.randrange(40)] for word in reference]
        yield item, " ".join(reference), " ".join(source), given


def vocabulary() -> list[str]:
    """The words of the contrast set that ships inside, in an order of their own."""
    text = resources.files("harness_plugins.judgments").joinpath("data/contrast-sv.jsonl").read_text("utf-8")
    words = sorted({word.strip('.,;:!?"”()') for word in json.loads(json.dumps(text)).split() if word.strip('.,!?"').isalpha()})
    random.Random(1).shuffle(words)
    return words


def _write_records(folder: Path, items: int, seed: int) -> None:
    names = ("examples", "outputs", "judgments")
    files = {name: (folder / f"{name}.jsonl").open("w", encoding="utf-8") for name in names}
    for item, reference, source, given in answers(items, seed):
        example = f"sim/{item:06d}"
        files["examples"].write(
            _json(
                id=example,
                kind="instruction",
                language="sv",
                task="correction",
                form="short",
                references=[reference],
                source=source,
            )
        )
        for system, text, rating in given:
            files["outputs"].write(_json(id=f"{example}/{system}", example_id=example, system=system, text=text))
            files["judgments"].write(
                _json(output_id=f"{example}/{system}", rater="anna", criterion="quality", value=rating, scale=SCALE)
            )
    for file in files.values():
        file.close()
    (folder / "info.json").write_text(_json(name="simulated", version="1", criteria=["quality"]))


def _write_rows(path: Path, items: int, seed: int) -> None:
    columns = ("item", "system", "output", "reference", "source", "language", "rating")
    rows = (
        (f"{item:06d}", system, text, reference, source, "sv", rating)
        for item, reference, source, given in answers(items, seed)
        for system, text, rating in given
    )
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        data = list(zip(*rows, strict=True))
        pq.write_table(pa.table(dict(zip(columns, map(list, data), strict=True))), path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            import csv

            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)
        else:
            file.writelines(_json(**dict(zip(columns, row, strict=True))) for row in rows)


def _json(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _figure(timed: Timed) -> dict[str, Any]:
    steps = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in timed.steps.items())
    value = f"{timed.wall:.0f} s, {timed.cpu:.0f} s of CPU, {timed.memory / 1024:.2f} GiB at most ({steps})"
    return {"job": f"{timed.outputs:,} outputs scored with {' and '.join(METRICS)}, and meta-evaluated", "value": value}


if __name__ == "__main__":
    main()
