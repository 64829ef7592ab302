"""Ten million scores through the run folder and the report: seconds and the most memory of each step.

python benchmarks/ten_million_rows.py [--outputs 1000000] [--metrics 8] [--folder DIR] [--write]

Makes a run of one million outputs (100,000 items, ten systems) with one rating each and ten components of scores, in no order,
through the store: sorted by merging, written, read as arrays, shown, exported, and reported. Each step is a process of its own,
so that its memory is its own. Ratings and scores are numbers drawn at random, a little of each in common.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    from side_by_side import write
except ModuleNotFoundError:  # loaded by a test, from another folder
    sys.path.insert(0, str(Path(__file__).parent))
    from side_by_side import write

SYSTEMS = 10
COMPONENTS = ("f1", "precision", "recall")
META = {"resamples": 20, "draws": 20, "random_draws": 2, "groupings": ("item",), "slices": ()}


def main() -> None:
    """Takes the steps in turn and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outputs", type=int, default=1_000_000)
    parser.add_argument("--metrics", type=int, default=8, help="the first has three components, the others one (default: 8)")
    parser.add_argument("--folder", type=Path, help="where the run is kept (default: a folder that is removed)")
    parser.add_argument("--write", action="store_true", help="keep the figures for the documentation's table")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        STEPS[arguments.step][1](arguments.folder, arguments.outputs, arguments.metrics)
        return
    folder = arguments.folder or Path(tempfile.mkdtemp())
    rows = arguments.outputs * (arguments.metrics + 2)
    figures = []
    try:
        shutil.rmtree(folder / "run", ignore_errors=True)
        for step, (what, _) in STEPS.items():
            seconds, cpu, memory = _in_process(step, folder, arguments.outputs, arguments.metrics)
            value = f"{seconds:.0f} s, {cpu:.0f} s of CPU, {memory / 1024:.2f} GiB at most"
            figures.append({"job": f"{rows:,} rows of scores {what}", "value": value})
            print(f"{figures[-1]['job']}: {value}", flush=True)
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.write:
        write("ten_million_rows", [], figures)


def make_data(folder: Path, outputs: int, metrics: int) -> None:
    """The tables of the judgment set and the scores, all but the meta-evaluation."""
    from harness.records import Example, Judgment, Output, Scale
    from harness.store import Run

    with Run.open(folder / "run", config={"judgments": {"ref": "simulated"}, "metaevaluate": META}, command=["benchmark"]) as run:
        items = range(outputs // SYSTEMS)
        run.write_table("examples", (Example(id=_item(i), kind="instruction", language="sv") for i in items))
        made = (Output(id=f"{_item(i)}/{s}", example_id=_item(i), system=f"s{s}", text=_text(i, s)) for i, s in _places(outputs))
        run.write_table("outputs", made)
        scale = Scale(low=0, high=4)
        rated = zip(_places(outputs), _quality(outputs).round().tolist(), strict=True)
        run.write_table(
            "judgments",
            (Judgment(output_id=f"{_item(i)}/{s}", rater="anna", criterion="c", value=v, scale=scale) for (i, s), v in rated),
        )
        run.finish("done", described=_described(metrics), signatures={f"m{m}": f"m{m}|v:1" for m in range(metrics)})


def make_scores(folder: Path, outputs: int, metrics: int) -> None:
    """The table of scores, from Scores one by one that come in no order: they are sorted by merging."""
    from harness.store import TABLES, table_path, write_table

    rows = write_table(
        table_path(folder / "run", "scores"), _scores(outputs, metrics), TABLES["scores"].record_type, key=TABLES["scores"].key
    )
    assert rows == outputs * (metrics + 2)


def add_meta(folder: Path, outputs: int, metrics: int) -> None:
    """Reads the run as arrays and holds the metrics against people, with few resamples: statistics have their own benchmarks."""
    import msgspec

    from harness.integrity import file_digest
    from harness.meta.options import MetaOptions
    from harness.stages.evaluate import load_run
    from harness.stages.metaevaluate import metaevaluate
    from harness.store import Run, read_manifest, table_path

    path = folder / "run" / "manifest.json"
    manifest = read_manifest(folder / "run")
    known = manifest.fingerprints | {"scores.parquet": file_digest(table_path(folder / "run", "scores"))}
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, fingerprints=known)))
    done = load_run(folder / "run")
    assert len(done.scores) == outputs * (metrics + 2)
    rows = metaevaluate(done.data, done.scores, done.metrics, MetaOptions(**META))
    with Run.open(folder / "run", config=manifest.config, command=["benchmark"]) as run:
        for name in ("examples", "outputs", "judgments", "scores"):
            assert run.keep_table(name)
        run.write_table("meta", rows)
        run.finish("done", described=manifest.described, signatures=manifest.signatures)


def read_back(folder: Path, outputs: int, metrics: int) -> None:
    """The finished run, its tables checked."""
    from harness.stages.evaluate import load_run

    assert len(load_run(folder / "run").scores) == outputs * (metrics + 2)


def report(folder: Path, outputs: int, metrics: int) -> None:
    """`harness report`, the page."""
    _harness("report", str(folder / "run"), "--format", "html", "--out", str(folder / "report.html"))


def show(folder: Path, outputs: int, metrics: int) -> None:
    """`harness show`."""
    _harness("show", str(folder / "run"))


def export(folder: Path, outputs: int, metrics: int) -> None:
    """`harness export`, every row as JSON Lines."""
    _harness("export", str(folder / "run"), "scores", "--format", "jsonl", "-o", str(folder / "scores.jsonl"))
    with (folder / "scores.jsonl").open("rb") as file:
        assert sum(1 for _ in file) == outputs * (metrics + 2)


STEPS: dict[str, tuple[str, Any]] = {
    "data": ("beside them: outputs and ratings written", make_data),
    "scores": ("sorted by merging and written", make_scores),
    "meta": ("read and meta-evaluated in short", add_meta),
    "read": ("read, with outputs and ratings, and checked", read_back),
    "show": ("in `harness show`", show),
    "report": ("in `harness report`", report),
    "export": ("in `harness export`, as JSON Lines", export),
}


def _in_process(step: str, folder: Path, outputs: int, metrics: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds and MiB of a step in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--step",
        step,
        "--folder",
        str(folder),
        "--outputs",
        str(outputs),
        "--metrics",
        str(metrics),
    ]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the step {step!r} failed")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _harness(*words: str) -> None:
    """The command, in this process."""
    from harness.cli.main import main as harness

    sys.argv = ["harness", *words]
    try:
        harness()
    except SystemExit as ended:
        if ended.code:
            raise


def _item(item: int) -> str:
    return f"sim/{item:06d}"


def _text(item: int, system: int) -> str:
    return f"svar {item} av system {system}: en hund sprang över den gröna ängen"


def _places(outputs: int) -> Iterator[tuple[int, int]]:
    return ((i, s) for i in range(outputs // SYSTEMS) for s in range(SYSTEMS))


def _quality(outputs: int) -> Any:
    import numpy as np

    noise = np.random.default_rng(0).normal(size=outputs)
    return (2 + noise + 0.1 * (np.arange(outputs) % SYSTEMS - 4.5)).clip(0, 4)


def _scores(outputs: int, metrics: int) -> Iterator[Any]:
    """Every score, those of an output together, the outputs in random order."""
    import numpy as np

    from harness.records import Score

    draw = np.random.default_rng(1)
    columns = [(m, component) for m in range(metrics) for component in (COMPONENTS if m == 0 else (None,))]
    quality = _quality(outputs)
    for start in range(0, outputs, 1000):
        chosen = (np.arange(start, min(outputs, start + 1000)) * 7919) % outputs  # a prime: each place once
        values = quality[chosen, None] + draw.normal(size=(len(chosen), len(columns)))
        for place, numbers in zip(chosen.tolist(), values.tolist(), strict=True):
            target = (f"{_item(place // SYSTEMS)}/{place % SYSTEMS}",)
            for (m, component), value in zip(columns, numbers, strict=True):
                yield Score(targets=target, metric=f"m{m}|v:1", component=component, value=value)


def _described(metrics: int) -> dict[str, Any]:
    info = {"name": "simulated", "version": "1", "criteria": ["c"]}
    summaries = [
        {"signature": f"m{m}|v:1", "name": f"m{m}", "components": list(COMPONENTS) if m == 0 else []} for m in range(metrics)
    ]
    return {"judgments": {"info": info, "digest": "0" * 64, "notes": []}, "metrics": summaries}


if __name__ == "__main__":
    main()
